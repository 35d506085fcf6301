"""Servers from installed binaries, each a child of ours in a private folder."""

import asyncio
import signal
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from localhost.accounts import remove_folder
from localhost.servers.model import until_answers
from localhost.spawn import Account, kill_group, signal_group, spawn, stop_group


@dataclass(frozen=True)
class PrivatePlan:
    """How to run one private server."""

    title: str
    command: Sequence[str | Path]
    env: Mapping[str, str]
    folder: Path
    account: Account | None
    check: Callable[[], Awaitable[None]]
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    start_seconds: float = 60
    grace_seconds: float = 15
    before_start: Callable[[], Awaitable[None]] | None = None
    helpers: list[Process] = field(default_factory=list)


class PrivateControl:
    """Handles one private server."""

    def __init__(self, plan: PrivatePlan) -> None:
        self._plan = plan
        self._process: Process | None = None

    async def start(self) -> None:
        """Start it and wait until it answers. Raises `WayClosed` with the end of its log."""
        plan = self._plan
        if plan.before_start is not None:
            await plan.before_start()
        with plan.log.open("ab") as output:
            self._process = await spawn(
                plan.command, env=plan.env, folder=plan.folder, account=plan.account, output=output
            )
        process = self._process

        def alive() -> str | None:
            return None if process.returncode is None else _tail(plan.log)

        await until_answers(plan.check, what=plan.title, alive=alive, seconds=plan.start_seconds)

    async def kill_and_restart(self) -> None:
        """Kill it with everything that belongs to it, and start it on the same data."""
        if self._process is not None:
            await kill_group(self._process)
        await self.start()

    async def freeze(self) -> None:
        """Stop its processes where they stand."""
        if self._process is not None:
            signal_group(self._process.pid, signal.SIGSTOP)

    async def thaw(self) -> None:
        """Let them go on."""
        if self._process is not None:
            signal_group(self._process.pid, signal.SIGCONT)

    def process_ids(self) -> Sequence[int]:
        """Its processes, helpers left out."""
        if self._process is None:
            return []
        try:
            root = psutil.Process(self._process.pid)
            return [root.pid, *(child.pid for child in root.children(recursive=True))]
        except psutil.NoSuchProcess:
            return []

    async def stop(self) -> None:
        """End it and its helpers, and remove its folder."""
        if self._process is not None:
            await self.thaw()
            await stop_group(self._process, number=self._plan.stop_signal, grace_seconds=self._plan.grace_seconds)
        await asyncio.gather(*(kill_group(helper) for helper in self._plan.helpers))
        remove_folder(self._plan.folder)


def _tail(log: Path, *, size: int = 1500) -> str:
    """The end of a log file."""
    try:
        return log.read_bytes()[-size:].decode(errors="replace").strip() or "it said nothing"
    except OSError as error:
        return f"its log cannot be read ({error})"
