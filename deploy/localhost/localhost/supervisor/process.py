"""One process of an installation, kept running."""

import asyncio
import contextlib
import signal
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import httpx2
import psutil

from localhost.errors import LocalhostError, ProcessNotReady
from localhost.spawn import kill_group, signal_group, spawn, stop_group
from localhost.supervisor.logs import Output

FIRST_DELAY_SECONDS = 0.2
LONGEST_DELAY_SECONDS = 10.0
STEADY_SECONDS = 30.0
"""A process that lived this long starts over with the first delay when it dies."""

DEATHS_BEFORE_READY = 3
"""A process that dies this often before it was ever ready will not get ready."""

SETTINGS_ARE_WRONG = 78
"""The exit status with which a service says that its settings are missing or wrong; another try changes nothing."""


@dataclass(frozen=True)
class ProcessPlan:
    """How to run one process. `ready_url` answers 200 when it is ready; None means that running is enough."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    folder: Path
    ready_url: str | None = None
    grace_seconds: float = 20


class ProcessState(StrEnum):
    """Where a process stands in its life under the supervisor."""

    STARTING = "starting"
    RUNNING = "running"
    BACKING_OFF = "backing_off"
    FAILED = "failed"
    STOPPED = "stopped"


class ManagedProcess:
    """A process that is started again when it dies, with growing delays, until it is stopped."""

    def __init__(self, plan: ProcessPlan, *, output: Output) -> None:
        self.plan = plan
        self.state = ProcessState.STARTING
        self.restarts = 0
        self._output = output
        self._process: Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._stopping = False
        self._was_ready = False
        self._changed = asyncio.Event()

    @property
    def name(self) -> str:
        """Its name in logs: the service, with the role where roles run apart."""
        return self.plan.name

    @property
    def pid(self) -> int | None:
        """The process id of the moment; None while none runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    @property
    def rss(self) -> int:
        """Resident memory in bytes, children included; 0 while none runs."""
        return sum(_rss(process) for process in self._tree())

    @property
    def cpu_seconds(self) -> float:
        """Processor time of the running process and its children; it starts again from 0 when the process does."""
        return sum(_cpu(process) for process in self._tree())

    @property
    def tail(self) -> str:
        """The last lines that it said."""
        return self._output.tail

    def _tree(self) -> list[psutil.Process]:
        pid = self.pid
        if pid is None:
            return []
        try:
            root = psutil.Process(pid)
            return [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def start(self) -> None:
        """Start it, and keep it running from now on."""
        self._keeper = asyncio.create_task(self._keep_running(), name=f"keeper of {self.name}")

    def kill(self, number: signal.Signals = signal.SIGKILL) -> int | None:
        """Signal it and what it started; it is started again when it ends. The pid that was hit, None for none."""
        pid = self.pid
        if pid is not None:
            signal_group(pid, number)
        return pid

    async def wait_restarted(self, *, restarts: int) -> None:
        """Wait until it was started again more than `restarts` times and is ready once more."""
        while self.restarts <= restarts or not await self.is_ready():
            await self._pause(0.2)

    async def is_ready(self) -> bool:
        """Whether it runs and says that it is ready."""
        if self.pid is None:
            return False
        if self.plan.ready_url is None:
            return True
        try:
            async with httpx2.AsyncClient(timeout=5, trust_env=False) as client:
                return (await client.get(self.plan.ready_url)).status_code == 200
        except httpx2.HTTPError:
            return False

    async def wait_ready(self, *, seconds: float) -> None:
        """Wait for the first readiness. Raises `ProcessNotReady` with its last lines when it dies or takes too long."""
        try:
            async with asyncio.timeout(seconds):
                while not await self.is_ready():
                    if self.state is ProcessState.FAILED:
                        raise ProcessNotReady(f"{self.name} cannot start:\n{self.tail}")
                    await self._pause(0.1)
        except TimeoutError as error:
            raise ProcessNotReady(f"{self.name} was not ready within {seconds:.0f} s:\n{self.tail}") from error
        self._was_ready = True

    async def _pause(self, seconds: float) -> None:
        """Wait for a change of state, or a moment."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        self._changed.clear()

    async def stop(self) -> None:
        """End it for good: SIGTERM, then SIGKILL after the grace."""
        self._stopping = True
        process = self._process
        if process is not None:
            await stop_group(process, grace_seconds=self.plan.grace_seconds)
        if self._keeper is not None:
            if self.state is ProcessState.BACKING_OFF:
                self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        self._move_to(ProcessState.STOPPED)

    async def _keep_running(self) -> None:
        loop = asyncio.get_running_loop()
        delay = FIRST_DELAY_SECONDS
        while not self._stopping:
            started = loop.time()
            status = await self._run_once()
            if self._stopping:
                return
            if loop.time() - started >= STEADY_SECONDS:
                delay = FIRST_DELAY_SECONDS
            if self._is_hopeless(status):
                self._move_to(ProcessState.FAILED)
                return
            self._output.note(f"ended with status {status}; starting it again in {delay:.1f} s")
            self._move_to(ProcessState.BACKING_OFF)
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY_SECONDS)
            self.restarts += 1

    def _is_hopeless(self, status: int) -> bool:
        if status == SETTINGS_ARE_WRONG:
            return True
        return not self._was_ready and self.restarts + 1 >= DEATHS_BEFORE_READY

    async def _run_once(self) -> int:
        """Run the process to its end; its status, or 127 when it could not even be started."""
        plan = self.plan
        self._move_to(ProcessState.STARTING)
        try:
            process = await spawn(plan.command, env=plan.env, folder=plan.folder)
        except LocalhostError as error:
            self._output.note(error.message)
            return 127
        self._process = process
        self._move_to(ProcessState.RUNNING)
        if self._stopping:  # It was stopped while it was being started, so `stop` has not seen this process.
            await stop_group(process, grace_seconds=plan.grace_seconds)
        assert process.stdout is not None
        reader = asyncio.create_task(self._output.take(process.stdout))
        try:
            status = await process.wait()
        finally:
            await kill_group(process)
            await reader
        return status

    def _move_to(self, state: ProcessState) -> None:
        self.state = state
        self._changed.set()


def _rss(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)
