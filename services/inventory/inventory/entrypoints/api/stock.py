"""Routes of stock: receiving, correcting, and what is where and why."""

from typing import Annotated, Any, Literal
from uuid import UUID

from common.errors import InvalidInput, NotFound
from common.http.batch import BatchAnswer
from common.http.identity import CurrentIdentity
from common.http.paging import CursorParameter, Limit, Page, decode_cursor, page_of
from common.http.preconditions import IdempotencyKey, once
from common.http.problem import RESPONSES
from fastapi import APIRouter, Depends, Query, Request, Response

from inventory.app.stock import Adjustment, Receipt, adjust_stock, receive_stock
from inventory.app.views import StockFilter
from inventory.domain.stock import Condition, MovementKind, StockType
from inventory.entrypoints.api.access import Service, WarehouseStaff
from inventory.entrypoints.api.parameters import number_of, uuid_of
from inventory.entrypoints.schemas.parts import Sku
from inventory.entrypoints.schemas.stock import (
    AdjustIn,
    AnomalyOut,
    MovementOut,
    ReceiveIn,
    ReservationOut,
    ResolveIn,
    StockView,
)

router = APIRouter(prefix="/api/v1/stock", tags=["stock"], responses=RESPONSES)


def wanted_stock(
    *,
    identity: CurrentIdentity,
    seller_id: Annotated[UUID | None, Query(description="Operators only; sellers see their own.")] = None,
    warehouse_id: UUID | None = None,
    sku: Sku | None = None,
    stock_type: StockType | None = None,
    condition: Condition | None = None,
) -> StockFilter:
    """The filter of a list, bounded by whose rows the asker may see."""
    return StockFilter(identity.scope(seller_id), warehouse_id, sku, stock_type, condition)


Wanted = Annotated[StockFilter, Depends(wanted_stock)]


@router.post("/receive", summary="Take goods in", response_model=BatchAnswer)
async def receive(
    request: Request, body: ReceiveIn, identity: WarehouseStaff, service: Service, key: IdempotencyKey
) -> Response:
    """Approved products of sellers who use the warehouse; each row says what became of it."""
    rows = [Receipt(row.ref or row.sku, row.key(body.warehouse_id), row.quantity, row.reason) for row in body.rows]
    async with service.transactions.begin() as uow:
        return await once(
            uow,
            request=request,
            identity=identity,
            key=key,
            body=body,
            work=lambda: receive_stock(rows, actor=identity.actor, uow=uow),
        )


@router.post("/adjust", summary="Correct counts", response_model=BatchAnswer)
async def adjust(
    request: Request, body: AdjustIn, identity: WarehouseStaff, service: Service, key: IdempotencyKey
) -> Response:
    """Never below what is reserved; each row says what became of it."""
    rows = [Adjustment(row.ref or row.sku, row.key(body.warehouse_id), row.delta, row.reason) for row in body.rows]
    async with service.transactions.begin() as uow:
        return await once(
            uow,
            request=request,
            identity=identity,
            key=key,
            body=body,
            work=lambda: adjust_stock(rows, actor=identity.actor, uow=uow),
        )


@router.get("", summary="List stock", response_model=Page[StockView])
async def list_stock(wanted: Wanted, service: Service, limit: Limit = 50, cursor: CursorParameter = None) -> Any:
    """On hand, reserved and available of each SKU at each warehouse."""
    key = decode_cursor(cursor, 1)
    after = uuid_of(key[0]) if key else None
    async with service.transactions.begin() as uow:
        rows = await uow.stock_queries.levels(wanted, after=after, limit=limit + 1)
    return page_of(rows, limit=limit, key=lambda row: (row.id,), item=StockView.model_validate)


@router.get("/movements", summary="List movements", response_model=Page[MovementOut])
async def list_movements(
    *,
    wanted: Wanted,
    service: Service,
    kind: MovementKind | None = None,
    reference_id: Annotated[UUID | None, Query(description="The order that it shipped for.")] = None,
    limit: Limit = 50,
    cursor: CursorParameter = None,
) -> Any:
    """Why there is as much on hand as there is; newest first."""
    key = decode_cursor(cursor, 1)
    async with service.transactions.begin() as uow:
        rows = await uow.stock_queries.movements(
            wanted,
            kind=kind,
            reference_id=reference_id,
            before=number_of(key[0]) if key else None,
            limit=limit + 1,
        )
    return page_of(rows, limit=limit, key=lambda row: (row.id,), item=MovementOut.model_validate)


@router.get("/reservations", summary="List reservations", response_model=Page[ReservationOut])
async def list_reservations(
    *,
    wanted: Wanted,
    service: Service,
    reference_id: Annotated[UUID | None, Query(description="All rows of this order, ended ones too.")] = None,
    state: Annotated[Literal["held"] | None, Query(description="held: what locks stock now.")] = None,
    limit: Limit = 50,
    cursor: CursorParameter = None,
) -> Any:
    """Of one order, or all that are held now."""
    if (reference_id is None) == (state is None):
        raise InvalidInput.of(
            "reference_id", reference_id, "is required, or else state=held", "Name an order, or ask for what is held."
        )
    key = decode_cursor(cursor, 3)
    at = (uuid_of(key[0]), number_of(key[1]), number_of(key[2])) if key else None
    async with service.transactions.begin() as uow:
        if reference_id:
            rows = await uow.stock_queries.reservations_of(
                reference_id, seller_id=wanted.seller_id, after=at[1:] if at else None, limit=limit + 1
            )
        else:
            rows = await uow.stock_queries.held(wanted, after=at, limit=limit + 1)
    return page_of(
        rows,
        limit=limit,
        key=lambda row: (row.reference_id, row.attempt, row.number),
        item=ReservationOut.model_validate,
    )


@router.get("/anomalies", summary="List what stock could not follow", response_model=Page[AnomalyOut])
async def list_anomalies(
    *,
    identity: CurrentIdentity,
    service: Service,
    seller_id: Annotated[UUID | None, Query(description="Operators only; sellers see their own.")] = None,
    still_open: Annotated[bool, Query(alias="open", description="Only those that nobody resolved.")] = False,
    limit: Limit = 50,
    cursor: CursorParameter = None,
) -> Any:
    """Shipped twice, shipped without a reservation, and the like; newest first."""
    key = decode_cursor(cursor, 1)
    async with service.transactions.begin() as uow:
        rows = await uow.stock_queries.anomalies(
            seller_id=identity.scope(seller_id),
            still_open=still_open,
            before=uuid_of(key[0]) if key else None,
            limit=limit + 1,
        )
    return page_of(rows, limit=limit, key=lambda row: (row.id,), item=AnomalyOut.model_validate)


@router.post("/anomalies/{anomaly_id}/resolve", status_code=204, summary="Resolve an anomaly")
async def resolve_anomaly(anomaly_id: UUID, body: ResolveIn, identity: WarehouseStaff, service: Service) -> None:
    """Say what was found out; correct the stock with an adjustment where that is needed."""
    async with service.transactions.begin() as uow:
        found = await uow.reservations.resolve_anomaly(anomaly_id, actor=identity.actor, note=body.note, at=uow.now)
    if not found:
        raise NotFound(f"there is no anomaly {anomaly_id}", remedy="Check the id in GET /api/v1/stock/anomalies.")


@router.get("/{stock_id}", summary="Read a stock row")
async def get_stock(stock_id: UUID, identity: CurrentIdentity, service: Service) -> StockView:
    """As stock_changed names it."""
    async with service.transactions.begin() as uow:
        level = await uow.stock_queries.level(stock_id, seller_id=identity.scope())
    if level is None:
        raise NotFound(f"there is no stock row {stock_id}", remedy="Check the id in GET /api/v1/stock.")
    return StockView.model_validate(level)
