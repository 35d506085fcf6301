"""The end of the day: what we believe against what the outside world counted, and every service's own check."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from localhost.demo.plan import WEST
from localhost.demo.scene import Scene
from localhost.environment import SERVICES

CHECK_SECONDS = 60


@dataclass(slots=True)
class Comparison:
    """Rows of (what, ours, theirs or expected), and what does not agree."""

    rows: list[tuple[str, int, int]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def equal(self, what: str, ours: int, theirs: int) -> None:
        """Two numbers that must be the same."""
        self.rows.append((what, ours, theirs))
        if ours != theirs:
            self.wrong.append(f"{what}: {ours} here, {theirs} there")


def reasons(orders: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """Pending orders by the first reason of their review."""
    return Counter(
        row["review_errors"][0]["code"] if row["review_errors"] else "not reviewed"
        for row in orders
        if row["status"] == "pending"
    )


async def compare(
    scene: Scene, *, shops: Mapping[str, str], expected_reasons: Mapping[str, int], parked: int
) -> Comparison:
    """`shops` names the shop of each store id; `parked` orders are outside only."""
    result = Comparison()
    ours = [row async for row in scene.admin.pages("/api/v1/orders")]
    theirs = await scene.outside.orders()
    by_id = {(str(row["shop"]), row["order"]): row for row in theirs}
    result.equal("orders, ours and parked / received by the shops", len(ours) + parked, len(theirs))
    _compare_orders(result, ours, by_id, shops)
    await _compare_submissions(result, scene, ours)
    found = reasons(ours)
    for reason in sorted({*found, *expected_reasons}):
        result.equal(f"pending: {reason} / as planned", found[reason], expected_reasons.get(reason, 0))
    duplicates = [text for row in theirs for text in row["duplicates"]]
    result.equal("labels, submissions or tracking numbers made twice", len(duplicates), 0)
    result.wrong += duplicates[:10]
    await _compare_money_and_stock(result, scene, ours)
    return result


def _compare_orders(
    result: Comparison,
    ours: Sequence[Mapping[str, Any]],
    theirs: Mapping[tuple[str, str], Any],
    shops: Mapping[str, str],
) -> None:
    tally: defaultdict[str, int] = defaultdict(int)
    outside: defaultdict[str, int] = defaultdict(int)
    for row in ours:
        there = theirs.get((shops[row["store_id"]], row["number"]))
        if there is None:
            result.wrong.append(f"order {row['number']} is unknown to its shop")
            continue
        if row["status"] == "shipped":
            uploaded = row["tracking_upload"]["state"] == "uploaded"
            tally["tracking uploaded"] += len(row["parcels"]) if uploaded else 0
            tally["platform labels"] += 0 if row["platform"] == "shopify" else len(row["parcels"])
            outside["tracking uploaded"] += len(there["tracking_stored"])
            outside["platform labels"] += there["documents"]
            numbers = {parcel["tracking_number"] for parcel in row["parcels"]}
            if uploaded and set(there["tracking_stored"]) != numbers:
                result.wrong.append(
                    f"order {row['number']} has tracking {there['tracking_stored']}, not {sorted(numbers)}"
                )
        elif there["tracking_stored"]:
            result.wrong.append(f"order {row['number']} is {row['status']} but its shop has a tracking number")
    for what in ("tracking uploaded", "platform labels"):
        result.equal(f"{what} of shipped orders / counted by the shops", tally[what], outside[what])


async def _compare_submissions(result: Comparison, scene: Scene, ours: Sequence[Mapping[str, Any]]) -> None:
    west = scene.warehouses[WEST]
    shipped = sum(row["status"] == "shipped" and row["warehouse_id"] == west for row in ours)
    summary = (await scene.outside.get("/control/summary"))["totals"]
    result.equal("orders shipped by W-W / counted by its system", shipped, summary["shipped"])
    canceled = [row async for row in scene.admin.pages("/api/v1/fulfillments", warehouse_id=west, status="canceled")]
    submitted = sum(row["submission"] > 0 for row in canceled)
    result.equal("submissions cancelled at W-W / counted by its system", submitted, summary["canceled"])


async def _compare_money_and_stock(result: Comparison, scene: Scene, ours: Sequence[Mapping[str, Any]]) -> None:
    shipped = sum(row["status"] == "shipped" for row in ours)
    holds = Counter([row["state"] async for row in scene.admin.pages("/api/v1/holds")])
    result.equal("holds captured / orders shipped", holds["captured"], shipped)
    result.equal("holds still placed / nothing under way", holds["placed"], 0)
    reserved = 0
    async for row in scene.admin.pages("/api/v1/stock"):
        reserved += row["reserved"]
    result.equal("units still reserved / nothing under way", reserved, 0)


async def check_services(scene: Scene) -> dict[str, tuple[int, str]]:
    """Every service's `check`, again until it holds or a minute has passed: the last messages may be on their way."""
    found: dict[str, tuple[int, str]] = {}
    for service in SERVICES:
        deadline = asyncio.get_running_loop().time() + CHECK_SECONDS
        while True:
            ended = await scene.target.run_cli(service, "check")
            found[service] = (ended.status, ended.said)
            if ended.status == 0 or asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(2)
    return found
