"""Warehouses, what was submitted to them, and what they have to say about it."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sandbox.specs import WarehouseSpec
from sandbox.times import iso

HELD = frozenset({"accepted", "shipped", "cancel_pending"})


@dataclass(slots=True)
class Parcel:
    """One parcel; weight in grams."""

    package_number: str
    tracking_number: str
    carrier: str
    weight_grams: int

    def fields(self) -> dict[str, Any]:
        """Return it as the protocol writes it."""
        return {
            "package_number": self.package_number,
            "tracking_number": self.tracking_number,
            "carrier": self.carrier,
            "weight_grams": self.weight_grams,
        }


@dataclass(slots=True)
class Callback:
    """One thing to tell; `id` stays the same over all attempts."""

    id: str
    type: str
    occurred_at: float
    reason: str
    delivered: bool = False


@dataclass(slots=True, eq=False)
class Submission:
    """One outbound order; `action` (accept, refuse, ship, cancel, refuse_cancel or none) happens at `due`."""

    warehouse: "Warehouse"
    reference: str
    number: str
    seller: str
    fingerprint: str
    warehouse_reference: str
    parcels: list[Parcel]
    status: str = "received"
    reason: str = ""
    planned_reason: str = ""
    shipped_at: float | None = None
    action: str = ""
    due: float = 0.0
    twice: bool = False
    was_accepted: bool = False
    puts: int = 1
    same_again: int = 0
    callbacks: list[Callback] = field(default_factory=list)
    delivered: Counter[str] = field(default_factory=Counter)

    def fields(self) -> dict[str, Any]:
        """Return the order as the protocol writes it."""
        return {
            "reference": self.reference,
            "warehouse_reference": self.warehouse_reference,
            "status": self.status,
            "reason": self.reason,
            "parcels": [parcel.fields() for parcel in self.parcels] if self.status == "shipped" else [],
            "shipped_at": iso(self.shipped_at),
        }

    def open_callbacks(self) -> list[Callback]:
        """Return what has not been told yet."""
        return [callback for callback in self.callbacks if not callback.delivered]


@dataclass(eq=False)
class Warehouse:
    """A warehouse and how it behaves; `key` is the decoded secret."""

    spec: WarehouseSpec
    key: bytes = b""
    submissions: dict[str, Submission] = field(default_factory=dict)
