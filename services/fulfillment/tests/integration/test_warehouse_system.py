import asyncio
from typing import Any
from uuid import UUID

import pytest
from common.testing.delivery import delivered
from contracts.billing.v1 import ReleaseHoldV1
from contracts.common_parts import ParcelV1
from contracts.fulfillment.v1 import (
    CancelRefusedV1,
    CreateFulfillmentV1,
    FulfillmentAcceptedV1,
    FulfillmentCanceledV1,
    FulfillmentExceptionV1,
    FulfillmentShippedV1,
)
from fulfillment.app.saving import CANCEL, POLL, SUBMIT

from .fake_wms import FakeWms, order
from .world import World, admin, of, one

SHIPPED = [{"package_number": "", "tracking_number": "HC1", "carrier": "House Carrier", "weight_grams": 420}]


@pytest.fixture(autouse=True)
async def connection(world: World) -> None:
    await world.connect("http://wms.test/base")


async def reference(world: World, fulfillment_id: UUID) -> str:
    shown = await world.show(fulfillment_id)
    return f"{shown['number']}-{shown['submission']}"


async def received(world: World) -> tuple[CreateFulfillmentV1, UUID, str]:
    """A submission that the warehouse has taken in and not decided."""
    command, fulfillment_id = await world.at_wms()
    await world.run_jobs(SUBMIT)
    await world.deliver.said()
    return command, fulfillment_id, await reference(world, fulfillment_id)


class TestSubmission:
    async def test_the_body_is_that_of_the_protocol(self, world: World, wms: FakeWms) -> None:
        key = f"{world.seller}/labels/a.pdf"
        await world.runtime.root.documents.put(key, b"%PDF-label")  # type: ignore[attr-defined]
        parcel = ParcelV1(tracking_number="T1", carrier="Post", label_key=key, label_format="pdf")
        command, fulfillment_id = await world.at_wms(parcels=(parcel,))
        await world.run_jobs(SUBMIT)
        ours = await reference(world, fulfillment_id)
        body = wms.bodies[ours]
        assert body["parcels"] == [
            {
                "package_number": "",
                "tracking_number": "T1",
                "carrier": "Post",
                "label_format": "pdf",
                "label_base64": "JVBERi1sYWJlbA==",
            }
        ]
        assert (body["reference"], body["seller"], body["warehouse"]) == (ours, "S0", "W-W")
        assert body["order_number"] == command.platform_order_number
        assert (body["ship_to"]["line1"], body["ship_by"]) == ("1 Main St", None)
        assert body["lines"] == [{"sku": "A-1", "quantity": 2, "title": "Mug"}]
        assert set(body) == {
            "reference", "order_number", "seller", "warehouse", "channel", "ship_by", "ship_to", "lines", "parcels",
        }  # fmt: skip
        assert await world.state(fulfillment_id) == "submitting"

    async def test_an_acceptance_in_the_answer_counts(self, world: World, wms: FakeWms) -> None:
        wms.decision = "accepted"
        _, fulfillment_id = await world.at_wms()
        await world.run_jobs(SUBMIT)
        assert one(await world.deliver.said(), FulfillmentAcceptedV1).warehouse_reference == "X-77"
        assert await world.state(fulfillment_id) == "warehouse_processing"
        assert await world.broken() == {}

    async def test_a_refusal_is_final_and_keeps_the_hold(self, world: World, wms: FakeWms) -> None:
        """Scenario 12."""
        wms.decision, wms.reason = "refused", "SKU blocked"
        _, fulfillment_id = await world.at_wms()
        await world.run_jobs(SUBMIT)
        said = await world.deliver.said()
        assert one(said, FulfillmentExceptionV1).reason == "SKU blocked"
        assert of(said, ReleaseHoldV1) == []
        wms.decision = "accepted"
        moved = await world.post(f"/fulfillments/{fulfillment_id}/move-to-draft")
        assert moved.status_code == 200, moved.text
        await world.deliver(world.held(await world.submitted(fulfillment_id)))
        await world.run_jobs(SUBMIT)
        assert [ref[-2:] for _, ref in wms.calls] == ["-1", "-2"]
        assert await world.state(fulfillment_id) == "warehouse_processing"

    @pytest.mark.parametrize("fault", ["timeout", "cut", "cut_after", 500, 503])
    async def test_an_unknown_outcome_is_looked_up_before_it_is_tried_again(
        self, world: World, wms: FakeWms, fault: str | int
    ) -> None:
        wms.decision = "accepted"
        wms.faults.append(fault)
        await world.at_wms()
        await world.run_jobs(SUBMIT)
        methods = [method for method, _ in wms.calls]
        assert methods == (["PUT", "GET"] if fault == "cut_after" else ["PUT", "GET", "PUT"])
        assert len(of(await world.deliver.said(), FulfillmentAcceptedV1)) == 1
        assert len({call for call, (method, _) in zip(wms.ids, wms.calls, strict=True) if method == "PUT"}) == 1

    async def test_a_call_that_never_left_is_only_tried_again(self, world: World, wms: FakeWms) -> None:
        wms.decision = "accepted"
        wms.faults.extend(["refused_connect", 429, 429, 429, 429])
        await world.at_wms()
        await world.run_jobs(SUBMIT)
        assert {method for method, _ in wms.calls} == {"PUT"}
        assert len(of(await world.deliver.said(), FulfillmentAcceptedV1)) == 1

    async def test_silence_that_the_warehouse_confirms_can_be_redone(self, world: World, wms: FakeWms) -> None:
        wms.faults.extend([500, None, 500, None, 500])
        _, fulfillment_id = await world.at_wms()
        await world.run_jobs(SUBMIT)
        raised = one(await world.deliver.said(), FulfillmentExceptionV1)
        assert "never answered" in raised.reason
        assert (await world.show(fulfillment_id))["submission_state"] == "never_received"
        assert (await world.post(f"/fulfillments/{fulfillment_id}/move-to-draft")).status_code == 200

    async def test_silence_that_nothing_explains_stays_open_and_moves_forward_later(
        self, world: World, wms: FakeWms
    ) -> None:
        wms.faults.extend(["timeout"] * 6)
        _, fulfillment_id = await world.at_wms()
        await world.run_jobs(SUBMIT)
        assert len(of(await world.deliver.said(), FulfillmentExceptionV1)) == 1
        moved = await world.post(f"/fulfillments/{fulfillment_id}/move-to-draft")
        assert (moved.status_code, moved.json()["code"]) == (409, "outcome_unknown")
        answer = await world.callback("accepted", await reference(world, fulfillment_id))
        assert answer.status_code == 200, answer.text
        assert len(of(await world.deliver.said(), FulfillmentAcceptedV1)) == 1
        assert await world.state(fulfillment_id) == "warehouse_processing"

    async def test_an_interrupted_call_is_looked_up(self, world: World, wms: FakeWms) -> None:
        _, fulfillment_id = await world.at_wms()
        ours = await reference(world, fulfillment_id)
        wms.orders[ours] = order(ours, "accepted")
        await world.sql("UPDATE jobs SET leased = true, lease_id = id, next_at = now() - interval '1 second'")
        await world.run_jobs(SUBMIT)
        assert [method for method, _ in wms.calls] == ["GET"]
        assert await world.state(fulfillment_id) == "warehouse_processing"

    async def test_a_missing_secret_is_said(self, world: World, wms: FakeWms) -> None:
        await world.sql("DELETE FROM warehouse_connections")
        world.runtime.root.connections._cache.clear()  # type: ignore[attr-defined]
        await world.at_wms()
        await world.run_jobs(SUBMIT)
        assert "secret" in one(await world.deliver.said(), FulfillmentExceptionV1).reason


class TestCallbacks:
    async def test_accepted_and_shipped_twice_and_in_any_order_count_once(self, world: World, wms: FakeWms) -> None:
        _, fulfillment_id, ours = await received(world)
        for kind, parcels in [("shipped", SHIPPED), ("accepted", []), ("shipped", SHIPPED)]:
            assert (await world.callback(kind, ours, parcels=parcels)).status_code == 200
        said = await world.deliver.said()
        assert len(of(said, FulfillmentAcceptedV1)) == 1
        assert one(said, FulfillmentShippedV1).parcels[0].tracking_number == "HC1"
        assert await world.state(fulfillment_id) == "shipped"
        assert await world.broken() == {}

    async def test_many_at_once_are_taken_in_together(self, world: World, wms: FakeWms) -> None:
        references = [(await received(world))[2] for _ in range(5)]
        answers = await asyncio.gather(*[world.callback("accepted", ours) for ours in references * 3])
        assert {answer.status_code for answer in answers} == {200}
        assert len(of(await world.deliver.said(), FulfillmentAcceptedV1)) == 5

    async def test_a_wrong_signature_changes_nothing(self, world: World, wms: FakeWms) -> None:
        _, fulfillment_id, ours = await received(world)
        answer = await world.callback("accepted", ours, secret="whsec_" + "eA==" * 8)
        assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature")
        unsigned = await world.http.post(f"/api/v1/hooks/wms/{world.wms}", content=b"{}")
        assert unsigned.status_code == 401
        assert await world.state(fulfillment_id) == "submitting"

    @pytest.mark.parametrize(
        ("kind", "fields", "field"),
        [
            ("accepted", {"extra": 1}, "extra"),
            ("delivered", {}, "type"),
            ("shipped", {}, "parcels"),
            ("refused", {}, "reason"),
            ("accepted", {"occurred_at": "yesterday"}, "occurred_at"),
            ("accepted", {"reference": "FO-1-1"}, "reference"),
        ],
    )
    async def test_a_body_of_another_form_is_refused_by_its_field(
        self, world: World, wms: FakeWms, kind: str, fields: dict[str, Any], field: str
    ) -> None:
        answer = await world.callback(kind, **({"reference": "FO-000000001-1"} | fields))
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["field"] == field

    async def test_nobody_speaks_for_another_warehouse(self, world: World, wms: FakeWms) -> None:
        _, fulfillment_id = await world.at_desk()
        answer = await world.callback("shipped", await reference(world, fulfillment_id), parcels=SHIPPED)
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_reference")
        assert await world.state(fulfillment_id) == "warehouse_processing"
        desk = await world.http.post(f"/api/v1/hooks/wms/{world.desk}", content=b"{}")
        assert desk.status_code == 404

    async def test_a_lost_callback_is_asked_for(self, world: World, wms: FakeWms) -> None:
        _, fulfillment_id, ours = await received(world)
        wms.orders[ours] |= {"status": "shipped", "parcels": SHIPPED, "shipped_at": "2026-05-01T10:00:00Z"}
        await world.sql("UPDATE fulfillments SET check_at = now() - interval '1 second'")
        await world.tick("check_overdue")
        await world.run_jobs(POLL)
        assert len(of(await world.deliver.said(), FulfillmentShippedV1)) == 1
        assert await world.state(fulfillment_id) == "shipped"

    async def test_an_acceptance_of_what_was_given_up_is_stopped_there(self, world: World, wms: FakeWms) -> None:
        command, fulfillment_id = await world.at_wms()
        ours = await reference(world, fulfillment_id)
        await world.deliver(world.cancel(command))
        assert await world.state(fulfillment_id) == "canceled"
        wms.orders[ours] = order(ours, "accepted")
        await world.callback("accepted", ours)
        await world.run_jobs(CANCEL)
        assert wms.orders[ours]["status"] == "canceled"
        assert await world.state(fulfillment_id) == "canceled"


class TestCancel:
    async def test_before_the_warehouse_was_called_it_is_ours_to_cancel(self, world: World, wms: FakeWms) -> None:
        command, _ = await world.at_wms()
        said = await world.deliver(world.cancel(command))
        assert one(said, FulfillmentCanceledV1).submission == 1
        await world.run_jobs(SUBMIT)
        assert wms.calls == []
        assert await world.broken() == {}

    async def test_the_warehouse_agrees(self, world: World, wms: FakeWms) -> None:
        command, fulfillment_id, _ = await received(world)
        assert await world.deliver(world.cancel(command)) == []
        assert await world.state(fulfillment_id) == "canceling"
        await world.run_jobs(CANCEL)
        assert len(of(await world.deliver.said(), FulfillmentCanceledV1)) == 1
        assert await world.state(fulfillment_id) == "canceled"

    async def test_the_warehouse_refuses_and_the_acceptance_is_said_first(self, world: World, wms: FakeWms) -> None:
        command, fulfillment_id, _ = await received(world)
        wms.on_cancel = "refuse"
        await world.deliver(world.cancel(command))
        await world.run_jobs(CANCEL)
        said = await world.deliver.said()
        assert [type(message) for message in said] == [FulfillmentAcceptedV1, CancelRefusedV1]
        assert one(said, CancelRefusedV1).reason == "it is packed"
        assert await world.state(fulfillment_id) == "warehouse_processing"

    async def test_no_answer_waits_longer_each_time_and_the_late_word_counts_once(
        self, world: World, wms: FakeWms
    ) -> None:
        """Scenario 10."""
        command, fulfillment_id, ours = await received(world)
        wms.faults.extend(["timeout"] * 3)
        await world.deliver(world.cancel(command))
        await world.run_jobs(CANCEL, rounds=3)
        assert len(wms.calls) == 1 + 3
        (job,) = await world.sql("SELECT attempts, next_at - updated_at AS wait FROM jobs WHERE kind = :k", k=CANCEL)
        assert (job.attempts, job.wait.total_seconds()) == (3, 300)
        shown = await world.show(fulfillment_id)
        edit = await world.http.patch(
            f"/api/v1/fulfillments/{fulfillment_id}",
            json={"ship_to": {"line1": "x", "country": "US"}},
            headers=admin() | {"If-Match": str(shown["version"])},
        )
        assert (shown["status"], edit.status_code, edit.json()["code"]) == ("canceling", 409, "not_a_draft")
        for _ in range(2):
            assert (await world.callback("canceled", ours)).status_code == 200
        assert len(of(await world.deliver.said(), FulfillmentCanceledV1)) == 1
        await world.run_jobs(CANCEL)
        assert await world.deliver.said() == []

    async def test_a_pending_cancellation_is_waited_for(self, world: World, wms: FakeWms) -> None:
        command, fulfillment_id, ours = await received(world)
        wms.on_cancel = "cancel_pending"
        await world.deliver(world.cancel(command))
        await world.run_jobs(CANCEL, rounds=2)
        assert await world.state(fulfillment_id) == "canceling"
        await world.callback("cancel_refused", ours, reason="too late")
        assert one(await world.deliver.said(), CancelRefusedV1).reason == "too late"
        assert await world.state(fulfillment_id) == "warehouse_processing"

    async def test_shipped_wins_over_a_cancellation(self, world: World, wms: FakeWms) -> None:
        command, fulfillment_id, ours = await received(world)
        await world.deliver(world.cancel(command))
        await world.callback("shipped", ours, parcels=SHIPPED)
        said = await world.deliver.said()
        kinds = {type(message) for message in said}
        assert {CancelRefusedV1, FulfillmentShippedV1} <= kinds
        assert await world.state(fulfillment_id) == "shipped"
        again = one(await world.deliver(world.cancel(command)), CancelRefusedV1)
        assert "shipped already" in again.reason

    async def test_a_submission_under_way_is_waited_for_and_then_stopped(self, world: World, wms: FakeWms) -> None:
        command, fulfillment_id = await world.at_wms()
        wms.faults.append("cut_after")
        await world.run_jobs(SUBMIT, rounds=1)
        await world.deliver(world.cancel(command))
        assert await world.state(fulfillment_id) == "canceling"
        await world.run_jobs(SUBMIT, CANCEL)
        assert await world.state(fulfillment_id) == "canceled"
        assert [method for method, _ in wms.calls] == ["PUT", "POST cancel"]
        assert await world.broken() == {}

    async def test_at_the_desk_it_is_agreed_at_once(self, world: World) -> None:
        command, fulfillment_id = await world.at_desk()
        canceled = one(await world.deliver(world.cancel(command)), FulfillmentCanceledV1)
        assert (canceled.submission, canceled.fulfillment_id) == (1, fulfillment_id)
        ship = await world.post(f"/fulfillments/{fulfillment_id}/ship", {})
        assert (ship.status_code, ship.json()["remedy"]) == (409, "It was canceled: put the goods back.")

    async def test_shipping_and_canceling_at_the_same_instant_has_one_winner(self, world: World) -> None:
        for _ in range(5):
            command, fulfillment_id = await world.at_desk()
            _, ship = await asyncio.gather(
                world.deliver._once([delivered(world.cancel(command))]),
                world.post(f"/fulfillments/{fulfillment_id}/ship", {}),
            )
            said = await world.deliver.said()
            state = await world.state(fulfillment_id)
            shipped, canceled = of(said, FulfillmentShippedV1), of(said, FulfillmentCanceledV1)
            assert (len(shipped), len(canceled)) == ((1, 0) if state == "shipped" else (0, 1))
            assert (ship.status_code == 200) == (state == "shipped")
        assert await world.broken() == {}
