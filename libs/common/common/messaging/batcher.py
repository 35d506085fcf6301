"""Gathers what arrives while the last batch is at work: batches grow with the load, an idle system does not wait."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Batcher(Generic[T]):
    """Calls `work` with everything that was submitted since its last call, up to `limit` units of weight."""

    def __init__(
        self, work: Callable[[Sequence[T]], Awaitable[None]], *, limit: int, weight: Callable[[T], int]
    ) -> None:
        self._work = work
        self._limit = limit
        self._weight = weight
        self._waiting: asyncio.Queue[tuple[T, asyncio.Future[None]]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def submit(self, item: T) -> None:
        """Wait until `item` has been worked on; raises what its batch raised."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((item, done))
        await done

    async def close(self) -> None:
        """Stop; whoever still waits is cancelled."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        while not self._waiting.empty():
            self._waiting.get_nowait()[1].cancel()

    async def _run(self) -> None:
        while True:
            batch = [await self._waiting.get()]
            weight = self._weight(batch[0][0])
            while weight < self._limit and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
                weight += self._weight(batch[-1][0])
            try:
                await self._work([item for item, _ in batch])
            except asyncio.CancelledError:
                for _, done in batch:
                    done.cancel()
                raise
            except Exception as error:  # Handed on, whole, to everyone who waits for it.
                for _, done in batch:
                    if not done.done():
                        done.set_exception(error)
            else:
                for _, done in batch:
                    if not done.done():
                        done.set_result(None)
