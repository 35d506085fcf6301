"""Money stays right whatever comes, in whatever order, however often, and at once."""

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

import pytest
from common.kernel.ids import uuid7
from common.testing.delivery import delivered
from contracts.base import Message
from contracts.billing.v1 import (
    CaptureHoldV1,
    FundsHeldV1,
    FundsRefusedV1,
    HoldCapturedV1,
    HoldFundsV1,
    HoldReleasedV1,
    ReleaseHoldV1,
)
from contracts.fulfillment.v1 import FulfillmentCanceledV1
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from .world import World, finance, hold, key, seller_registered, shipped, warehouse_changed

FEE = Decimal("6.40")


def release(command: HoldFundsV1) -> ReleaseHoldV1:
    return ReleaseHoldV1(
        seller_id=command.seller_id, fulfillment_id=command.fulfillment_id, submission=1, reason="called off"
    )


def capture(command: HoldFundsV1) -> CaptureHoldV1:
    return CaptureHoldV1(seller_id=command.seller_id, fulfillment_id=command.fulfillment_id, submission=1)


def canceled(command: HoldFundsV1) -> FulfillmentCanceledV1:
    return FulfillmentCanceledV1(
        seller_id=command.seller_id,
        fulfillment_id=command.fulfillment_id,
        order_id=command.order_id,
        attempt=1,
        submission=1,
        reason="canceled",
    )


@dataclass
class Model:
    """What the account must be, worked out the slow way."""

    balance: Decimal = Decimal(0)
    limit: Decimal = Decimal(0)
    state: dict[int, str] = field(default_factory=dict)

    @property
    def held(self) -> Decimal:
        return FEE * sum(state == "placed" for state in self.state.values())

    def apply(self, action: str, number: int) -> None:
        state = self.state.get(number, "none")
        match action, state:
            case "hold", "none":
                if self.balance + self.limit - self.held >= FEE:
                    self.state[number] = "placed"
            case (("ship" | "capture"), "none"):
                self.state[number] = "owed"
            case (("ship" | "capture"), ("placed" | "released")):
                self.state[number] = "charged"
                self.balance -= FEE
            case "hold", "owed":
                self.state[number] = "charged"
                self.balance -= FEE
            case (("release" | "cancel"), "none"):
                self.state[number] = "tombstone"
            case (("release" | "cancel"), "placed"):
                self.state[number] = "released"
            case _:
                pass


MAKERS = {"ship": shipped, "capture": capture, "release": release, "cancel": canceled}
frames = st.tuples(
    st.sampled_from(["hold", "hold", "ship", "capture", "release", "cancel"]),
    st.lists(st.integers(0, 4), min_size=1, max_size=4),
)
people = st.tuples(st.sampled_from(["topup", "limit"]), st.integers(1, 40))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.one_of(frames, frames, people), max_size=14))
async def test_any_order_keeps_the_books(world: World, steps: list[tuple[str, list[int] | int]]) -> None:
    world.seller = uuid7()
    await world.deliver(seller_registered(world.seller))
    orders = [hold(world.seller, world.warehouse) for _ in range(5)]
    model = Model()
    for action, what in steps:
        if isinstance(what, int):
            if action == "topup":
                await world.top_up(f"{what}.00")
                model.balance += what
            else:
                await world.limit(f"{what}.00")
                model.limit = Decimal(what)
            continue
        make = MAKERS.get(action, HoldFundsV1.model_copy)
        await world.deliver(*(make(orders[number]) for number in what))
        for number in what:
            model.apply(action, number)
        account = await world.account()
        assert Decimal(str(account["balance"])) == model.balance
        assert Decimal(str(account["held"])) == model.held
    assert set(await world.broken()) <= {"shipments_were_held"}


async def test_twenty_at_once_never_overdraw(world: World) -> None:
    await world.top_up("64.00")

    async def one() -> int:
        frame = [delivered(hold(world.seller, world.warehouse)) for _ in range(3)]
        async with world.runtime.transactions.begin() as uow:
            await world.runtime.consumers.by_type[frame[0].message_type].handler(frame, uow)
        return len(frame)

    await asyncio.gather(*(one() for _ in range(20)))
    said = await world.deliver.said()
    assert sum(isinstance(message, FundsHeldV1) for message in said) == 10
    assert sum(isinstance(message, FundsRefusedV1) for message in said) == 50
    assert await world.available() == 0
    assert await world.broken() == {}


async def test_approving_at_once_credits_once(world: World) -> None:
    asked = (await world.request_topup("20.00")).json()["id"]
    answers = await asyncio.gather(*(world.approve(asked) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {200}
    assert (await world.account())["balance"] == "20.00"
    assert await world.broken() == {}


class TestHoldFunds:
    async def test_decides_in_the_order_of_arrival(self, world: World) -> None:
        await world.top_up("13.00")
        await world.deliver.said()
        answers = await world.deliver(*(hold(world.seller, world.warehouse) for _ in range(3)))
        assert [type(answer) for answer in answers] == [FundsHeldV1, FundsHeldV1, FundsRefusedV1]

    async def test_a_second_command_for_the_same_submission_gets_the_same_hold(self, world: World) -> None:
        await world.top_up("13.00")
        await world.deliver.said()
        command = hold(world.seller, world.warehouse)
        (first,) = await world.deliver(command)
        (second,) = await world.deliver(command.model_copy())
        assert isinstance(first, FundsHeldV1)
        assert isinstance(second, FundsHeldV1)
        assert first.hold_id == second.hold_id
        assert (await world.account())["held"] == "6.40"

    async def test_a_released_submission_is_refused_for_good(self, world: World) -> None:
        await world.top_up("13.00")
        await world.deliver.said()
        command = hold(world.seller, world.warehouse)
        (released,) = await world.deliver(release(command))
        (refused,) = await world.deliver(command)
        assert isinstance(released, HoldReleasedV1)
        assert isinstance(refused, FundsRefusedV1)
        assert refused.code == "released"
        assert await world.broken() == {}

    @pytest.mark.parametrize(
        ("change", "code", "words"),
        [
            ({"seller_id": uuid7()}, "no_account", "not known to billing yet"),
            ({"warehouse_id": uuid7()}, "no_fee_schedule", "not known to billing yet"),
        ],
    )
    async def test_says_what_is_missing(self, world: World, change: dict[str, UUID], code: str, words: str) -> None:
        (refused,) = await world.deliver(hold(world.seller, world.warehouse, **change))
        assert isinstance(refused, FundsRefusedV1)
        assert (refused.code, words in refused.reason) == (code, True)

    async def test_says_when_no_schedule_applies_and_when_it_is_too_heavy(self, world: World) -> None:
        warehouse = uuid7()
        await world.deliver(warehouse_changed(warehouse))
        (none,) = await world.deliver(hold(world.seller, warehouse))
        await world.schedule(warehouse_id=str(warehouse), bands=[{"up_to_grams": 100, "amount": "1.00"}])
        (heavy,) = await world.deliver(hold(world.seller, warehouse))
        assert isinstance(none, FundsRefusedV1)
        assert isinstance(heavy, FundsRefusedV1)
        assert "no fee schedule of warehouse W-E" in none.reason
        assert "500 g is above the heaviest band" in heavy.reason

    async def test_opens_an_account_in_the_warehouse_s_currency(self, world: World) -> None:
        warehouse = uuid7()
        await world.deliver(warehouse_changed(warehouse, currency="JPY"))
        made = await world.schedule(
            warehouse_id=str(warehouse), per_order="500", per_further_unit="0", bands=[], name="Japan"
        )
        assert made.status_code == 201, made.text
        (refused,) = await world.deliver(hold(world.seller, warehouse))
        assert isinstance(refused, FundsRefusedV1)
        assert refused.reason == "needs 500 JPY, available 0 JPY: top up or raise the credit limit"
        assert (await world.account(currency="JPY"))["balance"] == "0"


class TestCapture:
    async def test_never_fails_for_lack_of_funds_and_new_holds_are_refused(self, world: World) -> None:
        await world.limit("6.40")
        await world.deliver.said()
        command = hold(world.seller, world.warehouse)
        await world.deliver(command)
        await world.limit("0.00")
        await world.deliver.said()
        (captured,) = await world.deliver(shipped(command))
        assert isinstance(captured, HoldCapturedV1)
        assert (await world.account())["available"] == "-6.40"
        (refused,) = await world.deliver(hold(world.seller, world.warehouse))
        assert isinstance(refused, FundsRefusedV1)

    async def test_a_command_is_told_again_what_was_captured(self, world: World) -> None:
        await world.top_up("10.00")
        command = hold(world.seller, world.warehouse)
        await world.deliver(command)
        (first,) = await world.deliver(shipped(command))
        (again,) = await world.deliver(capture(command))
        (too_late,) = await world.deliver(release(command))
        assert isinstance(first, HoldCapturedV1)
        assert first.model_dump() == again.model_dump() == too_late.model_dump()
        assert (await world.account())["balance"] == "3.60"

    async def test_a_released_hold_that_ships_is_charged_once_and_reported(self, world: World) -> None:
        await world.top_up("10.00")
        command = hold(world.seller, world.warehouse)
        await world.deliver(command)
        await world.deliver(canceled(command))
        assert (await world.account())["held"] == "0.00"
        await world.deliver(shipped(command))
        await world.deliver(shipped(command))
        assert (await world.account())["balance"] == "3.60"
        (anomaly,) = (await world.http.get("/api/v1/holds/anomalies", headers=finance())).json()["items"]
        assert (anomaly["kind"], anomaly["charged"], anomaly["open"]) == ("shipped_after_release", "6.40", True)
        assert await world.broken() == {"shipments_were_held": 1}

    async def test_a_shipment_before_its_hold_is_charged_when_it_can_be_priced(self, world: World) -> None:
        command = hold(world.seller, world.warehouse)
        assert await world.deliver(shipped(command)) == []
        assert await world.broken() == {"shipments_were_held": 1}
        said: list[Message] = await world.deliver(command)
        assert {type(message) for message in said} == {FundsHeldV1, HoldCapturedV1}
        assert (await world.account())["balance"] == "-6.40"
        assert await world.broken() == {}

    async def test_what_nobody_can_price_is_charged_by_hand_once(self, world: World) -> None:
        command = hold(world.seller, world.warehouse)
        await world.deliver(shipped(command))
        (anomaly,) = (await world.http.get("/api/v1/holds/anomalies", headers=finance())).json()["items"]
        url = f"/api/v1/holds/anomalies/{anomaly['id']}/close"
        body = {"note": "agreed by phone", "amount": "7.00"}
        first = await world.http.post(url, json=body, headers=finance() | key())
        again = await world.http.post(url, json=body, headers=finance() | key())
        assert (first.status_code, again.status_code) == (200, 200), first.text
        assert (first.json()["open"], first.json()["charged"]) == (False, "7.00")
        assert (await world.account())["balance"] == "-7.00"
        await world.deliver(command)
        assert (await world.account())["balance"] == "-7.00"
        assert await world.broken() == {}


class TestLedgerGuards:
    """The database refuses by itself."""

    async def test_an_entry_that_does_not_sum_to_zero(self, world: World) -> None:
        insert = text("INSERT INTO postings (account_id, entry_id, amount) VALUES (:account, :entry, 5)")
        with pytest.raises(DBAPIError, match="do not sum to 0"):
            async with world.runtime.transactions.engine.begin() as connection:
                await connection.execute(insert, {"account": uuid7(), "entry": uuid7()})

    @pytest.mark.parametrize("table", ["postings", "entries"])
    async def test_changing_what_is_posted(self, world: World, table: str) -> None:
        await world.top_up("5.00")
        with pytest.raises(DBAPIError, match="is never changed"):
            async with world.runtime.transactions.engine.begin() as connection:
                await connection.execute(text(f"DELETE FROM {table}"))
