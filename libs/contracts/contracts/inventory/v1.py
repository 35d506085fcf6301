"""Messages of inventory: warehouses, products, stock and reservations."""

from datetime import datetime
from uuid import UUID

from contracts.base import Command, Event, Part


class ReserveLineV1(Part):
    """Units of one SKU wanted for one order line; SKUs are case-sensitive."""

    line_id: str
    sku: str
    quantity: int


class ShortageV1(Part):
    """A SKU of which the warehouse has too little for the whole order: `need` over all its lines, `have` available."""

    sku: str
    need: int
    have: int


class ReserveStockV1(Command, owner="inventory", name="reserve_stock", version=1, subject="reference_id"):
    """Reserve good product stock for all lines or for none; answered by stock_reserved or stock_refused.

    reference_id is the order; a later attempt of the same reference is a new reservation.
    """

    seller_id: UUID
    reference_id: UUID
    attempt: int
    warehouse_id: UUID
    lines: tuple[ReserveLineV1, ...]


class ReleaseStockV1(Command, owner="inventory", name="release_stock", version=1, subject="reference_id"):
    """Give back what an attempt holds; before its reserve_stock it leaves a tombstone. Answered by stock_released."""

    seller_id: UUID
    reference_id: UUID
    attempt: int
    reason: str


class StockReservedV1(Event, owner="inventory", name="stock_reserved", version=1, subject="reference_id"):
    """All lines of the attempt are held at the warehouse."""

    seller_id: UUID
    reference_id: UUID
    attempt: int
    warehouse_id: UUID


class StockRefusedV1(Event, owner="inventory", name="stock_refused", version=1, subject="reference_id"):
    """Nothing is held. code: insufficient_stock (with shortages), released, no_warehouse."""

    seller_id: UUID
    reference_id: UUID
    attempt: int
    warehouse_id: UUID
    code: str
    shortages: tuple[ShortageV1, ...] = ()


class StockReleasedV1(Event, owner="inventory", name="stock_released", version=1, subject="reference_id"):
    """The attempt holds nothing (any more)."""

    seller_id: UUID
    reference_id: UUID
    attempt: int


class StockChangedV1(Event, owner="inventory", name="stock_changed", version=1, subject="stock_id"):
    """Good product stock of one SKU at one warehouse, as it is now."""

    seller_id: UUID
    stock_id: UUID
    version: int
    warehouse_id: UUID
    sku: str
    on_hand: int
    reserved: int


class ProductChangedV1(Event, owner="inventory", name="product_changed", version=1, subject="product_id"):
    """A product as it is now: status draft, in_audit, approved or rejected; the measures are the ones in force
    (measured before declared), in grams and millimetres.
    """

    seller_id: UUID
    product_id: UUID
    version: int
    sku: str
    title: str
    status: str
    measured: bool
    weight_grams: int | None = None
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None
    hazard_class: str = ""


class WarehouseAdapterV1(Part):
    """How a warehouse is reached: kind `desk` or `http` (docs/wms-protocol.md); base_url for the latter. The shared
    secret never travels: the operator sets it where the adapter runs.
    """

    kind: str
    base_url: str = ""


class WarehouseChangedV1(Event, owner="inventory", name="warehouse_changed", version=1, subject="warehouse_id"):
    """A warehouse as it is now."""

    warehouse_id: UUID
    version: int
    code: str
    name: str
    country: str
    time_zone: str
    currency: str
    active: bool
    adapter: WarehouseAdapterV1


class WarehouseBindingChangedV1(
    Event, owner="inventory", name="warehouse_binding_changed", version=1, subject="warehouse_id"
):
    """Whether a seller may use a warehouse."""

    seller_id: UUID
    warehouse_id: UUID
    version: int
    bound: bool
    changed_at: datetime
