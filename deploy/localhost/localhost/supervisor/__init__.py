"""Runs the processes of an installation: starts, watches, restarts and stops them; touches no process of anybody else.

async with supervisor(logs=folder) as processes:
    orders = processes.add(ProcessPlan(name="orders", ...))
    await processes.wait_ready(seconds=60)
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from localhost.errors import LocalhostError
from localhost.supervisor.logs import LogFile, OnLine, Output, silent
from localhost.supervisor.process import ManagedProcess, ProcessPlan, ProcessState

__all__ = ["ManagedProcess", "ProcessPlan", "ProcessState", "Supervisor", "supervisor"]


class Supervisor:
    """The processes of one installation, by name."""

    def __init__(self, *, logs: Path, on_line: OnLine) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = logs
        self._on_line = on_line
        self._files: list[LogFile] = []
        self._processes: dict[str, ManagedProcess] = {}

    @property
    def processes(self) -> Mapping[str, ManagedProcess]:
        """Every process, in the order in which they were added."""
        return self._processes

    def add(self, plan: ProcessPlan) -> ManagedProcess:
        """Start a process and keep it running. Raises `LocalhostError` for a name that is taken."""
        if plan.name in self._processes:
            raise LocalhostError(f"There is a process {plan.name} already.", remedy="Give each process its own name.")
        file = LogFile(self._logs / f"{plan.name}.log")
        self._files.append(file)
        process = ManagedProcess(plan, output=Output(plan.name, file=file, on_line=self._on_line))
        self._processes[plan.name] = process
        process.start()
        return process

    async def wait_ready(self, *, seconds: float) -> None:
        """Wait until every process was ready once. Raises `ProcessNotReady` for the first that will not be."""
        try:
            async with asyncio.TaskGroup() as group:
                for process in self._processes.values():
                    group.create_task(process.wait_ready(seconds=seconds))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors

    async def stop(self) -> None:
        """Stop all of them at once, and close their logs."""
        await asyncio.gather(*(process.stop() for process in self._processes.values()))
        for file in self._files:
            file.close()


@asynccontextmanager
async def supervisor(*, logs: Path, on_line: OnLine = silent) -> AsyncIterator[Supervisor]:
    """A supervisor that stops everything at the end."""
    watch = Supervisor(logs=logs, on_line=on_line)
    try:
        yield watch
    finally:
        await watch.stop()
