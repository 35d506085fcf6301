"""Order tasks in PostgreSQL."""

from collections.abc import Sequence

from common.db.bulk import insert_rows, update_rows
from common.kernel.clock import utcnow
from contracts.common_parts import ParcelV1
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from sync.adapters.tables import order_tasks
from sync.app.ports import TaskRow
from sync.domain.order_task import TaskKind, TaskState

_READ = text(
    """
    SELECT kind, order_id, attempt, seller_id, store_id, state, tries, code, reason, parcels FROM order_tasks
    JOIN unnest(CAST(:kinds AS text[]), CAST(:orders AS uuid[]), CAST(:attempts AS integer[]))
        AS source(k, o, a) ON kind = k AND order_id = o AND attempt = a
    """
)


class TaskRepository:
    """See app.ports.Tasks."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, rows: Sequence[TaskRow]) -> list[TaskRow]:
        """See Tasks."""
        unique = {(row.kind, row.order_id, row.attempt): row for row in rows}
        inserted = await insert_rows(
            self._connection,
            order_tasks,
            [
                {
                    "kind": row.kind.value,
                    "order_id": row.order_id,
                    "attempt": row.attempt,
                    "seller_id": row.seller_id,
                    "store_id": row.store_id,
                }
                for row in sorted(unique.values(), key=lambda row: (row.kind, row.order_id, row.attempt))
            ],
            on_conflict="DO NOTHING",
            returning=("kind", "order_id", "attempt"),
        )
        new = {(row.kind, row.order_id, row.attempt) for row in inserted}
        old = [key for key in unique if key not in new]
        if not old:
            return []
        found = await self._connection.execute(
            _READ,
            {
                "kinds": [kind.value for kind, _, _ in old],
                "orders": [order_id for _, order_id, _ in old],
                "attempts": [attempt for _, _, attempt in old],
            },
        )
        return [
            TaskRow(
                kind=TaskKind(row.kind),
                order_id=row.order_id,
                attempt=row.attempt,
                seller_id=row.seller_id,
                store_id=row.store_id,
                state=TaskState(row.state),
                tries=row.tries,
                code=row.code,
                reason=row.reason,
                parcels=tuple(ParcelV1.model_validate(parcel) for parcel in row.parcels or ()),
            )
            for row in found
        ]

    async def end(self, rows: Sequence[TaskRow]) -> None:
        """See Tasks."""
        now = utcnow()
        await update_rows(
            self._connection,
            order_tasks,
            [
                {
                    "kind": row.kind.value,
                    "order_id": row.order_id,
                    "attempt": row.attempt,
                    "state": row.state.value,
                    "tries": row.tries,
                    "code": row.code,
                    "reason": row.reason,
                    "parcels": [parcel.model_dump(mode="json") for parcel in row.parcels] if row.parcels else None,
                    "ended_at": now,
                }
                for row in rows
            ],
            key=("kind", "order_id", "attempt"),
        )
