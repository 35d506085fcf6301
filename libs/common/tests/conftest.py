import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from uuid import UUID

import aio_pika
import asyncpg
import pytest
from common.db.base import CREATE_MESSAGING_TABLES
from common.db.engine import async_url
from common.db.unit_of_work import Transactions, UnitOfWork
from common.kernel.ids import uuid7
from common.messaging.consumers import Consumers
from common.messaging.publisher import Publisher
from common.messaging.relay import Relay
from common.messaging.topology import Topology
from common.messaging.worker import Worker
from common.testing.plugin import broker_url
from common.testing.postgres import database_url, server_url
from contracts.billing.v1 import HoldFundsV1
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine


class BareUow(UnitOfWork):
    pass


@pytest.fixture
async def database() -> AsyncIterator[str]:
    """A database with the messaging tables and one of effects."""
    name = f"orderdock_test_common_{uuid7().hex[-12:]}"
    admin = await asyncpg.connect(server_url())
    await admin.execute(f'CREATE DATABASE "{name}"')
    url = database_url(name)
    connection = await asyncpg.connect(url)
    for statement in CREATE_MESSAGING_TABLES:
        await connection.execute(statement)
    await connection.execute("CREATE TABLE effects (key uuid PRIMARY KEY, times integer NOT NULL DEFAULT 1)")
    await connection.close()
    try:
        yield url
    finally:
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await admin.close()


@pytest.fixture
async def transactions(database: str) -> AsyncIterator[Transactions[BareUow]]:
    engine = create_async_engine(async_url(database), pool_size=8)
    yield Transactions(engine, lambda connection: BareUow(connection, source="test"))
    await engine.dispose()


@pytest.fixture
async def topology() -> AsyncIterator[Topology]:
    """A topology of its own on the broker, removed afterwards."""
    topology = Topology(f"t-{uuid7().hex[-10:]}-")
    yield topology
    connection = await aio_pika.connect(broker_url())
    async with connection:
        channel = await connection.channel()
        for queue, _ in topology.subscriptions():
            await channel.queue_delete(queue)
            await channel.queue_delete(topology.dead_queue(queue))
        await channel.exchange_delete(topology.exchange)
        await channel.exchange_delete(topology.dead_exchange)


@pytest.fixture
async def publisher(topology: Topology) -> AsyncIterator[Publisher]:
    publisher = Publisher(broker_url(), topology)
    yield publisher
    await publisher.close()


def hold_funds(number: int = 0) -> HoldFundsV1:
    """A command to have something to send."""
    return HoldFundsV1(
        seller_id=UUID(int=1),
        fulfillment_id=uuid7(),
        submission=1,
        order_id=UUID(int=2),
        number=f"FO-{number}",
        warehouse_id=UUID(int=3),
        channel_id=UUID(int=4),
        units=number,
        parcels=1,
        weight_grams=100,
        country="US",
        postal_code="89501",
    )


async def record(uow: UnitOfWork, keys: list[UUID]) -> None:
    """Count one more effect for each key."""
    await uow.connection.execute(
        text(
            "INSERT INTO effects (key) SELECT unnest(CAST(:keys AS uuid[])) "
            "ON CONFLICT (key) DO UPDATE SET times = effects.times + 1"
        ),
        {"keys": keys},
    )


async def effects(transactions: Transactions[BareUow]) -> dict[UUID, int]:
    """How often each key took effect."""
    async with transactions.engine.connect() as connection:
        rows = await connection.execute(text("SELECT key, times FROM effects"))
        return {row.key: row.times for row in rows}


async def eventually(condition: Callable[[], object], seconds: float = 20) -> None:
    """Wait until `condition()`, awaited where it must be, is true."""
    async with asyncio.timeout(seconds):
        while True:
            value = condition()
            if asyncio.iscoroutine(value):
                value = await value
            if value:
                return
            await asyncio.sleep(0.02)


@dataclass
class Running:
    """A relay and workers at work; `stop` ends them as a shutdown does."""

    worker: Worker
    relay: Relay
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.worker.close()


Start = Callable[..., Running]


@pytest.fixture
async def start(transactions: Transactions[BareUow], publisher: Publisher) -> AsyncIterator[Start]:
    """Start a relay and a worker with the given consumers."""
    async with AsyncExitStack() as stack:

        def run(consumers: Consumers, *, url: str = "", batch_events: int = 200) -> Running:
            worker = Worker(
                url or broker_url(),
                consumers,
                transactions=transactions,
                publisher=publisher,
                prefetch=20,
                batch_events=batch_events,
            )
            relay = Relay(transactions.engine, publisher, linger_seconds=0.01)
            transactions.wake(messages=relay.wake)
            running = Running(worker, relay)
            running.tasks = [asyncio.create_task(worker.run()), asyncio.create_task(relay.run())]
            stack.push_async_callback(running.stop)
            return running

        yield run
