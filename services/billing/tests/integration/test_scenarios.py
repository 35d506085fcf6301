"""Scenarios 4 and 5 of the acceptance list, and what surrounds them."""

from decimal import Decimal

from contracts.billing.v1 import AccountChangedV1, FundsHeldV1, FundsRefusedV1, HoldCapturedV1

from .world import World, as_seller, finance, hold, key, shipped


async def in_debt_by(world: World, amount: int) -> None:
    """Bring the balance to -amount with a credit limit of the same, by fees that were held and captured."""
    await world.limit(f"{amount}.00")
    command = hold(world.seller, world.warehouse)
    made = await world.schedule(
        seller_id=str(world.seller), per_order=f"{amount}.00", per_further_unit="0.00", bands=[]
    )
    await world.deliver(command)
    await world.deliver(shipped(command))
    removed = await world.http.delete(
        f"/api/v1/fee-schedules/{made.json()['id']}", headers=finance() | {"If-Match": "1"}
    )
    assert removed.status_code == 204
    assert (await world.account())["balance"] == f"-{amount}.00"


async def test_scenario_4_funds_exactly_zero(world: World) -> None:
    await in_debt_by(world, 50)
    command = hold(world.seller, world.warehouse)

    (refused,) = await world.deliver(command)
    assert isinstance(refused, FundsRefusedV1)
    assert refused.code == "insufficient_funds"
    assert "available 0.00" in refused.reason

    asked = await world.request_topup("20.00")
    assert asked.json()["state"] == "requested"
    (still,) = await world.deliver(command.model_copy())
    assert isinstance(still, FundsRefusedV1)

    first, second = await world.approve(asked.json()["id"]), await world.approve(asked.json()["id"])
    assert (first.status_code, second.status_code) == (200, 200)
    assert (await world.account())["balance"] == "-30.00"

    (held,) = [message for message in await world.deliver(command.model_copy()) if isinstance(message, FundsHeldV1)]
    assert held.amount == Decimal("6.40")
    assert await world.broken() == {}


async def test_scenario_4_refusal_names_both_amounts(world: World) -> None:
    await world.top_up("5.00")
    await world.deliver.said()
    (refused,) = await world.deliver(hold(world.seller, world.warehouse))
    assert isinstance(refused, FundsRefusedV1)
    assert refused.reason == "needs 6.40 USD, available 5.00 USD: top up or raise the credit limit"
    assert (refused.amount, refused.available, refused.currency) == (Decimal("6.40"), Decimal("5.00"), "USD")


async def test_scenario_5_top_up_in_another_currency(world: World) -> None:
    refused = await world.request_topup("700.00", currency="CNY")
    assert refused.status_code == 422
    (problem,) = refused.json()["errors"]
    assert problem["field"] == "rate"
    assert "CNY" in problem["message"]
    assert "USD" in problem["message"]

    asked = await world.request_topup("700.00", currency="CNY", rate="0.1400")
    assert asked.status_code == 201
    topup_id = asked.json()["id"]
    assert (await world.approve(topup_id)).status_code == 200

    assert (await world.account())["balance"] == "98.00"
    shown = (await world.http.get(f"/api/v1/topups/{topup_id}", headers=as_seller(world.seller))).json()
    assert (shown["paid_amount"], shown["paid_currency"], shown["rate"]) == ("700.00", "CNY", "0.1400")
    assert (shown["credit_amount"], shown["credit_currency"]) == ("98.00", "USD")
    assert [change["to_state"] for change in shown["history"]] == ["requested", "approved"]
    assert shown["history"][1]["details"] == {"paid": "700.00 CNY", "credit": "98.00 USD", "rate": "0.1400"}
    ledger = (await world.http.get("/api/v1/ledger", headers=as_seller(world.seller))).json()
    assert ledger["items"][0]["amount"] == "98.00"
    assert ledger["items"][0]["balance_after"] == "98.00"
    assert ledger["items"][0]["details"]["rate"] == "0.1400"


async def test_scenario_5_without_proof_is_refused(world: World) -> None:
    answer = await world.http.post(
        "/api/v1/topups", data={"amount": "20.00", "currency": "USD"}, headers=as_seller(world.seller) | key()
    )
    assert answer.status_code == 422
    assert answer.json()["code"] == "proof_required"
    assert answer.json()["errors"][0]["field"] == "proof"


async def test_an_order_is_charged_once_when_it_ships(world: World) -> None:
    await world.top_up("10.00")
    changed = [message for message in await world.deliver.said() if isinstance(message, AccountChangedV1)]
    assert [(message.balance, message.version) for message in changed] == [(Decimal("10.00"), 2)]
    command = hold(world.seller, world.warehouse)
    await world.deliver(command)
    assert (await world.account())["available"] == "3.60"
    said = await world.deliver(shipped(command))
    assert [type(message) for message in said] == [HoldCapturedV1]
    assert await world.deliver(shipped(command)) == []
    account = await world.account()
    assert (account["balance"], account["held"], account["version"]) == ("3.60", "0.00", 2)
    revenue = await world.http.get("/api/v1/ledger?account=revenue&currency=USD", headers=finance())
    assert [item["amount"] for item in revenue.json()["items"]] == ["6.40"]
    assert await world.broken() == {}
