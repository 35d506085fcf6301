"""The journal: entries and all their postings, in one statement each, which the database's own check needs."""

from collections.abc import Sequence

from common.db.bulk import insert_rows
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.adapters.tables import entries as entry_table
from billing.adapters.tables import postings as posting_table
from billing.domain.ledger import Entry


class SqlLedgerRepository:
    """See the port."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def post(self, entries: Sequence[Entry]) -> None:
        """Write entries with their postings."""
        rows = [
            {
                "id": entry.id,
                "kind": entry.kind.value,
                "seller_id": entry.seller_id,
                "currency": entry.currency,
                "reference_id": entry.reference_id,
                "description": entry.description,
                "actor": entry.actor,
                "details": dict(entry.details) or None,
            }
            for entry in entries
        ]
        sides = [
            {
                "account_id": posting.account_id,
                "entry_id": entry.id,
                "amount": posting.amount,
                "balance_after": posting.balance_after,
            }
            for entry in entries
            for posting in entry.postings
        ]
        await insert_rows(self._connection, entry_table, rows)
        await insert_rows(self._connection, posting_table, sides)
