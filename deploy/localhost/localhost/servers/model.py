"""What a run gets: three servers, each with where it came from and, when it is ours, how to handle it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from localhost.errors import LocalhostError, WayClosed
from localhost.run import Run


class Way(StrEnum):
    """How a server is come by, in the order in which the ways are tried."""

    SETTINGS = "settings"
    FOUND = "found"
    DOCKER = "docker"
    PRIVATE = "private"
    PACKAGES = "packages"


class ServerControl(Protocol):
    """What can be done to a server of our own."""

    async def kill_and_restart(self) -> None:
        """End it without warning, start it again on the same data, and wait until it answers."""

    async def freeze(self) -> None:
        """Stop it from doing anything, its connections staying open."""

    async def thaw(self) -> None:
        """Let it go on."""

    def process_ids(self) -> Sequence[int]:
        """The processes it consists of on this machine."""

    async def stop(self) -> None:
        """End it and remove its data."""


@dataclass(frozen=True)
class Server:
    """A server that answers. `url` carries an account that may make databases, or a vhost, on it."""

    kind: str
    way: Way
    url: str
    control: ServerControl | None = None

    @property
    def is_ours(self) -> bool:
        """Whether it was started by this run and ends with it."""
        return self.control is not None


@dataclass
class Context:
    """What every way needs: the run, how to say something, and the stack that takes everything back."""

    run: Run
    say: Callable[[str], None]
    stack: AsyncExitStack


class Recipe(Protocol):
    """One kind of server: how to reach, find and start it."""

    kind: str
    title: str
    setting: str

    @property
    def packages(self) -> Sequence[str]:
        """Debian's packages that bring it."""

    async def verify(self, url: str) -> None:
        """Return when the server answers and lets us do what we need; raise `WayClosed` otherwise."""

    def candidates(self) -> Sequence[str]:
        """The URLs on which a server of this machine would answer."""

    def container(self, run: Run) -> "ContainerPlan":
        """How to run it in a container."""

    async def start_private(self, context: Context) -> Server:
        """Start the installed binaries in a private folder. Raises `WayClosed` when they are not installed."""


@dataclass(frozen=True)
class ContainerPlan:
    """A container: public image, the port inside, and the URL with `{port}` for the port outside."""

    image: str
    port: int
    url: str
    options: Sequence[str] = ()
    arguments: Sequence[str] = ()
    start_seconds: float = 90


async def until_answers(
    check: Callable[[], Awaitable[None]], *, what: str, alive: Callable[[], str | None], seconds: float
) -> None:
    """Call `check` until it returns. Raises `WayClosed` when `alive` gives a reason, or after `seconds`.

    `alive` returns None while the server may still come up, else why it never will.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        try:
            async with asyncio.timeout(10):
                await check()
            return
        except (LocalhostError, TimeoutError) as error:
            reason = alive()
            if reason is not None:
                raise WayClosed(f"{what} ended while starting: {reason}") from error
            if loop.time() > deadline:
                raise WayClosed(f"{what} did not answer within {seconds:.0f} s: {error}") from error
        await asyncio.sleep(0.2)
