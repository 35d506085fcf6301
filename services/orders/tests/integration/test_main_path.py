"""From a page of the platform to tracking, at the boundary of the service; every message comes twice."""

from collections.abc import Sequence

from common.testing.delivery import Deliverer
from contracts.base import Message
from contracts.common_parts import ParcelV1
from contracts.fulfillment.v1 import CreateFulfillmentV1
from contracts.inventory.v1 import ReleaseStockV1, ReserveStockV1
from contracts.sync.v1 import (
    FetchLabelV1,
    LabelFailedV1,
    LabelFetchedV1,
    OrderLineV1,
    TrackingUploadedV1,
    TrackingUploadFailedV1,
    UploadTrackingV1,
)
from orders.adapters.address_book import LibraryAddressBook
from orders.app import actions
from orders.app.actions import Asker

from .world import World, kinds


def only(messages: Sequence[Message], kind: type[Message]) -> Message:
    found = [message for message in messages if isinstance(message, kind)]
    assert len(found) == 1, kinds(messages)
    return found[0]


class TestOwnLabel:
    async def test_goes_from_the_pull_to_the_tracking(self, world: World, deliver: Deliverer) -> None:
        await world.map("P", [("A-1", 3)])
        await world.rule(countries=("US",))
        said = await world.pull(world.order())
        assert kinds(said) == ["order_imported", "reserve_stock"]
        reserve = only(said, ReserveStockV1)
        assert isinstance(reserve, ReserveStockV1)
        assert [(line.line_id, line.sku, line.quantity) for line in reserve.lines] == [("1-1", "A-1", 3)]
        row = await world.row()
        assert (row.status, row.step, row.attempt) == ("pending", "reserve_stock", 1)

        said = await deliver(world.reserved(row))
        assert kinds(said) == ["order_status_changed", "create_fulfillment"]
        create = only(said, CreateFulfillmentV1)
        assert isinstance(create, CreateFulfillmentV1)
        assert create.ship_to.postal_code == "02108"
        assert [(line.line_id, line.sku, line.quantity) for line in create.lines] == [("1-1", "A-1", 3)]
        assert (await world.row()).status == "processing"

        assert await deliver(world.drafted(row)) == []
        linked = await world.row()
        assert (linked.fulfillment_number, linked.step, linked.next_check) == ("FO-1", "", None)
        assert kinds(await deliver(world.accepted(row))) == ["order_status_changed"]
        assert (await world.row()).status == "warehouse_processing"

        said = await deliver(world.shipped(row))
        assert kinds(said) == ["order_status_changed", "upload_tracking"]
        upload = only(said, UploadTrackingV1)
        assert isinstance(upload, UploadTrackingV1)
        assert (upload.attempt, upload.parcels[0].tracking_number) == (1, "T1")
        assert (await world.row()).tracking_upload == "waiting"
        await deliver(TrackingUploadedV1(seller_id=world.seller_id, order_id=row.id, attempt=1, tries=1))
        done = await world.row()
        assert (done.status, done.tracking_upload, done.step) == ("shipped", "uploaded", "")
        moves = [entry.to_status for entry in await world.timeline() if entry.to_status]
        assert moves == ["processing", "warehouse_processing", "shipped"]
        await world.check()

    async def test_needs_of_a_sku_are_summed_for_stock_and_kept_per_line_for_fulfillment(
        self, world: World, deliver: Deliverer
    ) -> None:
        await world.map("P", [("A-1", 2), ("B-1", 1)])
        await world.map("Q", [("A-1", 1)])
        await world.rule()
        lines = (
            OrderLineV1(platform_line_id="l1", platform_sku="P", quantity=2),
            OrderLineV1(platform_line_id="l2", platform_sku="Q", quantity=1),
        )
        reserve = only(await world.pull(world.order(lines=lines)), ReserveStockV1)
        assert isinstance(reserve, ReserveStockV1)
        assert [(line.line_id, line.sku, line.quantity) for line in reserve.lines] == [
            ("l1", "A-1", 5),
            ("l1", "B-1", 2),
        ]
        create = only(await deliver(world.reserved(await world.row())), CreateFulfillmentV1)
        assert isinstance(create, CreateFulfillmentV1)
        assert [(line.line_id, line.sku, line.quantity) for line in create.lines] == [
            ("l1", "A-1", 4),
            ("l1", "B-1", 2),
            ("l2", "A-1", 1),
        ]


class TestPlatformLabel:
    """Scenario 11."""

    async def test_waits_for_a_late_label(self, world: World, deliver: Deliverer) -> None:
        await world.rule(channel_id=world.platform_label)
        await world.pull(world.order(platform_label=True))
        row = await world.row()
        said = await deliver(world.reserved(row))
        assert kinds(said) == ["order_status_changed", "fetch_label"]
        fetch = only(said, FetchLabelV1)
        assert isinstance(fetch, FetchLabelV1)
        assert (fetch.platform_order_id, fetch.weight_grams) == ("1", 500)
        for tries in (1, 2):
            await deliver(self.not_ready(world, row.id, tries))
            waiting = await world.row()
            assert (waiting.status, waiting.label_tries, waiting.label_reason) == ("awaiting_label", tries, "not ready")
        parcel = ParcelV1(package_number="PK", tracking_number="T", label_key="k", label_format="pdf")
        said = await deliver(LabelFetchedV1(seller_id=world.seller_id, order_id=row.id, attempt=1, parcels=(parcel,)))
        create = only(said, CreateFulfillmentV1)
        assert isinstance(create, CreateFulfillmentV1)
        assert create.parcels == (parcel,)
        after = await world.row()
        assert (after.status, after.label_tries) == ("processing", 3)
        await deliver(world.drafted(row))
        await deliver(world.accepted(row))
        said = await deliver(world.shipped(row, upload_tracking=False))
        assert kinds(said) == ["order_status_changed"]
        assert (await world.row()).tracking_upload == "not_required"
        reasons = [entry.reason for entry in await world.timeline() if entry.event == "label_not_ready"]
        assert reasons == ["try 1: not ready", "try 2: not ready"]
        await world.check()

    async def test_a_final_refusal_is_an_exception_that_can_be_canceled_and_begun_anew(
        self, world: World, deliver: Deliverer
    ) -> None:
        await world.rule(channel_id=world.platform_label)
        await world.pull(world.order(platform_label=True))
        row = await world.row()
        await deliver(world.reserved(row))
        await deliver(self.not_ready(world, row.id, 1, final=True, reason="order closed at platform"))
        failed = await world.row()
        assert (failed.status, failed.exception_reason) == ("exception", "order closed at platform")
        assert failed.stock_asked
        asker = Asker("seller:1", world.seller_id)
        async with world.runtime.transactions.begin() as uow:
            await actions.act([row.id], actions.cancel("wish"), uow=uow, asker=asker)
            await actions.act([row.id], actions.move_to_pending(), uow=uow, asker=asker)
        released = only(await world.said(), ReleaseStockV1)
        assert isinstance(released, ReleaseStockV1)
        assert released.attempt == 1
        async with world.runtime.transactions.begin() as uow:
            warehouse_id, channel_id = world.warehouse_id, world.own_label
            await actions.assign([row.id], uow=uow, asker=asker, warehouse_id=warehouse_id, channel_id=channel_id)
            await actions.review_by_hand([row.id], uow=uow, book=LibraryAddressBook(), asker=asker)
        reserve = only(await world.said(), ReserveStockV1)
        assert isinstance(reserve, ReserveStockV1)
        assert reserve.attempt == 2
        assert await deliver(world.reserved(row, attempt=1)) == []
        assert "create_fulfillment" in kinds(await deliver(world.reserved(row, attempt=2)))
        await world.check()

    @staticmethod
    def not_ready(
        world: World, order_id: object, tries: int, *, final: bool = False, reason: str = "not ready"
    ) -> LabelFailedV1:
        return LabelFailedV1.model_validate(
            {
                "seller_id": world.seller_id,
                "order_id": order_id,
                "attempt": 1,
                "final": final,
                "tries": tries,
                "code": "label",
                "reason": reason,
            }
        )


class TestTracking:
    """Scenario 13, at this service's boundary."""

    async def test_fails_twice_and_goes_up_at_the_third_try(self, world: World, deliver: Deliverer) -> None:
        await world.rule()
        await world.pull(world.order())
        row = await world.row()
        for message in (world.reserved(row), world.drafted(row), world.accepted(row), world.shipped(row)):
            await deliver(message)
        await deliver(*(self.failed(world, row.id, tries) for tries in (2, 1)))
        shown = await world.row()
        assert (shown.tracking_upload, shown.tracking_tries, shown.tracking_reason) == ("uploading", 2, "500")
        await deliver(TrackingUploadedV1(seller_id=world.seller_id, order_id=row.id, attempt=1, tries=3))
        shown = await world.row()
        assert (shown.tracking_upload, shown.tracking_tries, shown.tracking_reason) == ("uploaded", 3, "")
        await world.check()

    @staticmethod
    def failed(world: World, order_id: object, tries: int) -> TrackingUploadFailedV1:
        return TrackingUploadFailedV1.model_validate(
            {
                "seller_id": world.seller_id,
                "order_id": order_id,
                "attempt": 1,
                "final": False,
                "tries": tries,
                "code": "http",
                "reason": "500",
            }
        )
