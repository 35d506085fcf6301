"""A product: the seller's own SKU, what is known of it, and its audit by the operator."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from common.errors import Conflict, IllegalTransition, StaleVersion

from inventory.domain.audit import Transition


class ProductStatus(StrEnum):
    """Where a product stands in its audit."""

    DRAFT = "draft"
    IN_AUDIT = "in_audit"
    APPROVED = "approved"
    REJECTED = "rejected"


TRANSITIONS: Mapping[ProductStatus, frozenset[ProductStatus]] = {
    ProductStatus.DRAFT: frozenset({ProductStatus.IN_AUDIT}),
    ProductStatus.IN_AUDIT: frozenset({ProductStatus.APPROVED, ProductStatus.REJECTED}),
    ProductStatus.APPROVED: frozenset(),
    ProductStatus.REJECTED: frozenset({ProductStatus.DRAFT}),
}

_REMEDIES = {
    ProductStatus.DRAFT: "Submit it for audit first.",
    ProductStatus.IN_AUDIT: "It waits for the operator's decision.",
    ProductStatus.APPROVED: "It is approved for good; edit its other fields instead.",
    ProductStatus.REJECTED: "Reopen it, correct what was refused, and submit it again.",
}


class ProductLocked(Conflict):
    """A change that this product does not allow (any more)."""

    code = "product_locked"


@dataclass(frozen=True, slots=True)
class Measures:
    """Weight in grams and sizes in millimetres; None where not known."""

    weight_grams: int | None = None
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None


@dataclass(frozen=True, slots=True)
class ProductData:
    """What the seller says of a product; the SKU is case-sensitive and fixed from the start."""

    sku: str
    title: str
    hazard_class: str = ""
    barcode: str = ""
    declared: Measures = field(default_factory=Measures)


@dataclass(slots=True)
class Product:
    """A product as it is stored; `version` counts its changes."""

    id: UUID
    seller_id: UUID
    data: ProductData
    status: ProductStatus
    version: int
    created_at: datetime
    updated_at: datetime
    measured: Measures | None = None
    measured_at: datetime | None = None
    reject_reason: str = ""
    deleted: bool = False
    changed: bool = False
    transitions: list[Transition] = field(default_factory=list)

    @property
    def measures(self) -> Measures:
        """The measures in force: the warehouse's, or else the seller's."""
        return self.measured or self.data.declared

    def expect(self, version: int) -> None:
        """Raise StaleVersion where somebody else changed it since it was read."""
        if version != self.version:
            raise StaleVersion("product", self.data.sku, expected=version, current=self.version)

    def move_to(self, target: ProductStatus, *, reason: str = "") -> bool:
        """Return whether the status changed; repeating the last move changes nothing."""
        if target is self.status:
            return False
        if target not in TRANSITIONS[self.status]:
            raise IllegalTransition("product", self.data.sku, self.status, target, remedy=_REMEDIES[self.status])
        self.transitions.append(Transition(self.id, self.status, target, reason))
        self.status = target
        self.reject_reason = reason if target is ProductStatus.REJECTED else ""
        self._touch()
        return True

    def edit(self, data: ProductData) -> bool:
        """Take over what the seller says now; returns whether anything is different. A rejected product becomes a
        draft again. Raises ProductLocked.
        """
        if data == self.data:
            return False
        if data.sku != self.data.sku:
            raise ProductLocked(
                f"the SKU of {self.data.sku} never changes",
                remedy="Make a new product with the new SKU; delete this one while it is a draft.",
            )
        if self.status is ProductStatus.IN_AUDIT:
            raise ProductLocked(f"{data.sku} is in audit and cannot be edited", remedy="Edit it after the decision.")
        if self.status is ProductStatus.APPROVED and data.hazard_class != self.data.hazard_class:
            raise ProductLocked(
                f"the hazard class of {data.sku} was approved as {self.data.hazard_class!r} and never changes",
                remedy="Make a new product with another SKU for the other hazard class.",
            )
        if self.status is ProductStatus.REJECTED:
            self.move_to(ProductStatus.DRAFT, reason="edited")
        self.data = data
        self._touch()
        return True

    def measure(self, measures: Measures, *, at: datetime) -> bool:
        """Set what the warehouse measured; returns whether anything is different."""
        if measures == self.measured:
            return False
        self.measured, self.measured_at = measures, at
        self._touch()
        return True

    def delete(self) -> None:
        """Hide a product that was never approved; its row stays, so that the SKU keeps its id for ever."""
        if self.status not in {ProductStatus.DRAFT, ProductStatus.REJECTED}:
            raise ProductLocked(
                f"{self.data.sku} is {self.status} and cannot be deleted",
                remedy="Only drafts and rejected products can be deleted.",
            )
        self.deleted = True
        self._touch()

    def revive(self, data: ProductData) -> None:
        """Make a deleted product again, as a new draft of the same SKU."""
        if self.status is ProductStatus.REJECTED:
            self.move_to(ProductStatus.DRAFT, reason="made again")
        self.deleted = False
        self.data = replace(data, sku=self.data.sku)
        self._touch()

    def _touch(self) -> None:
        if not self.changed:
            self.version += 1
        self.changed = True
