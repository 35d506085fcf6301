"""The relay against a raw confirmed publish, in one run: the same events, the same broker, taking turns."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any
from uuid import UUID

import aio_pika
import asyncpg
from aio_pika import DeliveryMode, Message
from common.db.base import CREATE_MESSAGING_TABLES
from common.db.engine import async_url
from common.db.unit_of_work import Transactions, UnitOfWork
from common.kernel.ids import uuid7
from common.messaging.envelope import pack
from common.messaging.publisher import Publisher
from common.messaging.relay import FRAME_EVENTS, Relay
from common.messaging.topology import Topology
from common.testing.plugin import broker_url
from common.testing.postgres import database_url, server_url
from contracts.inventory.v1 import StockReservedV1
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

EVENTS = 20_000
ROUNDS = 3
IN_FLIGHT = 500


def event() -> StockReservedV1:
    """An event of the size that most have."""
    return StockReservedV1(seller_id=UUID(int=1), reference_id=uuid7(), attempt=1, warehouse_id=UUID(int=2))


async def measure() -> dict[str, float]:
    """Events a second through the relay and raw (one event a message, and in the relay's own frames), best of three."""
    topology = Topology(f"bench-{uuid7().hex[-8:]}-", frozenset({StockReservedV1}))
    name = f"orderdock_bench_{uuid7().hex[-12:]}"
    admin = await asyncpg.connect(server_url())
    await admin.execute(f'CREATE DATABASE "{name}"')
    publisher = Publisher(broker_url(), topology)
    engine = create_async_engine(async_url(database_url(name)), pool_size=4)
    try:
        async with engine.begin() as connection:
            for statement in CREATE_MESSAGING_TABLES:
                await connection.execute(text(statement))
        transactions = Transactions(engine, lambda connection: UnitOfWork(connection, source="bench"))
        await publisher.connect()
        bodies = await _fill(transactions, keep=False)
        best: dict[str, float] = {"relay": 0, "raw_single": 0, "raw_frames": 0}
        for _ in range(ROUNDS):
            await _purge(topology)
            await _fill(transactions, keep=True)
            relay = Relay(engine, publisher, linger_seconds=0)
            best["relay"] = max(best["relay"], await _rate(partial(_carry_all, relay)))
            await _purge(topology)
            best["raw_single"] = max(best["raw_single"], await _rate(lambda: _publish_raw(publisher, bodies)))
            await _purge(topology)
            best["raw_frames"] = max(best["raw_frames"], await _rate(lambda: _publish_frames(publisher, bodies)))
        best["relay_to_raw_percent"] = 100 * best["relay"] / best["raw_single"]
        best["relay_to_raw_frames_percent"] = 100 * best["relay"] / best["raw_frames"]
        return best
    finally:
        await _remove(topology)
        await publisher.close()
        await engine.dispose()
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await admin.close()


async def _rate(work: Callable[[], Coroutine[Any, Any, None]]) -> float:
    before = time.perf_counter()
    await work()
    return EVENTS / (time.perf_counter() - before)


async def _fill(transactions: Transactions[UnitOfWork], *, keep: bool) -> list[str]:
    for _ in range(EVENTS // 1000):
        async with transactions.begin() as uow:
            for _ in range(1000):
                uow.outbox.add(event())
    async with transactions.engine.begin() as connection:
        bodies = list((await connection.execute(text("SELECT body FROM outbox ORDER BY position"))).scalars())
        if not keep:
            await connection.execute(text("TRUNCATE outbox"))
    return bodies


async def _carry_all(relay: Relay) -> None:
    while await relay.carry():
        pass


async def _publish_raw(publisher: Publisher, bodies: list[str]) -> None:
    await _publish_all(publisher, [body.encode() for body in bodies])


async def _publish_frames(publisher: Publisher, bodies: list[str]) -> None:
    await _publish_all(publisher, [pack(bodies[i : i + FRAME_EVENTS]) for i in range(0, len(bodies), FRAME_EVENTS)])


async def _publish_all(publisher: Publisher, payloads: list[bytes]) -> None:
    channel = await publisher.connect()
    exchange = await channel.get_exchange(publisher.topology.exchange, ensure=False)
    slots = asyncio.Semaphore(IN_FLIGHT)

    async def one(payload: bytes) -> None:
        async with slots:
            message = Message(payload, delivery_mode=DeliveryMode.PERSISTENT)
            await exchange.publish(message, "inventory.stock_reserved.v1", mandatory=True)

    await asyncio.gather(*(one(payload) for payload in payloads))


async def _purge(topology: Topology) -> None:
    connection = await aio_pika.connect(broker_url())
    async with connection:
        channel = await connection.channel()
        queue = await channel.get_queue(f"{topology.prefix}orders.inventory.stock_reserved.v1", ensure=False)
        await queue.purge()


async def _remove(topology: Topology) -> None:
    connection = await aio_pika.connect(broker_url())
    async with connection:
        channel = await connection.channel()
        for queue, _ in topology.subscriptions():
            await channel.queue_delete(queue)
            await channel.queue_delete(topology.dead_queue(queue))
        await channel.exchange_delete(topology.exchange)
        await channel.exchange_delete(topology.dead_exchange)
