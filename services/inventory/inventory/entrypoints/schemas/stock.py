"""Bodies of the stock routes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from inventory.domain.stock import Condition, StockKey, StockType
from inventory.entrypoints.schemas.parts import MOST_ROWS, MOST_UNITS, Body, Reason, Sku, Text, View


class StockRow(Body):
    """What is counted."""

    ref: str = Field("", max_length=100, description="What the answer calls this row; the SKU if absent.")
    seller_id: UUID
    sku: Sku
    stock_type: StockType = StockType.PRODUCT
    condition: Condition = Condition.GOOD

    def key(self, warehouse_id: UUID) -> StockKey:
        """The stock row that it is about."""
        return StockKey(self.seller_id, warehouse_id, self.sku, self.stock_type, self.condition)


class ReceiveRow(StockRow):
    """Units that arrived."""

    quantity: int = Field(ge=1, le=MOST_UNITS)
    reason: Text = Field("", description="For the ledger: a delivery note, for example.")


class ReceiveIn(Body):
    """Goods that arrived at a warehouse."""

    warehouse_id: UUID
    rows: list[ReceiveRow] = Field(min_length=1, max_length=MOST_ROWS)


class AdjustRow(StockRow):
    """A correction of what is on hand."""

    delta: int = Field(ge=-MOST_UNITS, le=MOST_UNITS, description="Units to add, or with a minus to take away.")
    reason: Reason


class AdjustIn(Body):
    """Corrections at a warehouse; none goes below what is reserved."""

    warehouse_id: UUID
    rows: list[AdjustRow] = Field(min_length=1, max_length=MOST_ROWS)


class ResolveIn(Body):
    """What was found out about an anomaly."""

    note: Reason


class StockView(View):
    """Stock of one SKU at one warehouse."""

    id: UUID
    seller_id: UUID
    seller_code: str | None
    warehouse_id: UUID
    warehouse_code: str
    sku: str
    stock_type: StockType
    condition: Condition
    on_hand: int
    reserved: int
    available: int = Field(description="on_hand - reserved.")
    version: int


class MovementOut(View):
    """One change of what is on hand."""

    id: int
    stock_id: UUID
    seller_id: UUID
    warehouse_id: UUID
    sku: str
    stock_type: StockType
    condition: Condition
    kind: str
    quantity: int
    at: datetime
    reference_id: UUID | None = Field(description="The order that it shipped for.")
    attempt: int | None
    actor: str | None
    reason: str | None


class ReservationOut(View):
    """One row of a reservation; refusals and tombstones have no stock."""

    reference_id: UUID = Field(description="The order.")
    attempt: int
    number: int
    line_id: str
    seller_id: UUID
    stock_id: UUID | None
    warehouse_id: UUID | None
    sku: str | None
    quantity: int
    state: str = Field(description="held, consumed, released or refused.")
    shortages: list[dict[str, Any]] | None = Field(description="Of a refusal: sku, need, have.")
    reason: str | None
    created_at: datetime
    ended_at: datetime | None


class AnomalyOut(View):
    """Something that happened outside and that stock could not follow."""

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
