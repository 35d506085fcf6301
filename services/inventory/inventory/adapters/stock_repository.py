"""Stock rows and the ledger of movements."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from common.db.bulk import insert_rows, update_rows
from common.kernel.ids import uuid7
from sqlalchemy.ext.asyncio import AsyncConnection

from inventory.adapters import tables
from inventory.adapters.locks import LOCK_SHELVES, LOCK_STOCK_IDS, LOCK_STOCK_KEYS
from inventory.domain.stock import Condition, Movement, Stock, StockKey, StockType
from inventory.domain.warehouse import Place


class SqlStockRepository:
    """`StockRepository` on PostgreSQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock_shelves(self, wanted: Mapping[Place, Collection[str]]) -> dict[Place, dict[str, Stock]]:
        """The good product stock of these SKUs at each place; SKUs without a row are absent."""
        shelves: dict[Place, dict[str, Stock]] = {place: {} for place in wanted}
        sellers, warehouses, skus = [], [], []
        for place, names in wanted.items():
            for sku in names:
                sellers.append(place.seller_id)
                warehouses.append(place.warehouse_id)
                skus.append(sku)
        if skus:
            rows = await self._connection.execute(
                LOCK_SHELVES, {"sellers": sellers, "warehouses": warehouses, "skus": skus}
            )
            for row in rows.fetchall():
                stock = Stock(*row)
                shelves[Place(stock.seller_id, stock.warehouse_id)][stock.sku] = stock
        return shelves

    async def lock_ids(self, ids: Collection[UUID]) -> dict[UUID, Stock]:
        """The rows with these ids."""
        if not ids:
            return {}
        rows = await self._connection.execute(LOCK_STOCK_IDS, {"ids": list(ids)})
        return {row.id: Stock(*row) for row in rows.fetchall()}

    async def lock_keys(self, keys: Collection[StockKey]) -> dict[StockKey, Stock]:
        """The rows of these keys, made where there are none yet."""
        if not keys:
            return {}
        # Sorted, because two transactions that make the same new rows wait for each other at each of them.
        ordered = sorted(keys, key=lambda k: (k.seller_id, k.warehouse_id, k.sku, k.stock_type, k.condition))
        rows = [
            {
                "id": uuid7(),
                "seller_id": key.seller_id,
                "warehouse_id": key.warehouse_id,
                "sku": key.sku,
                "stock_type": key.stock_type.value,
                "condition": key.condition.value,
                "on_hand": 0,
                "reserved": 0,
                "version": 0,
            }
            for key in ordered
        ]
        await insert_rows(self._connection, tables.stock, rows, on_conflict="DO NOTHING")
        found = await self._connection.execute(
            LOCK_STOCK_KEYS,
            {
                "sellers": [key.seller_id for key in ordered],
                "warehouses": [key.warehouse_id for key in ordered],
                "skus": [key.sku for key in ordered],
                "stock_types": [key.stock_type.value for key in ordered],
                "conditions": [key.condition.value for key in ordered],
            },
        )
        stocks = [Stock(*row) for row in found.fetchall()]
        return {
            StockKey(s.seller_id, s.warehouse_id, s.sku, StockType(s.stock_type), Condition(s.condition)): s
            for s in stocks
        }

    async def save(self, stocks: Sequence[Stock]) -> None:
        """Write rows that changed, and count their versions up."""
        for stock in stocks:
            stock.version += 1
        await update_rows(
            self._connection,
            tables.stock,
            [
                {"id": stock.id, "on_hand": stock.on_hand, "reserved": stock.reserved, "version": stock.version}
                for stock in stocks
            ],
        )

    async def add_movements(self, movements: Sequence[Movement], *, at: datetime) -> None:
        """Append to the ledger."""
        await insert_rows(
            self._connection,
            tables.movements,
            [
                {
                    "stock_id": movement.stock_id,
                    "seller_id": movement.seller_id,
                    "at": at,
                    "quantity": movement.quantity,
                    "kind": movement.kind.value,
                    "actor": movement.actor,
                    "reason": movement.reason,
                }
                for movement in movements
            ],
        )
