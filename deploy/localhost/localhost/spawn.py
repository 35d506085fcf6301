"""Programs that we start: none outlives the launcher, whatever ends it, and none hears the Ctrl-C that is meant for it."""

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from localhost.accounts import Account
from localhost.errors import CommandFailed, LocalhostError

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def _die_with(parent: int, death_signal: signal.Signals) -> Callable[[], None] | None:
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
            preexec_fn=_die_with(os.getpid(), death_signal),
        )
    except OSError as error:
        raise LocalhostError(f"{command[0]} could not be started: {error}.", remedy="Is it installed?") from error


async def output_of(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
    account: Account | None = None,
    timeout_seconds: float = 60,
) -> str:
    """Run a program to its end and return what it said. Raises `CommandFailed`."""
    process = await spawn(command, env=env, folder=folder, account=account)
    words = [str(word) for word in command]
    try:
        async with asyncio.timeout(timeout_seconds):
            said, _ = await process.communicate()
    except TimeoutError as error:
        raise CommandFailed(words, status=None, said="") from error
    finally:
        await kill_group(process)
    text = said.decode(errors="replace")
    if process.returncode != 0:
        raise CommandFailed(words, status=process.returncode, said=text)
    return text


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


def free_port(wanted: int = 0) -> int:
    """`wanted` where nobody listens on it, another port of 127.0.0.1 otherwise."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            # Without it a port that a process of the last run used a moment ago would look taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return int(probe.getsockname()[1])
    raise LocalhostError("No free port on 127.0.0.1.", remedy="End programs that hold many ports, and try again.")
