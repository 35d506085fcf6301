"""For tests of what runs in processes of its own: waiting on conditions instead of sleeping."""

import asyncio
from collections.abc import Awaitable, Callable

import psutil


async def until(condition: Callable[[], bool | Awaitable[bool]], *, seconds: float = 30) -> None:
    """Wait for the condition to hold. Raises `TimeoutError`."""
    async with asyncio.timeout(seconds):
        while True:
            answer = condition()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(0.02)


def is_gone(pid: int) -> bool:
    """Whether a process has ended, reaped or not."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
