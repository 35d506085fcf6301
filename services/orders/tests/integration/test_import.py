"""Import: once, the newer version wins, and what the platform changes or cancels reaches the order."""

import asyncio
from typing import Any

from common.db.unit_of_work import Transactions
from common.testing.delivery import Deliverer, delivered
from contracts.fulfillment.v1 import CancelFulfillmentV1, FulfillmentCanceledV1
from contracts.inventory.v1 import ReleaseStockV1, ShortageV1, StockRefusedV1
from contracts.sync.v1 import OrderLineV1, OrdersPulledV1, PlatformStatusV1
from sqlalchemy import text

from .world import ADDRESS, World, kinds


class TestOnce:
    async def test_the_same_order_from_several_pages_is_imported_once(self, world: World, deliver: Deliverer) -> None:
        await world.rule()
        said = await deliver(
            world.page(world.order("1"), world.order("2")), world.page(world.order("1", version=2, number="#new"))
        )
        assert kinds(said).count("order_imported") == 2
        assert kinds(said).count("reserve_stock") == 2
        assert (await world.row("1")).number == "#new"
        assert await world.pull(world.order("1", version=2), world.order("2")) == []
        await world.check()

    async def test_simultaneous_imports_make_one_order(self, world: World, transactions: Transactions[Any]) -> None:
        await world.rule()
        consumer = world.runtime.consumers.by_type[OrdersPulledV1.message_type]
        orders = [world.order(str(number)) for number in range(20)]

        async def pull(page: list[Any]) -> None:
            async with transactions.begin() as uow:
                await consumer.handler([delivered(world.page(*page))], uow)

        await asyncio.gather(*(pull(orders if turn % 2 else orders[::-1]) for turn in range(4)))
        said = kinds(await world.said())
        assert said.count("order_imported") == 20
        assert said.count("reserve_stock") == 20
        await world.check()

    async def test_only_paid_orders_with_something_to_ship_come_in(self, world: World) -> None:
        skipped = ("unpaid", "cancelled", "shipped", "delivered", "returned")
        await world.pull(*(world.order(status, status=PlatformStatusV1(status)) for status in skipped))
        assert [await world.row(status) for status in skipped] == [None] * len(skipped)
        await world.pull(world.order("unpaid", version=2))
        assert (await world.row("unpaid")).status == "pending"

    async def test_an_unknown_status_and_a_platform_hold_stop_the_automatic_review(self, world: World) -> None:
        await world.rule()
        said = await world.pull(
            world.order("1", status=PlatformStatusV1.ON_HOLD, hold_reasons=("fraud check",)),
            world.order("2", status=PlatformStatusV1.UNKNOWN, raw_status="WEIRD"),
        )
        assert "reserve_stock" not in kinds(said)
        assert (await world.row("1")).holds == [{"source": "platform", "reason": "fraud check"}]
        assert "WEIRD" in (await world.row("2")).holds[0]["reason"]
        assert "reserve_stock" in kinds(await world.pull(world.order("1", version=2)))
        await world.check()


class TestChanges:
    async def test_an_older_version_is_dropped(self, world: World) -> None:
        await world.pull(world.order(version=5))
        await world.pull(world.order(version=4, status=PlatformStatusV1.CANCELLED))
        row = await world.row()
        assert (row.status, row.platform_version) == ("pending", 5)

    async def test_a_pending_order_takes_over_its_new_address_and_is_routed_again(self, world: World) -> None:
        await world.rule(countries=("DE",), channel_id=world.platform_label, auto_review=False)
        await world.rule(countries=("US",), auto_review=False)
        await world.pull(world.order())
        assert (await world.row()).channel_id == world.own_label
        moved = ADDRESS.model_copy(update={"country": "DE", "postal_code": "1067"})
        await world.pull(world.order(version=2, ship_to=moved))
        assert (await world.row()).channel_id == world.platform_label
        await world.check()

    async def test_a_review_under_way_begins_again_when_the_lines_change(self, world: World) -> None:
        await world.rule()
        await world.pull(world.order())
        line = OrderLineV1(platform_line_id="1-1", platform_sku="P", quantity=2, title="Pen")
        said = await world.pull(world.order(version=2, lines=(line,)))
        assert sorted(kinds(said)) == ["release_stock", "reserve_stock"]
        row = await world.row()
        assert (row.attempt, row.step) == (2, "reserve_stock")
        await world.check()

    async def test_a_change_after_the_review_is_an_exception_and_stops_the_fulfilment_order(
        self, world: World, deliver: Deliverer
    ) -> None:
        await world.rule()
        await world.pull(world.order())
        row = await world.row()
        await deliver(world.reserved(row))
        said = await world.pull(world.order(version=2, ship_to=ADDRESS.model_copy(update={"line1": "2 Main St"})))
        assert kinds(said) == ["order_status_changed", "cancel_fulfillment"]
        changed = await world.row()
        assert changed.status == "exception"
        assert "address changed" in changed.exception_reason
        await deliver(canceled(world, row.id))
        assert (await world.row()).status == "exception"
        await world.check()

    async def test_a_masked_address_is_no_change(self, world: World, deliver: Deliverer) -> None:
        await world.rule()
        await world.pull(world.order())
        await deliver(world.reserved(await world.row()))
        masked = ADDRESS.model_copy(update={"name": "A**", "line1": "***"})
        await world.pull(world.order(version=2, ship_to=masked))
        assert (await world.row()).status == "processing"

    async def test_shipped_elsewhere_is_an_exception(self, world: World) -> None:
        await world.pull(world.order())
        await world.pull(world.order(version=2, status=PlatformStatusV1.SHIPPED))
        row = await world.row()
        assert (row.status, row.platform_status) == ("exception", "shipped")
        await world.check()


def canceled(world: World, order_id: Any, attempt: int = 1) -> FulfillmentCanceledV1:
    return FulfillmentCanceledV1(
        seller_id=world.seller_id,
        fulfillment_id=None,
        order_id=order_id,
        attempt=attempt,
        submission=0,
        reason="canceled by the order",
    )


class TestPlatformCancels:
    async def test_before_the_fulfilment_order_it_is_undone_at_once(self, world: World) -> None:
        await world.rule()
        await world.pull(world.order())
        said = await world.pull(world.order(version=2, status=PlatformStatusV1.CANCELLED))
        assert kinds(said) == ["release_stock", "order_status_changed"]
        row = await world.row()
        assert (row.status, row.platform_canceled) == ("canceled", True)
        await world.check()

    async def test_scenario_9_with_a_fulfilment_order_it_goes_through_fulfillment(
        self, world: World, deliver: Deliverer
    ) -> None:
        await world.rule()
        await world.pull(world.order())
        row = await world.row()
        await deliver(world.reserved(row))
        await deliver(world.drafted(row))
        said = await world.pull(world.order(version=2, status=PlatformStatusV1.CANCELLED))
        assert kinds(said) == ["order_status_changed", "cancel_fulfillment"]
        assert (await world.row()).status == "canceling"
        await deliver(canceled(world, row.id))
        done = await world.row()
        assert (done.status, done.stock_asked) == ("canceled", False)
        last = (await world.timeline())[-1]
        assert (last.actor, last.to_status) == ("warehouse", "canceled")
        assert await world.pull(world.order(version=3, status=PlatformStatusV1.CANCELLED)) == []
        await world.check()

    async def test_a_canceled_attempt_leaves_late_replies_without_effect(
        self, world: World, deliver: Deliverer
    ) -> None:
        await world.rule()
        await world.pull(world.order())
        row = await world.row()
        said = await world.pull(world.order(version=2, status=PlatformStatusV1.CANCELLED))
        assert [m.attempt for m in said if isinstance(m, ReleaseStockV1)] == [1]
        assert await deliver(world.reserved(row)) == []
        assert (await world.row()).status == "canceled"


class TestRefusals:
    async def test_scenario_2_mapping_3_stock_2(self, world: World, deliver: Deliverer) -> None:
        await world.map("P", [("A-1", 3)])
        await world.rule()
        await world.pull(world.order())
        row = await world.row()
        refused = StockRefusedV1(
            seller_id=world.seller_id,
            reference_id=row.id,
            attempt=1,
            warehouse_id=world.warehouse_id,
            code="insufficient_stock",
            shortages=(ShortageV1(sku="A-1", need=3, have=2),),
        )
        assert await deliver(refused) == []
        shown = await world.row()
        assert (shown.status, shown.stock_asked) == ("pending", False)
        (error,) = shown.review_errors
        assert "A-1 need 3, have 2, W-E" in error["message"]
        assert (error["factor"], error["line"], error["warehouse"]) == (3, "1-1", "W-E")
        await world.check()

    async def test_scenario_3_a_bundle_names_what_is_short_and_asks_nobody_else(
        self, world: World, deliver: Deliverer, transactions: Transactions[Any]
    ) -> None:
        await world.map("P", [("A-1", 2), ("B-1", 1)])
        await world.rule()
        line = OrderLineV1(platform_line_id="l", platform_sku="P", quantity=2)
        await world.pull(world.order(lines=(line,)))
        row = await world.row()
        refused = StockRefusedV1(
            seller_id=world.seller_id,
            reference_id=row.id,
            attempt=1,
            warehouse_id=world.warehouse_id,
            code="insufficient_stock",
            shortages=(ShortageV1(sku="B-1", need=2, have=1),),
        )
        said = await deliver(refused)
        assert not any(isinstance(message, CancelFulfillmentV1) for message in said)
        assert [error["sku"] for error in (await world.row()).review_errors] == ["B-1"]
        async with transactions.engine.connect() as connection:
            found = (await connection.execute(text("SELECT code, sku FROM order_review_errors"))).all()
        assert [tuple(row) for row in found] == [("insufficient_stock", "B-1")]
