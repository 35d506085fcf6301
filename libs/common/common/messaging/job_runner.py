"""Runs jobs: leases what is due, calls the handlers with limited concurrency, settles outcomes many at a time."""

import asyncio
import random
from collections import Counter as Tally
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from prometheus_client import Counter
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from common.db.bulk import to_json
from common.db.failures import is_contention, is_lost
from common.db.unit_of_work import Transactions, UnitOfWork
from common.kernel.ids import uuid7
from common.messaging.batcher import Batcher
from common.messaging.jobs import TIMER, Again, Done, Failed, Job, JobKind, JobResult, Jobs, Outcome, backoff

log = structlog.get_logger(__name__)

IDLE_POLL_SECONDS = 0.5
BUSY_PAUSE_SECONDS = 0.05
SETTLE_BATCH = 100
LOOKED_AT = 4
"""How many due jobs are looked at for each that can run: once a lane is full its jobs are passed over."""
CRASH_BASE = timedelta(seconds=2)
CRASH_MOST = timedelta(minutes=10)
LEASE = timedelta(seconds=30)
"""After this long without a sign of life, the jobs of a process are taken up by another."""
RENEW_SECONDS = 8.0
HAND_OVER_SECONDS = 2.0
TIMER_LIMIT = timedelta(minutes=5)

RUNS = Counter("orderdock_jobs_total", "Jobs run.", ["kind", "outcome"])

_CLAIM = text(
    """
    WITH wanted AS (
        SELECT * FROM unnest(CAST(:kinds AS text[]), CAST(:frees AS integer[]), CAST(:per_lanes AS integer[]),
            CAST(:windows AS integer[]), CAST(:lease_ids AS uuid[]))
            AS wanted(kind, free, per_lane, looked_at, lease_id)
    ), chosen AS (
        SELECT found.id, found.interrupted, wanted.lease_id FROM wanted CROSS JOIN LATERAL (
            SELECT jobs.id, jobs.leased AS interrupted FROM jobs JOIN (
                SELECT id, next_at, running + row_number() OVER (PARTITION BY lane ORDER BY next_at) AS place FROM (
                    SELECT id, lane, next_at, coalesce(busy.running, 0) AS running FROM jobs
                    LEFT JOIN unnest(CAST(:busy_kinds AS text[]), CAST(:busy_lanes AS text[]),
                        CAST(:busy_counts AS integer[])) AS busy(kind, lane, running) USING (kind, lane)
                    WHERE state = 'open' AND kind = wanted.kind AND next_at <= now()
                        AND coalesce(busy.running, 0) < wanted.per_lane
                    ORDER BY next_at LIMIT wanted.looked_at
                ) AS due
            ) AS ranked USING (id)
            WHERE ranked.place <= wanted.per_lane AND jobs.state = 'open' AND jobs.next_at <= now()
            ORDER BY ranked.next_at LIMIT wanted.free FOR UPDATE OF jobs SKIP LOCKED
        ) AS found
    )
    UPDATE jobs SET leased = true, lease_id = chosen.lease_id, attempts = attempts + 1, next_at = now() + :lease,
        updated_at = now()
    FROM chosen WHERE jobs.id = chosen.id
    RETURNING jobs.id, jobs.kind, jobs.key, jobs.lane, jobs.payload, jobs.progress, jobs.attempts, jobs.lease_id,
        chosen.interrupted
    """
)
_RENEW = text(
    """
    UPDATE jobs SET next_at = now() + :lease
    FROM unnest(CAST(:ids AS uuid[]), CAST(:lease_ids AS uuid[])) AS held(id, lease_id)
    WHERE jobs.id = held.id AND jobs.lease_id = held.lease_id
    RETURNING jobs.id
    """
)
_OWNED = text(
    "SELECT id, lease_id FROM jobs WHERE id = ANY(CAST(:ids AS uuid[])) AND state = 'open' ORDER BY id FOR UPDATE"
)
_FINISH = text("DELETE FROM jobs WHERE id = ANY(CAST(:ids AS uuid[]))")
_POSTPONE = text(
    """
    UPDATE jobs SET leased = false, lease_id = NULL, next_at = now() + source.after, last_error = source.error,
        progress = source.progress, attempts = jobs.attempts - source.uncounted, updated_at = now()
    FROM unnest(CAST(:ids AS uuid[]), CAST(:afters AS interval[]), CAST(:errors AS text[]), CAST(:progress AS jsonb[]),
        CAST(:uncounted AS integer[])) AS source(id, after, error, progress, uncounted)
    WHERE jobs.id = source.id
    """
)
_FAIL = text(
    """
    UPDATE jobs SET state = 'failed', leased = false, lease_id = NULL, last_error = source.error, updated_at = now()
    FROM unnest(CAST(:ids AS uuid[]), CAST(:errors AS text[])) AS source(id, error) WHERE jobs.id = source.id
    """
)
_ADD_TIMERS = text(
    "INSERT INTO jobs (id, kind, key, payload, next_at) "
    "SELECT id, 'timer', name, '{}', now() "
    "FROM unnest(CAST(:ids AS uuid[]), CAST(:names AS text[])) AS source(id, name) "
    "ON CONFLICT (kind, key) WHERE state = 'open' DO NOTHING"
)


class JobRunner:
    """Runs the jobs and timers of one service in this process; any number of processes share them."""

    def __init__(self, jobs: Jobs, transactions: Transactions[Any]) -> None:
        self._jobs = jobs
        self._transactions = transactions
        self._autocommit = transactions.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._woken = asyncio.Event()
        self._running: dict[str, set[asyncio.Task[None]]] = {}
        self._held: dict[UUID, tuple[Job, asyncio.Task[None], float]] = {}
        self._lanes: dict[str, Tally[str]] = {}
        self._settling: dict[str, Batcher[JobResult]] = {}
        self._broken = False
        kinds = list(jobs.kinds.values())
        if jobs.timers:
            kinds.append(JobKind(TIMER, self._tick, len(jobs.timers), len(jobs.timers), TIMER_LIMIT))
        self._kinds = {kind.kind: kind for kind in kinds}
        for name in self._kinds:
            self._running[name] = set()
            self._lanes[name] = Tally()
            self._settling[name] = Batcher(self._settle, limit=SETTLE_BATCH, weight=lambda _: 1)

    def wake(self) -> None:
        """There is something to do."""
        self._woken.set()

    async def run(self) -> None:
        """Run until cancelled; jobs under way are cancelled and come again, anywhere, as interrupted."""
        renewing = asyncio.create_task(self._keep_leases())
        try:
            while True:
                self._woken.clear()
                try:
                    if self._broken:  # Or we would take up what we are running ourselves.
                        await self._renew([job for job, _, _ in self._held.values()], LEASE)
                    started = await self.lease_due()
                except (SQLAlchemyError, OSError) as error:
                    if not is_lost(error) and not is_contention(error):
                        log.exception("jobs_lease_failed", exc_info=error)
                    elif not self._broken:
                        log.warning("jobs_paused", error=str(error))
                    self._broken = True
                    await asyncio.sleep(1)
                    continue
                if self._broken:
                    log.info("jobs_resumed")
                    self._broken = False
                await self._pause(started)
        finally:
            tasks = [renewing, *(task for running in self._running.values() for task in running)]
            interrupted = [job for job, _, _ in self._held.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if interrupted:
                with suppress(SQLAlchemyError, OSError, TimeoutError):  # Or else they come when their lease is over.
                    async with asyncio.timeout(HAND_OVER_SECONDS):
                        await self._renew(interrupted, timedelta(0))
            for batcher in self._settling.values():
                await batcher.close()

    async def _pause(self, started: int) -> None:
        if started:
            await asyncio.sleep(BUSY_PAUSE_SECONDS)
            return
        try:
            # Not wait_for: before Python 3.12 it loses a cancellation that comes together with the wake.
            async with asyncio.timeout(IDLE_POLL_SECONDS):
                await self._woken.wait()
            await asyncio.sleep(BUSY_PAUSE_SECONDS)
        except TimeoutError:
            return

    async def _keep_leases(self) -> None:
        """Renew the leases of what runs for long. What somebody else has taken over meanwhile is cancelled here."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            before = asyncio.get_running_loop().time() - RENEW_SECONDS / 2
            held = {job.id: (job, task) for job, task, since in self._held.values() if since < before}
            if not held:
                continue
            try:
                kept = await self._renew([job for job, _ in held.values()], LEASE)
            except Exception as error:  # Whatever it is, the next round comes before the leases are over.
                log.warning("leases_not_renewed", error=str(error))
                continue
            for job, task in held.values():
                if job.id not in kept and job.id in self._held:
                    log.warning("lease_lost", kind=job.kind, key=job.key)
                    task.cancel()

    async def _renew(self, jobs: Sequence[Job], lease: timedelta) -> set[UUID]:
        async with self._autocommit.connect() as connection:
            rows = await connection.execute(
                _RENEW,
                {"ids": [job.id for job in jobs], "lease_ids": [job.lease_id for job in jobs], "lease": lease},
            )
            return {row.id for row in rows}

    async def add_timers(self) -> None:
        """Make the rows of the timers that have none."""
        if self._jobs.timers:
            names = list(self._jobs.timers)
            async with self._transactions.engine.begin() as connection:
                await connection.execute(_ADD_TIMERS, {"ids": [uuid7() for _ in names], "names": names})

    async def lease_due(self) -> int:
        """Lease and start what is due and fits; returns how many jobs were started."""
        free = {name: kind.concurrency - len(self._running[name]) for name, kind in self._kinds.items()}
        asked = [kind for name, kind in self._kinds.items() if free[name] > 0]
        if not asked:
            return 0
        busy = [(kind.kind, lane, count) for kind in asked for lane, count in self._lanes[kind.kind].items()]
        # One statement is a transaction by itself.
        async with self._autocommit.connect() as connection:
            result = await connection.execute(
                _CLAIM,
                {
                    "kinds": [kind.kind for kind in asked],
                    "frees": [free[kind.kind] for kind in asked],
                    "per_lanes": [kind.lane_concurrency for kind in asked],
                    "windows": [kind.concurrency * LOOKED_AT for kind in asked],
                    "lease": LEASE,
                    "lease_ids": [uuid7() for _ in asked],
                    "busy_kinds": [kind for kind, _, _ in busy],
                    "busy_lanes": [lane for _, lane, _ in busy],
                    "busy_counts": [count for _, _, count in busy],
                },
            )
            leased = [_job(row) for row in result]
        for job in leased:
            self._start(self._kinds[job.kind], job)
        return len(leased)

    def _start(self, kind: JobKind, job: Job) -> None:
        task = asyncio.create_task(self._run_one(kind, job))
        self._running[kind.kind].add(task)
        self._lanes[kind.kind][job.lane] += 1
        self._held[job.id] = (job, task, asyncio.get_running_loop().time())
        task.add_done_callback(lambda done: self._ended(kind.kind, job, done))

    def _ended(self, kind: str, job: Job, task: asyncio.Task[None]) -> None:
        self._running[kind].discard(task)
        lane = job.lane
        held = self._held.get(job.id)
        if held and held[1] is task:
            del self._held[job.id]
        self._lanes[kind][lane] -= 1
        if self._lanes[kind][lane] <= 0:
            del self._lanes[kind][lane]
        self._woken.set()
        if not task.cancelled() and (error := task.exception()):
            log.error("job_not_settled", kind=kind, exc_info=error)

    async def _run_one(self, kind: JobKind, job: Job) -> None:
        outcome: Outcome
        try:
            async with asyncio.timeout(kind.limit.total_seconds()):
                outcome = await kind.handle(job)
        except Exception as error:  # A defect of a handler must not lose its job: it is run again, later and later.
            log.exception("job_crashed", kind=job.kind, key=job.key, attempts=job.attempts, exc_info=error)
            wait = backoff(job.attempts, base=CRASH_BASE, most=CRASH_MOST, jitter=random.random())
            outcome = Again(wait, f"{type(error).__name__}: {error}"[:2000], job.progress, code="crashed")
        RUNS.labels(job.kind, type(outcome).__name__).inc()
        await self._settling[kind.kind].submit(JobResult(job, outcome))

    async def _settle(self, results: Sequence[JobResult]) -> None:
        """Write outcomes; what fails as a group is written one by one, so that one defect stops no neighbour."""
        try:
            await self._settle_once(results)
        except Exception as error:
            if len(results) == 1:
                raise
            log.warning("job_results_split", kind=results[0].job.kind, count=len(results), error=str(error))
            for result in results:
                try:
                    await self._settle_once([result])
                except Exception as alone:  # Its lease runs out and it comes again, as interrupted.
                    log.exception("job_result_refused", kind=result.job.kind, key=result.job.key, exc_info=alone)

    async def _settle_once(self, results: Sequence[JobResult]) -> None:
        tries = 0
        while True:
            try:
                async with self._transactions.begin() as uow:
                    await self._write(results, uow)
                return
            except (SQLAlchemyError, OSError) as error:
                tries += 1
                if not (is_lost(error) or is_contention(error)) or tries > 30:
                    raise
                await asyncio.sleep(min(0.05 * 2**tries, 2) * random.uniform(0.5, 1))

    async def _write(self, results: Sequence[JobResult], uow: UnitOfWork) -> None:
        rows = await uow.connection.execute(_OWNED, {"ids": [result.job.id for result in results]})
        owners: dict[UUID, UUID] = {row.id: row.lease_id for row in rows}
        owned = [result for result in results if owners.get(result.job.id) == result.job.lease_id]
        if not owned:
            return
        settle = self._kinds[owned[0].job.kind].settle
        if settle:
            await settle(owned, uow)
        done = [result.job.id for result in owned if isinstance(result.outcome, Done)]
        if done:
            await uow.connection.execute(_FINISH, {"ids": done})
        again = [(result.job, result.outcome) for result in owned if isinstance(result.outcome, Again)]
        if again:
            await uow.connection.execute(
                _POSTPONE,
                {
                    "ids": [job.id for job, _ in again],
                    "afters": [outcome.after for _, outcome in again],
                    "errors": [outcome.reason for _, outcome in again],
                    "progress": [None if o.progress is None else to_json(o.progress) for _, o in again],
                    "uncounted": [0 if outcome.counts else 1 for _, outcome in again],
                },
            )
        failed = [(result.job, result.outcome) for result in owned if isinstance(result.outcome, Failed)]
        if failed:
            await uow.connection.execute(
                _FAIL,
                {"ids": [job.id for job, _ in failed], "errors": [f"{o.code}: {o.reason}" for _, o in failed]},
            )

    async def _tick(self, job: Job) -> Outcome:
        timer = self._jobs.timers.get(job.key)
        if timer is None:  # A timer of another release: that release's processes run it, or nobody any more.
            return Again(timedelta(minutes=5), "no such timer in this release", counts=False)
        async with self._transactions.begin() as uow:
            await timer.tick(uow)
        return Again(timer.every, "", counts=False)


def _job(row: Any) -> Job:
    return Job(
        id=row.id,
        kind=row.kind,
        key=row.key,
        lane=row.lane,
        payload=row.payload,
        progress=row.progress,
        attempts=row.attempts,
        interrupted=row.interrupted,
        lease_id=row.lease_id,
    )
