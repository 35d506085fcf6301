"""Jobs as a transaction adds them: rows that say what is to be called outside, and when."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.db.bulk import to_json
from common.kernel.ids import uuid7

_INSERT = text(
    "INSERT INTO jobs (id, kind, key, lane, payload, next_at) "
    "SELECT id, kind, key, lane, payload, now() + after FROM unnest(CAST(:ids AS uuid[]), CAST(:kinds AS text[]), "
    "CAST(:keys AS text[]), CAST(:lanes AS text[]), CAST(:payloads AS jsonb[]), CAST(:afters AS interval[])) "
    "AS source(id, kind, key, lane, payload, after) ON CONFLICT (kind, key) WHERE state = 'open' DO NOTHING"
)
# Each half has a partial index of its own; a condition on both states would read the whole table.
_REMOVE = text(
    """
    WITH gone AS (
        SELECT * FROM unnest(CAST(:kinds AS text[]), CAST(:keys AS text[])) AS gone(kind, key)
    ), found AS (
        SELECT id FROM jobs JOIN gone USING (kind, key) WHERE state = 'open'
        UNION ALL SELECT id FROM jobs JOIN gone USING (kind, key) WHERE state = 'failed'
    )
    DELETE FROM jobs USING found WHERE jobs.id = found.id
    """
)


class JobQueue:
    """Collects the jobs of a transaction, and writes them in one statement when it ends."""

    def __init__(self) -> None:
        self._added: list[tuple[str, str, str, Mapping[str, Any], timedelta]] = []
        self._removed: list[tuple[str, str]] = []
        self.written = 0

    def add(
        self, kind: str, key: str, payload: Mapping[str, Any], *, lane: str = "", after: timedelta = timedelta(0)
    ) -> None:
        """Have a job done once the transaction has committed, `after` a while. While one of the same kind and key is
        open, another is not added. Jobs of one lane (a store, a warehouse) share their limit of simultaneous calls.
        """
        self._added.append((kind, key, lane, payload, after))

    def remove(self, kind: str, key: str) -> None:
        """Drop a job that is no longer wanted, open or failed; one that is running may still end, unsettled."""
        self._removed.append((kind, key))

    async def flush(self, connection: AsyncConnection) -> None:
        """Write the rows; called by the edge just before it commits."""
        if self._removed:
            kinds, keys = zip(*self._removed, strict=True)
            await connection.execute(_REMOVE, {"kinds": list(kinds), "keys": list(keys)})
            self._removed = []
        if self._added:
            await connection.execute(
                _INSERT,
                {
                    "ids": [uuid7() for _ in self._added],
                    "kinds": [row[0] for row in self._added],
                    "keys": [row[1] for row in self._added],
                    "lanes": [row[2] for row in self._added],
                    "payloads": [to_json(row[3]) for row in self._added],
                    "afters": [row[4] for row in self._added],
                },
            )
            self.written += len(self._added)
            self._added = []
