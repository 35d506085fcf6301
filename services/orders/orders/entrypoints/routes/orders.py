"""Reading orders: lists, pages, counts, timelines, exports."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from common.http.identity import CurrentIdentity, Identity
from common.http.paging import CursorParameter, Limit, Page, decode_cursor, page_of
from common.http.problem import RESPONSES
from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from orders.app.actions import unknown
from orders.app.root import OrderFilter
from orders.domain.status import OrderStatus, TrackingUpload
from orders.entrypoints.dependencies import TheRoot
from orders.entrypoints.export import csv_header, csv_rows
from orders.entrypoints.paging import id_cursor
from orders.entrypoints.schemas import Counts, EntryView, OrderView, QueryText, Timeline

router = APIRouter(prefix="/api/v1/orders", tags=["orders"], responses=RESPONSES)


def wanted_orders(
    *,
    identity: CurrentIdentity,
    status: Annotated[list[OrderStatus] | None, Query(description="One state, or several.")] = None,
    seller_id: Annotated[UUID | None, Query(description="For operators; sellers see their own.")] = None,
    store_id: UUID | None = None,
    platform: QueryText = "",
    warehouse_id: UUID | None = None,
    review_error: Annotated[QueryText, Query(description="Pending orders refused for this code.")] = "",
    sku: Annotated[QueryText, Query(description="A platform SKU or one of yours, as it is written.")] = "",
    search: Annotated[QueryText, Query(description="The beginning of the number, or the platform's whole id.")] = "",
    tracking_upload: TrackingUpload | None = None,
    created_from: Annotated[AwareDatetime | None, Query(description="Imported at or after.")] = None,
    created_to: Annotated[AwareDatetime | None, Query(description="Imported before.")] = None,
) -> OrderFilter:
    """The filter of a list, bounded by who asks."""
    return OrderFilter(
        seller_id=identity.scope(seller_id),
        statuses=tuple(status or ()),
        store_id=store_id,
        platform=platform,
        warehouse_id=warehouse_id,
        review_error=review_error,
        sku=sku,
        search=search.strip(),
        tracking_upload=tracking_upload or "",
        created_from=created_from,
        created_to=created_to,
    )


Wanted = Annotated[OrderFilter, Depends(wanted_orders)]


@router.get("", summary="List orders, newest first")
async def list_orders(
    root: TheRoot, wanted: Wanted, limit: Limit = 50, cursor: CursorParameter = None
) -> Page[OrderView]:
    """A page of orders."""
    records = await root.queries.orders(wanted, after=id_cursor(decode_cursor(cursor, 1), cursor), limit=limit)
    page: dict[str, Any] = page_of(records, limit=limit, key=lambda record: [record.order.id], item=OrderView.of)
    return Page[OrderView](**page)


@router.get("/counts", summary="Count orders by state")
async def count_orders(
    root: TheRoot,
    identity: CurrentIdentity,
    seller_id: Annotated[UUID | None, Query(description="For operators.")] = None,
) -> Counts:
    """How many orders are in each state."""
    counts = await root.queries.counts(seller_id=identity.scope(seller_id))
    by_status = {status: int(counts.get(status, 0)) for status in OrderStatus}
    return Counts(total=sum(by_status.values()), by_status=by_status)


@router.get(
    "/export",
    summary="Export orders as CSV",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}}, "description": "A CSV file in UTF-8, a row for each order."}},
)
async def export_orders(root: TheRoot, wanted: Wanted) -> StreamingResponse:
    """All orders that the same filters list, streamed."""

    async def rows() -> AsyncIterator[bytes]:
        yield csv_header()
        async for records in root.queries.export(wanted):
            yield csv_rows(records)

    return StreamingResponse(
        rows(), media_type="text/csv", headers={"Content-Disposition": 'attachment; filename="orders.csv"'}
    )


@router.get("/{order_id}", summary="Show an order")
async def show_order(root: TheRoot, identity: CurrentIdentity, order_id: UUID) -> OrderView:
    """One order."""
    return await shown(root, identity, order_id)


@router.get("/{order_id}/timeline", summary="Show what became of an order")
async def show_timeline(root: TheRoot, identity: CurrentIdentity, order_id: UUID) -> Timeline:
    """Everything that was done with an order: who, when, from, to, why."""
    entries = await root.queries.timeline(order_id, seller_id=identity.scope())
    if entries is None:
        raise unknown(order_id)
    return Timeline(items=[EntryView.of(entry) for entry in entries])


async def shown(root: TheRoot, identity: Identity, order_id: UUID) -> OrderView:
    """The order as it is now; raises NotFound."""
    record = await root.queries.order(order_id, seller_id=identity.scope())
    if record is None:
        raise unknown(order_id)
    return OrderView.of(record)
