"""Reservations in frames against a bare guarded UPDATE for each line, in one run on one database."""

import time
from typing import Any
from uuid import UUID

from common.db.engine import async_url
from common.db.unit_of_work import Transactions
from common.kernel.ids import uuid7
from common.messaging import inbox
from common.testing.delivery import delivered
from common.testing.postgres import TemplateDatabase
from contracts.base import Message
from contracts.inventory.v1 import ReserveLineV1, ReserveStockV1
from inventory.bootstrap import make_uow
from inventory.entrypoints.consumers import consumers
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

ORDERS = 5_000
FRAME = 50
SKUS = 200
ROUNDS = 2
PLENTY = 1_000_000_000

_GUARDED = text("UPDATE stock SET reserved = reserved + 1 WHERE id = :id AND on_hand - reserved >= 1")


async def measure() -> dict[str, float]:
    """Orders of two lines reserved a second: as the service does it, and by bare UPDATEs; best of the rounds."""
    database = TemplateDatabase("inventory")
    await database.create()
    try:
        async with database.clone() as url:
            engine = create_async_engine(async_url(url), pool_size=4)
            transactions = Transactions(engine, make_uow)
            seller, warehouse = uuid7(), uuid7()
            stock = await _fill(transactions, seller, warehouse)
            best = {"reservation": 0.0, "bare_update": 0.0}
            for _ in range(ROUNDS):
                best["reservation"] = max(best["reservation"], await _reserve(transactions, seller, warehouse))
                best["bare_update"] = max(best["bare_update"], await _bare(transactions, stock))
            best["reservation_to_bare_percent"] = 100 * best["reservation"] / best["bare_update"]
            await engine.dispose()
            return best
    finally:
        await database.drop()


async def _fill(transactions: Transactions[Any], seller: UUID, warehouse: UUID) -> list[UUID]:
    ids = [uuid7() for _ in range(SKUS)]
    async with transactions.engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO warehouses (id, version, code, name, country, time_zone, currency, adapter_kind, "
                "base_url, active, created_at, updated_at) "
                "VALUES (:id, 1, 'B', 'Bench', 'US', 'UTC', 'USD', 'desk', '', true, now(), now())"
            ),
            {"id": warehouse},
        )
        await connection.execute(
            text(
                "INSERT INTO warehouse_bindings (warehouse_id, seller_id, bound, version, changed_at) "
                "VALUES (:warehouse, :seller, true, 1, now())"
            ),
            {"warehouse": warehouse, "seller": seller},
        )
        await connection.execute(
            text(
                "INSERT INTO stock "
                "(id, seller_id, warehouse_id, sku, stock_type, condition, on_hand, reserved, version) "
                "SELECT id, :seller, :warehouse, 'S' || number, 'product', 'good', :plenty, 0, 1 "
                "FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS row(id, number)"
            ),
            {"ids": ids, "seller": seller, "warehouse": warehouse, "plenty": PLENTY},
        )
    return ids


async def _reserve(transactions: Transactions[Any], seller: UUID, warehouse: UUID) -> float:
    handler = consumers.by_type[ReserveStockV1.message_type].handler
    frames = [
        [_command(number, seller, warehouse) for number in range(start, start + FRAME)]
        for start in range(0, ORDERS, FRAME)
    ]
    before = time.perf_counter()
    for frame in frames:
        async with transactions.begin() as uow:
            fresh = await inbox.claim(uow.connection, ReserveStockV1.message_type, frame)
            await handler(fresh, uow)
            await inbox.keep_replies(uow.connection, uow.outbox, fresh)
    return ORDERS / (time.perf_counter() - before)


def _command(number: int, seller: UUID, warehouse: UUID) -> Message:
    skus = (number % SKUS + 1, (number * 7 + 3) % SKUS + 1)
    return delivered(
        ReserveStockV1(
            seller_id=seller,
            reference_id=uuid7(),
            attempt=1,
            warehouse_id=warehouse,
            lines=tuple(
                ReserveLineV1(line_id=str(line), sku=f"S{sku}", quantity=1) for line, sku in enumerate(skus, 1)
            ),
        )
    )


async def _bare(transactions: Transactions[Any], stock: list[UUID]) -> float:
    orders = ORDERS // 5
    before = time.perf_counter()
    for number in range(orders):
        async with transactions.engine.begin() as connection:
            for index in sorted({number % SKUS, (number * 7 + 3) % SKUS}):
                await connection.execute(_GUARDED, {"id": stock[index]})
    return orders / (time.perf_counter() - before)
