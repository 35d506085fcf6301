"""Products."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from typing import Any
from uuid import UUID

from common.db.bulk import insert_rows, update_rows
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from inventory.adapters import tables
from inventory.adapters.locks import LOCK_PRODUCT_IDS, LOCK_PRODUCT_SKUS
from inventory.domain.product import Measures, Product, ProductData, ProductStatus

_MEASURES = tuple(field.name for field in fields(Measures))

_GET = text(
    """
    SELECT * FROM products WHERE id = :id AND NOT deleted
        AND (CAST(:seller_id AS uuid) IS NULL OR seller_id = CAST(:seller_id AS uuid))
    """
)

_NAMED = text(
    """
    SELECT p.id, p.seller_id, p.sku, p.status
    FROM unnest(CAST(:sellers AS uuid[]), CAST(:skus AS text[])) AS wanted(seller_id, sku)
    JOIN products p ON p.seller_id = wanted.seller_id AND p.sku = wanted.sku AND NOT p.deleted
    """
)


def product_of(row: Row[Any]) -> Product:
    """The product in a row."""
    measured = None
    if row.measured_at is not None:
        measured = Measures(**{name: getattr(row, f"measured_{name}") for name in _MEASURES})
    return Product(
        id=row.id,
        seller_id=row.seller_id,
        data=ProductData(
            sku=row.sku,
            title=row.title,
            hazard_class=row.hazard_class,
            barcode=row.barcode,
            declared=Measures(**{name: getattr(row, name) for name in _MEASURES}),
        ),
        status=ProductStatus(row.status),
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
        measured=measured,
        measured_at=row.measured_at,
        reject_reason=row.reject_reason,
        deleted=row.deleted,
    )


def _row_of(product: Product) -> dict[str, Any]:
    data, measured = product.data, product.measured or Measures()
    return {
        "id": product.id,
        "seller_id": product.seller_id,
        "sku": data.sku,
        "title": data.title,
        "status": product.status.value,
        "hazard_class": data.hazard_class,
        "barcode": data.barcode,
        **{name: getattr(data.declared, name) for name in _MEASURES},
        **{f"measured_{name}": getattr(measured, name) for name in _MEASURES},
        "measured_at": product.measured_at,
        "reject_reason": product.reject_reason,
        "deleted": product.deleted,
        "version": product.version,
        "created_at": product.created_at,
        "updated_at": product.updated_at,
    }


class SqlProductRepository:
    """`ProductRepository` on PostgreSQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, product_id: UUID, *, seller_id: UUID | None) -> Product | None:
        """One product that is not deleted, of that seller where one is given."""
        row = (await self._connection.execute(_GET, {"id": product_id, "seller_id": seller_id})).first()
        return product_of(row) if row else None

    async def lock_ids(self, ids: Collection[UUID], *, seller_id: UUID | None) -> dict[UUID, Product]:
        """Locked products that are not deleted, of that seller where one is given."""
        rows = await self._connection.execute(LOCK_PRODUCT_IDS, {"ids": list(ids), "seller_id": seller_id})
        return {row.id: product_of(row) for row in rows.fetchall()}

    async def lock_skus(self, seller_id: UUID, skus: Collection[str]) -> dict[str, Product]:
        """Locked products of a seller by SKU, deleted ones too."""
        rows = await self._connection.execute(LOCK_PRODUCT_SKUS, {"seller_id": seller_id, "skus": list(skus)})
        return {row.sku: product_of(row) for row in rows.fetchall()}

    async def statuses(self, pairs: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], str]:
        """The status of (seller, SKU) pairs; unknown and deleted ones are absent."""
        return {(row.seller_id, row.sku): row.status for row in await self._named(pairs)}

    async def ids_of(self, pairs: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], UUID]:
        """The ids of (seller, SKU) pairs; unknown and deleted ones are absent."""
        return {(row.seller_id, row.sku): row.id for row in await self._named(pairs)}

    async def _named(self, pairs: Collection[tuple[UUID, str]]) -> Sequence[Row[Any]]:
        if not pairs:
            return []
        rows = await self._connection.execute(
            _NAMED, {"sellers": [seller for seller, _ in pairs], "skus": [sku for _, sku in pairs]}
        )
        return rows.fetchall()

    async def add(self, products: Sequence[Product]) -> set[str]:
        """Insert new products of one seller; returns the SKUs that somebody else had made in the meantime."""
        ordered = sorted(products, key=lambda product: product.data.sku)
        written = await insert_rows(
            self._connection,
            tables.products,
            [_row_of(product) for product in ordered],
            on_conflict="(seller_id, sku) DO NOTHING",
            returning=("sku",),
        )
        return {product.data.sku for product in products} - {row.sku for row in written}

    async def save(self, products: Sequence[Product]) -> None:
        """Write locked products back."""
        await update_rows(self._connection, tables.products, [_row_of(product) for product in products])
