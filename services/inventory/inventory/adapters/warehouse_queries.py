"""Lists of warehouses."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from inventory.adapters.warehouse_repository import warehouse_of
from inventory.app.views import BindingView
from inventory.domain.warehouse import Place, Warehouse

_BINDINGS = text(
    """
    SELECT b.seller_id, s.code, s.name, b.version, b.changed_at
    FROM warehouse_bindings b LEFT JOIN sellers s ON s.id = b.seller_id
    WHERE b.warehouse_id = :warehouse_id AND b.bound
        AND (CAST(:after AS uuid) IS NULL OR b.seller_id > CAST(:after AS uuid))
    ORDER BY b.seller_id LIMIT :limit
    """
)

_IS_BOUND = text("SELECT 1 FROM warehouse_bindings WHERE seller_id = :seller AND warehouse_id = :warehouse AND bound")


class SqlWarehouseQueries:
    """`WarehouseQueries` on PostgreSQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def warehouses(
        self, *, seller_id: UUID | None, code: str | None, after: str | None, limit: int
    ) -> Sequence[Warehouse]:
        """Warehouses by code; with a seller only those it is bound to."""
        conditions = ["true"]
        values: dict[str, Any] = {"limit": limit}
        if seller_id is not None:
            conditions.append(
                "EXISTS (SELECT FROM warehouse_bindings b "
                "WHERE b.warehouse_id = warehouses.id AND b.seller_id = :seller_id AND b.bound)"
            )
            values["seller_id"] = seller_id
        if code is not None:
            conditions.append("code = :code")
            values["code"] = code
        if after is not None:
            conditions.append("code > :after")
            values["after"] = after
        statement = text(f"SELECT * FROM warehouses WHERE {' AND '.join(conditions)} ORDER BY code LIMIT :limit")
        return [warehouse_of(row) for row in (await self._connection.execute(statement, values)).fetchall()]

    async def is_bound(self, place: Place) -> bool:
        """Whether the seller is bound to the warehouse."""
        rows = await self._connection.execute(_IS_BOUND, {"seller": place.seller_id, "warehouse": place.warehouse_id})
        return rows.first() is not None

    async def bindings(self, warehouse_id: UUID, *, after: UUID | None, limit: int) -> Sequence[BindingView]:
        """The sellers that are bound to a warehouse."""
        rows = await self._connection.execute(_BINDINGS, {"warehouse_id": warehouse_id, "after": after, "limit": limit})
        return [BindingView(*row) for row in rows.fetchall()]
