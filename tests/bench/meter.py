"""How much CPU and memory the processes and servers of an installation use."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import psutil

SERVERS: Mapping[str, tuple[str, ...]] = {
    "postgres": ("postgres", "postmaster"),
    "rabbitmq": ("beam.smp", "erl_child_setup"),
    "redis": ("redis-server",),
}
"""The names of the servers' processes."""

MIB = 1024 * 1024


def server_processes() -> dict[str, list[psutil.Process]]:
    """The processes of the servers on this machine."""
    found: dict[str, list[psutil.Process]] = {name: [] for name in SERVERS}
    for process in psutil.process_iter(["name"]):
        for server, names in SERVERS.items():
            if process.info["name"] in names:
                found[server].append(process)
    return found


def cpu_seconds(processes: list[psutil.Process]) -> float:
    """User and system time of processes and of their children that have ended."""
    total = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


@dataclass(slots=True)
class Meter:
    """Measures between `start` and `stop`: CPU seconds by part, memory by process at both ends and its highest."""

    parts: Mapping[str, int]
    """Our own processes by name, with their process ids."""
    before: dict[str, float] = field(default_factory=dict)
    used: dict[str, float] = field(default_factory=dict)
    memory_start: dict[str, float] = field(default_factory=dict)
    memory_end: dict[str, float] = field(default_factory=dict)
    memory_most: dict[str, float] = field(default_factory=dict)
    _watch: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self.before = self._cpu()
        self.memory_start = self._memory()
        self.memory_most = dict(self.memory_start)
        self._watch = asyncio.create_task(self._sample())

    async def stop(self) -> None:
        """End."""
        assert self._watch is not None
        self._watch.cancel()
        await asyncio.gather(self._watch, return_exceptions=True)
        after = self._cpu()
        self.used = {part: after[part] - self.before.get(part, 0.0) for part in after}
        self.memory_end = self._memory()

    async def _sample(self) -> None:
        while True:
            await asyncio.sleep(1)
            for name, size in self._memory().items():
                self.memory_most[name] = max(self.memory_most.get(name, 0.0), size)

    def _cpu(self) -> dict[str, float]:
        groups = {name: [psutil.Process(pid)] for name, pid in self.parts.items()} | server_processes()
        return {name: cpu_seconds(processes) for name, processes in groups.items()}

    def _memory(self) -> dict[str, float]:
        return {name: psutil.Process(pid).memory_info().rss / MIB for name, pid in self.parts.items()}
