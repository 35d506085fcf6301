"""Programs that we start: none outlives the launcher, and none hears the Ctrl-C that is meant for the launcher."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from localhost.errors import CommandFailed, LocalhostError

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Account:
    """Whom a program runs as."""

    name: str
    uid: int
    gid: int


def die_with_parent(parent: int, death_signal: signal.Signals) -> Callable[[], None] | None:
    """What the child does before it becomes the program: ask the kernel for a signal when its parent is gone."""
    if _LIBC is None:
        return None
    libc = _LIBC

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # The parent went between the fork and the request.
            os._exit(1)

    return ask


async def spawn(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
    account: Account | None = None,
    output: IO[bytes] | int = PIPE,
    death_signal: signal.Signals = signal.SIGKILL,
) -> Process:
    """Start a program in a session of its own, as `account` (None: as we are), output and errors to one stream.

    Raises `LocalhostError` when the program cannot be started.
    """
    try:
        return await asyncio.create_subprocess_exec(
            *map(str, command),
            env=dict(os.environ if env is None else env),
            cwd=folder,
            stdin=DEVNULL,
            stdout=output,
            stderr=STDOUT,
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            preexec_fn=die_with_parent(os.getpid(), death_signal),
        )
    except OSError as error:
        raise LocalhostError(f"{command[0]} could not be started: {error}.", remedy="Is it installed?") from error


@dataclass(frozen=True)
class Ended:
    """How a program ended, and what it said, errors included."""

    command: Sequence[str]
    status: int
    said: str

    def require_success(self) -> str:
        """What it said. Raises `CommandFailed` for another status than 0."""
        if self.status != 0:
            raise CommandFailed(self.command, status=self.status, said=self.said)
        return self.said


async def run_to_end(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
    account: Account | None = None,
    timeout_seconds: float = 60,
) -> Ended:
    """Run a program to its end, whatever its status. Raises `CommandFailed` when it does not end in time."""
    process = await spawn(command, env=env, folder=folder, account=account)
    words = [str(word) for word in command]
    try:
        async with asyncio.timeout(timeout_seconds):
            said, _ = await process.communicate()
    except TimeoutError as error:
        raise CommandFailed(words, status=None, said="") from error
    finally:
        await kill_group(process)
    return Ended(words, process.returncode or 0, said.decode(errors="replace"))


async def output_of(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
    account: Account | None = None,
    timeout_seconds: float = 60,
) -> str:
    """Run a program to its end and return what it said. Raises `CommandFailed`."""
    ended = await run_to_end(command, env=env, folder=folder, account=account, timeout_seconds=timeout_seconds)
    return ended.require_success()


def signal_group(pid: int, number: signal.Signals) -> None:
    """Send a signal to a program that `spawn` started and to what it started; nothing happens when they are gone."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)


async def kill_group(process: Process) -> None:
    """Make sure that nothing of a program is left."""
    signal_group(process.pid, signal.SIGKILL)
    if process.returncode is None:
        await process.wait()


async def stop_group(process: Process, *, number: signal.Signals = signal.SIGTERM, grace_seconds: float) -> None:
    """Ask a program to end, and kill what is left of it after the grace."""
    if process.returncode is None:
        signal_group(process.pid, number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_seconds):
                await process.wait()
    await kill_group(process)
