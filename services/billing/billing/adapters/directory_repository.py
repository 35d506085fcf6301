"""Copies of sellers and warehouses; an older version never overwrites a newer one."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from common.db.bulk import insert_rows
from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.adapters.tables import sellers as seller_table
from billing.adapters.tables import warehouses as warehouse_table
from billing.app.ports import Seller, Warehouse

_SELLER = text("SELECT id, version, code, name, currency, active FROM sellers WHERE id = :id")
_WAREHOUSES = text(
    "SELECT id, version, code, name, currency, time_zone, active FROM warehouses WHERE id = ANY(CAST(:ids AS uuid[]))"
)


class SqlDirectoryRepository:
    """See the port."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def save_sellers(self, sellers: Sequence[Seller]) -> None:
        """Keep the newest version of each."""
        newest = {seller.id: seller for seller in sorted(sellers, key=lambda seller: seller.version)}
        rows = [
            {
                "id": seller.id,
                "version": seller.version,
                "code": seller.code,
                "name": seller.name,
                "currency": seller.currency,
                "active": seller.active,
            }
            for seller in sorted(newest.values(), key=lambda seller: seller.id)
        ]
        await self._upsert(seller_table, rows)

    async def save_warehouses(self, warehouses: Sequence[Warehouse]) -> None:
        """Keep the newest version of each."""
        newest = {warehouse.id: warehouse for warehouse in sorted(warehouses, key=lambda warehouse: warehouse.version)}
        rows = [
            {
                "id": warehouse.id,
                "version": warehouse.version,
                "code": warehouse.code,
                "name": warehouse.name,
                "currency": warehouse.currency,
                "time_zone": warehouse.time_zone,
                "active": warehouse.active,
            }
            for warehouse in sorted(newest.values(), key=lambda warehouse: warehouse.id)
        ]
        await self._upsert(warehouse_table, rows)

    async def seller(self, seller_id: UUID) -> Seller | None:
        """The seller, if billing has heard of it."""
        row = (await self._connection.execute(_SELLER, {"id": seller_id})).first()
        return Seller(*row) if row else None

    async def warehouses(self, ids: Collection[UUID]) -> Mapping[UUID, Warehouse]:
        """Those that billing has heard of."""
        rows = await self._connection.execute(_WAREHOUSES, {"ids": list(ids)})
        return {row[0]: Warehouse(*row) for row in rows}

    async def _upsert(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        columns = [name for name in (rows[0] if rows else {}) if name != "id"]
        sets = ", ".join(f"{name} = excluded.{name}" for name in columns)
        newer = f"{table.name}.version < excluded.version"
        await insert_rows(self._connection, table, rows, on_conflict=f"(id) DO UPDATE SET {sets} WHERE {newer}")
