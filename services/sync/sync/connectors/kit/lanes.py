"""Kept connections, one to a lane.

A pool that holds all connections looks at every one of them for each request: with a hundred open that costs more than
the request. A lane holds one connection to one origin; the lane that was used last is taken first.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2

Origin = tuple[str, str, int | None]
KEEP_SECONDS = 30.0


class Lanes:
    """Up to `most` lanes in use at once, and as many idle ones; a given transport stands for all of them."""

    def __init__(self, *, most: int, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._most = most
        self._shared = transport
        self._turns = asyncio.Semaphore(most)
        self._ssl = None if transport is not None else httpx2.create_ssl_context()
        self._idle: dict[Origin, list[httpx2.AsyncBaseTransport]] = {}
        self._idle_count = 0

    @asynccontextmanager
    async def lane(self, url: httpx2.URL, *, wait_seconds: float) -> AsyncIterator[httpx2.AsyncBaseTransport]:
        """A lane to the origin of `url`; httpx2.PoolTimeout when all are busy for too long."""
        try:
            async with asyncio.timeout(wait_seconds):
                await self._turns.acquire()
        except TimeoutError as error:
            raise httpx2.PoolTimeout(f"all {self._most} connections are busy") from error
        try:
            if self._shared is not None:
                yield self._shared
                return
            origin = (url.scheme, url.host, url.port)
            lane = self._take(origin)
            try:
                yield lane
            finally:
                # A lane whose request failed has dropped its connection and opens another one next time.
                await self._give(origin, lane)
        finally:
            self._turns.release()

    async def aclose(self) -> None:
        """Close every idle lane; lanes in use are closed by the loop's end."""
        while self._idle_count:
            await self._drop_oldest()
        if self._shared is not None:
            await self._shared.aclose()

    def _take(self, origin: Origin) -> httpx2.AsyncBaseTransport:
        waiting = self._idle.get(origin)
        if not waiting:
            limits = httpx2.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEP_SECONDS)
            return httpx2.AsyncHTTPTransport(verify=self._ssl or True, limits=limits)
        self._idle_count -= 1
        lane = waiting.pop()
        if not waiting:
            del self._idle[origin]
        return lane

    async def _give(self, origin: Origin, lane: httpx2.AsyncBaseTransport) -> None:
        # Taken out and put back, so that the origin used longest ago stays first.
        waiting = self._idle.pop(origin, [])
        waiting.append(lane)
        self._idle[origin] = waiting
        self._idle_count += 1
        if self._idle_count > self._most:
            await self._drop_oldest()

    async def _drop_oldest(self) -> None:
        origin = next(iter(self._idle))
        lane = self._idle[origin].pop(0)
        if not self._idle[origin]:
            del self._idle[origin]
        self._idle_count -= 1
        await lane.aclose()
