"""Top-ups."""

from datetime import datetime
from typing import Any
from uuid import UUID

from common.db.bulk import insert_rows, update_rows
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.adapters.tables import topups as table
from billing.app.ports import NewTopup
from billing.domain.topups import Topup, TopupState

_NUMBER = text("SELECT 'TU-' || lpad(nextval('topup_numbers')::text, 9, '0')")
_LOCK = text(
    "SELECT id, number, seller_id, account_id, paid_amount, paid_currency, rate, credit_amount, credit_currency, "
    "state, version, decided_at, decided_by, reason FROM topups WHERE id = :id FOR UPDATE"
)


class SqlTopupRepository:
    """See the port."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def next_number(self) -> str:
        """The next human number."""
        return str((await self._connection.execute(_NUMBER)).scalar_one())

    async def add(self, topup: NewTopup) -> None:
        """Write a new one."""
        asked = topup.topup
        row = {
            "id": asked.id,
            "number": asked.number,
            "seller_id": asked.seller_id,
            "account_id": asked.account_id,
            "paid_amount": asked.paid_amount,
            "paid_currency": asked.paid_currency,
            "rate": asked.rate,
            "credit_amount": asked.credit_amount,
            "credit_currency": asked.credit_currency,
            "state": asked.state.value,
            "note": topup.note,
            "proof_key": topup.proof_key,
            "proof_name": topup.proof_name,
            "proof_type": topup.proof_type,
            "requested_by": topup.requested_by,
            "requested_at": self._now,
        }
        await insert_rows(self._connection, table, [row])

    async def lock(self, topup_id: UUID) -> Topup | None:
        """One, locked."""
        row: Any = (await self._connection.execute(_LOCK, {"id": topup_id})).first()
        if row is None:
            return None
        values: list[Any] = [*row[:9], TopupState(row[9]), *row[10:]]
        return Topup(*values)

    async def save(self, topup: Topup) -> None:
        """Write a decision."""
        row = {
            "id": topup.id,
            "state": topup.state.value,
            "version": topup.version,
            "decided_at": topup.decided_at,
            "decided_by": topup.decided_by,
            "reason": topup.reason,
        }
        await update_rows(self._connection, table, [row])
