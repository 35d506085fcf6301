"""Accounts. Every row lock on money is taken here, in the order of the accounts' ids."""

from collections.abc import Collection
from uuid import UUID

from common.db.bulk import insert_rows, update_rows
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.adapters.tables import accounts as table
from billing.domain.accounts import Account, LedgerKind, house_account_id, seller_account_id

_LOCK = text(
    "SELECT id, seller_id, currency, balance, credit_limit, held, version FROM accounts "
    "WHERE seller_id = ANY(CAST(:sellers AS uuid[])) ORDER BY id FOR UPDATE"
)
_KNOWN = text("SELECT id FROM sellers WHERE id = ANY(CAST(:sellers AS uuid[]))")


class SqlAccountRepository:
    """See the port."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock(self, seller_ids: Collection[UUID]) -> dict[tuple[UUID, str], Account]:
        """All accounts of the sellers, locked."""
        rows = await self._connection.execute(_LOCK, {"sellers": list(seller_ids)})
        return {(row[1], row[2]): Account(*row) for row in rows}

    async def open(self, wanted: Collection[tuple[UUID, str]]) -> None:
        """Make what is missing, in the order of ids, so that two who do the same wait and do not deadlock."""
        result = await self._connection.execute(_KNOWN, {"sellers": [seller_id for seller_id, _ in wanted]})
        known = set(result.scalars())
        rows = [
            {
                "id": seller_account_id(seller_id, currency),
                "kind": LedgerKind.SELLER.value,
                "seller_id": seller_id,
                "currency": currency,
            }
            for seller_id, currency in wanted
            if seller_id in known
        ]
        rows += [
            {
                "id": house_account_id(kind, currency),
                "kind": kind.value,
                "seller_id": None,
                "currency": currency,
            }
            for currency in {currency for seller_id, currency in wanted if seller_id in known}
            for kind in (LedgerKind.CLEARING, LedgerKind.REVENUE)
        ]
        await insert_rows(
            self._connection, table, sorted(rows, key=lambda row: str(row["id"])), on_conflict="DO NOTHING"
        )

    async def save(self, accounts: Collection[Account]) -> None:
        """Write locked accounts in one statement."""
        rows = [
            {
                "id": account.id,
                "balance": account.balance,
                "credit_limit": account.credit_limit,
                "held": account.held,
                "version": account.version,
            }
            for account in accounts
        ]
        await update_rows(self._connection, table, rows)
