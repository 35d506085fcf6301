"""The jobs and timers of fulfillment."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from common.messaging.jobs import JobResult, Jobs
from sqlalchemy.ext.asyncio import AsyncConnection

from fulfillment.app.answering import CHECK_BATCH, check_overdue, settle_calls
from fulfillment.app.closing import ERASE_DOCUMENTS, erase_personal_data
from fulfillment.app.label_calls import LabelCalls, settle_label_calls
from fulfillment.app.ports import Uow
from fulfillment.app.saving import CANCEL, CARRIER_LABEL, POLL, SUBMIT, VOID_LABEL
from fulfillment.app.submitting import SUBMIT_BATCH, submit_due
from fulfillment.app.warehouse_calls import WarehouseCalls

TIMER_ROUNDS = 10
"""How many batches one tick works off, so that a timer's transaction stays short."""


def make_jobs(
    *,
    warehouse_calls: WarehouseCalls,
    label_calls: LabelCalls,
    concurrency: int,
    personal_data_after: timedelta,
    reseal: Callable[[AsyncConnection], Awaitable[int]],
) -> Jobs:
    """Register every handler with how many of it run at once; a lane is a warehouse."""
    jobs = Jobs("fulfillment")
    lane = max(1, concurrency // 2)
    minute = timedelta(seconds=60)
    jobs.handler(SUBMIT, concurrency=concurrency, lane_concurrency=lane, limit=minute)(warehouse_calls.submit)
    jobs.handler(CANCEL, concurrency=8, lane_concurrency=4, limit=minute)(warehouse_calls.cancel)
    jobs.handler(POLL, concurrency=4, lane_concurrency=2, limit=minute)(warehouse_calls.poll)
    jobs.handler(CARRIER_LABEL, concurrency=16, limit=minute)(label_calls.fetch)
    jobs.handler(VOID_LABEL, concurrency=4, limit=minute)(label_calls.void)
    jobs.handler(ERASE_DOCUMENTS, concurrency=2, limit=minute)(label_calls.erase)

    async def settle_warehouse(results: Sequence[JobResult], uow: Uow) -> None:
        await settle_calls(results, uow=uow)

    async def settle_carrier(results: Sequence[JobResult], uow: Uow) -> None:
        await settle_label_calls(results, uow=uow)

    for kind in (SUBMIT, CANCEL, POLL):
        jobs.settles(kind)(settle_warehouse)
    jobs.settles(CARRIER_LABEL)(settle_carrier)
    _add_timers(jobs, personal_data_after=personal_data_after, reseal=reseal)
    return jobs


def _add_timers(
    jobs: Jobs, *, personal_data_after: timedelta, reseal: Callable[[AsyncConnection], Awaitable[int]]
) -> None:
    @jobs.timer("submit_due", every=timedelta(seconds=1))
    async def on_submit_due(uow: Uow) -> None:
        for _ in range(TIMER_ROUNDS):
            if await submit_due(uow=uow) < SUBMIT_BATCH:
                return

    @jobs.timer("check_overdue", every=timedelta(seconds=5))
    async def on_check_overdue(uow: Uow) -> None:
        for _ in range(TIMER_ROUNDS):
            if await check_overdue(uow=uow) < CHECK_BATCH:
                return

    @jobs.timer("erase_personal_data", every=timedelta(minutes=10))
    async def on_erase_personal_data(uow: Uow) -> None:
        await erase_personal_data(after=personal_data_after, uow=uow)

    @jobs.timer("reseal_secrets", every=timedelta(hours=1))
    async def on_reseal_secrets(uow: Uow) -> None:
        await reseal(uow.connection)
