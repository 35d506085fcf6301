"""Limits of sign-ins, counted in Redis over all processes."""

import math
import time

from common.errors import Unavailable
from limits import RateLimitItem, parse
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError
from redis.asyncio import ConnectionPool


class RedisSignInLimits:
    """See the port."""

    def __init__(self, redis_url: str, *, per_email: str, per_address: str) -> None:
        self._pool = ConnectionPool.from_url(redis_url, socket_timeout=2, socket_connect_timeout=2)
        self._storage = RedisStorage(
            f"async+{redis_url}",
            wrap_exceptions=True,
            implementation="redispy",
            key_prefix="orderdock-sign-in",
            connection_pool=self._pool,  # type: ignore[arg-type]  # The option is documented, its type is not.
        )
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._per_email: RateLimitItem = parse(per_email)
        self._per_address: RateLimitItem = parse(per_address)

    async def wait_seconds(self, email: str, address: str) -> int:
        """Count an attempt for both; a limited one is not counted for the e-mail address."""
        waits = 0
        try:
            for item, kind, name in ((self._per_address, "address", address), (self._per_email, "email", email)):
                if not await self._limiter.hit(item, kind, name):
                    stats = await self._limiter.get_window_stats(item, kind, name)
                    waits = max(waits, math.ceil(stats.reset_time - time.time()), 1)
                    break
        except StorageError as error:
            raise Unavailable(
                "signing in is not possible now: its limits cannot be counted",
                remedy="Try again in a minute; an administrator should see why Redis does not answer.",
            ) from error
        return waits

    async def forget(self, email: str) -> None:
        """Attempts for this address start at 0 again."""
        try:
            await self._limiter.clear(self._per_email, "email", email)
        except StorageError:  # Counted attempts run out by themselves.
            return

    async def close(self) -> None:
        """Let go of the connections."""
        await self._pool.disconnect()
