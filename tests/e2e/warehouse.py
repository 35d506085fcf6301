"""Scenarios of cancellation, and of a warehouse that refuses or does not answer."""

import time
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from common.testing.waiting import eventually
from localhost.demo.client import Refused
from localhost.demo.plan import WEST
from localhost.demo.scene import Goods

from .world import FEE, FUNDS, TO_WEST, Row, Shop, World, account, items, when, when_past


async def s09_the_platform_cancels_before_the_submission(world: World) -> None:
    seller = await world.seller("S09", goods=[Goods("A-1", "A", {WEST: 5})], rules=[TO_WEST])
    await seller.person.put("/api/v1/submission-settings", {"auto_submit": True, "delay_seconds": 10})
    shop = await world.shop(seller, "s09", sells={"p": [("A-1", 2)]})
    await shop.sells("#9001", ("p", 1))
    draft = await shop.drafted("#9001")
    order = await shop.order_in("#9001", "processing")
    assert draft["submit_at"] is not None
    assert await shop.stock("A-1", WEST) == (3, 2)

    await shop.changes("#9001", "cancel")
    await shop.sync()
    order = await shop.order_in("#9001", "canceled")
    assert order["platform_canceled"] is True
    await shop.fulfillment_in("#9001", "canceled")
    await when(partial(shop.stock, "A-1", WEST), lambda stock: stock == (5, 0), what="the release")
    assert await shop.locks(order) == [("A-1", 2, "released")]
    assert datetime.now(UTC) < datetime.fromisoformat(draft["submit_at"])

    await when_past(datetime.fromisoformat(draft["submit_at"]) + timedelta(seconds=3), what="the due submission")
    ended = await shop.fulfillment("#9001")
    assert (ended["status"], ended["submission"], ended["submissions"]) == ("canceled", 0, [])
    assert (await shop.at_platform("#9001"))["submissions"] == []
    assert (await shop.order("#9001"))["status"] == "canceled"
    money = await account(seller)
    assert (money["held"], money["available"]) == ("0.00", str(FUNDS))
    assert await items(seller.person, "/api/v1/holds") == []


async def s10_the_seller_cancels_and_the_warehouse_does_not_answer(world: World) -> None:
    seller = await world.seller("S10", goods=[Goods("A-1", "A", {WEST: 5})], rules=[TO_WEST])
    shop = await world.shop(seller, "s10", sells={"p": [("A-1", 2)]})
    await shop.outside.faults(
        {"kind": "wms_twice", "order": "#10001"},
        {"kind": "slow", "operation": "cancel", "order": "#10001", "delay": 3, "count": None},
    )
    await shop.sells("#10001", ("p", 1))
    await shop.submit(await shop.drafted("#10001"))
    submitted = await shop.fulfillment_in("#10001", "warehouse_processing")
    order = await shop.order_in("#10001", "warehouse_processing")
    assert (await account(seller))["held"] == FEE

    await shop.person.post(f"/api/v1/orders/{order['id']}/cancel", {"reason": "the buyer called"})
    tries = await moments_of_tries(shop, "#10001", 3)
    assert tries[1] - tries[0] < tries[2] - tries[1]
    await shop.order_when("#10001", lambda row: row["status"] == "canceling", what="canceling")
    waiting = await shop.fulfillment_in("#10001", "canceling")
    path = f"/api/v1/fulfillments/{waiting['id']}"
    with pytest.raises(Refused) as refused:
        await shop.person.patch(path, {"ship_to": waiting["ship_to"]}, version=waiting["version"])
    assert (refused.value.status, refused.value.code) == (409, "not_a_draft")
    assert await shop.stock("A-1", WEST) == (3, 2)

    reference = f"{submitted['number']}-1"
    await shop.outside.post(f"/control/warehouses/{WEST}/cancel", {"references": [reference]})
    await shop.order_in("#10001", "canceled")
    told = await when(
        partial(submission, shop, reference), lambda row: row["open_callbacks"] == 0, what="both callbacks"
    )
    assert (told["status"], told["callbacks"]["canceled"]) == ("canceled", 2)
    await when(partial(shop.stock, "A-1", WEST), lambda stock: stock == (5, 0), what="the release")
    assert await shop.locks(order) == [("A-1", 2, "released")]
    money = await when(partial(account, seller), lambda row: row["held"] == "0.00", what="the freed hold")
    assert (money["balance"], money["available"]) == (str(FUNDS), str(FUNDS))
    holds = await items(seller.person, "/api/v1/holds")
    assert [(hold["state"], hold["amount"]) for hold in holds] == [("released", FEE)]
    assert await tries_of(shop, "#10001") == 3


async def submission(shop: Shop, reference: str) -> Row:
    """What the warehouse has under a reference."""
    [row] = (await shop.outside.get("/control/submissions", warehouse=WEST, reference=reference))["items"]
    found: Row = row
    return found


async def tries_of(shop: Shop, number: str) -> int:
    """How often the warehouse was asked to cancel, and was slow."""
    faults = (await shop.outside.get("/control/faults"))["faults"]
    return sum(fault["struck"] for fault in faults if fault["kind"] == "slow" and fault["order"] == number)


async def moments_of_tries(shop: Shop, number: str, count: int) -> list[float]:
    """When each of the tries to cancel came in."""
    moments = []
    for wanted in range(1, count + 1):

        async def reached(wanted: int = wanted) -> bool:
            return await tries_of(shop, number) >= wanted

        await eventually(reached, 30)
        moments.append(time.monotonic())
    return moments


async def s12_the_warehouse_rejects(world: World) -> None:
    seller = await world.seller("S12", goods=[Goods("A-1", "A", {WEST: 5})], rules=[TO_WEST])
    shop = await world.shop(seller, "s12", sells={"p": [("A-1", 2)]})
    await shop.outside.faults({"kind": "wms_refuse", "order": "#12001", "reason": "SKU blocked"})
    await shop.sells("#12001", ("p", 1))
    draft = await shop.drafted("#12001")
    await shop.submit(draft)
    refused = await shop.fulfillment_in("#12001", "exception")
    assert "SKU blocked" in refused["reason"]
    order = await shop.order_when("#12001", lambda row: bool(row["fulfillment"]["exception"]), what="the reason")
    assert order["status"] == "processing"
    assert "SKU blocked" in order["fulfillment"]["exception"]
    assert (order["fulfillment"]["id"], order["fulfillment"]["number"]) == (refused["id"], refused["number"])
    found = await items(shop.person, "/api/v1/fulfillments", status="exception", platform_order_number="#12001")
    assert [row["id"] for row in found] == [refused["id"]]
    assert await shop.stock("A-1", WEST) == (3, 2)

    path = f"/api/v1/fulfillments/{refused['id']}"
    again = await shop.person.post(f"{path}/move-to-draft")
    assert (again["status"], again["number"]) == ("draft", refused["number"])
    assert await shop.stock("A-1", WEST) == (3, 2)
    fixed = {**again["ship_to"], "line2": "Back door"}
    await shop.person.patch(path, {"ship_to": fixed}, version=again["version"])
    await shop.submit(again)
    accepted = await shop.fulfillment_in("#12001", "warehouse_processing")
    assert (accepted["number"], accepted["submission"]) == (refused["number"], 2)
    assert [row["state"] for row in accepted["submissions"]] == ["refused", "accepted"]
    assert accepted["ship_to"]["line2"] == "Back door"
    assert (await submission(shop, f"{refused['number']}-2"))["status"] == "accepted"
    order = await shop.order_in("#12001", "warehouse_processing")
    assert await shop.stock("A-1", WEST) == (3, 2)
    assert await shop.locks(order) == [("A-1", 2, "held")]
    assert (await shop.at_platform("#12001"))["duplicates"] == []

    async def holds() -> list[tuple[int, str]]:
        return sorted((row["submission"], row["state"]) for row in await items(seller.person, "/api/v1/holds"))

    await when(holds, lambda rows: rows == [(1, "released"), (2, "placed")], what="the release of the first hold")
