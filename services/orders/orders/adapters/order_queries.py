"""The SQL of lists and pages; every query is bounded by the seller who asks and walks an index in the order shown."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, Row, Select, and_, exists, func, literal_column, or_, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from orders.adapters.content import details_of
from orders.adapters.mapping_repository import mapping_of, rule_of
from orders.adapters.order_repository import COLUMNS, order_of
from orders.adapters.tables import (
    channels,
    mappings,
    order_details,
    order_review_errors,
    order_timeline,
    orders,
    routing_rules,
    stores,
    warehouses,
)
from orders.app.ports import SkuMapping
from orders.app.root import OrderFilter, OrderRecord
from orders.domain.review import ReviewError
from orders.domain.routing import Rule
from orders.domain.state import Entry

EXPORT_PAGE = 1000
_RECORD = (
    select(
        *(orders.c[name] for name in COLUMNS),
        order_details,
        stores.c.name.label("store_name"),
        warehouses.c.code.label("warehouse_code"),
        channels.c.code.label("channel_code"),
    )
    .select_from(orders)
    .join(order_details, order_details.c.order_id == orders.c.id)
    .outerjoin(stores, stores.c.id == orders.c.store_id)
    .outerjoin(warehouses, warehouses.c.id == orders.c.warehouse_id)
    .outerjoin(channels, channels.c.id == orders.c.channel_id)
)
_COUNTS = text(
    """
    SELECT status, sum(orders)::bigint AS orders FROM (
        SELECT seller_id, status, orders FROM order_counts
        UNION ALL SELECT seller_id, status, change FROM order_count_changes
    ) AS parts WHERE CAST(:seller AS uuid) IS NULL OR seller_id = :seller GROUP BY status
    """
)


def _record(row: Row[Any]) -> OrderRecord:
    return OrderRecord(
        order=order_of(row[: len(COLUMNS)]),
        details=details_of(row),
        store_name=row.store_name or "",
        warehouse_code=row.warehouse_code or "",
        channel_code=row.channel_code or "",
    )


def _id_at(moment: datetime) -> UUID:
    """The least id that was made at that moment: ids begin with their milliseconds."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def _search(wanted: str, seller_id: UUID | None) -> ColumnElement[bool]:
    beginning = wanted.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    numbers = select(orders.c.id).where(
        or_(func.lower(orders.c.number).like(beginning), func.lower(orders.c.number).like("#" + beginning))
    )
    of_stores = select(stores.c.id)
    if seller_id:
        of_stores = of_stores.where(stores.c.seller_id == seller_id)
    keys = select(orders.c.id).where(orders.c.store_id.in_(of_stores), orders.c.platform_order_id == wanted)
    return orders.c.id.in_(numbers.union(keys))


def _conditions(wanted: OrderFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    equal = (
        (orders.c.seller_id, wanted.seller_id),
        (orders.c.store_id, wanted.store_id),
        (orders.c.warehouse_id, wanted.warehouse_id),
        (orders.c.platform, wanted.platform),
    )
    found.extend(column == value for column, value in equal if value)
    if wanted.statuses:
        found.append(orders.c.status.in_(wanted.statuses))
        if "shipped" not in wanted.statuses:
            found.append(literal_column("orders.status <> 'shipped'", Boolean))  # Names the partial index.
    if wanted.review_error:
        errors = order_review_errors
        found.append(orders.c.status == "pending")
        found.append(
            exists().where(
                errors.c.order_id == orders.c.id,
                errors.c.seller_id == orders.c.seller_id,
                errors.c.code == wanted.review_error,
            )
        )
    if wanted.sku:
        holding = select(order_details.c.order_id).where(order_details.c.skus.contains([wanted.sku]))
        found.append(orders.c.id.in_(holding))
    if wanted.search:
        found.append(_search(wanted.search, wanted.seller_id))
    if wanted.tracking_upload:
        found.append(orders.c.tracking_upload == wanted.tracking_upload)
        if wanted.tracking_upload in {"waiting", "uploading", "failed"}:
            # Names the partial index, which a value that is only bound would not.
            found.append(literal_column("orders.tracking_upload IN ('waiting', 'uploading', 'failed')", Boolean))
    if wanted.created_from:
        found.append(and_(orders.c.id >= _id_at(wanted.created_from), orders.c.imported_at >= wanted.created_from))
    if wanted.created_to:
        # An id is made a moment after the time that its order carries.
        latest = _id_at(wanted.created_to + timedelta(minutes=10))
        found.append(and_(orders.c.id < latest, orders.c.imported_at < wanted.created_to))
    return found


class SqlOrderQueries:
    """The Queries port."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def orders(self, wanted: OrderFilter, *, after: UUID | None, limit: int) -> Sequence[OrderRecord]:
        """A page, newest first; one row more than `limit` where there is a next page."""
        statement = _RECORD.where(*_conditions(wanted)).order_by(orders.c.id.desc()).limit(limit + 1)
        if after:
            statement = statement.where(orders.c.id < after)
        return [_record(row) for row in await self._all(statement)]

    async def order(self, order_id: UUID, *, seller_id: UUID | None) -> OrderRecord | None:
        """One order."""
        statement = _RECORD.where(orders.c.id == order_id)
        if seller_id:
            statement = statement.where(orders.c.seller_id == seller_id)
        rows = await self._all(statement)
        return _record(rows[0]) if rows else None

    async def timeline(self, order_id: UUID, *, seller_id: UUID | None) -> Sequence[Entry] | None:
        """What became of an order, in order; None where there is no such order."""
        owned = select(orders.c.id).where(orders.c.id == order_id)
        if seller_id:
            owned = owned.where(orders.c.seller_id == seller_id)
        if not await self._all(owned):
            return None
        rows = await self._all(
            select(order_timeline).where(order_timeline.c.order_id == order_id).order_by(order_timeline.c.version)
        )
        return [
            Entry(
                version=row.version,
                at=row.at,
                actor=row.actor,
                event=row.event,
                from_status=row.from_status,
                to_status=row.to_status,
                reason=row.reason,
                errors=tuple(ReviewError(**error) for error in row.errors or ()),
            )
            for row in rows
        ]

    async def counts(self, *, seller_id: UUID | None) -> Mapping[str, int]:
        """How many orders are in each state; reads the counters, never the orders."""
        async with self._engine.connect() as connection:
            result = await connection.execute(_COUNTS, {"seller": seller_id})
            return {row.status: row.orders for row in result}

    async def export(self, wanted: OrderFilter) -> AsyncIterator[Sequence[OrderRecord]]:
        """All orders that a list shows, a thousand at a time; each page is a short transaction of its own."""
        after: UUID | None = None
        while True:
            page = await self.orders(wanted, after=after, limit=EXPORT_PAGE)
            if page:
                yield page[:EXPORT_PAGE]
            if len(page) <= EXPORT_PAGE:
                return
            after = page[EXPORT_PAGE - 1].order.id

    async def mappings(
        self, *, seller_id: UUID | None, store_id: UUID | None, search: str, after: UUID | None, limit: int
    ) -> Sequence[SkuMapping]:
        """A page of mappings, newest first; one row more than `limit` where there is a next page."""
        statement = select(mappings).order_by(mappings.c.id.desc()).limit(limit + 1)
        if seller_id:
            statement = statement.where(mappings.c.seller_id == seller_id)
        if store_id:
            statement = statement.where(mappings.c.store_id == store_id)
        if search:
            statement = statement.where(
                or_(mappings.c.platform_sku == search, mappings.c["items"].contains([{"sku": search}]))
            )
        if after:
            statement = statement.where(mappings.c.id < after)
        return [mapping_of(row) for row in await self._all(statement)]

    async def rules(self, *, seller_id: UUID) -> Sequence[Rule]:
        """A seller's routing rules in their order."""
        rows = await self._all(
            select(routing_rules).where(routing_rules.c.seller_id == seller_id).order_by(routing_rules.c.position)
        )
        return [rule_of(row) for row in rows]

    async def _all(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        async with self._engine.connect() as connection:
            rows: Sequence[Row[Any]] = (await connection.execute(statement)).fetchall()
            return rows
