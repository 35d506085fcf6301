"""The standard day: two sellers, four stores, two warehouses, and everything that goes wrong on a usual day."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from decimal import Decimal

from localhost.demo import day as work
from localhost.demo.plan import (
    ACME_SHOPEE,
    ACME_SHOPIFY,
    BRIO_SHOPEE,
    BUNDLE,
    EAST,
    GOODS,
    SCARCE,
    SCARCE_STOCK,
    SELLERS,
    STORES,
    TRIPLE,
    UNAPPROVED,
    UNMEASURED,
    WEST,
    Fate,
    Plan,
    Store,
)
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
    close_channel,
    set_auto_submit,
    sync,
)
from localhost.demo.waiting import until

PLENTY = 100_000
FUNDS = Decimal("90000.00")
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Ended:
    """What the day leaves to be compared."""

    plan: Plan
    parked: int


async def set_up(scene: Scene, say: Say) -> None:
    """Everything that is there before the first order."""
    say("The operator opens two warehouses, their channels and prices")
    await add_warehouse(scene, EAST, adapter="desk")
    await add_warehouse(scene, WEST, adapter="http", behaviour={"ship": "manual", "accept_in_answer": False})
    await add_channels(
        scene,
        [
            Channel("HC-E", EAST, "carrier", ("US",)),
            Channel("OLD-E", EAST, "carrier"),
            Channel("PL-E", EAST, "platform_label"),
            Channel("HC-W", WEST, "carrier"),
            Channel("PL-W", WEST, "platform_label"),
        ],
    )
    await add_prices(scene)
    say("Two sellers sign up, pay in, and bring their products through audit and measurement")
    for code in SELLERS:
        seller = await add_seller(scene, code, funds=FUNDS)
        await add_goods(scene, seller, _goods())
        await add_rules(scene, seller, _rules())
        await set_auto_submit(scene, seller, on=code == "ACME")
    await close_channel(scene, "OLD-E")
    for store in STORES:
        await add_shop(scene, store)


async def play(scene: Scene, plan: Plan, say: Say) -> Ended:
    """The day, from the first order to the last parcel."""
    staff = work.Day(scene, held_back={order.number for order in plan.of(*_HELD_BACK)})
    async with AsyncExitStack() as stack:
        _beside(stack, staff.desk(), staff.west())
        await _first_orders(scene, plan, say)
        await _faults(scene, plan)
        say(f"The marketplaces receive {len(plan.orders)} orders")
        await work.bring(scene, [order for order in plan.orders if order.wave == 1])
        for store in STORES:
            await sync(scene, store)
        await asyncio.sleep(1)
        await scene.outside.faults({"kind": "expire_token", "shop": ACME_SHOPEE.shop})
        parked = await work.repair_parked(scene, plan.of(Fate.REPAIRED), STORES)
        say(f"{parked} orders could not be read and were parked; some are corrected and retried")
        await _cancellations(scene, plan, say)
        _beside(stack, staff.submit_by_hand(scene.sellers["BRIO"]))
        await _cancel_submitted(scene, plan, say)
        staff.held_back.clear()
        say("A refused submission is taken back, corrected and submitted again")
        await work.redo_refused(scene, plan.of(Fate.WAREHOUSE_REFUSES))
        await work.review_until_all_have_reasons(scene, sum(plan.expected_reasons().values()))
        say("Waiting for the last parcels and tracking numbers")
        await work.settle(scene, plan.expected_states())
    return Ended(plan, parked)


_HELD_BACK = (Fate.CANCELED_AFTER_SUBMISSION, Fate.CANCEL_REFUSED)


def _beside(stack: AsyncExitStack, *jobs: Coroutine[None, None, None]) -> None:
    for job in jobs:
        stack.push_async_callback(work.go_home, asyncio.ensure_future(job))


async def _first_orders(scene: Scene, plan: Plan, say: Say) -> None:
    """Stores are authorised; one of them has orders before it has any mapping."""
    early = plan.of(Fate.STORE_HAS_NO_MAPPING)
    await work.bring(scene, early)
    say("The sellers authorise four stores on the marketplaces' pages")
    for store in STORES:
        await authorize(scene, store)
    await work.wait_for(scene, early, "pending", what="the import of the first orders")

    async def refused() -> bool:
        rows = await work.orders_by_number(scene, review_error=Fate.STORE_HAS_NO_MAPPING.value)
        return len(rows) == len(early)

    await until(refused, what="the refusal of orders without a mapping", seconds=work.STEP_SECONDS)
    for store in STORES:
        await add_mappings(scene, store, _mappings(store))


async def _faults(scene: Scene, plan: Plan) -> None:
    await scene.outside.faults(
        {"kind": "throttle", "shop": ACME_SHOPIFY.shop, "count": 3},
        {"kind": "error", "shop": BRIO_SHOPEE.shop, "operation": "order/get_order_detail", "count": 2},
        {"kind": "cut", "shop": ACME_SHOPIFY.shop, "operation": "fulfillmentCreate", "count": 2},
        {"kind": "cut", "platform": "wms", "operation": "put", "count": 2},
        {"kind": "wms_twice", "warehouse": WEST, "count": 20},
        *(
            {"kind": "wms_refuse", "order": order.number, "reason": "address label unreadable"}
            for order in plan.of(Fate.WAREHOUSE_REFUSES)
        ),
        *({"kind": "cancel_refused", "order": order.number, "count": 5} for order in plan.of(Fate.CANCEL_REFUSED)),
    )


async def _cancellations(scene: Scene, plan: Plan, say: Say) -> None:
    before = plan.of(Fate.CANCELED_BEFORE_SUBMISSION)
    await work.wait_for(scene, before, "processing", what="the drafts of orders that will be cancelled", resync=True)
    say(f"{len(before)} orders are cancelled on the marketplace before they are submitted")
    await work.cancel_on_platform(scene, before)
    await work.wait_for(scene, before, "canceled", what="cancellations before submission", resync=True)


async def _cancel_submitted(scene: Scene, plan: Plan, say: Say) -> None:
    after, stubborn = plan.of(Fate.CANCELED_AFTER_SUBMISSION), plan.of(Fate.CANCEL_REFUSED)
    await work.wait_for(scene, [*after, *stubborn], "warehouse_processing", what="submissions that will be cancelled")
    say(f"{len(after)} orders are cancelled on the marketplace after submission, {len(stubborn)} by hand, too late")
    await work.cancel_on_platform(scene, after)
    ours = await work.orders_by_number(scene, status="warehouse_processing")
    for order in stubborn:
        row = ours[work.key_of(scene, order)]
        person = scene.sellers[order.store.seller].person
        await person.post(f"/api/v1/orders/{row['id']}/cancel", {"reason": "the buyer called"})
    await work.wait_for(scene, after, "canceled", what="cancellations after submission", resync=True)

    async def cancel_refused() -> bool:
        rows = await work.orders_by_number(scene, status="warehouse_processing")
        return all(rows.get(work.key_of(scene, order), {}).get("cancel_refused") for order in stubborn)

    await until(cancel_refused, what="the refusal of a cancellation", seconds=work.STEP_SECONDS)


def _goods() -> list[Goods]:
    both = {EAST: PLENTY, WEST: PLENTY}
    return [
        *(Goods(sku, f"Article {sku}", both, weight_grams=300 + 40 * number) for number, sku in enumerate(GOODS)),
        Goods(SCARCE, "The last few", {EAST: SCARCE_STOCK}),
        Goods(UNMEASURED, "Not measured yet", both, measured=False),
        Goods(UNAPPROVED, "Still in audit", {}, approved=False),
    ]


def _rules() -> list[Rule]:
    return [
        Rule(EAST, "PL-E", ("SG",), (("0", "3"),), platform="shopee"),
        Rule(WEST, "PL-W", ("SG",), platform="shopee"),
        Rule(EAST, "HC-E", ("US",), (("0", "4"),)),
        Rule(WEST, "HC-W", ("US",)),
        Rule(EAST, "HC-E", ("CA",)),
        Rule(EAST, "OLD-E", ("MX",)),
    ]


def _mappings(store: Store) -> dict[str, list[tuple[str, int]]]:
    def code(sku: str) -> str:
        return f"{store.seller.lower()}-{sku.lower()}"

    return {
        **{code(sku): [(sku, 1)] for sku in (*GOODS, SCARCE, UNMEASURED, UNAPPROVED)},
        code(BUNDLE): [(GOODS[0], 2), (GOODS[1], 1)],
        code(TRIPLE): [(GOODS[2], 3)],
    }
