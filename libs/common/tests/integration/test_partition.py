"""The network between us and the broker swallows everything for longer than any timeout."""

import asyncio
import time
from collections.abc import AsyncIterator

import aio_pika
import pytest
from common.db.unit_of_work import Transactions
from common.messaging.publisher import Publisher
from common.messaging.topology import Topology
from common.testing.plugin import broker_url
from common.testing.proxy import TCPProxy

from ..conftest import BareUow, Start, effects, eventually, hold_funds
from .test_delivery import recording

PARTITION_SECONDS = 40
HEAL_SECONDS = 10


@pytest.fixture
async def proxy() -> AsyncIterator[TCPProxy]:
    async with TCPProxy.before(broker_url()) as proxy:
        yield proxy


@pytest.fixture
async def publisher(proxy: TCPProxy, topology: Topology) -> AsyncIterator[Publisher]:
    """A publisher on the far side of the proxy."""
    publisher = Publisher(proxy.url(broker_url()), topology)
    yield publisher
    await publisher.close()


async def consumer_count(queue: str) -> int:
    connection = await aio_pika.connect(broker_url())
    async with connection:
        channel = await connection.channel()
        found = await channel.declare_queue(queue, passive=True)
        return found.declaration_result.consumer_count or 0


async def test_consumers_are_back_soon_after_a_black_hole(
    transactions: Transactions[BareUow], start: Start, proxy: TCPProxy, topology: Topology
) -> None:
    running = start(recording(), url=proxy.url(broker_url()))
    queue = next(name for name, message in topology.subscriptions() if message.message_type == "billing.hold_funds.v1")
    await eventually(lambda: running.worker.connected)
    proxy.black_hole = True
    commands = [hold_funds(number + 100) for number in range(30)]
    async with transactions.begin() as uow:
        for command in commands:
            uow.outbox.add(command)
    await asyncio.sleep(PARTITION_SECONDS)  # The length of the partition is what is tested.
    assert not running.worker.connected
    proxy.black_hole = False
    healed = time.monotonic()

    async def consuming() -> bool:
        return running.worker.connected and await consumer_count(queue) > 0

    await eventually(consuming, HEAL_SECONDS)

    async def all_done() -> bool:
        return len(await effects(transactions)) == 30

    await eventually(all_done, 30)
    assert set((await effects(transactions)).values()) == {1}
    assert time.monotonic() - healed < HEAL_SECONDS + 30
