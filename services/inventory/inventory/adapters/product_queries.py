"""Lists of products."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from inventory.adapters.product_repository import product_of
from inventory.app.views import ProductFilter
from inventory.domain.product import Product, ProductStatus


class SqlProductQueries:
    """`ProductQueries` on PostgreSQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def products(self, wanted: ProductFilter, *, after: UUID | None, limit: int) -> Sequence[Product]:
        """Products in the order in which they were made."""
        conditions = ["NOT deleted"]
        values: dict[str, Any] = {"limit": limit}
        for name, condition, value in (
            ("seller_id", "seller_id = :seller_id", wanted.seller_id),
            ("status", "status = :status", wanted.status),
            ("sku", "sku = :sku", wanted.sku),
            ("measured", "(measured_at IS NOT NULL) = :measured", wanted.measured),
            ("search", "(strpos(lower(sku), lower(:search)) > 0 OR strpos(lower(title), lower(:search)) > 0)",
             wanted.search),
            ("after", "id > :after", after),
        ):  # fmt: skip
            if value is not None:
                conditions.append(condition)
                values[name] = value
        statement = text(f"SELECT * FROM products WHERE {' AND '.join(conditions)} ORDER BY id LIMIT :limit")
        rows = await self._connection.execute(statement, values)
        return [product_of(row) for row in rows.fetchall()]

    async def counts(self, *, seller_id: UUID | None) -> Mapping[str, int]:
        """How many products are in each status."""
        statement = text(
            "SELECT status, count(*) AS products FROM products WHERE NOT deleted "
            "AND (CAST(:seller_id AS uuid) IS NULL OR seller_id = CAST(:seller_id AS uuid)) GROUP BY status"
        )
        rows = await self._connection.execute(statement, {"seller_id": seller_id})
        return {status.value: 0 for status in ProductStatus} | {row.status: row.products for row in rows.fetchall()}
