"""What people did."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from common.db.bulk import insert_rows
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.adapters.tables import changes as table
from billing.app.ports import Change
from billing.app.views import ChangeView


class SqlChangeRepository:
    """See the port."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add(self, change: Change) -> None:
        """Write it down."""
        row = {
            "subject_kind": change.subject_kind,
            "subject_id": change.subject_id,
            "seller_id": change.seller_id,
            "actor": change.actor,
            "action": change.action,
            "from_state": change.from_state,
            "to_state": change.to_state,
            "reason": change.reason,
            "details": dict(change.details) if change.details else None,
            "at": self._now,
        }
        await insert_rows(self._connection, table, [row])

    async def of(self, subject_id: UUID) -> Sequence[ChangeView]:
        """The history of one subject."""
        rows = await self._connection.execute(
            select(
                table.c.actor,
                table.c.action,
                table.c.from_state,
                table.c.to_state,
                table.c.reason,
                table.c.details,
                table.c.at,
            )
            .where(table.c.subject_id == subject_id)
            .order_by(table.c.position)
        )
        return [ChangeView(*row[:5], row[5] or {}, row[6]) for row in rows]
