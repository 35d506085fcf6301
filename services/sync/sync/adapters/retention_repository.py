"""Erasing what is old, in PostgreSQL: in batches, so that no transaction is long and no lock is kept."""

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from sync.app.ports import Keep

BATCH = 5000
_AUTHORIZATIONS_KEPT = timedelta(days=1)


def _erase(table: str, column: str) -> str:
    old = f"SELECT ctid FROM {table} WHERE {column} < now() - CAST(:kept AS interval) LIMIT {BATCH}"
    return f"DELETE FROM {table} WHERE ctid = ANY(ARRAY({old} FOR UPDATE SKIP LOCKED))"


_RAW = text(
    "UPDATE parked_orders SET raw = NULL WHERE id = ANY(ARRAY(SELECT id FROM parked_orders "
    f"WHERE raw IS NOT NULL AND updated_at < now() - CAST(:kept AS interval) LIMIT {BATCH}))"
)
_SEEN = text(_erase("seen_orders", "seen_at"))
_RUNS = text(_erase("sync_runs", "ended_at"))
_TASKS = text(_erase("order_tasks", "ended_at"))
_AUTHORIZATIONS = text(_erase("authorizations", "expires_at"))


class RetentionRepository:
    """See app.ports.Retention."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def erase_old(self, keep: Keep) -> None:
        """See Retention."""
        for statement, kept in (
            (_RAW, keep.raw),
            (_SEEN, keep.seen),
            (_RUNS, keep.runs),
            (_TASKS, keep.tasks),
            (_AUTHORIZATIONS, _AUTHORIZATIONS_KEPT),
        ):
            await self._connection.execute(statement, {"kept": kept})
