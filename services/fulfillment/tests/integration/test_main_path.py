import pytest
from contracts.billing.v1 import HoldFundsV1, ReleaseHoldV1
from contracts.fulfillment.v1 import (
    FulfillmentAcceptedV1,
    FulfillmentCanceledV1,
    FulfillmentDraftedV1,
    FulfillmentExceptionV1,
    FulfillmentShippedV1,
)
from fulfillment.app.drafting import ChannelNotKnown

from .world import World, admin, desk_staff, key, of, one, seller_header


async def test_an_order_goes_from_draft_to_shipped_at_the_desk(world: World) -> None:
    command = world.create(await world.channel())
    drafted = one(await world.deliver(command), FulfillmentDraftedV1)
    assert (drafted.order_id, drafted.attempt, drafted.number) == (command.order_id, 1, "FO-000000001")
    fulfillment_id = drafted.fulfillment_id
    assert await world.state(fulfillment_id) == "draft/pending_submit"

    hold = await world.submitted(fulfillment_id)
    assert (hold.units, hold.parcels, hold.weight_grams, hold.submission) == (2, 1, 1000, 1)
    assert (hold.country, hold.postal_code) == ("US", "01501")
    assert await world.state(fulfillment_id) == "submitting"

    accepted = one(await world.deliver(world.held(hold)), FulfillmentAcceptedV1)
    assert accepted.warehouse_reference == drafted.number
    assert await world.state(fulfillment_id) == "warehouse_processing"

    answer = await world.post("/fulfillments/ship", {"items": [{"ref": drafted.number}]}, headers=desk_staff())
    assert answer.json()["ok"] == 1, answer.text
    shipped = one(await world.deliver.said(), FulfillmentShippedV1)
    assert shipped.parcels[0].tracking_number == command.parcels[0].tracking_number
    assert (shipped.submission, shipped.upload_tracking) == (1, False)
    shown = await world.show(fulfillment_id)
    assert (shown["status"], shown["submissions"][0]["hold_amount"]) == ("shipped", "6.40")
    assert await world.broken() == {}


async def test_a_frame_is_drafted_together_and_each_command_once(world: World) -> None:
    channel = await world.channel()
    await world.switch(0)
    commands = [world.create(channel) for _ in range(50)]
    said = await world.deliver(*commands, commands[0])
    assert len({drafted.number for drafted in of(said, FulfillmentDraftedV1)}) == 50
    holds = of(said, HoldFundsV1)
    assert len({hold.envelope.id for hold in holds}) == 50
    accepted = await world.deliver(*[world.held(hold) for hold in holds])
    assert len(of(accepted, FulfillmentAcceptedV1)) == 50
    assert await world.broken() == {}


async def test_another_command_for_the_same_attempt_is_answered_with_the_same_order(world: World) -> None:
    command = world.create(await world.channel())
    first = one(await world.deliver(command), FulfillmentDraftedV1)
    again = one(await world.deliver(command), FulfillmentDraftedV1)
    assert (again.fulfillment_id, again.number) == (first.fulfillment_id, first.number)


async def test_a_cancellation_that_comes_first_leaves_a_tombstone(world: World) -> None:
    command = world.create(await world.channel())
    canceled = one(await world.deliver(world.cancel(command)), FulfillmentCanceledV1)
    assert (canceled.fulfillment_id, canceled.submission) == (None, 0)
    said = await world.deliver(command)
    assert of(said, FulfillmentDraftedV1) == []
    assert one(said, FulfillmentCanceledV1).reason == "the buyer changed his mind"
    assert await world.sql("SELECT 1 FROM fulfillments") == []


async def test_refused_funds_put_it_back_with_both_amounts(world: World) -> None:
    fulfillment_id = await world.drafted(world.create(await world.channel()))
    hold = await world.submitted(fulfillment_id)
    await world.deliver(world.refused(hold))
    shown = await world.show(fulfillment_id)
    assert (shown["status"], shown["draft_status"]) == ("draft", "pending_submit")
    assert shown["reason_code"] == "insufficient_funds"
    assert "6.40 USD" in shown["reason"]
    assert "5.00 USD" in shown["reason"]
    again = await world.submitted(fulfillment_id)
    assert again.submission == 2
    # An answer to the first submission, come late, is not taken for one to the second.
    assert await world.deliver(world.held(hold)) == []
    assert await world.state(fulfillment_id) == "submitting"


async def test_no_answer_of_billing_repeats_the_same_command(world: World) -> None:
    fulfillment_id = await world.drafted(world.create(await world.channel()))
    hold = await world.submitted(fulfillment_id)
    assert await world.tick("check_overdue") == []
    await world.sql("UPDATE fulfillments SET check_at = now() - interval '1 second'")
    again = one(await world.tick("check_overdue"), HoldFundsV1)
    assert (again.envelope.id, again.model_dump()) == (hold.envelope.id, hold.model_dump())
    assert await world.tick("check_overdue") == []


class TestAutoSubmit:
    async def test_without_delay_it_is_submitted_in_the_moment_of_drafting(self, world: World) -> None:
        await world.switch(0)
        said = await world.deliver(world.create(await world.channel()))
        assert one(said, HoldFundsV1).fulfillment_id == one(said, FulfillmentDraftedV1).fulfillment_id

    async def test_with_a_delay_it_waits_and_a_cancellation_stops_it(self, world: World) -> None:
        """Scenario 9: the platform cancels between review and submission."""
        await world.switch(60)
        channel = await world.channel()
        stays, goes = world.create(channel), world.create(channel)
        for command in (stays, goes):
            await world.drafted(command)
        assert await world.tick("submit_due") == []
        canceled = one(await world.deliver(world.cancel(goes)), FulfillmentCanceledV1)
        assert canceled.submission == 0
        await world.sql("UPDATE fulfillments SET submit_at = now() WHERE submit_at IS NOT NULL")
        assert one(await world.tick("submit_due"), HoldFundsV1).order_id == stays.order_id
        assert await world.tick("submit_due") == []

    async def test_an_unknown_weight_is_waited_for(self, world: World) -> None:
        await world.switch(0)
        line = world.create(await world.channel()).lines[0].model_copy(update={"sku": "NEW"})
        fulfillment_id = await world.drafted(world.create(await world.channel(), lines=(line,)))
        shown = await world.show(fulfillment_id)
        assert (shown["reason_code"], shown["submission"]) == ("weight_unknown", 0)
        await world.deliver(world.product("NEW", 250))
        await world.sql("UPDATE fulfillments SET submit_at = now() WHERE submit_at IS NOT NULL")
        assert one(await world.tick("submit_due"), HoldFundsV1).weight_grams == 500

    async def test_it_is_off_unless_switched_on(self, world: World) -> None:
        said = await world.deliver(world.create(await world.channel()))
        assert of(said, HoldFundsV1) == []


class TestDesk:
    async def test_a_batch_ships_what_it_can_and_says_why_not(self, world: World) -> None:
        ready = [await world.at_desk() for _ in range(3)]
        draft = await world.drafted(world.create(await world.channel()))
        items = [{"ref": str(fulfillment_id)} for _, fulfillment_id in ready]
        items += [{"ref": str(draft)}, {"ref": "FO-999999999"}]
        answer = (await world.post("/fulfillments/ship", {"items": items}, headers=desk_staff())).json()
        assert (answer["ok"], answer["failed"]) == (3, 2)
        assert [row["code"] for row in answer["results"]] == ["", "", "", "illegal_transition", "not_found"]
        assert len(of(await world.deliver.said(), FulfillmentShippedV1)) == 3
        again = (await world.post("/fulfillments/ship", {"items": items[:3]}, headers=desk_staff())).json()
        assert again["ok"] == 3
        assert await world.deliver.said() == []

    async def test_the_same_request_again_gets_the_same_answer(self, world: World) -> None:
        _, fulfillment_id = await world.at_desk()
        headers = desk_staff() | key()
        path = f"/api/v1/fulfillments/{fulfillment_id}/ship"
        body = {"parcels": [{"tracking_number": "OWN-1", "carrier": "Courier", "weight_grams": 900}]}
        first = await world.http.post(path, json=body, headers=headers)
        again = await world.http.post(path, json=body, headers=headers)
        assert (first.status_code, first.json()) == (again.status_code, again.json())
        shipped = one(await world.deliver.said(), FulfillmentShippedV1)
        assert (shipped.parcels[0].tracking_number, shipped.parcels[0].weight_grams) == ("OWN-1", 900)

    async def test_a_channel_that_uploads_tracking_needs_a_number(self, world: World) -> None:
        channel = await world.channel("own_label", label_required=False)
        fulfillment_id = await world.drafted(world.create(channel, parcels=()))
        await world.deliver(world.held(await world.submitted(fulfillment_id)))
        path = f"/fulfillments/{fulfillment_id}/ship"
        none = await world.post(path, {}, headers=desk_staff())
        assert (none.status_code, none.json()["code"]) == (422, "parcels_missing")
        unnamed = await world.post(path, {"parcels": [{"carrier": "Post"}]}, headers=desk_staff())
        assert (unnamed.status_code, unnamed.json()["code"]) == (422, "tracking_missing")
        named = await world.post(
            path, {"parcels": [{"tracking_number": "Z1", "carrier": "Post"}]}, headers=desk_staff()
        )
        assert named.status_code == 200, named.text
        assert one(await world.deliver.said(), FulfillmentShippedV1).upload_tracking

    async def test_a_refusal_is_an_exception_that_can_be_redone(self, world: World) -> None:
        """Scenario 12, at the desk."""
        command, fulfillment_id = await world.at_desk()
        refusal = await world.post(
            f"/fulfillments/{fulfillment_id}/refuse", {"reason": "SKU blocked"}, headers=desk_staff()
        )
        assert refusal.status_code == 200, refusal.text
        raised = one(await world.deliver.said(), FulfillmentExceptionV1)
        assert (raised.reason, raised.submission) == ("SKU blocked", 1)
        seller = seller_header(world.seller)
        params = {"platform_order_number": command.platform_order_number, "status": "exception"}
        found = (await world.http.get("/api/v1/fulfillments", params=params, headers=seller)).json()["items"]
        assert [row["id"] for row in found] == [str(fulfillment_id)]

        moved = await world.post(f"/fulfillments/{fulfillment_id}/move-to-draft", headers=seller)
        assert moved.json()["draft_status"] == "pending_submit", moved.text
        release = one(await world.deliver.said(), ReleaseHoldV1)
        assert (release.fulfillment_id, release.submission) == (fulfillment_id, 1)
        edited = await world.http.patch(
            f"/api/v1/fulfillments/{fulfillment_id}",
            json={"ship_to": {"name": "B", "line1": "2 New St", "city": "Reno", "country": "US"}},
            headers=seller | {"If-Match": f'"{moved.json()["version"]}"'},
        )
        assert edited.json()["ship_to"]["line1"] == "2 New St", edited.text
        hold = await world.submitted(fulfillment_id)
        assert (hold.submission, hold.number) == (2, raised.number)
        accepted = await world.deliver(world.held(hold))
        assert one(accepted, FulfillmentAcceptedV1).number == raised.number
        assert await world.broken() == {}


async def test_the_life_is_told_in_order(world: World) -> None:
    _, fulfillment_id = await world.at_desk()
    answer = await world.http.get(f"/api/v1/fulfillments/{fulfillment_id}/timeline", headers=admin())
    steps = [(step["from_stage"], step["to_stage"]) for step in answer.json()["items"]]
    assert steps == [
        ("", "draft/pending_submit"),
        ("draft/pending_submit", "submitting"),
        ("submitting", "warehouse_processing"),
    ]


async def test_an_unknown_channel_parks_the_command(world: World) -> None:
    channel = await world.channel("platform_label", world.wms)
    with pytest.raises(ChannelNotKnown, match="no such channel"):
        await world.deliver(world.create(channel, world.desk))
