"""Sync runs in PostgreSQL."""

from collections.abc import Sequence
from uuid import UUID

from common.db.bulk import insert_rows
from common.kernel.ids import uuid7
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from sync.adapters.tables import stores, sync_runs
from sync.app.ports import PageCounts
from sync.domain.sync_run import OpenRun, RunStart, RunState

_RESUME = text(
    "UPDATE sync_runs SET state = 'running', resumed = resumed + 1, updated_at = now() "
    "WHERE state = 'interrupted' AND store_id = ANY(CAST(:ids AS uuid[])) RETURNING store_id, id"
)
_ADD_PAGE = text(
    """
    UPDATE sync_runs SET cursor = :cursor, pages = pages + 1, calls = calls + :calls,
        platform_total = coalesce(CAST(:total AS integer), platform_total), orders_read = orders_read + :orders_read,
        orders_sent = orders_sent + :orders_sent, orders_unchanged = orders_unchanged + :orders_unchanged,
        orders_unpaid = orders_unpaid + :orders_unpaid, orders_left_out = orders_left_out + :orders_left_out,
        orders_parked = orders_parked + :orders_parked, throttled_seconds = throttled_seconds + :throttled_seconds,
        last_error = '', updated_at = now()
    WHERE id = :id AND state = 'running' AND pages = :pages RETURNING id
    """
)
_ADD_ERROR = text(
    "UPDATE sync_runs SET errors = errors + :counted, last_error = :error, "
    "throttled_seconds = throttled_seconds + :throttled, updated_at = now() WHERE id = :id"
)
_RESTART = text("UPDATE sync_runs SET cursor = NULL, updated_at = now() WHERE id = :id AND state = 'running'")
_END = text(
    "UPDATE sync_runs SET state = :state, last_error = :error, updated_at = now(), "
    "ended_at = CASE WHEN :state = 'interrupted' THEN NULL ELSE now() END "
    "WHERE id = :id AND state = 'running' RETURNING id"
)
_RUNNING = text("SELECT id, store_id, state FROM sync_runs WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE")
_INTERRUPT = text(
    "UPDATE sync_runs SET state = 'interrupted', last_error = :error, updated_at = now() "
    "WHERE store_id = :store_id AND state = 'running'"
)


class RunRepository:
    """See app.ports.Runs."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def resume(self, store_ids: Sequence[UUID]) -> dict[UUID, UUID]:
        """See Runs."""
        rows = await self._connection.execute(_RESUME, {"ids": list(store_ids)})
        return {row.store_id: row.id for row in rows}

    async def start(self, starts: Sequence[tuple[UUID, RunStart]], *, requested_by: str) -> dict[UUID, UUID]:
        """See Runs."""
        rows = await insert_rows(
            self._connection,
            sync_runs,
            [
                {
                    "id": uuid7(),
                    "store_id": store_id,
                    "trigger": start.trigger.value,
                    "requested_by": requested_by,
                    "state": RunState.RUNNING.value,
                    "since": start.since,
                    "until": start.until,
                }
                for store_id, start in starts
            ],
            on_conflict="(store_id) WHERE state IN ('running', 'interrupted') DO NOTHING",
            returning=("store_id", "id"),
        )
        return {row.store_id: row.id for row in rows}

    async def open_of(self, store_id: UUID) -> UUID | None:
        """See Runs."""
        query = select(sync_runs.c.id).where(
            sync_runs.c.store_id == store_id, sync_runs.c.state.in_(("running", "interrupted"))
        )
        return (await self._connection.execute(query)).scalar_one_or_none()

    async def get(self, run_id: UUID) -> OpenRun | None:
        """See Runs."""
        query = (
            select(
                sync_runs.c.id,
                sync_runs.c.store_id,
                stores.c.seller_id,
                stores.c.platform,
                sync_runs.c.state,
                sync_runs.c.since,
                sync_runs.c.until,
                sync_runs.c.cursor,
                sync_runs.c.pages,
            )
            .join_from(sync_runs, stores)
            .where(sync_runs.c.id == run_id)
        )
        row = (await self._connection.execute(query)).first()
        if row is None:
            return None
        return OpenRun(
            id=row.id,
            store_id=row.store_id,
            seller_id=row.seller_id,
            platform=row.platform,
            state=RunState(row.state),
            since=row.since,
            until=row.until,
            cursor=row.cursor,
            pages=row.pages,
        )

    async def add_page(self, run: OpenRun, counts: PageCounts, *, cursor: str | None) -> bool:
        """See Runs."""
        result = await self._connection.execute(
            _ADD_PAGE,
            {
                "id": run.id,
                "pages": run.pages,
                "cursor": cursor,
                "calls": counts.calls,
                "total": counts.total,
                "orders_read": counts.orders_read,
                "orders_sent": counts.orders_sent,
                "orders_unchanged": counts.orders_unchanged,
                "orders_unpaid": counts.orders_unpaid,
                "orders_left_out": counts.orders_left_out,
                "orders_parked": counts.orders_parked,
                "throttled_seconds": counts.throttled_seconds,
            },
        )
        return result.first() is not None

    async def add_error(self, run_id: UUID, *, error: str, throttled_seconds: float = 0.0) -> None:
        """See Runs."""
        await self._connection.execute(
            _ADD_ERROR,
            {
                "id": run_id,
                "error": error,
                "throttled": throttled_seconds,
                "counted": 0 if throttled_seconds else 1,
            },
        )

    async def restart(self, run_id: UUID) -> None:
        """See Runs."""
        await self._connection.execute(_RESTART, {"id": run_id})

    async def end(self, run_id: UUID, state: RunState, *, error: str = "") -> bool:
        """See Runs."""
        result = await self._connection.execute(_END, {"id": run_id, "state": state.value, "error": error})
        return result.first() is not None

    async def running(self, run_ids: Sequence[UUID]) -> dict[UUID, UUID]:
        """See Runs."""
        rows = await self._connection.execute(_RUNNING, {"ids": list(run_ids)})
        # The state is looked at after the lock: a run that was resumed a moment ago counts as running.
        return {row.id: row.store_id for row in rows if row.state == RunState.RUNNING.value}

    async def interrupt_of(self, store_id: UUID, *, error: str) -> None:
        """See Runs."""
        await self._connection.execute(_INTERRUPT, {"store_id": store_id, "error": error})
