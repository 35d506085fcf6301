"""/api/v1/fulfillments: lists, details, and what sellers and operators do with drafts."""

from typing import Annotated, Any
from uuid import UUID

from common.errors import Conflict
from common.http.batch import BatchAnswer, answer
from common.http.identity import CurrentIdentity, Identity
from common.http.paging import CursorParameter, Limit, Page, page_of
from common.http.preconditions import IdempotencyKey, IfMatch, once, version_of
from common.http.problem import RESPONSES
from fastapi import APIRouter, Query, Request

from fulfillment.app import drafting, submitting
from fulfillment.app.views import FulfillmentFilter
from fulfillment.domain.fulfillment import Fulfillment
from fulfillment.entrypoints.root import CurrentRoot, Editor, Root
from fulfillment.entrypoints.schemas import (
    Counts,
    DraftStatus,
    EditFulfillment,
    FulfillmentDetail,
    FulfillmentView,
    Ids,
    Status,
    Timeline,
    counts_view,
    detail_view,
    fulfillment_view,
    timeline_view,
)

router = APIRouter(prefix="/api/v1/fulfillments", tags=["fulfillments"], responses=RESPONSES)


async def visible(root: Root, identity: Identity, fulfillment_id: UUID) -> Fulfillment:
    """One fulfilment order, read without a lock; raises NotFound for a stranger."""
    async with root.transactions.engine.connect() as connection:
        order = await root.views(connection).get(fulfillment_id)
    return submitting.require_visible(order, fulfillment_id, identity.scope())


@router.get("", summary="List fulfilment orders, newest first")
async def list_fulfillments(
    *,
    root: CurrentRoot,
    identity: CurrentIdentity,
    status: Status | None = None,
    draft_status: DraftStatus | None = None,
    seller_id: UUID | None = None,
    warehouse_id: UUID | None = None,
    channel_id: UUID | None = None,
    order_id: UUID | None = None,
    number: Annotated[str | None, Query(description="The human number, whole.")] = None,
    platform_order_number: Annotated[
        str | None, Query(description="The order number at the marketplace, or its beginning.")
    ] = None,
    limit: Limit = 50,
    cursor: CursorParameter = None,
) -> Page[FulfillmentView]:
    """Sellers see their own; operators see all, or those of `seller_id`."""
    wanted = FulfillmentFilter(
        seller_id=identity.scope(seller_id),
        warehouse_id=warehouse_id,
        channel_id=channel_id,
        order_id=order_id,
        status=status,
        draft_status=draft_status,
        number=number,
        platform_order_number=platform_order_number,
    )
    async with root.transactions.engine.connect() as connection:
        rows = await root.views(connection).page(wanted, limit=limit, cursor=cursor)
    page = page_of(rows, limit=limit, key=lambda row: (row.id,), item=fulfillment_view)
    return Page[FulfillmentView](**page)


@router.get("/counts", summary="Count the open ones by state")
async def count_fulfillments(
    root: CurrentRoot, identity: CurrentIdentity, seller_id: UUID | None = None, warehouse_id: UUID | None = None
) -> Counts:
    """For the tabs of a list; shipped and canceled ones are not counted."""
    async with root.transactions.engine.connect() as connection:
        counts = await root.views(connection).counts(seller_id=identity.scope(seller_id), warehouse_id=warehouse_id)
    return counts_view(counts)


@router.post("/submit", summary="Submit several", response_model=BatchAnswer)
async def submit_fulfillments(
    body: Ids, request: Request, root: CurrentRoot, identity: Editor, key: IdempotencyKey
) -> Any:
    """Ask for the funds of each; each row says what became of it."""
    async with root.transactions.begin() as uow:

        async def work() -> BatchAnswer:
            rows = await submitting.submit_many(
                list(dict.fromkeys(body.ids)), seller_id=identity.scope(), actor=identity.actor, uow=uow
            )
            return answer(rows)

        return await once(uow, request=request, identity=identity, key=key, body=body, work=work)


@router.get("/{fulfillment_id}", summary="Read one with its submissions")
async def get_fulfillment(fulfillment_id: UUID, root: CurrentRoot, identity: CurrentIdentity) -> FulfillmentDetail:
    """A fulfilment order, whole."""
    async with root.transactions.engine.connect() as connection:
        views = root.views(connection)
        order = submitting.require_visible(await views.get(fulfillment_id), fulfillment_id, identity.scope())
        return detail_view(order, await views.submissions(fulfillment_id))


@router.get("/{fulfillment_id}/timeline", summary="Read its life")
async def get_fulfillment_timeline(fulfillment_id: UUID, root: CurrentRoot, identity: CurrentIdentity) -> Timeline:
    """Who moved it, when, from where to where, and why."""
    async with root.transactions.engine.connect() as connection:
        views = root.views(connection)
        submitting.require_visible(await views.get(fulfillment_id), fulfillment_id, identity.scope())
        return timeline_view(await views.timeline(fulfillment_id))


@router.patch("/{fulfillment_id}", summary="Correct the address of a draft")
async def edit_fulfillment(
    fulfillment_id: UUID, *, body: EditFulfillment, root: CurrentRoot, identity: Editor, if_match: IfMatch = None
) -> FulfillmentView:
    """Needs If-Match. A label of the carrier is made again, because the old one shows the old address."""
    version = version_of(if_match)
    async with root.transactions.begin() as uow:
        order = await drafting.edit_ship_to(
            fulfillment_id,
            body.ship_to.address(),
            version=version,
            seller_id=identity.scope(),
            actor=identity.actor,
            uow=uow,
        )
    return fulfillment_view(order)


@router.post("/{fulfillment_id}/submit", summary="Submit one", response_model=FulfillmentView)
async def submit_fulfillment(
    fulfillment_id: UUID, *, request: Request, root: CurrentRoot, identity: Editor, key: IdempotencyKey
) -> Any:
    """Ask for the funds; the warehouse is told once they are held."""
    async with root.transactions.begin() as uow:

        async def work() -> FulfillmentView:
            order = await submitting.submit_one(
                fulfillment_id, seller_id=identity.scope(), actor=identity.actor, uow=uow
            )
            return fulfillment_view(order)

        return await once(uow, request=request, identity=identity, key=key, body=None, work=work)


@router.post("/{fulfillment_id}/move-to-draft", summary="Take a failed submission back", response_model=FulfillmentView)
async def move_fulfillment_to_draft(
    fulfillment_id: UUID, request: Request, root: CurrentRoot, identity: Editor, key: IdempotencyKey
) -> Any:
    """Frees the hold; the address can be corrected, and it is submitted again under the same number."""
    async with root.transactions.begin() as uow:

        async def work() -> FulfillmentView:
            order = await drafting.move_to_draft(
                fulfillment_id, seller_id=identity.scope(), actor=identity.actor, uow=uow
            )
            return fulfillment_view(order)

        return await once(uow, request=request, identity=identity, key=key, body=None, work=work)


@router.post(
    "/{fulfillment_id}/retry-label", summary="Ask the carrier for the label again", response_model=FulfillmentView
)
async def retry_fulfillment_label(
    fulfillment_id: UUID, request: Request, root: CurrentRoot, identity: Editor, key: IdempotencyKey
) -> Any:
    """Only in draft/label_error."""
    async with root.transactions.begin() as uow:

        async def work() -> FulfillmentView:
            order = await drafting.retry_label(
                fulfillment_id, seller_id=identity.scope(), actor=identity.actor, uow=uow
            )
            return fulfillment_view(order)

        return await once(uow, request=request, identity=identity, key=key, body=None, work=work)


@router.post("/{fulfillment_id}/cancel", summary="Refused: a platform order is canceled through the order")
async def cancel_fulfillment(fulfillment_id: UUID, root: CurrentRoot, identity: Editor) -> FulfillmentView:
    """Always answers 409 for the fulfilment order of a platform order, naming the order to cancel."""
    order = await visible(root, identity, fulfillment_id)
    raise Conflict(
        f"fulfilment order {order.number} belongs to platform order {order.platform_order_number}",
        remedy=f"Cancel the order: POST /api/v1/orders/{order.order_id}/cancel. Its fulfilment order goes with it.",
        code="cancel_through_order",
        order_id=str(order.order_id),
    )
