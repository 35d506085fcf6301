"""Doing things with orders, one or many at once. Each action may be repeated: an order that is there stays there."""

from uuid import UUID

from common.errors import InvalidInput
from common.http.batch import BatchAnswer, RowResult, answer, done, refused
from common.http.identity import Identity
from common.http.preconditions import IfMatch, version_of
from common.http.problem import RESPONSES
from fastapi import APIRouter

from orders.app import actions
from orders.app.actions import Act, Done
from orders.app.ports import PendingFilter
from orders.app.root import Root
from orders.entrypoints.dependencies import TheRoot, Writer, asker
from orders.entrypoints.routes.orders import shown
from orders.entrypoints.schemas import (
    AssignMany,
    Assignment,
    Cancellation,
    CancelMany,
    HoldMany,
    HoldReason,
    Orders,
    OrderView,
    ReviewMany,
)

router = APIRouter(prefix="/api/v1/orders", tags=["orders"], responses=RESPONSES)
REVIEW_LIMIT = 500


def _row(result: Done) -> RowResult:
    return refused(result.order_id, result.error) if result.error else done(result.order_id, result.message)


async def _many(root: Root, identity: Identity, ids: list[UUID], do: Act) -> BatchAnswer:
    async with root.begin() as uow:
        results = await actions.act(ids, do, uow=uow, asker=asker(identity))
    return answer(_row(result) for result in results)


async def _one(root: Root, identity: Identity, order_id: UUID, do: Act, if_match: str | None = None) -> OrderView:
    expected = version_of(if_match) if if_match is not None else None
    async with root.begin() as uow:
        results = await actions.act([order_id], do, uow=uow, asker=asker(identity), expected_version=expected)
        for result in results:
            if result.error:
                raise result.error
    return await shown(root, identity, order_id)


@router.post("/review", summary="Review many orders")
async def review_orders(root: TheRoot, identity: Writer, body: ReviewMany) -> BatchAnswer:
    """Review these orders, or up to 500 pending ones that the filter finds, for example all that were refused for too
    little of a SKU that has arrived. A refused order answers with its reasons and shows them.
    """
    if (body.filter is None) == (not body.order_ids):
        raise InvalidInput.of(
            "order_ids", len(body.order_ids), "give either order_ids or filter", "Name orders, or describe them."
        )
    async with root.begin() as uow:
        ids = body.order_ids
        if body.filter is not None:
            wanted = PendingFilter(
                seller_id=identity.scope(body.filter.seller_id),
                store_id=body.filter.store_id,
                warehouse_id=body.filter.warehouse_id,
                error_code=body.filter.review_error,
                sku=body.filter.sku,
            )
            ids = await uow.orders.pending_ids(wanted, limit=REVIEW_LIMIT)
        results = await actions.review_by_hand(ids, uow=uow, book=root.book, asker=asker(identity))
    return answer(_row(result) for result in results)


@router.post("/assign", summary="Assign many orders to a warehouse and channel")
async def assign_orders(root: TheRoot, identity: Writer, body: AssignMany) -> BatchAnswer:
    """Choose by hand where pending orders ship from and how."""
    async with root.begin() as uow:
        results = await actions.assign(
            body.order_ids,
            warehouse_id=body.warehouse_id,
            channel_id=body.channel_id,
            uow=uow,
            asker=asker(identity),
        )
    return answer(_row(result) for result in results)


@router.post("/cancel", summary="Cancel many orders")
async def cancel_orders(root: TheRoot, identity: Writer, body: CancelMany) -> BatchAnswer:
    """Stop orders wherever they are."""
    return await _many(root, identity, body.order_ids, actions.cancel(body.reason))


@router.post("/move-to-pending", summary="Move many canceled orders back to pending")
async def move_orders_to_pending(root: TheRoot, identity: Writer, body: Orders) -> BatchAnswer:
    """Begin anew with canceled orders."""
    return await _many(root, identity, body.order_ids, actions.move_to_pending())


@router.post("/hold", summary="Hold many orders")
async def hold_orders(root: TheRoot, identity: Writer, body: HoldMany) -> BatchAnswer:
    """Keep pending orders from being reviewed."""
    return await _many(root, identity, body.order_ids, actions.hold(body.reason))


@router.post("/release", summary="Release many held orders")
async def release_orders(root: TheRoot, identity: Writer, body: Orders) -> BatchAnswer:
    """Lift the holds that users set."""
    return await _many(root, identity, body.order_ids, actions.release())


@router.post("/retry-tracking", summary="Upload the tracking of many orders again")
async def retry_trackings(root: TheRoot, identity: Writer, body: Orders) -> BatchAnswer:
    """Tell the platform again what was shipped, where that failed for good."""
    return await _many(root, identity, body.order_ids, actions.retry_tracking())


@router.post("/{order_id}/review", summary="Review an order")
async def review_order(root: TheRoot, identity: Writer, order_id: UUID) -> OrderView:
    """Review a pending order; the answer shows it under review, or with all reasons why it was refused."""
    async with root.begin() as uow:
        results = await actions.review_by_hand([order_id], uow=uow, book=root.book, asker=asker(identity))
    order = await shown(root, identity, order_id)
    error = results[0].error
    if error and not order.review_errors:
        raise error
    return order


@router.post("/{order_id}/assign", summary="Assign an order to a warehouse and channel")
async def assign_order(
    root: TheRoot, identity: Writer, order_id: UUID, body: Assignment, if_match: IfMatch = None
) -> OrderView:
    """Choose by hand where a pending order ships from and how; If-Match guards against another's change."""
    expected = version_of(if_match) if if_match is not None else None
    async with root.begin() as uow:
        results = await actions.assign(
            [order_id],
            warehouse_id=body.warehouse_id,
            channel_id=body.channel_id,
            uow=uow,
            asker=asker(identity),
            expected_version=expected,
        )
        if results[0].error:
            raise results[0].error
    return await shown(root, identity, order_id)


@router.post("/{order_id}/cancel", summary="Cancel an order")
async def cancel_order(
    root: TheRoot, identity: Writer, order_id: UUID, body: Cancellation | None = None, if_match: IfMatch = None
) -> OrderView:
    """Stop an order: at once while nothing of it is outside, else through its fulfilment order."""
    reason = (body or Cancellation()).reason
    return await _one(root, identity, order_id, actions.cancel(reason), if_match)


@router.post("/{order_id}/move-to-pending", summary="Move a canceled order back to pending")
async def move_order_to_pending(root: TheRoot, identity: Writer, order_id: UUID, if_match: IfMatch = None) -> OrderView:
    """Begin anew; not if the platform itself canceled it. The next review reads the mapping of its moment."""
    return await _one(root, identity, order_id, actions.move_to_pending(), if_match)


@router.post("/{order_id}/hold", summary="Hold an order")
async def hold_order(
    root: TheRoot, identity: Writer, order_id: UUID, body: HoldReason, if_match: IfMatch = None
) -> OrderView:
    """Keep a pending order from being reviewed."""
    return await _one(root, identity, order_id, actions.hold(body.reason), if_match)


@router.post("/{order_id}/release", summary="Release a held order")
async def release_order(root: TheRoot, identity: Writer, order_id: UUID, if_match: IfMatch = None) -> OrderView:
    """Lift the holds that users set; those of the platform only it can lift."""
    return await _one(root, identity, order_id, actions.release(), if_match)


@router.post("/{order_id}/retry-tracking", summary="Upload the tracking of an order again")
async def retry_tracking(root: TheRoot, identity: Writer, order_id: UUID, if_match: IfMatch = None) -> OrderView:
    """Tell the platform again what was shipped, as a new attempt, where the last failed for good."""
    return await _one(root, identity, order_id, actions.retry_tracking(), if_match)
