"""Fulfilment orders in PostgreSQL: every lock on their rows is taken here, in the order of the ids."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from common.db.bulk import insert_rows, update_rows
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from fulfillment.adapters.rows import (
    COLUMNS,
    change_rows,
    content_row,
    order_from,
    state_row,
    submission_row,
    whole_row,
)
from fulfillment.adapters.tables import fulfillment_changes, fulfillments, order_attempts, submissions
from fulfillment.app.ports import AttemptKey, AttemptRow, Captured, SubmissionKey
from fulfillment.app.saving import SUBMIT
from fulfillment.domain.fulfillment import Fulfillment

_LOCK_BY_ID = text(f"SELECT {COLUMNS} FROM fulfillments WHERE id = ANY(CAST(:keys AS uuid[])) ORDER BY id FOR UPDATE")
_LOCK_BY_NUMBER = text(
    f"SELECT {COLUMNS} FROM fulfillments WHERE number = ANY(CAST(:keys AS text[])) ORDER BY id FOR UPDATE"
)
_DUE_TO_SUBMIT = text(
    f"SELECT {COLUMNS} FROM fulfillments WHERE submit_at <= now() ORDER BY submit_at "
    "LIMIT :limit FOR UPDATE SKIP LOCKED"
)
_DUE_TO_CHECK = text(
    f"SELECT {COLUMNS} FROM fulfillments WHERE check_at <= now() ORDER BY check_at LIMIT :limit FOR UPDATE SKIP LOCKED"
)
_DUE_TO_ERASE = text(
    f"SELECT {COLUMNS} FROM fulfillments WHERE erased_at IS NULL AND closed_at < :closed_before ORDER BY closed_at "
    "LIMIT :limit FOR UPDATE SKIP LOCKED"
)
_ATTEMPTS = text(
    "SELECT a.order_id, a.attempt, a.fulfillment_id, a.cancel_reason FROM order_attempts a "
    "JOIN unnest(CAST(:orders AS uuid[]), CAST(:attempts AS integer[])) AS wanted(order_id, attempt) "
    "USING (order_id, attempt)"
)
_NUMBERS = text("SELECT nextval('fulfillment_numbers') FROM generate_series(1, :count)")
_UPSERT_SUBMISSION = (
    "(fulfillment_id, submission) DO UPDATE SET state = EXCLUDED.state, adapter = EXCLUDED.adapter, "
    "warehouse_reference = EXCLUDED.warehouse_reference, reason = EXCLUDED.reason, updated_at = EXCLUDED.updated_at, "
    "hold_id = COALESCE(EXCLUDED.hold_id, submissions.hold_id), "
    "hold_amount = COALESCE(EXCLUDED.hold_amount, submissions.hold_amount), "
    "hold_currency = COALESCE(EXCLUDED.hold_currency, submissions.hold_currency)"
)
_DROP_CALLS = text(
    "DELETE FROM jobs WHERE kind = :kind AND key = ANY(CAST(:keys AS text[])) AND state = 'open' AND NOT leased "
    "RETURNING key, attempts"
)
_CAPTURED = text(
    "UPDATE submissions SET captured_at = :now, captured_amount = source.amount "
    "FROM unnest(CAST(:ids AS uuid[]), CAST(:submissions AS integer[]), CAST(:amounts AS numeric[])) "
    "AS source(fulfillment_id, submission, amount) "
    "WHERE submissions.fulfillment_id = source.fulfillment_id AND submissions.submission = source.submission "
    "AND captured_at IS NULL"
)
_RELEASED = text(
    "UPDATE submissions SET released_at = :now "
    "FROM unnest(CAST(:ids AS uuid[]), CAST(:submissions AS integer[])) AS source(fulfillment_id, submission) "
    "WHERE submissions.fulfillment_id = source.fulfillment_id AND submissions.submission = source.submission "
    "AND released_at IS NULL"
)


class SqlFulfillmentRepository:
    """The repository of one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def claim_attempts(self, wanted: Mapping[AttemptKey, UUID | None], *, reason: str = "") -> set[AttemptKey]:
        """Take the attempts that nobody has taken."""
        rows = [
            {
                "order_id": key.order_id,
                "attempt": key.attempt,
                "fulfillment_id": wanted[key],
                "cancel_reason": "" if wanted[key] else reason,
            }
            for key in sorted(wanted)
        ]
        taken = await insert_rows(
            self._connection,
            order_attempts,
            rows,
            on_conflict="DO NOTHING",
            returning=("order_id", "attempt"),
        )
        return {AttemptKey(row.order_id, row.attempt) for row in taken}

    async def attempts(self, keys: Collection[AttemptKey]) -> dict[AttemptKey, AttemptRow]:
        """Attempts that were taken before."""
        result = await self._connection.execute(
            _ATTEMPTS, {"orders": [key.order_id for key in keys], "attempts": [key.attempt for key in keys]}
        )
        return {
            AttemptKey(row.order_id, row.attempt): AttemptRow(row.fulfillment_id, row.cancel_reason) for row in result
        }

    async def new_numbers(self, count: int) -> list[str]:
        """Human numbers that nothing has yet."""
        result = await self._connection.execute(_NUMBERS, {"count": count})
        return [f"FO-{number:09d}" for number in result.scalars()]

    async def add_many(self, orders: Sequence[Fulfillment]) -> None:
        """Insert new ones with their audit rows and submissions."""
        await insert_rows(self._connection, fulfillments, [whole_row(order) for order in orders])
        await self._save_trail(orders)

    async def get_many_for_update(self, ids: Collection[UUID]) -> dict[UUID, Fulfillment]:
        """Lock and read, in the order of the ids."""
        orders = await self._read(_LOCK_BY_ID, keys=list(ids)) if ids else []
        return {order.id: order for order in orders}

    async def by_number_for_update(self, numbers: Collection[str]) -> dict[str, Fulfillment]:
        """Lock and read by human number, in the order of the ids."""
        orders = await self._read(_LOCK_BY_NUMBER, keys=list(numbers)) if numbers else []
        return {order.number: order for order in orders}

    async def due_to_submit(self, *, limit: int) -> list[Fulfillment]:
        """Lock and read those whose time of submission has come."""
        return await self._read(_DUE_TO_SUBMIT, limit=limit)

    async def due_to_check(self, *, limit: int) -> list[Fulfillment]:
        """Lock and read those that wait too long for an answer."""
        return await self._read(_DUE_TO_CHECK, limit=limit)

    async def due_to_erase(self, *, closed_before: datetime, limit: int) -> list[Fulfillment]:
        """Lock and read those whose personal data has to go."""
        return await self._read(_DUE_TO_ERASE, closed_before=closed_before, limit=limit)

    async def _read(self, statement: TextClause, **parameters: object) -> list[Fulfillment]:
        return [order_from(row) for row in await self._connection.execute(statement, parameters)]

    async def save_many(self, orders: Sequence[Fulfillment]) -> None:
        """Write what changed, with its audit rows and submissions."""
        for order in orders:
            order.version += 1
        edited = [{**state_row(order), **content_row(order)} for order in orders if order.content_dirty]
        moved = [state_row(order) for order in orders if not order.content_dirty]
        await update_rows(self._connection, fulfillments, edited)
        await update_rows(self._connection, fulfillments, moved)
        await self._save_trail(orders)

    async def _save_trail(self, orders: Sequence[Fulfillment]) -> None:
        rows = [submission_row(order) for order in orders if order.submission_dirty and order.submission]
        await insert_rows(self._connection, submissions, rows, on_conflict=_UPSERT_SUBMISSION)
        changes: list[dict[str, Any]] = []
        for order in orders:
            changes.extend(change_rows(order))
            order.changes = []
            order.dirty = order.content_dirty = order.submission_dirty = False
        await insert_rows(self._connection, fulfillment_changes, changes)

    async def drop_calls(self, keys: Collection[SubmissionKey]) -> set[SubmissionKey]:
        """Remove the submit jobs that are not running, and return those of which none had ever been run."""
        by_key = {key.job_key: key for key in keys}
        result = await self._connection.execute(_DROP_CALLS, {"kind": SUBMIT, "keys": list(by_key)})
        return {by_key[row.key] for row in result if row.attempts == 0}

    async def record_captured(self, captured: Sequence[Captured], *, now: datetime) -> None:
        """Note the charges."""
        await self._connection.execute(
            _CAPTURED,
            {
                "now": now,
                "ids": [row.fulfillment_id for row in captured],
                "submissions": [row.submission for row in captured],
                "amounts": [row.amount for row in captured],
            },
        )

    async def record_released(self, keys: Sequence[SubmissionKey], *, now: datetime) -> None:
        """Note that the holds are free."""
        await self._connection.execute(
            _RELEASED,
            {
                "now": now,
                "ids": [key.fulfillment_id for key in keys],
                "submissions": [key.submission for key in keys],
            },
        )
