"""Timers, copies, and moves that meet each other."""

import asyncio
from datetime import timedelta
from typing import Any

from common.db.unit_of_work import Transactions
from common.kernel.ids import derived_id
from common.testing.delivery import Deliverer, delivered
from contracts.fulfillment.v1 import FulfillmentShippedV1
from contracts.inventory.v1 import ReserveStockV1, StockReleasedV1, StockReservedV1
from orders.app import actions
from orders.app.actions import Asker
from orders.app.keep import erase_personal_data, resend_commands
from sqlalchemy import text

from .world import World, kinds


async def execute(transactions: Transactions[Any], statement: str, **values: Any) -> Any:
    async with transactions.engine.begin() as connection:
        result = await connection.execute(text(statement), values)
        return result.fetchall() if result.returns_rows else []


class TestResend:
    async def test_the_same_command_goes_again_with_growing_waits(
        self, world: World, transactions: Transactions[Any]
    ) -> None:
        await world.rule()
        (first,) = [m for m in await world.pull(world.order()) if isinstance(m, ReserveStockV1)]
        row = await world.row()
        assert first.envelope.id == derived_id("orders", row.id, "reserve_stock", 1)
        async with transactions.begin() as uow:
            assert await resend_commands(uow=uow) == 0
        waits = []
        for _ in range(3):
            await execute(transactions, "UPDATE orders SET next_check = now() - interval '1 second'")
            async with transactions.begin() as uow:
                await resend_commands(uow=uow)
                now = uow.now
            (again,) = await world.said()
            assert (again.envelope.id, again.model_dump()) == (first.envelope.id, first.model_dump())
            waits.append(((await world.row()).next_check - now).total_seconds())
        assert waits == [120, 240, 480]
        await world.check()

    async def test_stock_is_given_back_until_inventory_says_so(
        self, world: World, deliver: Deliverer, transactions: Transactions[Any]
    ) -> None:
        await world.rule()
        await world.pull(world.order())
        row = await world.row()
        async with transactions.begin() as uow:
            await actions.act([row.id], actions.cancel("wish"), uow=uow, asker=Asker("seller:1", world.seller_id))
        assert "release_stock" in kinds(await world.said())
        await execute(transactions, "UPDATE stock_releases SET next_check = now()")
        async with transactions.begin() as uow:
            assert await resend_commands(uow=uow) == 1
        (again,) = await world.said()
        assert again.envelope.id == derived_id("orders", row.id, "release_stock", 1)
        await deliver(StockReleasedV1(seller_id=world.seller_id, reference_id=row.id, attempt=1))
        assert await execute(transactions, "SELECT * FROM stock_releases") == []


async def test_personal_data_of_ended_orders_is_erased(world: World, transactions: Transactions[Any]) -> None:
    await world.pull(world.order("1"), world.order("2"))
    row = await world.row("1")
    async with transactions.begin() as uow:
        await actions.act([row.id], actions.cancel("wish"), uow=uow, asker=Asker("seller:1", None))
    async with transactions.begin() as uow:
        assert await erase_personal_data(uow=uow, after=timedelta(days=1)) == 0
    await execute(transactions, "UPDATE orders SET ended_at = now() - interval '2 days' WHERE ended_at IS NOT NULL")
    async with transactions.begin() as uow:
        assert await erase_personal_data(uow=uow, after=timedelta(days=1)) == 1
    found = await execute(transactions, "SELECT order_id, ship_to, buyer_name FROM order_details ORDER BY order_id")
    assert [(each.ship_to is None, each.buyer_name) for each in found] == [(True, ""), (False, "Ann Buyer")]
    await world.pull(world.order("1", version=9))
    assert (await execute(transactions, "SELECT ship_to FROM order_details ORDER BY order_id"))[0].ship_to is None
    async with transactions.begin() as uow:
        (result,) = await actions.act([row.id], actions.move_to_pending(), uow=uow, asker=Asker("seller:1", None))
    assert result.error is not None
    assert "erased" in result.error.message


async def test_counts_stay_right_when_they_are_summed_up(world: World, transactions: Transactions[Any]) -> None:
    await world.pull(*(world.order(str(number)) for number in range(5)))
    for _ in range(2):
        async with transactions.begin() as uow:
            await uow.orders.fold_counts()
        await world.check()
    assert await execute(transactions, "SELECT * FROM order_count_changes") == []


async def test_copies_keep_the_newest_version(world: World, transactions: Transactions[Any]) -> None:
    product = await world.product("C", version=3)
    await world.product("C", product_id=product, status="draft", version=2)
    found = await execute(transactions, "SELECT status, version FROM products WHERE sku = 'C'")
    assert [tuple(each) for each in found] == [("approved", 3)]


class TestMeetings:
    """Real transactions at the same moment: whoever comes second sees what the first has done."""

    async def test_cancel_and_the_reply_of_stock_never_both_win(
        self, world: World, transactions: Transactions[Any]
    ) -> None:
        await world.rule()
        await world.pull(*(world.order(str(number)) for number in range(12)))
        rows = [await world.row(str(number)) for number in range(12)]
        await world.said()
        ids = [row.id for row in rows]
        handler = world.runtime.consumers.by_type[StockReservedV1.message_type].handler

        async def cancel(chosen: list[Any]) -> None:
            async with transactions.begin() as uow:
                await actions.act(chosen, actions.cancel("wish"), uow=uow, asker=Asker("seller:1", world.seller_id))

        async def reserve(chosen: list[Any]) -> None:
            async with transactions.begin() as uow:
                await handler([delivered(world.reserved(row)) for row in chosen], uow)

        work = [
            (cancel([ids[n]]), reserve([rows[n]])) if n % 2 else (reserve([rows[n]]), cancel([ids[n]]))
            for n in range(12)
        ]
        await asyncio.gather(cancel(ids[:6]), reserve(rows[::-1]), *(each for pair in work for each in pair))
        said = kinds(await world.said())
        for row in [await world.row(str(number)) for number in range(12)]:
            assert row.status in {"canceled", "canceling"}
            assert (row.status == "canceling") == row.fulfillment_asked
        assert said.count("release_stock") + said.count("cancel_fulfillment") == 12
        assert said.count("create_fulfillment") == said.count("cancel_fulfillment")
        await world.check()

    async def test_an_order_that_ships_while_it_is_canceled_ships(
        self, world: World, deliver: Deliverer, transactions: Transactions[Any]
    ) -> None:
        await world.rule()
        await world.pull(world.order())
        row = await world.row()
        for message in (world.reserved(row), world.drafted(row), world.accepted(row)):
            await deliver(message)
        handler = world.runtime.consumers.by_type[FulfillmentShippedV1.message_type].handler

        async def ship() -> None:
            async with transactions.begin() as uow:
                await handler([delivered(world.shipped(row))], uow)

        async def cancel() -> None:
            async with transactions.begin() as uow:
                await actions.act([row.id], actions.cancel("wish"), uow=uow, asker=Asker("seller:1", None))

        await asyncio.gather(cancel(), ship(), cancel(), ship())
        assert (await world.row()).status == "shipped"
        assert kinds(await world.said()).count("upload_tracking") == 1
        await world.check()
