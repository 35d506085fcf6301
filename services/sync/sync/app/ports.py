"""What the use cases need of the database, as protocols; adapters/ implements them on PostgreSQL."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from common.crypto import Sealed
from common.db.unit_of_work import UnitOfWork
from common.messaging import inbox
from contracts.base import Message
from contracts.common_parts import ParcelV1
from contracts.sync.v1 import CanonicalOrderV1

from sync.app.views import Queries
from sync.connectors.kit.connector import ParkedOrder
from sync.domain.order_task import TaskKind, TaskState
from sync.domain.store import Store, StoreState
from sync.domain.sync_run import OpenRun, RunStart, RunState


@dataclass(frozen=True, slots=True)
class SealedCredentials:
    """A store with its credentials as they are stored; a store that was never authorised has none."""

    store: Store
    sealed: Sealed | None
    version: int
    issued_at: datetime | None


@dataclass(frozen=True, slots=True)
class Move:
    """One row of a store's history."""

    store_id: UUID
    actor: str
    from_state: StoreState | None
    to_state: StoreState
    reason: str


@dataclass(frozen=True, slots=True)
class Authorization:
    """A seller's way to the platform's consent page and back; `state` returns once, and not after `expires_at`.
    `account` is the shop that was asked for, where it was known beforehand.
    """

    store_id: UUID
    platform: str
    account: str | None
    actor: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PageCounts:
    """What a page adds to its run."""

    calls: int
    throttled_seconds: float
    total: int | None
    orders_read: int
    orders_sent: int
    orders_unchanged: int
    orders_unpaid: int
    orders_left_out: int
    orders_parked: int


@dataclass(frozen=True, slots=True)
class TaskRow:
    """An order task as asked for, or as it ended."""

    kind: TaskKind
    order_id: UUID
    attempt: int
    seller_id: UUID
    store_id: UUID
    state: TaskState = TaskState.OPEN
    tries: int = 0
    code: str = ""
    reason: str = ""
    parcels: tuple[ParcelV1, ...] = field(default=())


class Stores(Protocol):
    """Stores, their history, and the authorisations under way."""

    async def add(self, store: Store) -> None:
        """Insert a new store."""

    async def get(self, store_id: UUID) -> Store | None:
        """The store, locked until the transaction ends."""

    async def of_accounts(self, platform: str, accounts: Sequence[str], *, also: UUID | None = None) -> list[Store]:
        """The stores of these shops, and the one that is `also` meant, locked in the order of their ids."""

    async def of_account(self, platform: str, account: str) -> Store | None:
        """The store of a shop, not locked."""

    async def save(self, store: Store) -> None:
        """Write what the domain may change."""

    async def record(self, move: Move) -> None:
        """Add a row to the history."""

    async def note_error(self, store_id: UUID, error: str) -> None:
        """Show `error` on the store; an empty one takes it away."""

    async def due(self, *, now: datetime, every: timedelta, limit: int) -> list[Store]:
        """Active stores whose next pull is due, which is moved on by `every`; those that others hold are skipped."""

    async def schedule(self, store_id: UUID, *, at: datetime) -> None:
        """Set when the next pull is due."""

    async def complete_until(self, store_id: UUID, until: datetime) -> None:
        """Note up to when everything has been pulled."""

    async def add_authorization(self, state_hash: str, authorization: Authorization) -> None:
        """Remember a state that was sent to the platform."""

    async def take_authorization(self, state_hash: str, *, now: datetime) -> Authorization | None:
        """The authorisation of a state, which is thereby used up; None where it is unknown, used or too old."""

    async def drop_authorizations(self, store_id: UUID) -> None:
        """Forget the authorisations under way."""

    async def wake_jobs(self, store_id: UUID, kinds: Sequence[str]) -> None:
        """Make the waiting jobs of a store due now."""


class CredentialRows(Protocol):
    """Sealed credentials and the leases under which they are renewed."""

    async def of_stores(self, store_ids: Sequence[UUID]) -> dict[UUID, SealedCredentials]:
        """Stores with their credentials, not locked."""

    async def put(self, store_id: UUID, sealed: Sealed) -> int:
        """Store new credentials, whatever was there; returns their version."""

    async def erase(self, store_id: UUID) -> None:
        """Forget the credentials."""

    async def lease_refresh(self, store_id: UUID, *, version: int, lease_id: UUID, seconds: int) -> "Lease | None":
        """Take the right to spend the refresh token of this version; None while another has it, or it was spent."""

    async def end_refresh(self, store_id: UUID, *, lease_id: UUID, unknown: bool) -> None:
        """Give the right back: the platform has not spent the token, or it is `unknown` whether it has."""

    async def renew(self, store_id: UUID, *, version: int, sealed: Sealed) -> bool:
        """Store the next pair in place of the given version; False where that version is no longer there."""

    async def under_other_keys(
        self, *, current: str, known: Sequence[str], limit: int
    ) -> Sequence[tuple[UUID, UUID, Sealed]]:
        """(store, seller, credentials) under known keys other than the current one, locked."""

    async def reseal(self, rows: Sequence[tuple[UUID, Sealed]]) -> None:
        """Replace the form at rest; the credentials stay the same."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to spend a refresh token once. `interrupted`: the one before never told what became of it."""

    id: UUID
    interrupted: bool


class Runs(Protocol):
    """Sync runs: at most one of a store is open."""

    async def resume(self, store_ids: Sequence[UUID]) -> dict[UUID, UUID]:
        """Make interrupted runs of these stores run on; returns run ids by store id."""

    async def start(self, starts: Sequence[tuple[UUID, RunStart]], *, requested_by: str) -> dict[UUID, UUID]:
        """Start runs of stores that have none open; returns run ids by store id."""

    async def open_of(self, store_id: UUID) -> UUID | None:
        """The id of the store's open run."""

    async def get(self, run_id: UUID) -> OpenRun | None:
        """A run as it stands, not locked."""

    async def add_page(self, run: OpenRun, counts: PageCounts, *, cursor: str | None) -> bool:
        """Count a page and move the cursor; False where the run has gone on or ended without us."""

    async def add_error(self, run_id: UUID, *, error: str, throttled_seconds: float = 0.0) -> None:
        """Show what kept a page from coming."""

    async def restart(self, run_id: UUID) -> None:
        """Forget the cursor."""

    async def end(self, run_id: UUID, state: RunState, *, error: str = "") -> bool:
        """End a running run, or interrupt it; False where it was not running."""

    async def running(self, run_ids: Sequence[UUID]) -> dict[UUID, UUID]:
        """Those of the runs that are running, locked; returns store ids by run id."""

    async def interrupt_of(self, store_id: UUID, *, error: str) -> None:
        """Interrupt the store's running run, if it has one."""


class Feed(Protocol):
    """What is known of the orders of stores: versions sent on, orders touched, orders parked."""

    async def newer(self, store_id: UUID, orders: Sequence[CanonicalOrderV1], *, only_known: bool = False) -> set[str]:
        """Ids of orders that are newer than what was sent on, now noted as sent. `only_known` adds no rows."""

    async def park(self, store_id: UUID, parked: Sequence[ParkedOrder]) -> None:
        """Put orders aside; one that is there already is tried once more."""

    async def unpark(self, store_id: UUID, order_ids: Sequence[str]) -> None:
        """These orders can be read now: resolve them, and erase their raw payload."""

    async def retry(self, store_id: UUID, parked_id: UUID) -> str | None:
        """Mark a parked order as retried; returns its platform order id, None where there is no such unresolved one."""

    async def touch(self, store_id: UUID, order_ids: Iterable[str]) -> None:
        """Note orders that are to be pulled by id."""

    async def touched(self, store_id: UUID, *, limit: int) -> list[tuple[str, datetime]]:
        """Orders to be pulled by id, oldest first, with the time of their last touch."""

    async def untouch(self, store_id: UUID, orders: Sequence[tuple[str, datetime]]) -> None:
        """Forget touches, unless an order was touched again since."""

    async def stores_touched(self) -> list[UUID]:
        """Active stores with orders to be pulled by id."""


class Tasks(Protocol):
    """Order tasks: labels and tracking uploads."""

    async def add(self, rows: Sequence[TaskRow]) -> list[TaskRow]:
        """Insert the new ones; returns, of those that were there, how they stand."""

    async def end(self, rows: Sequence[TaskRow]) -> None:
        """Write how tasks ended."""


@dataclass(frozen=True, slots=True)
class Keep:
    """How long what is no longer needed is kept. `raw` is the payload of parked orders, with buyers' personal data."""

    raw: timedelta
    seen: timedelta
    runs: timedelta
    tasks: timedelta


class Retention(Protocol):
    """Erases what is old, some thousand rows at a time."""

    async def erase_old(self, keep: Keep) -> None:
        """Erase a batch of each kind."""


class SyncUow(UnitOfWork):
    """A unit of work with the repositories of sync."""

    stores: Stores
    credentials: CredentialRows
    runs: Runs
    feed: Feed
    tasks: Tasks
    retention: Retention
    queries: Queries

    async def keep_replies(self, commands: Sequence[Message]) -> None:
        """Keep what this transaction answers to `commands`, to be said again when they come again."""
        await inbox.keep_replies(self.connection, self.outbox, commands)
