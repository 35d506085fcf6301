"""`make demo`: put an installation up, play a day, compare, and end with 0 only if everything agrees.

Settings, as environment variables: COUNT orders of the standard day (500, and 1500 under CHAOS), SEED, ORDERS=file.csv
to play a file of invoices instead, CHAOS=1 to kill processes and the broker meanwhile, TARGET=compose to play against
compose.yaml, EXIT=1 to stop at the end even on a terminal.
"""

import asyncio
import os
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from localhost.demo import retail_day, standard
from localhost.demo.chaos import wreak
from localhost.demo.comparison import Comparison, check_services, compare
from localhost.demo.live import live_view
from localhost.demo.plan import STORES, Plan
from localhost.demo.retail import BadFile, read_day
from localhost.demo.scene import PASSWORD, Scene, open_scene
from localhost.errors import LocalhostError
from localhost.foreground import run_in_foreground
from localhost.installation import Installation, Options, Target, installation

COUNT = 500
CHAOS_COUNT = 1500
"""Enough that every process is killed while orders are under way."""

console = Console(stderr=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for."""

    count: int
    seed: int
    orders: Path | None
    chaos: bool
    compose: bool
    stay: bool


def wanted() -> Wanted:
    """Read the settings; raises LocalhostError for one that makes no sense."""
    env = os.environ
    target = env.get("TARGET", "") or "local"
    if target not in {"local", "compose"}:
        raise LocalhostError(f"TARGET={target} is unknown; leave it out, or set TARGET=compose.")
    chaos = env.get("CHAOS", "") not in {"", "0"}
    try:
        count = int(env.get("COUNT") or (CHAOS_COUNT if chaos else COUNT))
        seed = int(env.get("SEED") or random.SystemRandom().randrange(10**6))
    except ValueError as error:
        raise LocalhostError(f"COUNT and SEED are whole numbers: {error}.") from error
    orders = Path(env["ORDERS"]).resolve() if env.get("ORDERS") else None
    if orders and not orders.is_file():
        raise LocalhostError(f"ORDERS={orders} is no file.")
    if chaos and target == "compose":
        raise LocalhostError("CHAOS=1 kills local processes; leave TARGET out.")
    stay = sys.stdin.isatty() and env.get("EXIT", "") in {"", "0"}
    return Wanted(count, seed, orders, chaos, target == "compose", stay)


def say(line: str) -> None:
    """Tell what happens."""
    console.print(f"[bold cyan]»[/] {line}", highlight=False)


@asynccontextmanager
async def target_of(asked: Wanted) -> AsyncIterator[Target]:
    """The installation to play against."""
    if asked.compose:
        from localhost.compose import compose_installation

        async with compose_installation(purpose="demo", say=say) as composed:
            yield composed
        return
    async with installation(Options(purpose="demo", private_broker=asked.chaos, say=say)) as it:
        yield it


async def main() -> int:
    """The demo."""
    asked = wanted()
    say(f"SEED={asked.seed}")
    async with target_of(asked) as target:
        scene = await open_scene(target)
        try:
            status = await _play(asked, target, scene)
            if asked.stay:
                _show_sign_ins(scene)
                await asyncio.Event().wait()
        finally:
            await scene.aclose()
    return status


async def _play(asked: Wanted, target: Target, scene: Scene) -> int:
    began = time.monotonic()
    async with _chaos(asked, target):
        if asked.orders:
            ended = await _play_file(asked.orders, scene)
        else:
            ended = await _play_standard(asked, scene)
    say(f"The day took {time.monotonic() - began:.0f} seconds with its preparations")
    checks = await check_services(scene)
    comparison = await ended()
    return _show(comparison, checks, await _states(scene))


@asynccontextmanager
async def _chaos(asked: Wanted, target: Target) -> AsyncIterator[None]:
    if not asked.chaos:
        yield
        return
    assert isinstance(target, Installation)
    task = asyncio.create_task(wreak(target, seed=asked.seed, say=lambda line: say(f"[red]{line}[/]")))
    try:
        yield
        await task  # The day may be over before its round.
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


Compare = Callable[[], "asyncio.Future[Comparison]"]


async def _play_standard(asked: Wanted, scene: Scene) -> Compare:
    try:
        plan = Plan(count=asked.count, seed=asked.seed)
    except ValueError as error:
        raise LocalhostError(str(error)) from error
    await standard.set_up(scene, say)
    async with live_view(scene, console, total=len(plan.orders)):
        ended = await standard.play(scene, plan, say)
    shops = {scene.stores[store.key]: str(store.shop) for store in STORES}
    parked = sum(order.fate.value == "parked" for order in plan.orders)
    return lambda: asyncio.ensure_future(
        compare(scene, shops=shops, expected_reasons=ended.plan.expected_reasons(), parked=parked)
    )


async def _play_file(path: Path, scene: Scene) -> Compare:
    try:
        day = read_day(path)
    except BadFile as error:
        raise LocalhostError(str(error)) from error
    for reason, number in day.left_out.items():
        say(f"left out: {number} {reason}")
    plan = retail_day.plan_of(day)
    await retail_day.set_up(scene, day, say)
    async with live_view(scene, console, total=len(plan.orders)) as live:
        await retail_day.play(scene, plan, say)
    lines = sum(len(order.lines) for order in plan.orders)
    say(f"{len(plan.orders)} real orders with {lines} lines: {live.rate():.1f} orders a second")
    shops = {scene.stores[store.key]: str(store.shop) for store in retail_day.STORES}
    return lambda: asyncio.ensure_future(
        compare(scene, shops=shops, expected_reasons=plan.expected_reasons(), parked=0)
    )


async def _states(scene: Scene) -> Counter[str]:
    rows = [row async for row in scene.admin.pages("/api/v1/orders")]
    return Counter(
        f"{row['status']}: {row['review_errors'][0]['code']}"
        if row["review_errors"] and row["status"] == "pending"
        else row["status"]
        for row in rows
    )


def _show(comparison: Comparison, checks: dict[str, tuple[int, str]], states: Counter[str]) -> int:
    table = Table("orders", "state and reason", title="Where the orders are", title_justify="left")
    for state, count in sorted(states.items()):
        table.add_row(str(count), state)
    console.print(table)
    table = Table(
        "here", "there", "what", title="What we believe and what the outside world counted", title_justify="left"
    )
    for what, ours, theirs in comparison.rows:
        table.add_row(str(ours), str(theirs), what, style="" if ours == theirs else "bold red")
    console.print(table)
    for service, (status, said) in checks.items():
        console.print(f"{service} check: {'[green]holds[/]' if status == 0 else '[red]broken[/]'}")
        if status:
            console.print(said)
    for line in comparison.wrong:
        console.print(f"[red]wrong:[/] {line}", highlight=False)
    good = not comparison.wrong and not any(status for status, _ in checks.values())
    say("[green]Everything agrees[/]" if good else "[red]Something does not agree[/]")
    return 0 if good else 1


def _show_sign_ins(scene: Scene) -> None:
    say(f"Still up at {scene.target.gateway_url} (its routes: {scene.target.gateway_url}/docs); Ctrl-C stops it")
    say(f"operator: {scene.target.admin.email}  {scene.target.admin.password}")
    for seller in scene.sellers.values():
        say(f"seller {seller.code}: {seller.email}  {PASSWORD}")


if __name__ == "__main__":
    sys.exit(run_in_foreground(main))
