"""The audit."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from common.db.bulk import insert_rows
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from inventory.adapters import tables
from inventory.app.views import AuditView
from inventory.domain.audit import Transition

_OF = text(
    """
    SELECT id, at, actor, source, target, reason FROM audit
    WHERE subject_id = :subject_id AND id > :after ORDER BY id LIMIT :limit
    """
)


class SqlAuditRepository:
    """`AuditRepository` on PostgreSQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, kind: str, transitions: Sequence[Transition], *, actor: str, at: datetime) -> None:
        """Append moves of products or warehouses."""
        await insert_rows(
            self._connection,
            tables.audit,
            [
                {
                    "kind": kind,
                    "subject_id": transition.subject_id,
                    "at": at,
                    "actor": actor,
                    "source": transition.source,
                    "target": transition.target,
                    "reason": transition.reason,
                }
                for transition in transitions
            ],
        )

    async def of(self, subject_id: UUID, *, after: int, limit: int) -> Sequence[AuditView]:
        """The moves of one subject, oldest first."""
        rows = await self._connection.execute(_OF, {"subject_id": subject_id, "after": after, "limit": limit})
        return [AuditView(*row) for row in rows.fetchall()]
