"""Pulling: a run page by page, and single orders by id. HTTP outside any transaction, then one transaction a page."""

import random
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import structlog
from common.db.unit_of_work import Transactions
from common.messaging.jobs import Again, Done, Job, JobResult, Outcome, backoff

from sync.app.access import StoreAccess
from sync.app.errors import AccessError, StoreGone, StoreNotActive
from sync.app.ports import SyncUow
from sync.app.stores import PULL, PULL_ORDERS, start_runs
from sync.app.take_page import take_page
from sync.app.waits import uncounted_wait
from sync.connectors.kit.connector import MAX_PAGE_ORDERS, OrderPage, ParkedOrder, Window
from sync.connectors.kit.errors import ConnectorError, PermissionDenied, ReauthorizationNeeded, Refused
from sync.domain.sync_run import OpenRun, RunState, covered_until, plan_run

log = structlog.get_logger(__name__)

PAGE_LIMIT = timedelta(seconds=240)
TURN_SECONDS = 30.0
"""A run gives up its place after this long, so that other stores' runs come to theirs."""

FAILURES = 8
"""Failures in a row after which a run has failed; the next one reaches back over its time."""

BASE = timedelta(seconds=2)
MOST = timedelta(minutes=5)


class _TakenOver(Exception):
    """The run's page was stored by another worker, or the run has ended; nothing of ours is kept."""


class Puller:
    """Runs pull jobs."""

    def __init__(self, transactions: Transactions[SyncUow], access: StoreAccess) -> None:
        self._transactions = transactions
        self._access = access

    async def pull(self, job: Job) -> Outcome:
        """Go on with a run for a while; `job.key` is the run's id."""
        run_id, store_id = UUID(job.key), UUID(job.payload["store_id"])
        failures = int((job.progress or {}).get("failures", 0))
        stop_at = time.monotonic() + TURN_SECONDS
        async with self._transactions.begin() as uow:
            run = await uow.runs.get(run_id)
        if run is None or run.state is not RunState.RUNNING:
            return Done()
        while True:
            try:
                page = await self._page(run)
            except (ConnectorError, AccessError) as error:
                return await self._missed(run, error, failures=failures)
            try:
                await self._take(run, page)
            except _TakenOver:
                return Again(timedelta(seconds=1), "the run went on without this worker", counts=False)
            failures = 0
            run = replace(run, cursor=page.next_cursor, pages=run.pages + 1)
            if page.next_cursor is None:
                log.info("run_complete", store_id=str(store_id), run_id=str(run_id), pages=run.pages)
                return Done()
            if time.monotonic() >= stop_at:
                return Again(timedelta(0), "", counts=False)

    async def _page(self, run: OpenRun) -> OrderPage:
        window = Window(run.since, run.until)
        return await self._access.call(
            run.store_id,
            lambda connector, credentials: connector.pull_page(credentials, window=window, cursor=run.cursor),
        )

    async def _take(self, run: OpenRun, page: OrderPage) -> None:
        """Cursor, counts, parked orders and messages in one transaction; raises _TakenOver."""
        async with self._transactions.begin() as uow:
            # The store before its run, as everybody locks them.
            store = await uow.stores.get(run.store_id) if page.next_cursor is None else None
            counts = await take_page(run.store_id, run.seller_id, platform=run.platform, page=page, uow=uow)
            if not await uow.runs.add_page(run, counts, cursor=page.next_cursor):
                raise _TakenOver
            if page.next_cursor is None:
                await uow.runs.end(run.id, RunState.COMPLETE)
                covered = covered_until(
                    last_complete_until=store.last_complete_until if store else None, since=run.since, until=run.until
                )
                if covered is not None:
                    await uow.stores.complete_until(run.store_id, covered)

    async def _missed(self, run: OpenRun, error: ConnectorError | AccessError, *, failures: int) -> Outcome:
        """What becomes of the run when its page did not come."""
        async with self._transactions.begin() as uow:
            await uow.stores.get(run.store_id)
            if isinstance(error, ReauthorizationNeeded | StoreNotActive | StoreGone):
                await uow.runs.end(run.id, RunState.INTERRUPTED, error=_text(error))
                return Done()
            wait = uncounted_wait(error)
            if wait:
                await uow.runs.add_error(run.id, error=wait.reason, throttled_seconds=wait.throttled_seconds)
                return Again(wait.after, wait.reason, {"failures": failures}, code=wait.code, counts=False)
            if isinstance(error, Refused) and error.code == "cursor_unreadable":
                await uow.runs.restart(run.id)
            failures += 1
            final = isinstance(error, PermissionDenied) or (isinstance(error, Refused) and error.final)
            if failures >= FAILURES or (final and error.code != "cursor_unreadable"):
                await uow.runs.add_error(run.id, error=_text(error))
                await uow.runs.end(run.id, RunState.FAILED, error=_text(error))
                await uow.stores.note_error(run.store_id, _text(error))
                log.error("run_failed", store_id=str(run.store_id), run_id=str(run.id), error=_text(error))
                return Done()
            await uow.runs.add_error(run.id, error=_text(error))
        after = _later(error, failures)
        return Again(after, _text(error), {"failures": failures}, code=error.code)

    async def settle_pulls(self, results: Sequence[JobResult], uow: SyncUow) -> None:
        """A run that was let go on while its job was ending gets another job."""
        ended = [UUID(result.job.key) for result in results if isinstance(result.outcome, Done)]
        if ended:
            for run_id, store_id in (await uow.runs.running(ended)).items():
                uow.jobs.add(PULL, str(run_id), {"store_id": str(store_id)}, lane=str(store_id))

    async def pull_orders(self, job: Job) -> Outcome:
        """Pull the orders that were touched (by a webhook, by a retry); `job.key` is the store's id."""
        store_id = UUID(job.key)
        progress = job.progress or {}
        failures, limit = int(progress.get("failures", 0)), int(progress.get("limit", MAX_PAGE_ORDERS))
        async with self._transactions.begin() as uow:
            touched = await uow.feed.touched(store_id, limit=limit)
        if not touched:
            return Done()
        ids = [name for name, _ in touched]
        try:
            page = await self._access.call(
                store_id, lambda connector, credentials: connector.pull_orders(credentials, order_ids=ids)
            )
        except (StoreNotActive, StoreGone, ReauthorizationNeeded):
            # The touches stay; a timer makes a new job of them once the store is active again.
            return Done()
        except (ConnectorError, AccessError) as error:
            wait = uncounted_wait(error)
            if wait:
                return Again(wait.after, wait.reason, progress, code=wait.code, counts=False)
            if not (isinstance(error, Refused) and error.final):
                return Again(_later(error, failures + 1), _text(error), {"failures": failures + 1, "limit": limit})
            if len(ids) > 1:
                return Again(timedelta(0), _text(error), {"limit": 1}, counts=False)
            page = OrderPage(orders=(), parked=(ParkedOrder(ids[0], _text(error), b"{}"),))
        async with self._transactions.begin() as uow:
            rows = await uow.credentials.of_stores([store_id])
            store = rows[store_id].store
            await take_page(store_id, store.seller_id, platform=store.platform, page=page, uow=uow)
            await uow.feed.untouch(store_id, touched)
        return Again(timedelta(0), "", counts=False) if len(touched) == limit else Done()


def _text(error: ConnectorError | AccessError) -> str:
    return str(error)[:1000]


def _later(error: ConnectorError | AccessError, failures: int) -> timedelta:
    least = getattr(error, "retry_after", None) or 0.0
    return max(timedelta(seconds=least), backoff(failures, base=BASE, most=MOST, jitter=random.random()))


async def schedule_pulls(uow: SyncUow, *, every: timedelta) -> None:
    """Start the runs that are due; a timer calls it."""
    due = await uow.stores.due(now=uow.now, every=every, limit=500)
    await start_runs(
        [(store.id, plan_run(last_complete_until=store.last_complete_until, now=uow.now)) for store in due],
        requested_by="schedule",
        uow=uow,
    )


async def schedule_touched(uow: SyncUow) -> None:
    """Make jobs for touched orders that have none: those of stores that were not active, and those whose touch came
    while the last job was ending; a timer calls it.
    """
    for store_id in await uow.feed.stores_touched():
        want_touched(store_id, uow=uow)


def want_touched(store_id: UUID, *, uow: SyncUow) -> None:
    """Have a store's touched orders pulled."""
    uow.jobs.add(PULL_ORDERS, str(store_id), {}, lane=str(store_id))
