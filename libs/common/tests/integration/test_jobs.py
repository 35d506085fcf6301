"""Jobs on a real database: leased once, settled in one transaction, found again after a crash."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from common.db.unit_of_work import Transactions, UnitOfWork
from common.kernel.ids import uuid7
from common.messaging.job_runner import JobRunner
from common.messaging.jobs import Again, Done, Failed, Job, JobResult, Jobs, Outcome, backoff
from common.testing.messaging import effects, record
from common.testing.waiting import eventually
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

LEASE = timedelta(seconds=30)


async def job_rows(transactions: Transactions[UnitOfWork]) -> list[dict[str, object]]:
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

    @jobs.handler("call", concurrency=8, lease=LEASE)
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


async def test_a_job_whose_process_died_comes_again_as_interrupted(transactions: Transactions[UnitOfWork]) -> None:
    seen: list[bool] = []
    jobs = Jobs("test")

    @jobs.handler("call", concurrency=1, lease=LEASE)
    async def call(job: Job) -> Outcome:
        seen.append(job.interrupted)
        if len(seen) == 1:
            await asyncio.Event().wait()
        return Done()

    await add(transactions, "k")
    first = asyncio.create_task(JobRunner(jobs, transactions).run())
    await eventually(lambda: seen == [False])
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    async with transactions.engine.begin() as connection:  # The lease runs out.
        await connection.execute(text("UPDATE jobs SET next_at = now() WHERE kind = 'call'"))
    second = asyncio.create_task(JobRunner(jobs, transactions).run())
    await eventually(lambda: seen == [False, True])
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)


async def test_a_result_that_comes_after_the_lease_was_taken_over_changes_nothing(
    transactions: Transactions[UnitOfWork],
) -> None:
    release = asyncio.Event()
    jobs = Jobs("test")

    @jobs.handler("call", concurrency=1, lease=LEASE)
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

    @jobs.handler("call", concurrency=4, lease=LEASE)
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

    @jobs.handler("call", concurrency=4, lane_concurrency=2, lease=LEASE)
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
