"""Scenarios of labels, and of telling the marketplace what was shipped."""

from decimal import Decimal
from functools import partial

from localhost.demo.plan import EAST
from localhost.demo.scene import PROOF, Goods

from .world import FEE, FUNDS, HOUSE_EAST, OWN_LABEL, PLATFORM_LABEL, Row, Shop, World, account, when


async def s11_the_platform_label_comes_late(world: World) -> None:
    seller = await world.seller("S11", goods=[Goods("A-1", "A", {EAST: 5})], rules=[PLATFORM_LABEL])
    shop = await world.shop(seller, "s11", sells={"p": [("A-1", 1)]}, platform="shopee")
    await shop.outside.faults({"kind": "label_not_ready", "order": "260101LATE11", "count": 2})
    await shop.sells("260101LATE11", ("p", 1))
    for tries in (1, 2):
        waiting = await shop.order_when("260101LATE11", partial(tried, tries), what=f"try {tries}")
        assert (waiting["status"], waiting["label_tries"]) == ("awaiting_label", tries)
        assert waiting["label_reason"]
    order = await shop.order_in("260101LATE11", "processing")
    assert order["label_tries"] == 3
    told = await shop.timeline(order, "label_not_ready")
    assert [reason.partition(":")[0] for reason in told] == ["try 1", "try 2"]
    draft = await shop.fulfillment_in("260101LATE11", "draft", "pending_submit")
    [parcel] = draft["parcels"]
    assert parcel["has_label"] is True
    there = await shop.at_platform("260101LATE11")
    assert (there["arrangements"], there["documents"], there["document_requests"]) == (1, 1, 1)
    assert there["tracking_issued"] == [parcel["tracking_number"]]


def tried(tries: int, row: Row) -> bool:
    return bool(row.get("label_tries", 0) >= tries)


async def s11_the_platform_refuses_the_label(world: World) -> None:
    seller = await world.seller("S11B", goods=[Goods("A-1", "A", {EAST: 5})], rules=[PLATFORM_LABEL])
    shop = await world.shop(seller, "s11b", sells={"p": [("A-1", 1)]}, platform="shopee")
    text = "order closed at platform"
    await shop.outside.faults({"kind": "label_refused", "order": "260101SHUT11", "message": text})
    await shop.sells("260101SHUT11", ("p", 1))
    order = await shop.order_in("260101SHUT11", "exception")
    assert text in order["exception_reason"]
    assert await shop.fulfillments("260101SHUT11") == []
    assert await shop.stock("A-1") == (4, 1)

    path = f"/api/v1/orders/{order['id']}"
    await shop.person.post(f"{path}/cancel", {"reason": "another channel"})
    await shop.order_in("260101SHUT11", "canceled")
    await shop.person.post(f"{path}/move-to-pending")
    await when(partial(shop.stock, "A-1"), lambda stock: stock == (5, 0), what="the release")
    ids = {"warehouse_id": world.scene.warehouses[EAST], "channel_id": world.scene.channels[HOUSE_EAST]}
    await shop.person.post(f"{path}/assign", ids)
    await shop.review(order)
    order = await shop.order_in("260101SHUT11", "processing")
    assert order["channel"] == HOUSE_EAST
    assert await shop.stock("A-1") == (4, 1)
    await shop.fulfillment_in("260101SHUT11", "draft", "pending_submit")


async def shipped_with_own_label(shop: Shop, number: str, tracking: str) -> Row:
    """Bring an order to its end with a label of the seller's own."""
    await shop.sells(number, ("p", 1))
    draft = await shop.drafted(number)
    await shop.person.call(
        "POST",
        f"/api/v1/fulfillments/{draft['id']}/label",
        data={"tracking_number": tracking, "carrier": "UPS"},
        files={"file": ("label.pdf", PROOF, "application/pdf")},
    )
    await shop.submit(draft)
    await shop.ship(await shop.fulfillment_in(number, "warehouse_processing"))
    return await shop.order_when(number, lambda row: row["status"] == "shipped", what="shipped")


def uploaded(row: Row) -> bool:
    return bool(row["tracking_upload"]["state"] == "uploaded")


async def own_label_shop(world: World, code: str) -> Shop:
    seller = await world.seller(code, goods=[Goods("A-1", "A", {EAST: 5})], rules=[OWN_LABEL])
    return await world.shop(seller, code.lower(), sells={"p": [("A-1", 1)]})


async def s13_the_tracking_upload_fails_twice(world: World) -> None:
    shop = await own_label_shop(world, "S13")
    fault = {"kind": "error", "status": 500, "operation": "fulfillmentCreate", "shop": shop.store.shop, "count": 2}
    await shop.outside.faults(fault)
    order = await shipped_with_own_label(shop, "#13001", "1Z0013001")
    order = await shop.order_when("#13001", uploaded, what="the upload")
    assert order["tracking_upload"]["tries"] == 3
    failed = await shop.timeline(order, "tracking_failed")
    assert [reason.partition(":")[0] for reason in failed] == ["try 1", "try 2"]
    assert await shop.timeline(order, "tracking_uploaded") == ["at try 3"]
    there = await shop.at_platform("#13001")
    assert there["tracking_stored"] == ["1Z0013001"]
    assert len(there["fulfillments"]) == 1


async def s13_the_tracking_upload_is_refused(world: World) -> None:
    shop = await own_label_shop(world, "S13B")
    text = "Quantity must be greater than 0"
    await shop.outside.faults({"kind": "fulfillment_refused", "shop": shop.store.shop, "message": text})
    order = await shipped_with_own_label(shop, "#13101", "1Z0013101")
    order = await shop.order_when("#13101", lambda row: row["tracking_upload"]["state"] == "failed", what="failure")
    assert text in order["tracking_upload"]["reason"]
    assert (order["status"], (await shop.at_platform("#13101"))["tracking_stored"]) == ("shipped", [])
    await shop.person.post(f"/api/v1/orders/{order['id']}/retry-tracking")
    await shop.order_when("#13101", uploaded, what="the upload by hand")
    assert (await shop.at_platform("#13101"))["tracking_stored"] == ["1Z0013101"]


async def s13_a_platform_label_needs_no_upload(world: World) -> None:
    seller = await world.seller("S13C", goods=[Goods("A-1", "A", {EAST: 5})], rules=[PLATFORM_LABEL])
    shop = await world.shop(seller, "s13c", sells={"p": [("A-1", 1)]}, platform="shopee")
    await shop.sells("260101PLAT13", ("p", 1))
    await shop.submit(await shop.drafted("260101PLAT13"))
    accepted = await shop.fulfillment_in("260101PLAT13", "warehouse_processing")
    before = await logistics_calls(world)
    await shop.ship(accepted)
    order = await shop.order_when("260101PLAT13", lambda row: row["status"] == "shipped", what="shipped")
    charged = await when(partial(account, seller), lambda money: money["held"] == "0.00", what="the charge")
    assert Decimal(charged["balance"]) == FUNDS - Decimal(FEE)
    order = await shop.order("260101PLAT13")
    assert (order["tracking_upload"]["state"], order["tracking_upload"]["tries"]) == ("not_required", 0)
    assert await logistics_calls(world) == before


async def logistics_calls(world: World) -> dict[str, int]:
    """How often Shopee was asked for anything about shipping."""
    calls = (await world.summary())["calls"]
    return {name: count for name, count in calls.items() if name.startswith("shopee.logistics")}
