"""The jobs and timers of sync: every call to a platform is a job, in the lane of its store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from common.messaging.jobs import Job, JobResult, Jobs, Outcome
from contracts.sync.v1 import FetchLabelV1, UploadTrackingV1

from sync.app.access import StoreAccess
from sync.app.labels import LabelFetcher
from sync.app.order_tasks import settle_tasks
from sync.app.ports import Keep, SyncUow
from sync.app.pull import PAGE_LIMIT, Puller, schedule_pulls, schedule_touched
from sync.app.stores import PULL, PULL_ORDERS
from sync.app.uploads import TrackingUploader
from sync.domain.order_task import TaskKind

LABEL_LIMIT = timedelta(seconds=300)
"""A label is a chain of calls, each bounded by itself."""

UPLOAD_LIMIT = timedelta(seconds=180)


@dataclass(frozen=True, slots=True)
class Work:
    """What runs the jobs, and how much of it at once."""

    puller: Puller
    labels: LabelFetcher
    uploads: TrackingUploader
    access: StoreAccess
    keep: Keep
    pull_every: timedelta
    pull_concurrency: int
    order_concurrency: int
    store_concurrency: int


def make_jobs(work: Work) -> Jobs:
    """The kinds of jobs and the timers."""
    jobs = Jobs("sync")
    _add_pulls(jobs, work)
    _add_order_tasks(jobs, work)
    _add_timers(jobs, work)
    return jobs


def _add_pulls(jobs: Jobs, work: Work) -> None:
    # One at a time for a store: a slow or throttled one keeps one place busy, and delays nobody else.
    @jobs.handler(PULL, concurrency=work.pull_concurrency, lane_concurrency=1, limit=PAGE_LIMIT)
    async def pull(job: Job) -> Outcome:
        return await work.puller.pull(job)

    @jobs.settles(PULL)
    async def settle_pulls(results: Sequence[JobResult], uow: SyncUow) -> None:
        await work.puller.settle_pulls(results, uow)

    @jobs.handler(PULL_ORDERS, concurrency=work.pull_concurrency, lane_concurrency=1, limit=PAGE_LIMIT)
    async def pull_orders(job: Job) -> Outcome:
        return await work.puller.pull_orders(job)


def _add_order_tasks(jobs: Jobs, work: Work) -> None:
    label, tracking = TaskKind.LABEL.value, TaskKind.TRACKING.value
    many, few = work.order_concurrency, work.store_concurrency

    @jobs.handler(label, concurrency=many, lane_concurrency=few, limit=LABEL_LIMIT)
    async def fetch_label(job: Job) -> Outcome:
        return await work.labels.run(job)

    @jobs.settles(label)
    async def settle_labels(results: Sequence[JobResult], uow: SyncUow) -> None:
        await settle_tasks(FetchLabelV1, results, uow=uow)

    @jobs.handler(tracking, concurrency=many, lane_concurrency=few, limit=UPLOAD_LIMIT)
    async def upload_tracking(job: Job) -> Outcome:
        return await work.uploads.run(job)

    @jobs.settles(tracking)
    async def settle_uploads(results: Sequence[JobResult], uow: SyncUow) -> None:
        await settle_tasks(UploadTrackingV1, results, uow=uow)


def _add_timers(jobs: Jobs, work: Work) -> None:
    @jobs.timer("schedule_pulls", every=timedelta(seconds=2))
    async def due(uow: SyncUow) -> None:
        await schedule_pulls(uow, every=work.pull_every)

    @jobs.timer("schedule_touched", every=timedelta(seconds=5))
    async def touched(uow: SyncUow) -> None:
        await schedule_touched(uow)

    @jobs.timer("seal_again", every=timedelta(seconds=60))
    async def seal(uow: SyncUow) -> None:
        await work.access.seal_again(uow)

    @jobs.timer("erase_old_sync_rows", every=timedelta(minutes=5))
    async def erase(uow: SyncUow) -> None:
        await uow.retention.erase_old(work.keep)
