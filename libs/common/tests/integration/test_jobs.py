"""Jobs on a real database: leased once, settled in one transaction, found again after a crash."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from common.db.unit_of_work import Transactions, UnitOfWork
from common.kernel.ids import uuid7
from common.messaging import job_runner
from common.messaging.job_runner import JobRunner
from common.messaging.jobs import Again, Done, Failed, Job, JobResult, Jobs, Outcome, backoff
from common.testing.messaging import effects, record
from common.testing.waiting import eventually
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

LIMIT = timedelta(seconds=30)


async def job_rows(transactions: Transactions[UnitOfWork]) -> list[dict[str, Any]]:
    async with transactions.engine.connect() as connection:
        rows = await connection.execute(text("SELECT * FROM jobs WHERE kind <> 'timer' ORDER BY key"))
        return [dict(row._mapping) for row in rows]


async def add(transactions: Transactions[UnitOfWork], *keys: str, lane: str = "") -> None:
    async with transactions.begin() as uow:
        for key in keys:
            uow.jobs.add("call", key, {"key": key}, lane=lane)


async def test_two_runners_run_each_job_once_and_its_effect_is_settled(transactions: Transactions[UnitOfWork]) -> None:
    calls: Counter[str] = Counter()
    jobs = Jobs("test")

    @jobs.handler("call", concurrency=8, limit=LIMIT)
    async def call(job: Job) -> Outcome:
        calls[job.key] += 1
        return Done(job.id)

    @jobs.settles("call")
    async def settle(results: Sequence[JobResult], uow: UnitOfWork) -> None:
        await record(uow, [result.job.id for result in results])

    await add(transactions, *(f"k{number:03}" for number in range(100)))
    tasks = [asyncio.create_task(JobRunner(jobs, transactions).run()) for _ in range(2)]

    async def all_gone() -> bool:
        return not await job_rows(transactions)

    await eventually(all_gone)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert set(calls.values()) == {1}
    assert Counter((await effects(transactions)).values()) == {1: 100}


async def test_an_open_job_is_not_added_twice(transactions: Transactions[UnitOfWork]) -> None:
    await add(transactions, "same")
    await add(transactions, "same", "other")
    assert [row["key"] for row in await job_rows(transactions)] == ["other", "same"]


class Stuck:
    """A handler whose first run hangs, as in a process that dies of it."""

    def __init__(self) -> None:
        self.seen: list[bool] = []
        self.ended: list[str] = []
        self.jobs = Jobs("test")
        self.jobs.handler("call", concurrency=1, limit=LIMIT)(self.call)

    async def call(self, job: Job) -> Outcome:
        self.seen.append(job.interrupted)
        if len(self.seen) == 1:
            try:
                await asyncio.Event().wait()
            finally:
                self.ended.append("cancelled")
        return Done()


@asynccontextmanager
async def running(*runners: JobRunner) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(runner.run()) for runner in runners]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_job_whose_process_died_comes_again_as_interrupted(
    transactions: Transactions[UnitOfWork], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_runner, "LEASE", timedelta(seconds=0.5))
    stuck = Stuck()
    await add(transactions, "k")
    dead = JobRunner(stuck.jobs, transactions)
    assert await dead.lease_due() == 1  # And nothing more of it: its lease is not renewed.
    await eventually(lambda: stuck.seen == [False])
    async with running(JobRunner(stuck.jobs, transactions)):
        await eventually(lambda: stuck.seen == [False, True])


async def test_a_job_of_a_process_that_stops_is_handed_over_at_once(transactions: Transactions[UnitOfWork]) -> None:
    stuck = Stuck()
    await add(transactions, "k")
    async with running(JobRunner(stuck.jobs, transactions)):
        await eventually(lambda: stuck.seen == [False])
    async with running(JobRunner(stuck.jobs, transactions)):
        await eventually(lambda: stuck.seen == [False, True])


async def test_the_lease_of_a_long_run_is_renewed(
    transactions: Transactions[UnitOfWork], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_runner, "LEASE", timedelta(seconds=1))
    monkeypatch.setattr(job_runner, "RENEW_SECONDS", 0.2)
    stuck = Stuck()
    await add(transactions, "k")
    async with running(*(JobRunner(stuck.jobs, transactions) for _ in range(2))):
        await eventually(lambda: stuck.seen == [False])
        [first] = await job_rows(transactions)

        async def renewed_for_two_leases() -> bool:
            [row] = await job_rows(transactions)
            return bool(row["next_at"] >= first["next_at"] + timedelta(seconds=2))

        await eventually(renewed_for_two_leases)
        assert stuck.seen == [False]


async def test_a_run_whose_lease_was_lost_is_cancelled(
    transactions: Transactions[UnitOfWork], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_runner, "RENEW_SECONDS", 0.1)
    stuck = Stuck()
    await add(transactions, "k")
    async with running(JobRunner(stuck.jobs, transactions)):
        await eventually(lambda: stuck.seen == [False])
        async with transactions.engine.begin() as connection:
            await connection.execute(text("UPDATE jobs SET lease_id = :other"), {"other": uuid7()})
        await eventually(lambda: stuck.ended == ["cancelled"])


async def test_a_result_that_comes_after_the_lease_was_taken_over_changes_nothing(
    transactions: Transactions[UnitOfWork],
) -> None:
    release = asyncio.Event()
    jobs = Jobs("test")

    @jobs.handler("call", concurrency=1, limit=LIMIT)
    async def call(job: Job) -> Outcome:
        await release.wait()
        return Done()

    @jobs.settles("call")
    async def settle(results: Sequence[JobResult], uow: UnitOfWork) -> None:
        await record(uow, [result.job.id for result in results])

    await add(transactions, "k")
    runner = JobRunner(jobs, transactions)
    assert await runner.lease_due() == 1
    async with transactions.engine.begin() as connection:
        await connection.execute(text("UPDATE jobs SET lease_id = :other"), {"other": uuid7()})
    release.set()
    await eventually(lambda: not runner._running["call"])
    assert await effects(transactions) == {}
    assert len(await job_rows(transactions)) == 1


async def test_outcomes_move_the_row(transactions: Transactions[UnitOfWork]) -> None:
    jobs = Jobs("test")

    @jobs.handler("call", concurrency=4, limit=LIMIT)
    async def call(job: Job) -> Outcome:
        match job.key:
            case "again":
                return Again(timedelta(hours=1), "not ready", {"step": 2})
            case "wait":
                return Again(timedelta(hours=1), "throttled", counts=False)
            case "crash":
                raise RuntimeError("a defect")
            case _:
                return Failed("refused", "the platform says no")

    await add(transactions, "again", "wait", "crash", "no")
    runner = JobRunner(jobs, transactions)
    await runner.lease_due()
    await eventually(lambda: not runner._running["call"])
    rows = {row["key"]: row for row in await job_rows(transactions)}
    assert (rows["again"]["state"], rows["again"]["attempts"], rows["again"]["progress"]) == ("open", 1, {"step": 2})
    assert rows["wait"]["attempts"] == 0
    assert rows["crash"]["last_error"] == "RuntimeError: a defect"
    assert (rows["no"]["state"], rows["no"]["last_error"]) == ("failed", "refused: the platform says no")
    assert await runner.lease_due() == 0


async def test_a_slow_lane_leaves_room_for_the_others(transactions: Transactions[UnitOfWork]) -> None:
    done: list[str] = []
    stuck = asyncio.Event()
    jobs = Jobs("test")

    @jobs.handler("call", concurrency=4, lane_concurrency=2, limit=LIMIT)
    async def call(job: Job) -> Outcome:
        if job.lane == "slow":
            await stuck.wait()
        done.append(job.lane)
        return Done()

    await add(transactions, *(f"a{number:03}" for number in range(50)), lane="slow")
    await add(transactions, "z1", "z2", "z3", lane="quick")
    task = asyncio.create_task(JobRunner(jobs, transactions).run())
    await eventually(lambda: done == ["quick"] * 3)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_timer_ticks_in_one_of_two_processes(transactions: Transactions[UnitOfWork]) -> None:
    ticks: list[int] = []
    jobs = Jobs("test")

    @jobs.timer("sweep", every=timedelta(milliseconds=10))
    async def sweep(uow: UnitOfWork) -> None:
        locked = await uow.connection.execute(text("SELECT pg_try_advisory_xact_lock(42)"))
        assert locked.scalar_one(), "two processes ticked at once"
        ticks.append(1)

    runners = [JobRunner(jobs, transactions) for _ in range(2)]
    for runner in runners:
        await runner.add_timers()
    tasks = [asyncio.create_task(runner.run()) for runner in runners]
    await eventually(lambda: len(ticks) >= 5)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    async with transactions.engine.connect() as connection:
        rows = (await connection.execute(text("SELECT last_error FROM jobs WHERE kind = 'timer'"))).scalars().all()
    assert rows == [""]


@given(st.integers(1, 100), st.floats(0, 1))
def test_backoff_grows_and_stays_within_its_bounds(attempts: int, jitter: float) -> None:
    base, most = timedelta(seconds=2), timedelta(minutes=10)
    wait = backoff(attempts, base=base, most=most, jitter=jitter)
    assert base / 2 <= wait <= most
    assert backoff(attempts + 1, base=base, most=most, jitter=jitter) >= wait


async def test_removing_takes_open_and_failed_jobs_of_that_key_only(transactions: Transactions[UnitOfWork]) -> None:
    await add(transactions, "failed", "open", "kept")
    async with transactions.engine.begin() as connection:
        await connection.execute(text("UPDATE jobs SET state = 'failed' WHERE key = 'failed'"))
    async with transactions.begin() as uow:
        uow.jobs.remove("call", "failed")
        uow.jobs.remove("call", "open")
        uow.jobs.remove("other", "kept")
        uow.jobs.remove("call", "never there")
    assert [row["key"] for row in await job_rows(transactions)] == ["kept"]


async def test_a_lane_is_never_fuller_than_its_limit(transactions: Transactions[UnitOfWork]) -> None:
    stuck = asyncio.Event()
    jobs = Jobs("test")

    @jobs.handler("call", concurrency=8, lane_concurrency=3, limit=LIMIT)
    async def call(job: Job) -> Outcome:
        await stuck.wait()
        return Done()

    runner = JobRunner(jobs, transactions)
    await add(transactions, "a", "b", lane="slow")
    assert await runner.lease_due() == 2
    await add(transactions, "c", "d", "e", lane="slow")
    assert await runner.lease_due() == 1
    stuck.set()
    await eventually(lambda: not runner._running["call"])


async def test_leases_that_ran_out_while_the_database_was_away_are_not_taken_from_oneself(
    transactions: Transactions[UnitOfWork], monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = Stuck()
    stuck.jobs.kinds["call"].concurrency = stuck.jobs.kinds["call"].lane_concurrency = 2
    await add(transactions, "k")
    runner = JobRunner(stuck.jobs, transactions)
    lease_due, rounds = runner.lease_due, 0

    async def lease_or_break() -> int:
        nonlocal rounds
        rounds += 1
        if rounds == 2:
            async with transactions.engine.begin() as connection:
                await connection.execute(text("UPDATE jobs SET next_at = now() - interval '1 second'"))
            raise ConnectionResetError("the database was away")
        return await lease_due()

    monkeypatch.setattr(runner, "lease_due", lease_or_break)
    async with running(runner):
        await eventually(lambda: rounds >= 4)
        assert stuck.seen == [False]


async def test_a_stop_that_comes_together_with_a_wake_is_not_lost(transactions: Transactions[UnitOfWork]) -> None:
    runner = JobRunner(Jobs("test"), transactions)
    task = asyncio.create_task(runner.run())
    for _ in range(5):
        await asyncio.sleep(0)
    runner.wake()
    await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=5)
    task.cancel()
    assert done
