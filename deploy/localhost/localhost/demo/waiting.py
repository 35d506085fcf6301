"""Waiting for what travels by messages: a thing made in one service is soon known in the others."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from localhost.demo.client import Refused
from localhost.errors import LocalhostError

T = TypeVar("T")

HEARD_SECONDS = 30
POLL_SECONDS = 0.3


async def until_accepted(call: Callable[[], Awaitable[T]], *, what: str) -> T:
    """Repeat a call that is refused because a service has not heard yet of what it refers to."""
    deadline = asyncio.get_running_loop().time() + HEARD_SECONDS
    while True:
        try:
            return await call()
        except Refused as refused:
            if refused.status not in {404, 409, 422} or asyncio.get_running_loop().time() > deadline:
                raise
        await asyncio.sleep(POLL_SECONDS)


async def until(condition: Callable[[], Awaitable[bool]], *, what: str, seconds: float) -> None:
    """Wait until `condition()`; raises LocalhostError that says what did not happen."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not await condition():
        if asyncio.get_running_loop().time() > deadline:
            raise LocalhostError(f"{what} did not happen within {seconds:.0f} seconds")
        await asyncio.sleep(POLL_SECONDS)
