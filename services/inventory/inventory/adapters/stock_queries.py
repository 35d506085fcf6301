"""Lists of stock, movements, reservations and anomalies."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from inventory.app.views import Alerts, AnomalyView, MovementView, ReservationView, StockFilter, StockLevel

_LEVEL = """
    SELECT s.id, s.seller_id, sellers.code, s.warehouse_id, w.code, s.sku, s.stock_type, s.condition,
           s.on_hand, s.reserved, s.on_hand - s.reserved, s.version
    FROM stock s JOIN warehouses w ON w.id = s.warehouse_id LEFT JOIN sellers ON sellers.id = s.seller_id
"""

_MOVEMENTS = """
    SELECT m.id, m.stock_id, m.seller_id, s.warehouse_id, s.sku, s.stock_type, s.condition, m.kind, m.quantity, m.at,
           m.reference_id, m.attempt, m.actor, m.reason
    FROM movements m JOIN stock s ON s.id = m.stock_id
"""

_RESERVATIONS = """
    SELECT r.reference_id, r.attempt, r.number, r.line_id, r.seller_id, r.stock_id, s.warehouse_id, s.sku, r.quantity,
           r.state, r.shortages, r.reason, r.created_at, r.ended_at
    FROM reservations r LEFT JOIN stock s ON s.id = r.stock_id
"""

_ANOMALIES = """
    SELECT id, seller_id, kind, reference_id, attempt, detail, created_at, resolved_at, resolved_by, note FROM anomalies
"""

_ALERTS = text(
    """
    SELECT (SELECT count(*) FROM anomalies WHERE resolved_at IS NULL), count(*), min(created_at)
    FROM reservations WHERE state = 'held' AND created_at < now() - CAST(:older_than AS interval)
    """
)


class _Where:
    """The conditions of a list: only those that were asked for, so that each statement is planned for what it is."""

    def __init__(self) -> None:
        self._conditions: list[str] = []
        self.values: dict[str, Any] = {}

    def add(self, test: str, /, **values: Any) -> None:
        if any(value is None for value in values.values()):
            return
        self._conditions.append(test)
        self.values.update(values)

    def add_stock(self, wanted: StockFilter, *, owner: str) -> None:
        self.add(f"{owner}.seller_id = :seller_id", seller_id=wanted.seller_id)
        self.add("s.warehouse_id = :warehouse_id", warehouse_id=wanted.warehouse_id)
        self.add("s.sku = :sku", sku=wanted.sku)
        self.add("s.stock_type = :stock_type", stock_type=wanted.stock_type)
        self.add("s.condition = :condition", condition=wanted.condition)

    def __str__(self) -> str:
        return f" WHERE {' AND '.join(self._conditions)}" if self._conditions else ""


class SqlStockQueries:
    """`StockQueries` on PostgreSQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def _rows(self, select: str, where: _Where, *, order: str, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
        statement = text(f"{select}{where} ORDER BY {order} LIMIT :limit")
        return (await self._connection.execute(statement, {**where.values, "limit": limit})).fetchall()

    async def levels(self, wanted: StockFilter, *, after: UUID | None, limit: int) -> Sequence[StockLevel]:
        """Stock rows in the order in which they came to be."""
        where = _Where()
        where.add_stock(wanted, owner="s")
        where.add("s.id > :after", after=after)
        return [StockLevel(*row) for row in await self._rows(_LEVEL, where, order="s.id", limit=limit)]

    async def level(self, stock_id: UUID, *, seller_id: UUID | None) -> StockLevel | None:
        """One stock row."""
        where = _Where()
        where.add("s.id = :id", id=stock_id)
        where.add("s.seller_id = :seller_id", seller_id=seller_id)
        rows = await self._rows(_LEVEL, where, order="s.id", limit=1)
        return StockLevel(*rows[0]) if rows else None

    async def movements(
        self, wanted: StockFilter, *, kind: str | None, reference_id: UUID | None, before: int | None, limit: int
    ) -> Sequence[MovementView]:
        """Movements, newest first."""
        where = _Where()
        where.add_stock(wanted, owner="m")
        where.add("m.kind = :kind", kind=kind)
        where.add("m.reference_id = :reference_id", reference_id=reference_id)
        where.add("m.id < :before", before=before)
        return [MovementView(*row) for row in await self._rows(_MOVEMENTS, where, order="m.id DESC", limit=limit)]

    async def reservations_of(
        self, reference_id: UUID, *, seller_id: UUID | None, after: tuple[int, int] | None, limit: int
    ) -> Sequence[ReservationView]:
        """All rows of one reference by attempt and number."""
        where = _Where()
        where.add("r.reference_id = :reference_id", reference_id=reference_id)
        where.add("r.seller_id = :seller_id", seller_id=seller_id)
        if after:
            where.add("(r.attempt, r.number) > (:attempt, :number)", attempt=after[0], number=after[1])
        rows = await self._rows(_RESERVATIONS, where, order="r.attempt, r.number", limit=limit)
        return [ReservationView(*row) for row in rows]

    async def held(
        self, wanted: StockFilter, *, after: tuple[UUID, int, int] | None, limit: int
    ) -> Sequence[ReservationView]:
        """Held rows, oldest references first."""
        where = _Where()
        where.add("r.state = 'held'")
        where.add_stock(wanted, owner="s")
        if after:
            where.add(
                "(r.reference_id, r.attempt, r.number) > (:reference_id, :attempt, :number)",
                reference_id=after[0],
                attempt=after[1],
                number=after[2],
            )
        rows = await self._rows(_RESERVATIONS, where, order="r.reference_id, r.attempt, r.number", limit=limit)
        return [ReservationView(*row) for row in rows]

    async def anomalies(
        self, *, seller_id: UUID | None, still_open: bool, before: UUID | None, limit: int
    ) -> Sequence[AnomalyView]:
        """Anomalies, newest first."""
        where = _Where()
        where.add("seller_id = :seller_id", seller_id=seller_id)
        where.add("id < :before", before=before)
        if still_open:
            where.add("resolved_at IS NULL")
        return [AnomalyView(*row) for row in await self._rows(_ANOMALIES, where, order="id DESC", limit=limit)]

    async def alerts(self, *, older_than: timedelta) -> Alerts:
        """What the sweeper looks at."""
        row = (await self._connection.execute(_ALERTS, {"older_than": older_than})).one()
        return Alerts(*row)
