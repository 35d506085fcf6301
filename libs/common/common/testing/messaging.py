"""The messaging core at work in tests: a bare database, a topology of its own, a relay, workers that count effects."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import aio_pika
import asyncpg
from contracts.base import Message
from contracts.billing.v1 import FundsRefusedV1, HoldFundsV1
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from common.db.base import CREATE_MESSAGING_TABLES
from common.db.engine import async_url
from common.db.unit_of_work import Transactions, UnitOfWork
from common.kernel.ids import uuid7
from common.messaging.consumers import Consumers
from common.messaging.publisher import Publisher
from common.messaging.relay import Relay
from common.messaging.topology import Topology
from common.messaging.worker import Worker
from common.testing.postgres import database_url, server_url

POISON = "FO-13"
"""The number of a command whose handling always fails."""


@asynccontextmanager
async def bare_database() -> AsyncIterator[str]:
    """The URL of a database with the messaging tables and a table that counts effects."""
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


@asynccontextmanager
async def bare_transactions(url: str) -> AsyncIterator[Transactions[UnitOfWork]]:
    """Transactions on a database, without a service."""
    engine = create_async_engine(async_url(url), pool_size=8)
    try:
        yield Transactions(engine, lambda connection: UnitOfWork(connection, source="test"))
    finally:
        await engine.dispose()


@asynccontextmanager
async def own_topology(url: str, *only: type[Message]) -> AsyncIterator[Topology]:
    """A topology of its own on the broker, of all messages or of a few, removed afterwards."""
    topology = Topology(f"t-{uuid7().hex[-10:]}-", frozenset(only) or None)
    try:
        yield topology
    finally:
        await remove_topology(url, topology)


async def remove_topology(url: str, topology: Topology) -> None:
    """Delete the exchanges and queues of a topology."""
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        for queue, _ in topology.subscriptions():
            await channel.queue_delete(queue)
            await channel.queue_delete(topology.dead_queue(queue))
        await channel.exchange_delete(topology.exchange)
        await channel.exchange_delete(topology.dead_exchange)


async def consumer_count(url: str, queue: str) -> int:
    """How many consumers the broker counts on a queue."""
    connection = await aio_pika.connect(url, timeout=5)
    async with connection:
        channel = await connection.channel()
        found = await channel.declare_queue(queue, passive=True)
        return found.declaration_result.consumer_count or 0


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


def recording() -> Consumers:
    """Consumers of billing that count the effect of each command and answer it."""
    consumers = Consumers("billing")

    async def on_hold_funds(commands: Sequence[HoldFundsV1], uow: UnitOfWork) -> None:
        await record(uow, [command.fulfillment_id for command in commands])
        for command in commands:
            if command.number == POISON:
                raise ValueError("thirteen is poison")
            refused = FundsRefusedV1(
                seller_id=command.seller_id,
                fulfillment_id=command.fulfillment_id,
                submission=1,
                code="no_account",
                reason="",
            )
            uow.outbox.add(refused, cause=command)

    consumers.add(HoldFundsV1, on_hold_funds)
    return consumers


async def send(transactions: Transactions[UnitOfWork], commands: Sequence[HoldFundsV1]) -> None:
    """Say commands in one transaction."""
    async with transactions.begin() as uow:
        for command in commands:
            uow.outbox.add(command)


async def record(uow: UnitOfWork, keys: Sequence[UUID]) -> None:
    """Count one more effect for each key."""
    await uow.connection.execute(
        text(
            "INSERT INTO effects (key) SELECT unnest(CAST(:keys AS uuid[])) "
            "ON CONFLICT (key) DO UPDATE SET times = effects.times + 1"
        ),
        {"keys": list(keys)},
    )


async def effects(transactions: Transactions[UnitOfWork]) -> dict[UUID, int]:
    """How often each key took effect."""
    async with transactions.engine.connect() as connection:
        rows = await connection.execute(text("SELECT key, times FROM effects"))
        return {row.key: row.times for row in rows}


@dataclass
class Running:
    """A relay and a worker at work."""

    worker: Worker
    relay: Relay
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def stop(self) -> None:
        """End them as a shutdown does."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.worker.close()


Start = Callable[[Consumers], Running]


@asynccontextmanager
async def starter(transactions: Transactions[UnitOfWork], publisher: Publisher, *, url: str) -> AsyncIterator[Start]:
    """A function that starts a relay and a worker with the given consumers, stopped at the end."""
    async with AsyncExitStack() as stack:

        def start(consumers: Consumers) -> Running:
            worker = Worker(
                url, consumers, transactions=transactions, publisher=publisher, prefetch=20, batch_events=200
            )
            relay = Relay(transactions.engine, publisher, linger_seconds=0.01)
            transactions.wake(messages=relay.wake)
            running = Running(worker, relay)
            running.tasks = [asyncio.create_task(worker.run()), asyncio.create_task(relay.run())]
            stack.push_async_callback(running.stop)
            return running

        yield start
