"""Sync runs and parked orders of a store."""

from datetime import UTC, timedelta
from typing import Annotated, Any
from uuid import UUID

from common.errors import Conflict, InvalidInput, NotFound
from common.http.identity import CurrentIdentity
from common.http.paging import CursorParameter, Limit, Page, page_of
from common.http.problem import RESPONSES
from common.kernel.clock import utcnow
from fastapi import APIRouter, Query

from sync.app.pull import want_touched
from sync.app.stores import locked_store, request_sync
from sync.app.take_page import UNNAMED
from sync.domain.store import StoreState
from sync.domain.sync_run import RunState
from sync.entrypoints.dependencies import Root, last_id, seen_store
from sync.entrypoints.schemas import ParkedOut, RequestSync, RunOut, RunRef

router = APIRouter(prefix="/api/v1/stores/{store_id}", tags=["stores"], responses=RESPONSES)

LONGEST_REACH = timedelta(days=60)


@router.post("/sync", status_code=202, summary="Synchronise now")
async def sync_now(store_id: UUID, identity: CurrentIdentity, root: Root, body: RequestSync | None = None) -> RunRef:
    """Starts a run, or hurries the one under way. Only an active store can be synchronised. With `since`, a run that is
    under way with a window of its own is a conflict.
    """
    since = body.since if body else None
    if since is not None:
        since = since.replace(tzinfo=UTC) if since.tzinfo is None else since
        if not utcnow() - LONGEST_REACH <= since < utcnow():
            raise InvalidInput.of(
                "since",
                since.isoformat(),
                f"must lie in the last {LONGEST_REACH.days} days",
                "Leave it out for the normal window.",
            )
    async with root.transactions.begin() as uow:
        store = await locked_store(store_id, seller_id=identity.scope(), uow=uow)
        return RunRef(run_id=await request_sync(store, actor=identity.actor, since=since, uow=uow))


@router.get("/sync-runs", response_model=Page[RunOut], summary="List sync runs")
async def list_runs(
    *,
    store_id: UUID,
    identity: CurrentIdentity,
    root: Root,
    state: Annotated[RunState | None, Query(description="Only runs in this state.")] = None,
    limit: Limit = 50,
    cursor: CursorParameter = None,
) -> dict[str, Any]:
    """Newest first."""
    async with root.transactions.begin() as uow:
        await seen_store(store_id, identity=identity, uow=uow)
        rows = await uow.queries.runs(
            store_id, state=state.value if state else None, before=last_id(cursor), limit=limit
        )
    return page_of(rows, limit=limit, key=lambda row: (row.id,), item=RunOut.model_validate)


@router.get("/sync-runs/{run_id}", summary="Show a sync run")
async def show_run(store_id: UUID, run_id: UUID, identity: CurrentIdentity, root: Root) -> RunOut:
    """Window, pages, counts, throttling and errors."""
    async with root.transactions.begin() as uow:
        await seen_store(store_id, identity=identity, uow=uow)
        run = await uow.queries.run(store_id, run_id)
    if run is None:
        raise NotFound(
            f"run {run_id} is not one of store {store_id}",
            remedy=f"List them: GET /api/v1/stores/{store_id}/sync-runs; old ones are erased.",
        )
    return RunOut.model_validate(run)


@router.get("/parked-orders", response_model=Page[ParkedOut], summary="List parked orders")
async def list_parked(
    *,
    store_id: UUID,
    identity: CurrentIdentity,
    root: Root,
    state: Annotated[
        str | None, Query(pattern="^(parked|retrying|resolved)$", description="Only those in this state.")
    ] = None,
    limit: Limit = 50,
    cursor: CursorParameter = None,
) -> dict[str, Any]:
    """Orders that cannot be read, with the reason and the platform's JSON; newest first."""
    async with root.transactions.begin() as uow:
        await seen_store(store_id, identity=identity, uow=uow)
        rows = await uow.queries.parked(store_id, state=state, before=last_id(cursor), limit=limit)
    return page_of(rows, limit=limit, key=lambda row: (row.id,), item=ParkedOut.model_validate)


@router.post("/parked-orders/{parked_id}/retry", status_code=202, summary="Retry a parked order")
async def retry_parked(store_id: UUID, parked_id: UUID, identity: CurrentIdentity, root: Root) -> ParkedOut:
    """Pulls the order again by its id; it is resolved once it can be read, or parked with the reason of now."""
    async with root.transactions.begin() as uow:
        store = await locked_store(store_id, seller_id=identity.scope(), uow=uow)
        parked = await uow.queries.parked_one(store_id, parked_id)
        if parked is None:
            raise NotFound(
                f"parked order {parked_id} is not one of store {store_id}",
                remedy=f"List them: GET /api/v1/stores/{store_id}/parked-orders.",
            )
        if store.state is not StoreState.ACTIVE:
            raise Conflict(
                f"store {store_id} is {store.state}, so nothing can be pulled",
                remedy="Authorise the store again, then retry.",
                code="store_not_active",
            )
        if parked.platform_order_id.startswith(UNNAMED):
            raise Conflict(
                "not even the id of this order can be read, so it cannot be pulled by it",
                remedy="Once it is put right at the platform, the next sync brings it.",
                code="order_unnamed",
            )
        if await uow.feed.retry(store_id, parked_id) is None:
            raise Conflict(
                f"parked order {parked_id} is resolved already", remedy="Nothing is left to do.", code="order_resolved"
            )
        await uow.feed.touch(store_id, [parked.platform_order_id])
        want_touched(store_id, uow=uow)
        again = await uow.queries.parked_one(store_id, parked_id)
    return ParkedOut.model_validate(again)
