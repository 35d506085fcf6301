"""Lists and single rows for people; amounts get the decimals of their currency here."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from common.kernel.money import rounded
from sqlalchemy import Select, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.adapters import tables
from billing.adapters.schedule_repository import view_of
from billing.app.views import (
    AccountView,
    AnomalyView,
    HoldView,
    PostingView,
    ScheduleView,
    TopupView,
)
from billing.domain.accounts import AccountId

V = TypeVar("V")

_accounts, _sellers, _holds, _topups = tables.accounts, tables.sellers, tables.holds, tables.topups
_entries, _postings, _anomalies, _schedules = tables.entries, tables.postings, tables.anomalies, tables.fee_schedules

_ACCOUNTS = (
    select(
        _accounts.c.id,
        _accounts.c.seller_id,
        func.coalesce(_sellers.c.code, ""),
        _accounts.c.currency,
        _accounts.c.balance,
        _accounts.c.credit_limit,
        _accounts.c.held,
        _accounts.c.version,
    )
    .select_from(_accounts.outerjoin(_sellers, _sellers.c.id == _accounts.c.seller_id))
    .where(_accounts.c.kind == "seller")
)
_LEDGER = select(
    _entries.c.id,
    _postings.c.account_id,
    _entries.c.seller_id,
    _entries.c.kind,
    _entries.c.currency,
    _postings.c.amount,
    _postings.c.balance_after,
    _entries.c.description,
    _entries.c.reference_id,
    _entries.c.actor,
    _entries.c.details,
    _entries.c.created_at,
).select_from(_postings.join(_entries, _entries.c.id == _postings.c.entry_id))
_HOLDS = select(*(_holds.c[name] for name in HoldView.__dataclass_fields__))
_ANOMALIES = select(*(_anomalies.c[name] for name in AnomalyView.__dataclass_fields__))
_TOPUPS = select(*(_topups.c[name] for name in TopupView.__dataclass_fields__))
_SCHEDULES = select(*(_schedules.c[name] for name in ScheduleView.__dataclass_fields__))


class SqlQueries:
    """See the port."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def accounts(self, *, seller_id: UUID | None, after: UUID | None, limit: int) -> Sequence[AccountView]:
        """Accounts by id."""
        statement = _ACCOUNTS.where(
            _accounts.c.seller_id == seller_id if seller_id else true(), _accounts.c.id > after if after else true()
        )
        rows = await self._connection.execute(statement.order_by(_accounts.c.id).limit(limit))
        return [_account(row) for row in rows]

    async def account(self, *, seller_id: UUID, currency: str) -> AccountView | None:
        """One account."""
        row = await self._first(_ACCOUNTS.where(_accounts.c.seller_id == seller_id, _accounts.c.currency == currency))
        return _account(row) if row else None

    async def ledger(self, *, account_id: AccountId, after: UUID | None, limit: int) -> Sequence[PostingView]:
        """Postings of an account, newest first."""
        statement = _LEDGER.where(
            _postings.c.account_id == account_id, _postings.c.entry_id < after if after else true()
        )
        rows = await self._connection.execute(statement.order_by(_postings.c.entry_id.desc()).limit(limit))
        return [
            PostingView(*row[:5], rounded(row[5], row[4]), _shown(row[6], row[4]), *row[7:10], row[10] or {}, row[11])
            for row in rows
        ]

    async def holds(
        self, *, seller_id: UUID | None, state: str | None, number: str | None, after: UUID | None, limit: int
    ) -> Sequence[HoldView]:
        """Holds, newest first."""
        statement = _HOLDS.where(
            _holds.c.seller_id == seller_id if seller_id else true(),
            _holds.c.state == state if state else true(),
            _holds.c.number == number if number else true(),
            _holds.c.id < after if after else true(),
        )
        rows = await self._connection.execute(statement.order_by(_holds.c.id.desc()).limit(limit))
        return [_made(HoldView, row) for row in rows]

    async def hold(self, hold_id: UUID) -> HoldView | None:
        """One hold."""
        row = await self._first(_HOLDS.where(_holds.c.id == hold_id))
        return _made(HoldView, row) if row else None

    async def anomalies(
        self, *, seller_id: UUID | None, open_only: bool, after: UUID | None, limit: int
    ) -> Sequence[AnomalyView]:
        """Anomalies, newest first."""
        statement = _ANOMALIES.where(
            _anomalies.c.seller_id == seller_id if seller_id else true(),
            _anomalies.c.open if open_only else true(),
            _anomalies.c.id < after if after else true(),
        )
        rows = await self._connection.execute(statement.order_by(_anomalies.c.id.desc()).limit(limit))
        return [_made(AnomalyView, row) for row in rows]

    async def topups(
        self, *, seller_id: UUID | None, state: str | None, after: UUID | None, limit: int
    ) -> Sequence[TopupView]:
        """Top-ups, newest first."""
        statement = _TOPUPS.where(
            _topups.c.seller_id == seller_id if seller_id else true(),
            _topups.c.state == state if state else true(),
            _topups.c.id < after if after else true(),
        )
        rows = await self._connection.execute(statement.order_by(_topups.c.id.desc()).limit(limit))
        return [_made(TopupView, row) for row in rows]

    async def topup_counts(self, *, seller_id: UUID | None) -> Mapping[str, int]:
        """How many top-ups are in each state."""
        statement = select(_topups.c.state, func.count()).where(
            _topups.c.seller_id == seller_id if seller_id else true()
        )
        rows = await self._connection.execute(statement.group_by(_topups.c.state))
        return {row[0]: row[1] for row in rows}

    async def topup(self, topup_id: UUID) -> TopupView | None:
        """One top-up."""
        row = await self._first(_TOPUPS.where(_topups.c.id == topup_id))
        return _made(TopupView, row) if row else None

    async def schedules(
        self, *, warehouse_id: UUID | None, seller_id: UUID | None, after: UUID | None, limit: int
    ) -> Sequence[ScheduleView]:
        """Fee schedules, newest first."""
        statement = _SCHEDULES.where(
            _schedules.c.warehouse_id == warehouse_id if warehouse_id else true(),
            _schedules.c.seller_id == seller_id if seller_id else true(),
            _schedules.c.id < after if after else true(),
        )
        rows = await self._connection.execute(statement.order_by(_schedules.c.id.desc()).limit(limit))
        return [view_of(row) for row in rows]

    async def _first(self, statement: Select[Any]) -> Any:
        return (await self._connection.execute(statement)).first()


def _shown(amount: Decimal | None, currency: str) -> Decimal | None:
    return None if amount is None else rounded(amount, currency)


def _made(view: type[V], row: Any) -> V:
    """A row whose columns are the fields of the view, in their order."""
    return view(*row)


def _account(row: Any) -> AccountView:
    currency = row[3]
    balance, limit, held = (rounded(amount, currency) for amount in row[4:7])
    return AccountView(row[0], row[1], row[2], currency, balance, limit, held, balance + limit - held, row[7])
