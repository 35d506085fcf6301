"""Timers that every service has: old inbox rows, stored replies and idempotency keys are erased, a few at a time."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from common.messaging.jobs import Jobs

KEPT = timedelta(days=14)
"""Longer than any message can still be delivered again."""

BATCH = 5000

_ERASE = tuple(
    text(
        f"DELETE FROM {table} WHERE ctid = ANY(ARRAY("
        f"SELECT ctid FROM {table} WHERE {column} < now() - CAST(:kept AS interval) LIMIT {BATCH}))"
    )
    for table, column in (("inbox", "received_at"), ("inbox_replies", "stored_at"), ("idempotency_keys", "created_at"))
)


def add_housekeeping(jobs: Jobs) -> None:
    """Add the timers to a service's jobs."""

    async def erase_old_rows(uow: Any) -> None:
        for statement in _ERASE:
            await uow.connection.execute(statement, {"kept": KEPT})

    jobs.timer("erase_old_rows", every=timedelta(minutes=5))(erase_old_rows)
