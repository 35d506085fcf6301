"""What the use cases need from outside."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from common.db.unit_of_work import Transactions, UnitOfWork
from common.documents import Documents

from billing.app.views import (
    AccountView,
    AnomalyView,
    ChangeView,
    HoldView,
    PostingView,
    ScheduleView,
    TopupView,
)
from billing.domain.accounts import Account, AccountId
from billing.domain.fees import Fee, FeeSchedule
from billing.domain.holds import AnomalyKind, Hold, HoldKey
from billing.domain.ledger import Entry
from billing.domain.topups import Topup


@dataclass(frozen=True, slots=True)
class Seller:
    """The copy of a seller."""

    id: UUID
    version: int
    code: str
    name: str
    currency: str
    active: bool


@dataclass(frozen=True, slots=True)
class Warehouse:
    """The copy of a warehouse."""

    id: UUID
    version: int
    code: str
    name: str
    currency: str
    time_zone: str
    active: bool


@dataclass(frozen=True, slots=True)
class HoldFacts:
    """What a hold was priced by, kept with it."""

    hold: Hold
    order_id: UUID
    warehouse_id: UUID
    channel_id: UUID
    units: int
    weight_grams: int
    fee: Fee
    available_after: Decimal | None


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A shipment whose money did not go the usual way; `charged` is what was posted all the same."""

    kind: AnomalyKind
    key: HoldKey
    seller_id: UUID
    number: str
    message: str
    charged: Decimal | None
    currency: str
    open: bool


@dataclass(frozen=True, slots=True)
class Change:
    """What a person did to what."""

    subject_kind: str
    subject_id: UUID
    seller_id: UUID | None
    actor: str
    action: str
    from_state: str = ""
    to_state: str = ""
    reason: str = ""
    details: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class NewTopup:
    """A top-up as it is asked for."""

    topup: Topup
    note: str
    proof_key: str
    proof_name: str
    proof_type: str
    requested_by: str


class DirectoryRepository(Protocol):
    """Copies of what other services own."""

    async def save_sellers(self, sellers: Sequence[Seller]) -> None:
        """Keep the newest version of each."""

    async def save_warehouses(self, warehouses: Sequence[Warehouse]) -> None:
        """Keep the newest version of each."""

    async def seller(self, seller_id: UUID) -> Seller | None:
        """The seller, if billing has heard of it."""

    async def warehouses(self, ids: Collection[UUID]) -> Mapping[UUID, Warehouse]:
        """Those warehouses that billing has heard of."""


class AccountRepository(Protocol):
    """Accounts, and every lock on them. All work on a seller's money begins with `lock`, so that work of one seller
    is done one after the other, and the holds read after it are what they are.
    """

    async def lock(self, seller_ids: Collection[UUID]) -> dict[tuple[UUID, str], Account]:
        """All accounts of the sellers by (seller, currency), locked in the order of their ids."""

    async def open(self, wanted: Collection[tuple[UUID, str]]) -> None:
        """Make the accounts that are missing, for sellers that billing has heard of, with the house's side of the
        currency.
        """

    async def save(self, accounts: Collection[Account]) -> None:
        """Write locked accounts."""


class HoldRepository(Protocol):
    """Holds, tombstones and anomalies."""

    async def find(self, keys: Collection[HoldKey]) -> dict[HoldKey, Hold]:
        """The holds that exist."""

    async def place(self, holds: Sequence[HoldFacts]) -> None:
        """Write new holds."""

    async def leave(self, holds: Sequence[Hold]) -> None:
        """Write tombstones and what is owed: holds without facts."""

    async def end(self, holds: Sequence[Hold]) -> None:
        """Write state, entry and reason of holds that ended."""

    async def settle_owed(self, holds: Sequence[HoldFacts]) -> None:
        """Write price and facts of holds that were owed, and close their anomalies."""

    async def save(self, hold: Hold) -> None:
        """Write one hold that a person charged."""

    async def report(self, anomalies: Sequence[Anomaly]) -> None:
        """Write anomalies, each once for its submission."""

    async def anomaly(self, anomaly_id: UUID) -> AnomalyView | None:
        """An anomaly. Not locked: the account's lock comes first everywhere."""

    async def close_anomaly(self, anomaly_id: UUID, *, charged: Decimal | None, currency: str, note: str) -> None:
        """Mark it as seen to."""


class LedgerRepository(Protocol):
    """The journal."""

    async def post(self, entries: Sequence[Entry]) -> None:
        """Write entries with their postings."""


class TopupRepository(Protocol):
    """Top-ups."""

    async def next_number(self) -> str:
        """The next human number, `TU-000000001`."""

    async def add(self, topup: NewTopup) -> None:
        """Write a new one."""

    async def lock(self, topup_id: UUID) -> Topup | None:
        """One, locked."""

    async def save(self, topup: Topup) -> None:
        """Write a decision."""


class ScheduleRepository(Protocol):
    """Fee schedules."""

    async def of_warehouses(self, ids: Collection[UUID], at: datetime) -> Sequence[FeeSchedule]:
        """The schedules of warehouses that have started by then."""

    async def get(self, schedule_id: UUID) -> ScheduleView | None:
        """One, locked."""

    async def add(self, schedule: ScheduleView, starts_at: datetime) -> None:
        """Write a new one; raises Conflict where its scope and day are taken."""

    async def save(self, schedule: ScheduleView, starts_at: datetime) -> None:
        """Write an edited one; raises Conflict where its scope and day are taken."""

    async def remove(self, schedule_id: UUID) -> None:
        """Take it away."""


class ChangeRepository(Protocol):
    """What people did."""

    async def add(self, change: Change) -> None:
        """Write it down."""

    async def of(self, subject_id: UUID) -> Sequence[ChangeView]:
        """The history of one subject, oldest first."""


class Queries(Protocol):
    """Lists. `seller_id` None means all sellers; `after` is the id of the last row of the page before."""

    async def accounts(self, *, seller_id: UUID | None, after: UUID | None, limit: int) -> Sequence[AccountView]:
        """Accounts by id."""

    async def account(self, *, seller_id: UUID, currency: str) -> AccountView | None:
        """One account."""

    async def ledger(self, *, account_id: AccountId, after: UUID | None, limit: int) -> Sequence[PostingView]:
        """Postings of an account, newest first."""

    async def holds(
        self, *, seller_id: UUID | None, state: str | None, number: str | None, after: UUID | None, limit: int
    ) -> Sequence[HoldView]:
        """Holds, newest first."""

    async def hold(self, hold_id: UUID) -> HoldView | None:
        """One hold."""

    async def anomalies(
        self, *, seller_id: UUID | None, open_only: bool, after: UUID | None, limit: int
    ) -> Sequence[AnomalyView]:
        """Anomalies, newest first."""

    async def topups(
        self, *, seller_id: UUID | None, state: str | None, after: UUID | None, limit: int
    ) -> Sequence[TopupView]:
        """Top-ups, newest first."""

    async def topup_counts(self, *, seller_id: UUID | None) -> Mapping[str, int]:
        """How many top-ups are in each state."""

    async def topup(self, topup_id: UUID) -> TopupView | None:
        """One top-up."""

    async def schedules(
        self, *, warehouse_id: UUID | None, seller_id: UUID | None, after: UUID | None, limit: int
    ) -> Sequence[ScheduleView]:
        """Fee schedules, newest first."""


class Uow(UnitOfWork):
    """One transaction of billing, with its repositories."""

    directory: DirectoryRepository
    accounts: AccountRepository
    holds: HoldRepository
    ledger: LedgerRepository
    topups: TopupRepository
    schedules: ScheduleRepository
    changes: ChangeRepository
    queries: Queries


@dataclass(frozen=True, slots=True)
class Billing:
    """What routes work with."""

    transactions: Transactions[Uow]
    documents: Documents
