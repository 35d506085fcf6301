"""Scenarios of pulling orders from a marketplace."""

import asyncio
import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx2
import pytest
from localhost.demo.client import Refused
from localhost.demo.plan import EAST
from localhost.demo.scene import Goods, add_shop
from localhost.demo.waiting import until_accepted

from .world import TO_EAST, Row, Shop, World, consent, items, when, when_past

PAGE = 50
"""Orders that the connector asks of Shopify at once."""
PAGES = 5


async def s06_the_same_orders_come_three_ways(world: World) -> None:
    seller = await world.seller("S06", goods=[Goods("A-1", "A", {EAST: 100})], rules=[TO_EAST])
    shop = await world.shop(seller, "s06", sells={"p": [("A-1", 1)]})
    await shop.first_run()
    calls = (await world.summary())["calls"]
    due = datetime.fromisoformat((await shop.state())["next_pull_at"])
    await when_past(due - timedelta(seconds=1), what="the next timed sync")
    numbers = [f"#6{number:03}" for number in range(40)]
    made = await shop.sells_many(numbers, ("p", 1))
    await asyncio.gather(shop.sync(), send_webhooks(world, shop, made))

    async def full_runs() -> set[str]:
        runs = await shop.runs()
        if not any(run["trigger"] == "manual" for run in runs):
            await shop.sync()  # A timed run was under way, which the first request has only hurried.
        return {run["trigger"] for run in runs if run["state"] == "complete" and run["orders_read"] == 40}

    await when(full_runs, lambda found: found == {"manual", "schedule"}, what="a manual and a timed run over all")
    assert (await world.summary())["calls"].get("shopify.nodes", 0) > calls.get("shopify.nodes", 0)

    async def drafts() -> list[Row]:
        return await items(shop.person, "/api/v1/fulfillments", draft_status="pending_submit")

    drafted = await when(drafts, lambda rows: len(rows) >= 40, what="forty drafts")
    orders = await shop.orders()
    assert sorted(order["number"] for order in orders) == numbers
    assert {(order["status"], order["attempt"]) for order in orders} == {("processing", 1)}
    assert {row["order_id"] for row in drafted} == {order["id"] for order in orders}
    assert len(await items(shop.person, "/api/v1/fulfillments")) == 40
    held = await items(shop.person, "/api/v1/stock/reservations", state="held", sku="A-1")
    assert len(held) == 40
    assert await shop.stock("A-1") == (60, 40)
    for order in orders:
        assert len(await shop.timeline(order, "imported")) == 1
        assert len(await shop.timeline(order, "review_passed")) == 1


async def send_webhooks(world: World, shop: Shop, made: list[Row]) -> None:
    """Have Shopify tell of every order."""
    path = f"/api/v1/hooks/shopify/{shop.id}"
    async with httpx2.AsyncClient(base_url=world.scene.target.gateway_url, timeout=60) as shopify:
        for order in made:
            body = json.dumps({"id": int(order["id"].rsplit("/", 1)[1])}).encode()
            digest = hmac.new(world.scene.target.apps.shopify_client_secret.encode(), body, hashlib.sha256).digest()
            headers = {
                "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
                "X-Shopify-Topic": "orders/create",
                "X-Shopify-Shop-Domain": str(shop.store.shop),
                "X-Shopify-Webhook-Id": f"hook-{order['order']}",
            }
            (await shopify.post(path, content=body, headers=headers)).raise_for_status()


async def s07_how_far_back_a_sync_reaches(world: World) -> None:
    seller = await world.seller("S07")
    shop = world.closed_shop(seller, "s07")
    await add_shop(world.scene, shop.store)
    now = datetime.now(UTC)
    for number, age in (("#7001", timedelta(days=4, hours=23)), ("#7002", timedelta(days=5, hours=1))):
        stamp = (now - age).isoformat()
        await shop.sells(number, ("p", 1), created_at=stamp, paid_at=stamp, updated_at=stamp)
    await world.connect(shop)
    first = await shop.first_run()
    assert (first["trigger"], reach(first)) == ("first", timedelta(days=5))
    assert first["orders_read"] == 1
    await shop.order_in("#7001", "pending")

    await shop.sync()
    runs = await when(shop.runs, lambda rows: len(rows) >= 2 and rows[0]["state"] == "complete", what="another run")
    assert {reach(run) for run in runs[:-1]} == {timedelta(days=2)}
    assert [order["number"] for order in await shop.orders()] == ["#7001"]

    since = now - timedelta(days=6)

    async def widened() -> list[Row]:
        await until_accepted(
            partial(shop.person.post, f"/api/v1/stores/{shop.id}/sync", {"since": since.isoformat()}), what="a run"
        )
        return [run for run in await shop.runs() if datetime.fromisoformat(run["since"]) == since]

    # While a run is under way, a window of one's own is refused.
    await when(widened, bool, what="a run that reaches back six days")
    await shop.order_in("#7002", "pending")


def reach(run: Row) -> timedelta:
    """How much time a run looks at."""
    return datetime.fromisoformat(run["until"]) - datetime.fromisoformat(run["since"])


async def half_pulled(world: World, code: str, fault: str) -> Shop:
    """A shop whose token ends while its second page is on its way, so that the third is answered 401."""
    seller = await world.seller(code)
    shop = world.closed_shop(seller, code.lower())
    await add_shop(world.scene, shop.store)
    await shop.sells_many([f"#{code[1:]}{number:03}" for number in range(PAGE * PAGES)], ("p", 1))
    # The first page is another operation, because it also counts the orders: the second is the slow one.
    await shop.outside.faults({"kind": "slow", "operation": "orders", "shop": shop.store.shop, "delay": 2})
    await world.connect(shop)
    runs = await when(shop.runs, lambda rows: bool(rows) and rows[0]["pages"] >= 1, what="the first page")
    assert runs[0]["pages"] == 1
    await shop.outside.faults({"kind": fault, "shop": shop.store.shop})
    return shop


async def assert_all_once(shop: Shop) -> None:
    orders = await when(shop.orders, lambda rows: len(rows) >= PAGE * PAGES, what="all orders")
    assert len(orders) == len({order["number"] for order in orders}) == PAGE * PAGES
    assert len(await shop.timeline(orders[0], "imported")) == 1


async def s08_the_token_dies_and_is_refreshed(world: World) -> None:
    before = await world.summary()
    shop = await half_pulled(world, "S081", "expire_token")
    run = await shop.first_run()
    assert (run["pages"], run["orders_read"], run["orders_sent"]) == (PAGES, PAGE * PAGES, PAGE * PAGES)
    await assert_all_once(shop)
    assert (await shop.state())["state"] == "active"
    after = await world.summary()
    assert after["errors"]["shopify.401"] - before["errors"].get("shopify.401", 0) == 1


async def s08_the_token_dies_for_good(world: World) -> None:
    before = await world.summary()
    shop = await half_pulled(world, "S082", "revoke_token")
    expired = await when(shop.state, lambda store: store["state"] != "active", what="auth_expired")
    assert expired["state"] == "auth_expired"
    assert len(await when(shop.orders, lambda rows: len(rows) >= 2 * PAGE, what="two pages")) == 2 * PAGE
    [run] = await shop.runs()
    assert (run["state"], run["pages"]) == ("interrupted", 2)

    calls = await platform_calls(world)
    await when_past(datetime.fromisoformat(expired["next_pull_at"]) + timedelta(seconds=3), what="the next timed sync")
    with pytest.raises(Refused) as refused:
        await shop.person.post(f"/api/v1/stores/{shop.id}/sync")
    assert (refused.value.status, refused.value.code) == (409, "store_not_active")
    assert await platform_calls(world) == calls
    assert (await world.summary())["errors"]["shopify.401"] - before["errors"].get("shopify.401", 0) == 1
    assert len(await shop.orders()) == 2 * PAGE
    history = await items(shop.person, f"/api/v1/stores/{shop.id}/history")
    assert [move["to_state"] for move in history].count("auth_expired") == 1
    log = (world.logs / "sync.log").read_text().splitlines()
    assert sum("store_auth_expired" in line and shop.id in line for line in log) == 1

    again = await shop.person.post(f"/api/v1/stores/{shop.id}/reauthorize")
    await consent(again["authorize_url"])
    run = await shop.first_run()
    assert (run["pages"], run["resumed"], run["orders_read"]) == (PAGES, 1, PAGE * PAGES)
    await assert_all_once(shop)


async def platform_calls(world: World) -> dict[str, int]:
    """How often Shopify was called, for whatever."""
    summary = await world.summary()
    calls = {name: count for name, count in summary["calls"].items() if name.startswith("shopify.")}
    return {**calls, "refused": summary["errors"].get("shopify.401", 0)}
