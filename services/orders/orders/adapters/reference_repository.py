"""The SQL of copies: other services' facts as events brought them, and mappings and rules as reviews read them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import orjson
from common.db.bulk import insert_rows
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from orders.adapters.tables import metadata
from orders.app.ports import OrderKey, Surroundings
from orders.domain.mapping import MappedSku
from orders.domain.postal import PostalRange
from orders.domain.review import Channel, Product, Warehouse
from orders.domain.routing import Rule

_SURROUNDINGS = text(
    """
    SELECT
        (SELECT json_agg(json_build_array(id, code, country, active)) FROM warehouses)::text,
        (SELECT json_agg(json_build_array(id, warehouse_id, code, kind, countries, active)) FROM channels)::text,
        (SELECT json_agg(json_build_array(seller_id, warehouse_id)) FROM warehouse_bindings
            WHERE seller_id = ANY(CAST(:sellers AS uuid[])) AND bound)::text,
        (SELECT json_agg(json_build_array(id, seller_id, position, name, warehouse_id, channel_id, auto_review,
                store_id, platform, countries, postal_ranges, version) ORDER BY seller_id, position)
            FROM routing_rules WHERE seller_id = ANY(CAST(:sellers AS uuid[])) AND active)::text
    """
)
_MAPPED = text(
    "SELECT mappings.store_id, mappings.platform_sku, mappings.items::text FROM mappings JOIN "
    "unnest(CAST(:stores AS uuid[]), CAST(:skus AS text[])) AS wanted(store_id, platform_sku) "
    "ON mappings.store_id = wanted.store_id AND mappings.platform_sku = wanted.platform_sku"
)
_STORES_WITH_MAPPINGS = text(
    "SELECT id FROM unnest(CAST(:stores AS uuid[])) AS id WHERE EXISTS (SELECT FROM mappings WHERE store_id = id)"
)
_PRODUCTS = text(
    "SELECT products.seller_id, products.sku, products.status, products.measured, products.weight_grams "
    "FROM products JOIN unnest(CAST(:sellers AS uuid[]), CAST(:skus AS text[])) AS wanted(seller_id, sku) "
    "ON products.seller_id = wanted.seller_id AND products.sku = wanted.sku"
)


def postal_ranges_of(value: Sequence[Mapping[str, str]]) -> tuple[PostalRange, ...]:
    """The ranges in a JSON value."""
    return tuple(PostalRange(item["first"], item["last"]) for item in value)


def items_of(value: Sequence[Mapping[str, object]]) -> tuple[MappedSku, ...]:
    """The mapped SKUs in a JSON value."""
    return tuple(MappedSku(str(item["sku"]), int(str(item["quantity"]))) for item in value)


class SqlReference:
    """The Reference port."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def surroundings(self, seller_ids: Collection[UUID]) -> Surroundings:
        """Where orders of these sellers can go; one statement."""
        row = (await self._connection.execute(_SURROUNDINGS, {"sellers": list(seller_ids)})).one()
        warehouses, channels, bindings, rules = (orjson.loads(value) if value else [] for value in row)
        by_seller: defaultdict[UUID, list[Rule]] = defaultdict(list)
        for rule in rules:
            made = Rule(
                id=UUID(rule[0]),
                seller_id=UUID(rule[1]),
                position=rule[2],
                name=rule[3],
                warehouse_id=UUID(rule[4]),
                channel_id=UUID(rule[5]),
                auto_review=rule[6],
                store_id=UUID(rule[7]) if rule[7] else None,
                platform=rule[8],
                countries=tuple(rule[9]),
                postal_ranges=postal_ranges_of(rule[10]),
                version=rule[11],
            )
            by_seller[made.seller_id].append(made)
        return Surroundings(
            warehouses={UUID(w[0]): Warehouse(UUID(w[0]), w[1], w[2], w[3]) for w in warehouses},
            channels={UUID(c[0]): Channel(UUID(c[0]), UUID(c[1]), c[2], c[3], tuple(c[4]), c[5]) for c in channels},
            bindings=frozenset((UUID(seller), UUID(warehouse)) for seller, warehouse in bindings),
            rules=by_seller,
        )

    async def mapped(self, keys: Collection[OrderKey]) -> dict[OrderKey, tuple[MappedSku, ...]]:
        """Mappings by (store, platform SKU)."""
        if not keys:
            return {}
        result = await self._connection.execute(
            _MAPPED, {"stores": [key[0] for key in keys], "skus": [key[1] for key in keys]}
        )
        return {(store_id, sku): items_of(orjson.loads(items)) for store_id, sku, items in result}

    async def stores_with_mappings(self, store_ids: Collection[UUID]) -> set[UUID]:
        """Which of the stores have any mapping."""
        if not store_ids:
            return set()
        return set((await self._connection.execute(_STORES_WITH_MAPPINGS, {"stores": list(store_ids)})).scalars())

    async def products(self, keys: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], Product]:
        """Products by (seller, SKU). While a SKU passes from one draft to another, the approved one counts."""
        if not keys:
            return {}
        result = await self._connection.execute(
            _PRODUCTS, {"sellers": [key[0] for key in keys], "skus": [key[1] for key in keys]}
        )
        found: dict[tuple[UUID, str], Product] = {}
        for seller_id, sku, status, measured, weight in result:
            if status == "approved" or (seller_id, sku) not in found:
                found[seller_id, sku] = Product(sku, status, measured, weight)
        return found

    async def warehouse_codes(self, ids: Collection[UUID]) -> dict[UUID, str]:
        """The codes of warehouses."""
        result = await self._connection.execute(
            text("SELECT id, code FROM warehouses WHERE id = ANY(CAST(:ids AS uuid[]))"), {"ids": list(ids)}
        )
        return {row.id: row.code for row in result}

    async def store_seller(self, store_id: UUID) -> UUID | None:
        """Whose store it is."""
        found: UUID | None = (
            await self._connection.execute(text("SELECT seller_id FROM stores WHERE id = :id"), {"id": store_id})
        ).scalar()
        return found

    async def mirror(self, table: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Keep the newest version of copied rows; older ones are dropped."""
        target = metadata.tables[table]
        key = [column.name for column in target.primary_key]
        newest: dict[tuple[object, ...], Mapping[str, object]] = {}
        for row in rows:
            identity = tuple(row[name] for name in key)
            if identity not in newest or int(str(newest[identity]["version"])) < int(str(row["version"])):
                newest[identity] = row
        ordered = [newest[identity] for identity in sorted(newest, key=str)]
        if not ordered:
            return
        sets = ", ".join(f"{name} = excluded.{name}" for name in ordered[0] if name not in key)
        conflict = f"({', '.join(key)}) DO UPDATE SET {sets} WHERE {table}.version < excluded.version"
        await insert_rows(self._connection, target, ordered, on_conflict=conflict)
