"""The broker is out of reach for longer than any timeout, in the two ways that close no connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from common.db.unit_of_work import Transactions, UnitOfWork
from common.messaging.publisher import Publisher
from common.testing.messaging import (
    Running,
    bare_database,
    bare_transactions,
    consumer_count,
    effects,
    hold_funds,
    own_topology,
    recording,
    send,
    starter,
)
from common.testing.plugin import broker_url
from common.testing.proxy import TCPProxy
from common.testing.waiting import eventually
from contracts.billing.v1 import HoldFundsV1
from localhost.run import new_run
from localhost.servers import servers

PARTITION_SECONDS = 40
FREEZE_SECONDS = 45
HEAL_SECONDS = 10


@dataclass
class Setup:
    """A worker and a relay at work, with their database and the queue that they watch."""

    running: Running
    transactions: Transactions[UnitOfWork]
    queue: str
    broker: str

    async def consuming(self) -> bool:
        return self.running.worker.connected and await consumer_count(self.broker, self.queue) > 0

    async def done(self) -> int:
        counts = await effects(self.transactions)
        assert set(counts.values()) <= {1}
        return len(counts)


@asynccontextmanager
async def at_work(broker: str, *, through: str) -> AsyncIterator[Setup]:
    async with (
        bare_database() as database,
        bare_transactions(database) as transactions,
        own_topology(broker, HoldFundsV1) as topology,
    ):
        publisher = Publisher(through, topology)
        async with starter(transactions, publisher, url=through) as start:
            queue = f"{topology.prefix}billing.billing.hold_funds.v1"
            setup = Setup(start(recording()), transactions, queue, broker)
            await eventually(lambda: setup.running.worker.connected)
            yield setup
        await publisher.close()


@pytest.mark.timeout(240)
async def test_consumers_are_back_soon_after_a_black_hole() -> None:
    broker = broker_url()
    async with TCPProxy.before(broker) as proxy, at_work(broker, through=proxy.url(broker)) as setup:
        proxy.black_hole = True
        await send(setup.transactions, [hold_funds(number + 100) for number in range(30)])
        await asyncio.sleep(PARTITION_SECONDS)  # The length of the partition is what is tried.
        assert not setup.running.worker.connected
        assert await setup.done() == 0
        proxy.black_hole = False
        await eventually(setup.consuming, HEAL_SECONDS)

        async def all_done() -> bool:
            return await setup.done() == 30

        await eventually(all_done, 30)


@pytest.mark.timeout(240)
async def test_consumers_are_back_soon_after_the_broker_was_frozen() -> None:
    async with (
        servers(new_run("frozen"), private_broker=True) as ours,
        at_work(ours.rabbitmq_url, through=ours.rabbitmq_url) as setup,
    ):
        await ours.freeze_broker()
        await send(setup.transactions, [hold_funds(number + 100) for number in range(30)])
        await asyncio.sleep(FREEZE_SECONDS)  # The length of the freeze is what is tried.
        assert await setup.done() == 0
        await ours.thaw_broker()
        await eventually(setup.consuming, HEAL_SECONDS)

        async def all_done() -> bool:
            return await setup.done() == 30

        await eventually(all_done, 30)
