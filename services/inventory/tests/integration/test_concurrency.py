"""Many at once, each through a transaction of its own, as workers do it."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from common.kernel.ids import uuid7
from common.messaging.envelope import encode, pack
from common.messaging.runner import QueueRunner
from common.testing.delivery import delivered, take_outbox
from contracts.base import Message
from contracts.inventory.v1 import ShortageV1, StockRefusedV1, StockReleasedV1, StockReservedV1

from .harness import Harness, of_type


async def at_once(harness: Harness, frames: Sequence[Sequence[Message]]) -> list[Message]:
    """Hand every frame to a worker of its own, all at the same moment; returns what was said."""
    parked: list[str] = []

    async def park(queue: str, body: bytes, headers: dict[str, str | int]) -> None:
        parked.append(str(headers))

    async def work(frame: Sequence[Message]) -> None:
        kind = frame[0].message_type
        runner = QueueRunner(
            kind,
            harness.runtime.consumers.by_type[kind],
            transactions=harness.runtime.transactions,
            park=park,
            batch_events=200,
        )
        messages = [delivered(message) for message in frame]
        await runner.take(pack([encode(message, message.envelope) for message in messages]))
        await runner.close()

    await take_outbox(harness.runtime.transactions)
    await asyncio.gather(*(work(frame) for frame in frames))
    assert parked == []
    return await take_outbox(harness.runtime.transactions)


class TestRace:
    async def test_two_orders_for_the_last_unit_fifty_times(self, harness: Harness) -> None:
        warehouse = await harness.warehouse()
        skus = [f"A-{number}" for number in range(50)]
        await harness.approved(*skus)
        await harness.receive(warehouse, **{sku.replace("-", "_"): 1 for sku in skus})
        for sku in skus:
            said = await at_once(harness, [[harness.reserve(warehouse, (sku, 1))] for _ in range(2)])
            assert len(of_type(said, StockReservedV1)) == 1
            (refused,) = of_type(said, StockRefusedV1)
            assert refused.shortages == (ShortageV1(sku=sku, need=1, have=0),)
            assert await harness.stock(sku) == (1, 1)
        rows = await harness.rows("SELECT state, count(*) FROM reservations GROUP BY state ORDER BY state")
        assert [tuple(row) for row in rows] == [("held", 50), ("refused", 50)]
        assert await harness.broken() == {}

    async def test_twenty_tasks_for_ten_units(self, harness: Harness) -> None:
        warehouse = await harness.stocked(A=10)
        said = await at_once(harness, [[harness.reserve(warehouse, ("A", 1))] for _ in range(20)])
        assert Counter(type(m) for m in said if not m.message_type.endswith("stock_changed.v1")) == {
            StockReservedV1: 10,
            StockRefusedV1: 10,
        }
        assert await harness.stock("A") == (10, 10)
        assert await harness.broken() == {}

    async def test_overlapping_skus_in_any_order_never_deadlock(self, harness: Harness) -> None:
        skus = [f"S{number}" for number in range(8)]
        warehouse = await harness.stocked(**dict.fromkeys(skus, 40))
        before = await harness.rows("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        shuffled = random.Random(4)
        frames = [
            [
                harness.reserve(warehouse, *((sku, 1) for sku in shuffled.sample(skus, shuffled.randint(2, 8))))
                for _ in range(5)
            ]
            for _ in range(20)
        ]
        said = await at_once(harness, frames)
        reserved = {message.reference_id for message in of_type(said, StockReservedV1)}
        assert len(reserved) + len(of_type(said, StockRefusedV1)) == 100
        assert await harness.broken() == {}
        ends: list[list[Message]] = []
        for number, order in enumerate(shuffled.sample(sorted(reserved), len(reserved))):
            ends.append([harness.shipped(order) if number % 2 else harness.release(order)])
        more = [[harness.reserve(warehouse, *((sku, 1) for sku in shuffled.sample(skus, 4)))] for _ in range(10)]
        await at_once(harness, [*ends, *more])
        assert await harness.broken() == {}
        after = await harness.rows("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        assert before == after


class TestSameAttempt:
    async def test_two_commands_with_different_ids_reserve_once(self, harness: Harness) -> None:
        warehouse = await harness.stocked(A=10)
        for _ in range(10):
            command = harness.reserve(warehouse, ("A", 1))
            said = await at_once(harness, [[command] for _ in range(4)])
            assert len(of_type(said, StockReservedV1)) == 4
        assert await harness.stock("A") == (10, 10)
        assert await harness.broken() == {}

    async def test_reserve_and_release_at_the_same_moment_leave_nothing_held(self, harness: Harness) -> None:
        warehouse = await harness.stocked(A=50)
        orders: list[UUID] = [uuid7() for _ in range(20)]
        frames: list[list[Message]] = [[harness.reserve(warehouse, ("A", 1), order_id=order)] for order in orders]
        frames += [[harness.release(order)] for order in reversed(orders)]
        frames += [[harness.canceled(order)] for order in orders]
        said = await at_once(harness, frames)
        assert len(of_type(said, StockReleasedV1)) == 40
        assert await harness.stock("A") == (50, 0)
        assert await harness.broken() == {}
