"""A real day from a file of invoices: two Shopify stores receive them, customers cancel some, all others ship."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from decimal import Decimal

from localhost.demo import day as work
from localhost.demo.plan import EAST, WEST, Fate, Line, PlannedOrder, Store
from localhost.demo.retail import RetailDay, RetailOrder
from localhost.demo.scene import (
    Channel,
    Goods,
    Rule,
    Scene,
    add_channels,
    add_goods,
    add_mappings,
    add_prices,
    add_rules,
    add_seller,
    add_shop,
    add_warehouse,
    authorize,
    set_auto_submit,
    sync,
)

STORES = (
    Store("acme-retail", "ACME", "shopify", "acme-retail.myshopify.com", "GB", "GBP"),
    Store("brio-retail", "BRIO", "shopify", "brio-retail.myshopify.com", "GB", "GBP"),
)
FUNDS = Decimal("500000.00")
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RetailPlan:
    """The orders of the file, each in one of the two stores, with what must become of them."""

    orders: tuple[PlannedOrder, ...]

    def of(self, fate: Fate) -> list[PlannedOrder]:
        """The orders of one fate."""
        return [order for order in self.orders if order.fate is fate]

    def expected_states(self) -> dict[str, int]:
        """How many orders must end in each state."""
        states = {
            "shipped": len(self.of(Fate.SHIPS)),
            "canceled": len(self.of(Fate.CANCELED_BEFORE_SUBMISSION)),
            "pending": len(self.of(Fate.NO_WAREHOUSE)),
        }
        return {state: count for state, count in states.items() if count}

    def expected_reasons(self) -> dict[str, int]:
        """How many orders must end pending with each review error: those whose country the file does not tell."""
        lost = len(self.of(Fate.NO_WAREHOUSE))
        return {"no_warehouse": lost} if lost else {}


def plan_of(day: RetailDay) -> RetailPlan:
    """Customers keep to one store."""
    return RetailPlan(tuple(_planned(order) for order in day.orders))


def _planned(order: RetailOrder) -> PlannedOrder:
    store = STORES[sum(map(ord, order.customer or order.number)) % len(STORES)]
    fate = Fate.CANCELED_BEFORE_SUBMISSION if order.canceled else Fate.SHIPS
    if not order.country:
        fate = Fate.NO_WAREHOUSE
    lines = tuple(Line(line.code, line.quantity, line.price) for line in order.lines)
    return PlannedOrder(store, f"#{order.number}", fate, lines, order.address())


async def set_up(scene: Scene, day: RetailDay, say: Say) -> None:
    """Warehouses, sellers, and every article of the file with the stock that the day needs."""
    say(f"Two sellers get {len(day.stock)} articles ready")
    await add_warehouse(scene, EAST, adapter="desk")
    await add_warehouse(scene, WEST, adapter="http", behaviour={"ship": "manual"})
    await add_channels(scene, [Channel("HC-E", EAST, "carrier"), Channel("HC-W", WEST, "carrier")])
    await add_prices(scene)
    countries = sorted({order.country for order in day.orders} - {"GB", ""})
    titles = {line.code: line.title for order in day.orders for line in order.lines}
    goods = [Goods(code, titles[code], {EAST: units, WEST: units}) for code, units in day.stock.items()]
    for store in STORES:
        seller = await add_seller(scene, store.seller, funds=FUNDS)
        await add_goods(scene, seller, goods)
        await add_rules(
            scene, seller, [Rule(EAST, "HC-E", ("GB",)), *([Rule(WEST, "HC-W", tuple(countries))] if countries else [])]
        )
        await set_auto_submit(scene, seller, on=False)
        await add_shop(scene, store)
        await authorize(scene, store)
        await add_mappings(scene, store, {code: [(code, 1)] for code in day.stock})


async def play(scene: Scene, plan: RetailPlan, say: Say) -> None:
    """Orders come in, some are cancelled before they are submitted, the rest ship."""
    await work.bring(scene, plan.orders)
    by_store: defaultdict[str, int] = defaultdict(int)
    for order in plan.orders:
        by_store[order.store.key] += 1
    say(f"The stores receive {', '.join(f'{count} ({key})' for key, count in by_store.items())} orders")
    for store in STORES:
        await sync(scene, store)
    canceled = plan.of(Fate.CANCELED_BEFORE_SUBMISSION)
    if canceled:
        await work.wait_for(scene, canceled, "processing", what="the drafts of orders that will be cancelled")
        await work.cancel_on_platform(scene, canceled)
        await work.wait_for(scene, canceled, "canceled", what="the cancellations", resync=True)
        say(f"{len(canceled)} orders were cancelled by their customers")
    staff = work.Day(scene)
    async with AsyncExitStack() as stack:
        jobs = [staff.desk(), staff.west(), *(staff.submit_by_hand(seller) for seller in scene.sellers.values())]
        for job in jobs:
            stack.push_async_callback(work.go_home, asyncio.ensure_future(job))
        await work.review_until_all_have_reasons(scene, sum(plan.expected_reasons().values()))
        await work.settle(scene, plan.expected_states())
