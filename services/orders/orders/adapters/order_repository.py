"""The SQL of orders as use cases need it: whole frames in one statement, rows locked in the order of their ids."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

import orjson
from common.db.bulk import insert_rows, update_rows
from contracts.common_parts import AddressV1
from sqlalchemy import Row, Text, any_, bindparam, cast, delete, select, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncConnection

from orders.adapters.content import details_of, details_row, needs_of, packages_of, skus_of
from orders.adapters.tables import order_details, order_review_errors, order_timeline, orders
from orders.app.ports import CommandFacts, Known, OrderKey
from orders.domain.mapping import Needs
from orders.domain.order import Order
from orders.domain.platform import Details
from orders.domain.review import ReviewError
from orders.domain.state import Hold, Parcel
from orders.domain.status import OrderStatus, Step, TrackingUpload

COLUMNS = tuple(field.name for field in fields(Order) if field.init)
_FIXED = ("id", "seller_id", "store_id", "platform", "platform_order_id", "number", "placed_at", "imported_at")
_MUTABLE = COLUMNS[len(_FIXED) :]
_AT = {name: index for index, name in enumerate(COLUMNS)}
_JSON = frozenset(name for name in COLUMNS if isinstance(orders.c[name].type, JSONB))
_mutable = attrgetter(*_MUTABLE)
_ALWAYS = (*_FIXED, "status", "version", "platform_status", "platform_version")
_DEFAULTS = {field.name: field.default for field in fields(Order) if field.init and field.name not in _ALWAYS}
"""What a column holds unless it is given; the database has the same defaults."""

_IDS = any_(bindparam("ids", type_=ARRAY(PG_UUID(as_uuid=True))))
_SELECT = select(*(orders.c[name] for name in COLUMNS))
_LOCK = _SELECT.where(orders.c.id == _IDS).order_by(orders.c.id).with_for_update()
_LOCK_DUE = (
    _SELECT.where(orders.c.next_check <= bindparam("now"))
    .order_by(orders.c.next_check)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_DETAILS = select(order_details).where(order_details.c.order_id == _IDS)
_FACTS = select(
    order_details.c.order_id,
    cast(order_details.c.ship_to, Text),
    cast(order_details.c.needs, Text),
    cast(order_details.c.packages, Text),
).where(order_details.c.order_id == _IDS)
_KNOWN = text(
    "SELECT orders.store_id, orders.platform_order_id, orders.id, orders.platform_version FROM orders JOIN "
    "unnest(CAST(:stores AS uuid[]), CAST(:keys AS text[])) AS wanted(store_id, platform_order_id) "
    "ON orders.store_id = wanted.store_id AND orders.platform_order_id = wanted.platform_order_id"
)
_ERASE = text(
    """
    WITH finished AS (
        SELECT id FROM orders WHERE ended_at < :before AND NOT erased ORDER BY ended_at LIMIT :limit
        FOR UPDATE SKIP LOCKED
    ), details AS (
        UPDATE order_details SET ship_to = NULL, buyer_name = '', buyer_email = '', buyer_note = ''
        FROM finished WHERE order_details.order_id = finished.id
    )
    UPDATE orders SET erased = true FROM finished WHERE orders.id = finished.id
    """
)


def order_of(row: Sequence[Any]) -> Order:
    """The order that a row holds."""
    values = list(row)
    values[_AT["status"]] = OrderStatus(values[_AT["status"]])
    values[_AT["step"]] = Step(values[_AT["step"]])
    values[_AT["tracking_upload"]] = TrackingUpload(values[_AT["tracking_upload"]])
    for name, kind in (("holds", Hold), ("review_errors", ReviewError), ("parcels", Parcel)):
        found = values[_AT[name]]
        values[_AT[name]] = tuple(kind(**item) for item in found) if found else ()
    return Order(*values)


def _row(order: Order, columns: Sequence[str]) -> dict[str, Any]:
    return {name: (getattr(order, name) or None) if name in _JSON else getattr(order, name) for name in columns}


class SqlOrderStore:
    """Orders and their details; remembers what was read, to write only what changed."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._read: dict[UUID, tuple[Any, ...]] = {}
        self._errors: dict[UUID, tuple[ReviewError, ...]] = {}

    async def known(self, keys: Sequence[OrderKey]) -> dict[OrderKey, Known]:
        """Which of these are there, unlocked."""
        result = await self._connection.execute(
            _KNOWN, {"stores": [key[0] for key in keys], "keys": [key[1] for key in keys]}
        )
        return {(row[0], row[1]): Known(row[2], row[3]) for row in result}

    async def lock(self, ids: Collection[UUID]) -> dict[UUID, Order]:
        """The orders, locked in the order of their ids until the transaction ends; unknown ids are absent."""
        if not ids:
            return {}
        result = await self._connection.execute(_LOCK, {"ids": list(set(ids))})
        return {order.id: order for order in self._remember(result.fetchall())}

    async def lock_due(self, *, now: datetime, limit: int) -> list[Order]:
        """Orders whose reply is late, locked, those that others hold left out."""
        result = await self._connection.execute(_LOCK_DUE, {"now": now, "limit": limit})
        return self._remember(result.fetchall())

    def _remember(self, rows: Sequence[Row[Any]]) -> list[Order]:
        found = [order_of(row) for row in rows]
        for order in found:
            self._read[order.id] = _mutable(order)
            if order.review_errors:
                self._errors[order.id] = order.review_errors
        return found

    async def details(self, ids: Collection[UUID]) -> dict[UUID, Details]:
        """What was ordered."""
        if not ids:
            return {}
        result = await self._connection.execute(_DETAILS, {"ids": list(ids)})
        return {row.order_id: details_of(row) for row in result}

    async def facts(self, ids: Collection[UUID]) -> dict[UUID, CommandFacts]:
        """What commands carry."""
        if not ids:
            return {}
        result = await self._connection.execute(_FACTS, {"ids": list(ids)})
        found = {}
        for order_id, ship_to, needs, packages in result:
            found[order_id] = CommandFacts(
                ship_to=AddressV1(**orjson.loads(ship_to)) if ship_to else AddressV1(),
                needs=needs_of(orjson.loads(needs)) if needs else None,
                packages=packages_of(orjson.loads(packages)) if packages else (),
            )
        return found

    async def add(self, new: Sequence[Order], details: Mapping[UUID, Details]) -> set[UUID]:
        """Insert new orders; returns the ids that are in, without those that somebody else inserted meanwhile."""
        # In the order of the unique key, so that two imports of the same page wait for each other, not in a circle.
        ordered = sorted(new, key=lambda order: (order.store_id, order.platform_order_id))
        # New orders are mostly blank, and every value that is not sent is not encoded, sent and decoded.
        columns = [*_ALWAYS, *(n for n, blank in _DEFAULTS.items() if any(getattr(o, n) != blank for o in ordered))]
        written = await insert_rows(
            self._connection,
            orders,
            [_row(order, columns) for order in ordered],
            on_conflict="(store_id, platform_order_id) DO NOTHING",
            returning=("id",),
        )
        ids = {row.id for row in written}
        await insert_rows(
            self._connection, order_details, [details_row(details[order.id]) for order in ordered if order.id in ids]
        )
        return ids

    async def save(self, changed: Iterable[Order]) -> None:
        """Write what changed of locked orders."""
        touched: list[Order] = []
        names: set[str] = set()
        for order in changed:
            before, after = self._read[order.id], _mutable(order)
            if before != after:
                touched.append(order)
                names.update(name for name, old, new in zip(_MUTABLE, before, after, strict=True) if old != new)
        if touched:
            columns = ("id", *(name for name in _MUTABLE if name in names))
            await update_rows(self._connection, orders, [_row(order, columns) for order in touched])

    async def save_details(self, details: Sequence[Details]) -> None:
        """Write the content of locked orders anew."""
        await update_rows(self._connection, order_details, [details_row(each) for each in details], key=("order_id",))

    async def save_needs(self, needs: Mapping[UUID, tuple[Needs, Sequence[str]]]) -> None:
        """Write what reviews made of locked orders: the needs, and every SKU to find the order by."""
        rows = [
            {"order_id": order_id, "needs": made, "skus": skus_of(platform_skus, made)}
            for order_id, (made, platform_skus) in needs.items()
        ]
        await update_rows(self._connection, order_details, rows, key=("order_id",))

    async def write_timeline(self, changed: Iterable[Order]) -> None:
        """Insert the entries that the orders have made."""
        rows = [
            {
                "order_id": order.id,
                "version": entry.version,
                "at": entry.at,
                "actor": entry.actor,
                "event": entry.event,
                "from_status": entry.from_status,
                "to_status": entry.to_status,
                "reason": entry.reason,
                "errors": entry.errors or None,
            }
            for order in changed
            for entry in order.entries
        ]
        await insert_rows(self._connection, order_timeline, rows)

    async def replace_errors(self, changed: Sequence[Order]) -> None:
        """Make the index of review errors say what the orders say."""
        changed = [order for order in changed if order.review_errors != self._errors.get(order.id, ())]
        stale = [order.id for order in changed if order.id in self._errors]
        if stale:
            await self._connection.execute(
                delete(order_review_errors).where(order_review_errors.c.order_id == _IDS), {"ids": stale}
            )
        rows = [
            {
                "order_id": order.id,
                "position": number,
                "seller_id": order.seller_id,
                "code": error.code,
                "sku": error.sku,
            }
            for order in changed
            for number, error in enumerate(order.review_errors)
        ]
        await insert_rows(self._connection, order_review_errors, rows)

    async def erase(self, *, ended_before: datetime, limit: int) -> int:
        """Erase the personal data of finished orders; returns how many."""
        result = await self._connection.execute(_ERASE, {"before": ended_before, "limit": limit})
        return int(result.rowcount)
