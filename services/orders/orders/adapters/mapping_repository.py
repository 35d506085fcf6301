"""The SQL of mappings and routing rules as they are edited."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from common.db.bulk import insert_rows, update_rows
from sqlalchemy import Row, delete, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from orders.adapters.reference_repository import items_of, postal_ranges_of
from orders.adapters.tables import mappings, routing_rules
from orders.app.ports import SkuMapping
from orders.domain.routing import Rule

_MAPPING = ("id", "seller_id", "store_id", "platform_sku", "items", "version", "created_at", "updated_at")
_RULE = (
    "id", "seller_id", "position", "name", "warehouse_id", "channel_id", "auto_review", "active", "store_id",
    "platform", "countries", "postal_ranges", "version",
)  # fmt: skip


def mapping_of(row: Row[Any]) -> SkuMapping:
    """The mapping in a row."""
    values = {name: getattr(row, name) for name in _MAPPING}
    return SkuMapping(**{**values, "items": items_of(values["items"])})


def rule_of(row: Row[Any]) -> Rule:
    """The rule in a row."""
    values = {name: getattr(row, name) for name in _RULE}
    values["countries"] = tuple(values["countries"])
    values["postal_ranges"] = postal_ranges_of(values["postal_ranges"])
    return Rule(**values)


def _rule_row(rule: Rule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in _RULE}


class SqlMappings:
    """The Mappings port."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, mapping_id: UUID, *, seller_id: UUID | None, lock: bool = False) -> SkuMapping | None:
        """One mapping, of this seller or of any."""
        statement = select(mappings).where(mappings.c.id == mapping_id)
        if seller_id:
            statement = statement.where(mappings.c.seller_id == seller_id)
        row = (await self._connection.execute(statement.with_for_update() if lock else statement)).first()
        return mapping_of(row) if row else None

    async def upsert(self, rows: Sequence[SkuMapping]) -> list[SkuMapping]:
        """Insert, or set the items of what is there, one version on."""
        ordered = sorted(rows, key=lambda row: (row.store_id, row.platform_sku))
        written = await insert_rows(
            self._connection,
            mappings,
            [{name: getattr(row, name) for name in _MAPPING} for row in ordered],
            on_conflict="(store_id, platform_sku) DO UPDATE SET items = excluded.items, "
            "version = mappings.version + 1, updated_at = excluded.updated_at",
            returning=("store_id", "platform_sku"),
        )
        found = await self._connection.execute(
            text(
                "SELECT mappings.* FROM mappings JOIN unnest(CAST(:stores AS uuid[]), CAST(:skus AS text[])) "
                "AS wanted(store_id, platform_sku) USING (store_id, platform_sku)"
            ).columns(*mappings.c),
            {"stores": [row.store_id for row in written], "skus": [row.platform_sku for row in written]},
        )
        return [mapping_of(row) for row in found]

    async def insert(self, row: SkuMapping) -> bool:
        """Insert; False where the store has a mapping of this platform SKU."""
        written = await insert_rows(
            self._connection,
            mappings,
            [{name: getattr(row, name) for name in _MAPPING}],
            on_conflict="(store_id, platform_sku) DO NOTHING",
            returning=("id",),
        )
        return bool(written)

    async def delete(self, mapping_id: UUID) -> None:
        """Remove it."""
        await self._connection.execute(delete(mappings).where(mappings.c.id == mapping_id))


class SqlRules:
    """The Rules port."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock_all(self, seller_id: UUID) -> list[Rule]:
        """A seller's rules in their order; nobody else can change them until the transaction ends."""
        # A lock on the seller, because the first rule of a seller has no row to lock yet.
        await self._connection.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:seller, 7))"), {"seller": str(seller_id)}
        )
        result = await self._connection.execute(
            select(routing_rules).where(routing_rules.c.seller_id == seller_id).order_by(routing_rules.c.position)
        )
        return [rule_of(row) for row in result]

    async def get(self, rule_id: UUID, *, seller_id: UUID | None) -> Rule | None:
        """One rule, of this seller or of any."""
        statement = select(routing_rules).where(routing_rules.c.id == rule_id)
        if seller_id:
            statement = statement.where(routing_rules.c.seller_id == seller_id)
        row = (await self._connection.execute(statement)).first()
        return rule_of(row) if row else None

    async def insert(self, rule: Rule) -> None:
        """Add it."""
        await insert_rows(self._connection, routing_rules, [_rule_row(rule)])

    async def update(self, rules: Sequence[Rule]) -> None:
        """Write rules anew; each is one version on already."""
        await update_rows(self._connection, routing_rules, [_rule_row(rule) for rule in rules])

    async def delete(self, rule_id: UUID) -> None:
        """Remove it."""
        await self._connection.execute(delete(routing_rules).where(routing_rules.c.id == rule_id))
