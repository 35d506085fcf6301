"""The live view: how many orders are in each state, and how many ship a second."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rich.console import Console
from rich.live import Live
from rich.table import Table

from localhost.demo.day import counts
from localhost.demo.scene import Scene
from localhost.errors import LocalhostError

REFRESH_SECONDS = 1.0
QUIET_REFRESH_SECONDS = 10.0
STATES = (
    "pending", "awaiting_label", "processing", "warehouse_processing", "shipped", "canceling", "canceled", "exception",
)  # fmt: skip
BAR = 40


class Watch:
    """Samples of the counts."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.now: Counter[str] = Counter()
        self.samples: list[tuple[float, int]] = []

    def take(self, now: Counter[str]) -> None:
        """Remember a sample."""
        self.now = now
        done = now["shipped"] + now["canceled"]
        if sum(now.values()):
            self.samples.append((time.monotonic(), done))

    def rate(self) -> float:
        """Orders a second from the first order seen to the last one shipped or cancelled."""
        if len(self.samples) < 2:
            return 0.0
        first = self.samples[0]
        last = next(sample for sample in self.samples if sample[1] == self.samples[-1][1])
        return (last[1] - first[1]) / max(last[0] - first[0], 0.001)

    def recent_rate(self) -> float:
        """Orders a second over the last samples."""
        if len(self.samples) < 2:
            return 0.0
        first, last = self.samples[max(len(self.samples) - 6, 0)], self.samples[-1]
        return (last[1] - first[1]) / max(last[0] - first[0], 0.001)

    def table(self) -> Table:
        """As it is shown."""
        table = Table.grid(padding=(0, 2))
        for state in STATES:
            count = self.now[state]
            bar = "█" * round(BAR * count / max(self.total, 1))
            table.add_row(state, f"{count:>6}", f"[cyan]{bar}[/]")
        table.add_row("[bold]orders/s[/]", f"[bold]{self.recent_rate():>6.1f}[/]", "")
        return table

    def line(self) -> str:
        """As it is told where there is no terminal."""
        states = ", ".join(f"{self.now[state]} {state}" for state in STATES if self.now[state])
        return f"  {states or 'no orders yet'}; {self.recent_rate():.1f} orders/s"


@asynccontextmanager
async def live_view(scene: Scene, console: Console, *, total: int) -> AsyncIterator[Watch]:
    """Show the progress while the block runs."""
    watch = Watch(total)
    live = Live(watch.table(), console=console, refresh_per_second=4, transient=True) if console.is_terminal else None

    async def look() -> None:
        told = 0.0
        while True:
            try:
                watch.take(await counts(scene))
            except LocalhostError:
                continue
            if live:
                live.update(watch.table())
            elif time.monotonic() - told > QUIET_REFRESH_SECONDS:
                told = time.monotonic()
                console.print(watch.line(), highlight=False)
            await asyncio.sleep(REFRESH_SECONDS)

    if live:
        live.start()
    task = asyncio.create_task(look())
    try:
        yield watch
        watch.take(await counts(scene))
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if live:
            live.stop()
