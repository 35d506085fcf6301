"""Warehouses, bindings, and the copy of the sellers."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from common.db.bulk import insert_rows, update_rows
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from inventory.adapters import tables
from inventory.adapters.locks import LOCK_WAREHOUSE
from inventory.domain.warehouse import AdapterKind, Binding, Place, Warehouse, WarehouseData

_GET = text("SELECT * FROM warehouses WHERE id = :id")

_EVER_BOUND = text("SELECT 1 FROM warehouse_bindings WHERE warehouse_id = :id LIMIT 1")

_BIND = text(
    """
    INSERT INTO warehouse_bindings (seller_id, warehouse_id, bound, version, changed_at)
    SELECT CAST(:seller_id AS uuid), CAST(:warehouse_id AS uuid), CAST(:bound AS boolean), 1, CAST(:at AS timestamptz)
    WHERE CAST(:bound AS boolean)
        OR EXISTS (SELECT FROM warehouse_bindings
                   WHERE seller_id = CAST(:seller_id AS uuid) AND warehouse_id = CAST(:warehouse_id AS uuid))
    ON CONFLICT (seller_id, warehouse_id) DO UPDATE
        SET bound = excluded.bound, version = warehouse_bindings.version + 1, changed_at = excluded.changed_at
        WHERE warehouse_bindings.bound <> excluded.bound
    RETURNING version
    """
)

_OPEN_PLACES = text(
    """
    SELECT b.seller_id, b.warehouse_id
    FROM unnest(CAST(:sellers AS uuid[]), CAST(:warehouses AS uuid[])) AS wanted(seller_id, warehouse_id)
    JOIN warehouse_bindings b ON b.seller_id = wanted.seller_id AND b.warehouse_id = wanted.warehouse_id AND b.bound
    JOIN warehouses w ON w.id = b.warehouse_id AND w.active
    """
)

_SAVE_SELLER = text(
    """
    INSERT INTO sellers (id, version, code, name, active) VALUES (:id, :version, :code, :name, :active)
    ON CONFLICT (id) DO UPDATE
        SET version = excluded.version, code = excluded.code, name = excluded.name, active = excluded.active
        WHERE sellers.version < excluded.version
    """
)


def warehouse_of(row: Row[Any]) -> Warehouse:
    """The warehouse in a row."""
    return Warehouse(
        row.id,
        WarehouseData(
            code=row.code,
            name=row.name,
            country=row.country,
            time_zone=row.time_zone,
            currency=row.currency,
            adapter_kind=AdapterKind(row.adapter_kind),
            base_url=row.base_url,
            active=row.active,
        ),
        row.version,
        row.created_at,
        row.updated_at,
    )


def _row_of(warehouse: Warehouse) -> dict[str, Any]:
    data = warehouse.data
    return {
        "id": warehouse.id,
        "version": warehouse.version,
        "code": data.code,
        "name": data.name,
        "country": data.country,
        "time_zone": data.time_zone,
        "currency": data.currency,
        "adapter_kind": data.adapter_kind.value,
        "base_url": data.base_url,
        "active": data.active,
        "created_at": warehouse.created_at,
        "updated_at": warehouse.updated_at,
    }


class SqlWarehouseRepository:
    """`WarehouseRepository` on PostgreSQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, warehouse_id: UUID) -> Warehouse | None:
        """One warehouse."""
        row = (await self._connection.execute(_GET, {"id": warehouse_id})).first()
        return warehouse_of(row) if row else None

    async def lock(self, warehouse_id: UUID) -> Warehouse | None:
        """One warehouse, locked."""
        row = (await self._connection.execute(LOCK_WAREHOUSE, {"id": warehouse_id})).first()
        return warehouse_of(row) if row else None

    async def add(self, warehouse: Warehouse) -> bool:
        """Insert a warehouse; returns whether its code was free."""
        written = await insert_rows(
            self._connection,
            tables.warehouses,
            [_row_of(warehouse)],
            on_conflict="(code) DO NOTHING",
            returning=("id",),
        )
        return bool(written)

    async def save(self, warehouse: Warehouse) -> None:
        """Write a locked warehouse back."""
        await update_rows(self._connection, tables.warehouses, [_row_of(warehouse)])

    async def ever_bound(self, warehouse_id: UUID) -> bool:
        """Whether any seller is or was bound to it."""
        return (await self._connection.execute(_EVER_BOUND, {"id": warehouse_id})).first() is not None

    async def bind(self, place: Place, *, bound: bool, at: datetime) -> Binding | None:
        """Bind or unbind; returns the new binding, or None where it was so already."""
        row = (
            await self._connection.execute(
                _BIND, {"seller_id": place.seller_id, "warehouse_id": place.warehouse_id, "bound": bound, "at": at}
            )
        ).first()
        return Binding(place.seller_id, place.warehouse_id, bound, row.version, at) if row else None

    async def open_places(self, places: Collection[Place]) -> set[Place]:
        """Which of these sellers may use which of these warehouses: bound, and the warehouse active."""
        if not places:
            return set()
        rows = await self._connection.execute(
            _OPEN_PLACES,
            {
                "sellers": [place.seller_id for place in places],
                "warehouses": [place.warehouse_id for place in places],
            },
        )
        return {Place(row.seller_id, row.warehouse_id) for row in rows.fetchall()}

    async def save_seller(self, seller_id: UUID, *, version: int, code: str, name: str, active: bool) -> None:
        """Keep what the gateway says of a seller, unless something newer is known."""
        await self._connection.execute(
            _SAVE_SELLER, {"id": seller_id, "version": version, "code": code, "name": name, "active": active}
        )
