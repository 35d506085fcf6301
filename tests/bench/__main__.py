"""`make bench`: all measurements, as a table and as JSON. BENCH_SECONDS (300) is the length of each sustained run."""

import asyncio
import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench import relay, reservation
from tests.bench.paths import Outcome, full, inner

RESULTS = Path("bench-results")
FULL_UNDER_WAY = 1200
INNER_UNDER_WAY = 1500

console = Console()


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of the sorted values lies."""
    return values[min(int(len(values) * share), len(values) - 1)] if values else float("nan")


def facts(outcome: Outcome) -> dict[str, Any]:
    """An outcome as plain data."""
    meter = outcome.meter
    assert meter is not None
    return {
        "orders": outcome.orders,
        "seconds": round(outcome.seconds, 1),
        "orders_per_second": round(outcome.rate, 1),
        "cpu_ms_per_order": round(outcome.total_milliseconds, 2),
        "cpu_ms_per_order_by_part": {part: round(outcome.milliseconds(part), 2) for part in outcome.parts},
        "outside_cpu_ms_per_order": round(outcome.milliseconds(outcome.outside), 2),
        "pull_to_pending_submit_seconds": {
            name: round(percentile(outcome.latencies, share), 2)
            for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
        },
        "memory_mb": {
            name: {
                "start": round(meter.memory_start[name]),
                "end": round(meter.memory_end[name]),
                "most": round(meter.memory_most[name]),
            }
            for name in meter.parts
        },
    }


def machine() -> dict[str, Any]:
    """What it was measured on."""
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def show(results: dict[str, Any]) -> None:
    """The results as tables."""
    table = Table("", "inner path", "full path", title="Sustained, pull to shipped", title_justify="left")
    a, b = results["inner"], results["full"]
    for key in ("orders", "seconds", "orders_per_second", "cpu_ms_per_order", "outside_cpu_ms_per_order"):
        table.add_row(key, str(a[key]), str(b[key]))
    for name in ("p50", "p95", "p99"):
        key = "pull_to_pending_submit_seconds"
        table.add_row(f"{key} {name}, loaded", str(a[key][name]), str(b[key][name]))
        table.add_row(
            f"{key} {name}, half load", str(results["inner_half"][key][name]), str(results["full_half"][key][name])
        )
    for part in sorted({*a["cpu_ms_per_order_by_part"], *b["cpu_ms_per_order_by_part"]}):
        table.add_row(
            f"cpu ms an order: {part}",
            str(a["cpu_ms_per_order_by_part"].get(part, "")),
            str(b["cpu_ms_per_order_by_part"].get(part, "")),
        )
    for name in a["memory_mb"]:
        cells = [
            f"{path['memory_mb'][name]['start']} / {path['memory_mb'][name]['end']} / {path['memory_mb'][name]['most']}"
            for path in (a, b)
        ]
        table.add_row(f"memory MB: {name} (start / end / most)", *cells)
    console.print(table)
    table = Table("pair", "ours", "bare", "percent", title="Pairs, each in one run", title_justify="left")
    pair = results["relay"]
    table.add_row(
        "relay / raw confirmed publish, events a second",
        f"{pair['relay']:.0f}",
        f"{pair['raw_single']:.0f}",
        f"{pair['relay_to_raw_percent']:.0f}",
    )
    table.add_row(
        "relay / raw publish of ready frames",
        f"{pair['relay']:.0f}",
        f"{pair['raw_frames']:.0f}",
        f"{pair['relay_to_raw_frames_percent']:.0f}",
    )
    pair = results["reservation"]
    table.add_row(
        "reservation / bare guarded UPDATEs, orders a second",
        f"{pair['reservation']:.0f}",
        f"{pair['bare_update']:.0f}",
        f"{pair['reservation_to_bare_percent']:.0f}",
    )
    console.print(table)


async def main() -> dict[str, Any]:
    """Measure."""
    seconds = float(os.environ.get("BENCH_SECONDS", "300"))
    results: dict[str, Any] = {"machine": machine()}
    console.print("Pairs")
    results["relay"] = await relay.measure()
    results["reservation"] = await reservation.measure()
    for name, path, most in (("inner", inner, INNER_UNDER_WAY), ("full", full, FULL_UNDER_WAY)):
        console.print(f"The {name} path for {seconds:.0f} seconds")
        results[name] = facts(await path(seconds, under_way=most))
        half = results[name]["orders_per_second"] / 2
        console.print(f"The {name} path at half load, {half:.0f} orders a second")
        results[f"{name}_half"] = facts(await path(max(seconds / 5, 20), under_way=most, rate=half))
        console.print(results[name])
    show(results)
    return results


def keep(results: dict[str, Any]) -> None:
    """Write the results to a file of their own."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y%m%dT%H%M%S}.json"
    path.write_text(json.dumps(results, indent=2) + "\n")
    console.print(f"Written to {path}")


if __name__ == "__main__":
    keep(asyncio.run(main()))
