"""The token bucket on a real Redis, and the gate before it."""

import os
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from sync.connectors.kit.errors import OutcomeUnknown, Throttled, Transient
from sync.connectors.kit.http import Meter
from sync.connectors.kit.rate import Bucket, Gate, RedisLimiter, Taken

from ..playing import FreeLimiter

URL = os.environ.get("ORDERDOCK_REDIS_URL", "redis://127.0.0.1:6379/")
SLOW = Bucket("shopee", "app", "store", rate=0.01, burst=3.0)


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    async with Redis.from_url(URL) as client:
        yield client


@pytest.fixture
async def limiter(redis: Redis) -> AsyncIterator[RedisLimiter]:
    prefix = f"test-{uuid4()}"
    yield RedisLimiter(redis, prefix=prefix)
    keys = [key async for key in redis.scan_iter(match=f"{prefix}:*")]
    if keys:
        await redis.delete(*keys)


class TestTake:
    async def test_full_bucket_gives_at_once(self, limiter: RedisLimiter) -> None:
        taken = [await limiter.take(SLOW, cost=1, max_wait_seconds=0) for _ in range(3)]
        assert [each.wait_seconds for each in taken] == [0, 0, 0]
        assert taken[-1].left == pytest.approx(0, abs=0.1)

    async def test_empty_bucket_refuses_what_would_wait_too_long(self, limiter: RedisLimiter) -> None:
        await limiter.take(SLOW, cost=3, max_wait_seconds=0)
        with pytest.raises(Throttled) as caught:
            await limiter.take(SLOW, cost=1, max_wait_seconds=2)
        assert caught.value.retry_after == pytest.approx(100, rel=0.05)
        assert caught.value.code == "own_limit"

    async def test_refusal_takes_nothing(self, limiter: RedisLimiter) -> None:
        await limiter.take(SLOW, cost=2, max_wait_seconds=0)
        with pytest.raises(Throttled):
            await limiter.take(SLOW, cost=3, max_wait_seconds=0)
        assert (await limiter.take(SLOW, cost=1, max_wait_seconds=0)).wait_seconds == 0

    async def test_short_wait_runs_into_debt_one_after_the_other(self, limiter: RedisLimiter) -> None:
        bucket = Bucket("shopee", "app", "debt", rate=1.0, burst=1.0)
        waits = [(await limiter.take(bucket, cost=1, max_wait_seconds=10)).wait_seconds for _ in range(4)]
        assert waits == pytest.approx([0, 1, 2, 3], abs=0.5)

    async def test_cost_above_the_bucket_is_possible_when_it_is_full(self, limiter: RedisLimiter) -> None:
        assert (await limiter.take(SLOW, cost=1000, max_wait_seconds=0)).wait_seconds == 0

    async def test_stores_do_not_share(self, limiter: RedisLimiter) -> None:
        await limiter.take(SLOW, cost=3, max_wait_seconds=0)
        other = Bucket("shopee", "app", "other", rate=0.01, burst=3.0)
        assert (await limiter.take(other, cost=3, max_wait_seconds=0)).wait_seconds == 0

    async def test_processes_share(self, limiter: RedisLimiter, redis: Redis) -> None:
        await limiter.take(SLOW, cost=3, max_wait_seconds=0)
        twin = RedisLimiter(redis, prefix=limiter._prefix)
        with pytest.raises(Throttled):
            await twin.take(SLOW, cost=1, max_wait_seconds=0)

    async def test_fast_bucket_is_leased_and_never_overspent(self, limiter: RedisLimiter, redis: Redis) -> None:
        fast = Bucket("shopee", "app", "fast", rate=50.0, burst=100.0)
        twin = RedisLimiter(redis, prefix=limiter._prefix)
        left = 2_000
        try:
            while left:
                await (limiter, twin)[left % 2].take(fast, cost=1, max_wait_seconds=0)
                left -= 1
        except Throttled as error:
            code = error.code
        # 100 in the bucket, and 50 more for each second that a slow machine takes for the loop.
        assert (code, left > 0) == ("own_limit", True)

    async def test_block_ends_the_lease(self, limiter: RedisLimiter) -> None:
        fast = Bucket("shopee", "app", "leased", rate=1000.0, burst=1000.0)
        await limiter.take(fast, cost=1, max_wait_seconds=0)
        await limiter.block(fast, seconds=30)
        with pytest.raises(Throttled):
            await limiter.take(fast, cost=1, max_wait_seconds=0)

    async def test_keys_expire(self, limiter: RedisLimiter, redis: Redis) -> None:
        await limiter.take(SLOW, cost=1, max_wait_seconds=0)
        await limiter.block(SLOW, seconds=1)
        assert 0 < await redis.pttl(limiter._key(SLOW)) < 3_600_000

    async def test_unreachable_redis_is_transient(self) -> None:
        async with Redis.from_url("redis://127.0.0.1:1/") as nowhere:
            with pytest.raises(Transient, match="ORDERDOCK_REDIS_URL"):
                await RedisLimiter(nowhere, prefix="x").take(SLOW, cost=1, max_wait_seconds=0)


class TestPlatformsWord:
    async def test_block_stops_everybody(self, limiter: RedisLimiter) -> None:
        await limiter.block(SLOW, seconds=30)
        with pytest.raises(Throttled) as caught:
            await limiter.take(SLOW, cost=1, max_wait_seconds=2)
        assert caught.value.retry_after == pytest.approx(30, abs=2)

    async def test_shorter_block_does_not_shorten_a_longer_one(self, limiter: RedisLimiter) -> None:
        await limiter.block(SLOW, seconds=30)
        await limiter.block(SLOW, seconds=1)
        with pytest.raises(Throttled) as caught:
            await limiter.take(SLOW, cost=1, max_wait_seconds=2)
        assert caught.value.retry_after == pytest.approx(30, abs=2)

    async def test_correction_sets_level_rate_and_size(self, limiter: RedisLimiter) -> None:
        await limiter.correct(SLOW, available=50, rate=0.5, burst=100)
        assert (await limiter.take(SLOW, cost=40, max_wait_seconds=0)).left == pytest.approx(10, abs=1)
        with pytest.raises(Throttled) as caught:
            await limiter.take(SLOW, cost=20, max_wait_seconds=0)
        assert caught.value.retry_after == pytest.approx(20, abs=3)


class TestGate:
    def gate(self, limiter: FreeLimiter, slept: list[float]) -> Gate:
        async def sleep(seconds: float) -> None:
            slept.append(seconds)

        return Gate(limiter, max_wait_seconds=2.0, sleep=sleep)

    async def test_waits_for_what_it_took(self) -> None:
        class Owing(FreeLimiter):
            async def take(self, bucket: Bucket, *, cost: float, max_wait_seconds: float) -> Taken:
                return Taken(1.5, -3.0)

        slept: list[float] = []
        meter = Meter()

        async def call(taken: Taken) -> float:
            return taken.left

        assert await self.gate(Owing(), slept).run(SLOW, cost=1, meter=meter, call=call) == -3.0
        assert (slept, meter.throttled_seconds) == ([1.5], 1.5)

    async def test_short_throttle_is_repeated_in_place_and_tells_everybody(self) -> None:
        limiter = FreeLimiter()
        answers: list[Exception | str] = [Throttled("wait", retry_after=0.5), "done"]

        async def call(_: Taken) -> str:
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        assert await self.gate(limiter, []).run(SLOW, cost=1, meter=Meter(), call=call) == "done"
        assert limiter.blocked == [0.5]

    async def test_long_throttle_goes_back_to_the_job(self) -> None:
        limiter = FreeLimiter()
        calls: list[int] = []

        async def call(_: Taken) -> None:
            calls.append(1)
            raise Throttled("wait", retry_after=3600)

        with pytest.raises(Throttled):
            await self.gate(limiter, []).run(SLOW, cost=1, meter=Meter(), call=call)
        assert (len(calls), limiter.blocked) == (1, [3600])

    async def test_throttling_without_end_is_given_up(self) -> None:
        calls: list[int] = []

        async def call(_: Taken) -> None:
            calls.append(1)
            raise Throttled("wait", retry_after=0.1)

        with pytest.raises(Throttled):
            await self.gate(FreeLimiter(), []).run(SLOW, cost=1, meter=Meter(), call=call)
        assert len(calls) == 3

    async def test_nothing_else_is_repeated(self) -> None:
        calls: list[int] = []

        async def call(_: Taken) -> None:
            calls.append(1)
            raise OutcomeUnknown("lost")

        with pytest.raises(OutcomeUnknown):
            await self.gate(FreeLimiter(), []).run(SLOW, cost=1, meter=Meter(), call=call)
        assert len(calls) == 1
