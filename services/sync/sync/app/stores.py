"""A store's life: named, moved between its states, and told about."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from common.errors import Conflict, IllegalTransition, NotFound, StaleVersion
from common.kernel.ids import uuid7
from contracts.sync.v1 import StoreChangedV1

from sync.app.ports import Move, SyncUow
from sync.domain.store import IllegalMove, Store, StoreState
from sync.domain.sync_run import RunStart, plan_run

PULL = "pull"
PULL_ORDERS = "pull_orders"

_REMEDIES = {
    StoreState.AUTHORIZING: "Finish the authorisation at the platform, or start it again with /reauthorize.",
    StoreState.AUTH_EXPIRED: "Authorise the store again with /reauthorize.",
    StoreState.DISABLED: "Connect it again with /reauthorize.",
    StoreState.ACTIVE: "It is active already.",
}


def new_store(*, seller_id: UUID, platform: str, name: str, account: str | None = None) -> Store:
    """A store that waits for its authorisation."""
    return Store(
        id=uuid7(),
        seller_id=seller_id,
        platform=platform,
        account=account,
        name=name,
        state=StoreState.AUTHORIZING,
        state_reason="",
        version=1,
        last_complete_until=None,
    )


async def add_store(store: Store, *, actor: str, uow: SyncUow) -> None:
    """Insert a new store, and say so."""
    await uow.stores.add(store)
    await uow.stores.record(Move(store.id, actor, None, store.state, "added"))
    say_changed(store, uow=uow)


def say_changed(store: Store, *, uow: SyncUow) -> None:
    """Tell the others how the store is now."""
    uow.outbox.add(
        StoreChangedV1(
            seller_id=store.seller_id,
            store_id=store.id,
            version=store.version,
            platform=store.platform,
            name=store.name,
            state=store.state.value,
        )
    )


async def change_state(store: Store, target: StoreState, *, actor: str, reason: str, uow: SyncUow) -> bool:
    """Move a locked store, record it and say so; returns whether it moved. Raises IllegalTransition."""
    before = store.state
    try:
        if not store.move_to(target, reason=reason):
            return False
    except IllegalMove as error:
        raise IllegalTransition(
            "store", store.id, error.current, error.target, remedy=_REMEDIES[error.current]
        ) from error
    await uow.stores.save(store)
    await uow.stores.record(Move(store.id, actor, before, target, reason))
    say_changed(store, uow=uow)
    return True


async def locked_store(store_id: UUID, *, seller_id: UUID | None, uow: SyncUow) -> Store:
    """The store, locked; another seller's does not exist. Raises NotFound."""
    store = await uow.stores.get(store_id)
    if store is None or (seller_id is not None and store.seller_id != seller_id):
        raise no_store(store_id)
    return store


def no_store(store_id: UUID) -> NotFound:
    """There is no such store for the asker."""
    return NotFound(
        f"store {store_id} does not exist", remedy="List your stores: GET /api/v1/stores.", store_id=str(store_id)
    )


async def rename_store(store: Store, *, name: str, expected_version: int, uow: SyncUow) -> None:
    """Give a locked store another name; raises StaleVersion."""
    if store.version != expected_version:
        raise StaleVersion("store", store.id, expected=expected_version, current=store.version)
    if store.rename(name):
        await uow.stores.save(store)
        say_changed(store, uow=uow)


async def disable_store(store: Store, *, actor: str, reason: str, uow: SyncUow) -> None:
    """Stop all calls for a locked store and forget its credentials; its runs can go on when it is connected again."""
    if await change_state(store, StoreState.DISABLED, actor=actor, reason=reason, uow=uow):
        await uow.credentials.erase(store.id)
        await uow.stores.drop_authorizations(store.id)
        await uow.runs.interrupt_of(store.id, error=f"the store was disabled: {reason}")


async def request_sync(store: Store, *, actor: str, since: datetime | None, uow: SyncUow) -> UUID:
    """Start a run now, or hurry the one that is open; returns its id. Raises Conflict unless the store is active, and
    for a window of its own while a run is open.
    """
    if store.state is not StoreState.ACTIVE:
        raise Conflict(
            f"store {store.id} is {store.state}, and only an active store can be synchronised",
            remedy=_REMEDIES[store.state],
            code="store_not_active",
            state=store.state.value,
        )
    if since is not None and (open_run := await uow.runs.open_of(store.id)):
        raise Conflict(
            f"run {open_run} of store {store.id} is under way with a window of its own",
            remedy="Ask again when it has ended, or without `since` to have it hurried.",
            code="sync_under_way",
            run_id=str(open_run),
        )
    start = plan_run(last_complete_until=store.last_complete_until, now=uow.now, manual=True, since=since)
    started = await start_runs([(store.id, start)], requested_by=actor, uow=uow)
    if store.id in started:
        return started[store.id]
    await uow.stores.wake_jobs(store.id, [PULL])
    open_run = await uow.runs.open_of(store.id)
    if open_run is None:
        raise Conflict(
            f"the run of store {store.id} has just ended", remedy="Ask for the sync again.", code="run_just_ended"
        )
    return open_run


async def start_runs(starts: Sequence[tuple[UUID, RunStart]], *, requested_by: str, uow: SyncUow) -> dict[UUID, UUID]:
    """Let interrupted runs go on, and start runs of the stores that have none open; returns run ids by store id."""
    runs = await uow.runs.resume([store_id for store_id, _ in starts])
    runs |= await uow.runs.start(
        [(store_id, start) for store_id, start in starts if store_id not in runs], requested_by=requested_by
    )
    for store_id, run_id in runs.items():
        uow.jobs.add(PULL, str(run_id), {"store_id": str(store_id)}, lane=str(store_id))
    return runs
