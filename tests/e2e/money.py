"""Scenarios of the seller's money."""

from decimal import Decimal
from functools import partial

import pytest
from localhost.demo.client import Refused
from localhost.demo.plan import EAST
from localhost.demo.scene import Goods

from .world import FEE, FUNDS, TO_EAST, World, account, add_price, ask_topup, items, set_credit_limit, when


async def s04_funds_of_exactly_nothing(world: World) -> None:
    scene = world.scene
    seller = await world.seller("S04", goods=[Goods("A-1", "A", {EAST: 3})], rules=[TO_EAST], funds=Decimal("10.00"))
    shop = await world.shop(seller, "s04", sells={"p": [("A-1", 1)]})
    await set_credit_limit(scene, seller, "50.00")
    dear = await add_price(scene, EAST, per_order="58.50", seller_id=seller.id)
    await shop.sells("#4001", ("p", 1))
    await shop.submit(await shop.drafted("#4001"))
    await shop.ship(await shop.fulfillment_in("#4001", "warehouse_processing"))
    broke = await when(partial(account, seller), lambda money: money["held"] == "0.00", what="the charge")
    assert (broke["balance"], broke["credit_limit"], broke["available"]) == ("-50.00", "50.00", "0.00")
    path = f"/api/v1/fee-schedules/{dear['id']}"
    await scene.admin.call("DELETE", path, headers={"If-Match": f'"{dear["version"]}"'})

    await shop.sells("#4002", ("p", 1))
    draft = await shop.submit_refused(await shop.drafted("#4002"))
    assert "available 0.00" in draft["reason"]
    order = await shop.order_in("#4002", "processing")
    assert await shop.locks(order) == [("A-1", 1, "held")]

    asked = await ask_topup(seller, "20.00", "USD")
    assert asked["state"] == "requested"
    draft = await shop.submit_refused(draft)
    assert "available 0.00" in draft["reason"]
    for _ in range(2):
        approved = await scene.admin.post(f"/api/v1/topups/{asked['id']}/approve", {})
        assert approved["state"] == "approved"
    assert (await account(seller))["balance"] == "-30.00"
    credited = [row for row in await items(seller.person, "/api/v1/ledger") if row["reference_id"] == asked["id"]]
    assert [(row["amount"], row["balance_after"]) for row in credited] == [("20.00", "-30.00")]

    await shop.submit(draft)
    await shop.fulfillment_in("#4002", "warehouse_processing")
    await shop.order_in("#4002", "warehouse_processing")
    placed = [hold for hold in await items(seller.person, "/api/v1/holds") if hold["state"] == "placed"]
    assert [hold["amount"] for hold in placed] == [FEE]
    assert await shop.locks(order) == [("A-1", 1, "held")]

    await set_credit_limit(scene, seller, "41.40")
    assert (await account(seller))["available"] == "5.00"
    await shop.sells("#4003", ("p", 1))
    draft = await shop.submit_refused(await shop.drafted("#4003"))
    assert FEE in draft["reason"]
    assert "available 5.00" in draft["reason"]
    assert (await account(seller))["held"] == FEE


async def s04_the_fee_is_shown_on_the_submission(world: World) -> None:
    seller = await world.seller("S04B", goods=[Goods("A-1", "A", {EAST: 3})], rules=[TO_EAST])
    shop = await world.shop(seller, "s04b", sells={"p": [("A-1", 1)]})
    await shop.sells("#4101", ("p", 1))
    await shop.submit(await shop.drafted("#4101"))
    accepted = await shop.fulfillment_in("#4101", "warehouse_processing")
    [row] = accepted["submissions"]
    assert (row["hold_amount"], row["hold_currency"]) == (FEE, "USD")


async def s05_a_topup_in_another_currency(world: World) -> None:
    admin = world.scene.admin
    seller = await world.seller("S05")
    with pytest.raises(Refused) as refused:
        await ask_topup(seller, "700.00", "CNY")
    assert refused.value.status == 422
    assert "rate" in str(refused.value)
    with pytest.raises(Refused) as refused:
        await ask_topup(seller, "700.00", "CNY", rate="0.1400", proof=b"")
    assert (refused.value.status, refused.value.code) == (422, "proof_required")
    assert (await account(seller))["balance"] == str(FUNDS)

    asked = await ask_topup(seller, "700.00", "CNY", rate="0.1400")
    assert (await account(seller))["balance"] == str(FUNDS)
    await admin.post(f"/api/v1/topups/{asked['id']}/approve", {})
    assert (await account(seller))["balance"] == str(FUNDS + Decimal("98.00"))
    topup = await seller.person.get(f"/api/v1/topups/{asked['id']}")
    assert (topup["paid_amount"], topup["paid_currency"]) == ("700.00", "CNY")
    assert (topup["credit_amount"], topup["credit_currency"]) == ("98.00", "USD")
    assert Decimal(topup["rate"]) == Decimal("0.1400")
    for step in topup["history"]:
        assert (step["details"]["paid"], step["details"]["credit"]) == ("700.00 CNY", "98.00 USD")
        assert Decimal(step["details"]["rate"]) == Decimal("0.1400")
    assert [step["action"] for step in topup["history"]] == ["request", "approved"]
    newest = (await items(seller.person, "/api/v1/ledger"))[0]
    assert (newest["amount"], newest["currency"], newest["reference_id"]) == ("98.00", "USD", asked["id"])
    assert (newest["details"]["paid_amount"], newest["details"]["paid_currency"]) == ("700.00", "CNY")
    assert Decimal(newest["details"]["rate"]) == Decimal("0.1400")
