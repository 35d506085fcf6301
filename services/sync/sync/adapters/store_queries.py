"""Reads for the API, in PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sync.adapters.tables import parked_orders, store_moves, stores, sync_runs
from sync.app.views import MoveView, ParkedView, RunView, StoreView
from sync.domain.store import StoreState

V = TypeVar("V", StoreView, RunView, ParkedView, MoveView)


class StoreQueries:
    """See app.views.Queries."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def store(self, store_id: UUID, *, seller_id: UUID | None) -> StoreView | None:
        """See Queries."""
        found = await self._page(StoreView, stores, [stores.c.id == store_id, *_of_seller(seller_id)], None, 0)
        return found[0] if found else None

    async def stores(
        self,
        *,
        seller_id: UUID | None,
        platform: str | None,
        state: str | None,
        before: UUID | None,
        limit: int,
    ) -> Sequence[StoreView]:
        """See Queries."""
        conditions = _of_seller(seller_id)
        if platform:
            conditions.append(stores.c.platform == platform)
        if state:
            conditions.append(stores.c.state == state)
        return await self._page(StoreView, stores, conditions, before, limit)

    async def counts(self, *, seller_id: UUID | None, platform: str | None) -> Mapping[str, int]:
        """See Queries."""
        query = (
            select(stores.c.state, func.count().label("stores")).where(*_of_seller(seller_id)).group_by(stores.c.state)
        )
        if platform:
            query = query.where(stores.c.platform == platform)
        found = {row.state: row.stores for row in await self._connection.execute(query)}
        return {state.value: found.get(state.value, 0) for state in StoreState}

    async def runs(self, store_id: UUID, *, state: str | None, before: UUID | None, limit: int) -> Sequence[RunView]:
        """See Queries."""
        conditions: list[ColumnElement[bool]] = [sync_runs.c.store_id == store_id]
        if state:
            conditions.append(sync_runs.c.state == state)
        return await self._page(RunView, sync_runs, conditions, before, limit)

    async def run(self, store_id: UUID, run_id: UUID) -> RunView | None:
        """See Queries."""
        conditions = [sync_runs.c.store_id == store_id, sync_runs.c.id == run_id]
        found = await self._page(RunView, sync_runs, conditions, None, 0)
        return found[0] if found else None

    async def parked(
        self, store_id: UUID, *, state: str | None, before: UUID | None, limit: int
    ) -> Sequence[ParkedView]:
        """See Queries."""
        conditions: list[ColumnElement[bool]] = [parked_orders.c.store_id == store_id]
        if state:
            conditions.append(parked_orders.c.state == state)
        return await self._page(ParkedView, parked_orders, conditions, before, limit)

    async def parked_one(self, store_id: UUID, parked_id: UUID) -> ParkedView | None:
        """See Queries."""
        conditions = [parked_orders.c.store_id == store_id, parked_orders.c.id == parked_id]
        found = await self._page(ParkedView, parked_orders, conditions, None, 0)
        return found[0] if found else None

    async def moves(self, store_id: UUID, *, before: UUID | None, limit: int) -> Sequence[MoveView]:
        """See Queries."""
        return await self._page(MoveView, store_moves, [store_moves.c.store_id == store_id], before, limit)

    async def _page(
        self, view: type[V], table: Table, conditions: Sequence[ColumnElement[bool]], before: UUID | None, limit: int
    ) -> list[V]:
        names = [field.name for field in fields(view)]
        query = select(*(table.c[name] for name in names)).where(*conditions)
        if before is not None:
            query = query.where(table.c.id < before)
        rows = await self._connection.execute(query.order_by(table.c.id.desc()).limit(limit + 1))
        return [_view(view, row) for row in rows]


def _view(view: type[V], row: Any) -> V:
    return view(**row._mapping)


def _of_seller(seller_id: UUID | None) -> list[ColumnElement[bool]]:
    return [] if seller_id is None else [stores.c.seller_id == seller_id]
