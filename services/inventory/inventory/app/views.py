"""What lists show: rows read straight from the tables, for nobody to change."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class StockLevel:
    """A stock row with what it is called."""

    id: UUID
    seller_id: UUID
    seller_code: str | None
    warehouse_id: UUID
    warehouse_code: str
    sku: str
    stock_type: str
    condition: str
    on_hand: int
    reserved: int
    available: int
    version: int


@dataclass(frozen=True, slots=True)
class MovementView:
    """One change of on_hand."""

    id: int
    stock_id: UUID
    seller_id: UUID
    warehouse_id: UUID
    sku: str
    stock_type: str
    condition: str
    kind: str
    quantity: int
    at: datetime
    reference_id: UUID | None
    attempt: int | None
    actor: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class ReservationView:
    """One row of a reservation; refusals and tombstones have no stock."""

    reference_id: UUID
    attempt: int
    number: int
    line_id: str
    seller_id: UUID
    stock_id: UUID | None
    warehouse_id: UUID | None
    sku: str | None
    quantity: int
    state: str
    shortages: list[dict[str, object]] | None
    reason: str | None
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class AnomalyView:
    """Something that stock could not follow."""

    id: UUID
    seller_id: UUID
    kind: str
    reference_id: UUID
    attempt: int
    detail: str
    created_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class BindingView:
    """A seller at a warehouse; the code is absent until the seller's registration has been heard of."""

    seller_id: UUID
    seller_code: str | None
    seller_name: str | None
    version: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class AuditView:
    """One move of a product or warehouse."""

    id: int
    at: datetime
    actor: str
    source: str
    target: str
    reason: str


@dataclass(frozen=True, slots=True)
class StockFilter:
    """Which stock rows, movements or reservations; None means any."""

    seller_id: UUID | None = None
    warehouse_id: UUID | None = None
    sku: str | None = None
    stock_type: str | None = None
    condition: str | None = None


@dataclass(frozen=True, slots=True)
class ProductFilter:
    """Which products; None means any. `search` is found in SKU and title."""

    seller_id: UUID | None = None
    status: str | None = None
    sku: str | None = None
    measured: bool | None = None
    search: str | None = None


@dataclass(frozen=True, slots=True)
class Alerts:
    """What the sweeper looks at."""

    open_anomalies: int
    old_holds: int
    oldest_hold: datetime | None
