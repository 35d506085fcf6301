"""Stock of one SKU of a seller at a warehouse: how much is on hand, and how much of that is reserved."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from common.errors import Conflict, InvalidInput

MOST_ON_HAND = 2_000_000_000
"""Units of one stock row, at most: what its integer column can hold."""


class StockType(StrEnum):
    """What is counted: pieces, closed cartons, or what came back."""

    PRODUCT = "product"
    CARTON = "carton"
    RETURN = "return"


class Condition(StrEnum):
    """Whether it can be sold."""

    GOOD = "good"
    DEFECTIVE = "defective"


class MovementKind(StrEnum):
    """Why on_hand changed."""

    RECEIVED = "received"
    ADJUSTED = "adjusted"
    SHIPPED = "shipped"


class BelowReserved(Conflict):
    """A correction would take away units that are reserved."""

    code = "below_reserved"


@dataclass(frozen=True, slots=True)
class StockKey:
    """What there is one stock row for."""

    seller_id: UUID
    warehouse_id: UUID
    sku: str
    stock_type: StockType = StockType.PRODUCT
    condition: Condition = Condition.GOOD


@dataclass(slots=True)
class Stock:
    """A stock row, locked. 0 <= reserved <= on_hand always; every change goes through a method here."""

    id: UUID
    seller_id: UUID
    warehouse_id: UUID
    sku: str
    stock_type: str
    condition: str
    on_hand: int
    reserved: int
    version: int
    changed: bool = False

    @property
    def available(self) -> int:
        """Units that can be reserved now."""
        return self.on_hand - self.reserved

    @property
    def reservable(self) -> bool:
        """Whether orders are picked from it: good product stock alone."""
        return self.stock_type == StockType.PRODUCT and self.condition == Condition.GOOD

    def reserve(self, quantity: int) -> None:
        """Lock units for an order; the caller has seen that they are available."""
        if quantity > self.available:
            raise ValueError(f"{quantity} of {self.sku} cannot be reserved: {self.available} are available")
        self.reserved += quantity
        self.changed = True

    def release(self, quantity: int) -> None:
        """Give reserved units back."""
        if quantity > self.reserved:
            raise ValueError(f"{quantity} of {self.sku} cannot be released: {self.reserved} are reserved")
        self.reserved -= quantity
        self.changed = True

    def ship(self, quantity: int) -> None:
        """Let reserved units leave."""
        self.release(quantity)
        self.on_hand -= quantity

    def receive(self, quantity: int) -> None:
        """Take units in; raises InvalidInput beyond what a stock row can hold."""
        if quantity <= 0:
            raise InvalidInput.of("quantity", quantity, "must be at least 1", "Count what arrived.")
        if self.on_hand + quantity > MOST_ON_HAND:
            raise InvalidInput.of(
                "quantity", quantity, f"would make more than {MOST_ON_HAND} on hand", "Check the quantity."
            )
        self.on_hand += quantity
        self.changed = True

    def adjust(self, delta: int) -> None:
        """Correct the count by `delta`; raises BelowReserved or InvalidInput."""
        if delta == 0:
            raise InvalidInput.of("delta", delta, "changes nothing", "Give the difference to what is on hand.")
        if delta > 0:
            self.receive(delta)
            return
        if self.on_hand + delta < self.reserved:
            raise BelowReserved(
                f"{self.sku} has {self.on_hand} on hand, of which {self.reserved} are reserved: {delta} is too much",
                remedy="Cancel orders that reserve it first, or correct by less.",
                on_hand=self.on_hand,
                reserved=self.reserved,
            )
        self.on_hand += delta
        self.changed = True


@dataclass(frozen=True, slots=True)
class Movement:
    """One change of on_hand: `quantity` is signed. Shipments name the reservation row that they consumed."""

    stock_id: UUID
    seller_id: UUID
    kind: MovementKind
    quantity: int
    reference_id: UUID | None = None
    attempt: int | None = None
    number: int | None = None
    actor: str | None = None
    reason: str | None = None
