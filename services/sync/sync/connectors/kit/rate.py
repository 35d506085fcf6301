"""Keeping below a platform's limits: a token bucket per (platform, app, store), shared by all processes in Redis.

The bucket's time is Redis's own. A call takes its cost beforehand and may run the bucket into debt, by as much as can
be waited for in place; beyond that it raises Throttled with the wait, so that the job comes back and blocks nobody.
What the platform says of itself (Retry-After, Shopify's throttleStatus) corrects the bucket for everybody.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from sync.connectors.kit.errors import Throttled, Transient
from sync.connectors.kit.http import Meter

T = TypeVar("T")

MAX_LOCAL_WAIT_SECONDS = 2.0
MAX_ATTEMPTS = 3
LEASE_SECONDS = 0.1
"""How much of a bucket a process may take ahead, in seconds of its rate, and how long it may keep it."""
MAX_LEASES = 1000

_TAKE = """
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000
local saved = redis.call('HMGET', KEYS[1], 'tokens', 'at', 'blocked', 'rate', 'burst')
local rate = tonumber(saved[4] or ARGV[1])
local burst = tonumber(saved[5] or ARGV[2])
local cost = math.min(tonumber(ARGV[3]), burst)
local tokens = burst
if saved[1] then tokens = math.min(burst, saved[1] + math.max(0, now - saved[2]) * rate) end
local wait = math.max(0, tonumber(saved[3] or 0) - now, (cost - tokens) / rate)
if wait > tonumber(ARGV[4]) then return {'0', tostring(wait), tostring(tokens)} end
local lease = tonumber(ARGV[5])
if wait == 0 and lease > cost and tokens >= lease then cost = lease end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens - cost), 'at', tostring(now))
redis.call('PEXPIRE', KEYS[1], math.ceil((burst / rate + wait) * 1000) + 60000)
return {tostring(cost), tostring(wait), tostring(tokens - cost)}
"""

_CORRECT = """
local t = redis.call('TIME')
redis.call('HSET', KEYS[1], 'tokens', ARGV[1], 'at', tostring(t[1] + t[2] / 1000000), 'rate', ARGV[2], 'burst', ARGV[3])
redis.call('PEXPIRE', KEYS[1], math.ceil(ARGV[3] / ARGV[2] * 1000) + 3600000)
return 1
"""

_BLOCK = """
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000
local till = math.max(now + ARGV[1], tonumber(redis.call('HGET', KEYS[1], 'blocked') or 0))
redis.call('HSET', KEYS[1], 'blocked', tostring(till))
redis.call('PEXPIRE', KEYS[1], math.max(math.ceil((till - now) * 1000) + 60000, redis.call('PTTL', KEYS[1])))
return 1
"""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Whose limit it is, and what it is until the platform says otherwise: tokens a second and the most it holds."""

    platform: str
    app: str
    store: str
    rate: float
    burst: float


@dataclass(frozen=True, slots=True)
class Taken:
    """A granted cost: how long to wait before calling, and what is left (negative: others wait already)."""

    wait_seconds: float
    left: float


class Limiter(Protocol):
    """A token bucket that all processes share."""

    async def take(self, bucket: Bucket, *, cost: float, max_wait_seconds: float) -> Taken:
        """Take `cost`, or raise Throttled with the wait when it would be longer than `max_wait_seconds`."""

    async def correct(self, bucket: Bucket, *, available: float, rate: float, burst: float) -> None:
        """Set the bucket to what the platform says of itself."""

    async def block(self, bucket: Bucket, *, seconds: float) -> None:
        """Let nobody through for `seconds`, because the platform said so."""


class RedisLimiter:
    """The limiter on Redis; each operation is one script. An unreachable Redis is Transient: nothing was called.

    At most `concurrency` operations at a time, so that a burst of calls does not use up the client's connections. Of a
    fast bucket a process takes a tenth of a second ahead while there is plenty, and spends it without asking again.
    """

    def __init__(self, redis: Redis, *, prefix: str, concurrency: int = 16) -> None:
        self._prefix = prefix
        self._turns = asyncio.Semaphore(concurrency)
        self._leases: dict[Bucket, tuple[float, float]] = {}
        self._take = redis.register_script(_TAKE)
        self._correct = redis.register_script(_CORRECT)
        self._block = redis.register_script(_BLOCK)

    def _key(self, bucket: Bucket) -> str:
        return f"{self._prefix}:rate:{bucket.platform}:{bucket.app}:{bucket.store}"

    async def take(self, bucket: Bucket, *, cost: float, max_wait_seconds: float) -> Taken:
        """See Limiter."""
        ahead, until = self._leases.pop(bucket, (0.0, 0.0))
        if ahead >= cost and time.monotonic() < until:
            self._leases[bucket] = (ahead - cost, until)
            return Taken(0.0, ahead - cost)
        lease = min(bucket.rate * LEASE_SECONDS, bucket.burst * LEASE_SECONDS)
        arguments = [bucket.rate, bucket.burst, cost, max_wait_seconds, lease]
        try:
            async with self._turns:
                granted, wait, left = await self._take(keys=[self._key(bucket)], args=arguments)
        except RedisError as error:
            raise _unreachable(bucket) from error
        if granted in (b"0", "0"):
            reason = f"the calls to this store are used up for {float(wait):.1f} s; the job comes back then"
            raise Throttled(reason, retry_after=float(wait), code="own_limit", platform=bucket.platform)
        if float(granted) > cost:
            if len(self._leases) >= MAX_LEASES:
                self._leases.clear()
            self._leases[bucket] = (float(granted) - cost, time.monotonic() + LEASE_SECONDS)
        return Taken(float(wait), float(left))

    async def correct(self, bucket: Bucket, *, available: float, rate: float, burst: float) -> None:
        """See Limiter."""
        self._leases.pop(bucket, None)
        try:
            async with self._turns:
                await self._correct(keys=[self._key(bucket)], args=[available, rate, burst])
        except RedisError as error:
            raise _unreachable(bucket) from error

    async def block(self, bucket: Bucket, *, seconds: float) -> None:
        """See Limiter."""
        self._leases.pop(bucket, None)
        try:
            async with self._turns:
                await self._block(keys=[self._key(bucket)], args=[seconds])
        except RedisError as error:
            raise _unreachable(bucket) from error


def _unreachable(bucket: Bucket) -> Transient:
    reason = "Redis, which keeps the rate limits, cannot be reached; check ORDERDOCK_REDIS_URL"
    return Transient(reason, code="limiter_unreachable", platform=bucket.platform)


class Gate:
    """Lets calls through at the bucket's pace; a throttled call is repeated in place while the wait is short."""

    def __init__(
        self,
        limiter: Limiter,
        *,
        max_wait_seconds: float = MAX_LOCAL_WAIT_SECONDS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._limiter = limiter
        self._max_wait_seconds = max_wait_seconds
        self._sleep = sleep

    async def run(self, bucket: Bucket, *, cost: float, meter: Meter, call: Callable[[Taken], Awaitable[T]]) -> T:
        """Wait for the cost, then call; Throttled by the platform blocks the bucket for everybody.

        A throttled call had no effect, so writes are repeated as well.
        """
        attempt = 0
        while True:
            attempt += 1
            taken = await self._limiter.take(bucket, cost=cost, max_wait_seconds=self._max_wait_seconds)
            if taken.wait_seconds > 0:
                meter.throttled_seconds += taken.wait_seconds
                await self._sleep(taken.wait_seconds)
            try:
                return await call(taken)
            except Throttled as error:
                seconds = error.retry_after or 0.0
                await self._limiter.block(bucket, seconds=seconds)
                if attempt == MAX_ATTEMPTS or seconds > self._max_wait_seconds:
                    raise
