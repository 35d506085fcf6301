"""What is shown of stores: read models, and the queries that give them. Each is bound to the seller who may see it;
`seller_id` None is an operator's view of all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class StoreView:
    """A store as users see it."""

    id: UUID
    seller_id: UUID
    platform: str
    account: str | None
    name: str
    state: str
    state_reason: str
    version: int
    last_error: str
    last_complete_until: datetime | None
    next_pull_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class RunView:
    """A sync run as users see it."""

    id: UUID
    store_id: UUID
    trigger: str
    requested_by: str
    state: str
    since: datetime
    until: datetime
    pages: int
    calls: int
    platform_total: int | None
    orders_read: int
    orders_sent: int
    orders_unchanged: int
    orders_unpaid: int
    orders_left_out: int
    orders_parked: int
    throttled_seconds: float
    errors: int
    last_error: str
    resumed: int
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class ParkedView:
    """A parked order as users see it; `raw` is absent once it is resolved or too old to be kept."""

    id: UUID
    store_id: UUID
    platform_order_id: str
    state: str
    reason: str
    raw: str | None
    tries: int
    parked_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class MoveView:
    """A row of a store's history."""

    id: UUID
    at: datetime
    actor: str
    from_state: str | None
    to_state: str
    reason: str


class Queries(Protocol):
    """Reads for the API; lists are newest first, and read one row more than `limit`."""

    async def store(self, store_id: UUID, *, seller_id: UUID | None) -> StoreView | None:
        """One store."""

    async def stores(
        self,
        *,
        seller_id: UUID | None,
        platform: str | None,
        state: str | None,
        before: UUID | None,
        limit: int,
    ) -> Sequence[StoreView]:
        """A page of stores."""

    async def counts(self, *, seller_id: UUID | None, platform: str | None) -> Mapping[str, int]:
        """How many stores are in each state."""

    async def runs(self, store_id: UUID, *, state: str | None, before: UUID | None, limit: int) -> Sequence[RunView]:
        """A page of a store's runs."""

    async def run(self, store_id: UUID, run_id: UUID) -> RunView | None:
        """One run."""

    async def parked(
        self, store_id: UUID, *, state: str | None, before: UUID | None, limit: int
    ) -> Sequence[ParkedView]:
        """A page of a store's parked orders."""

    async def parked_one(self, store_id: UUID, parked_id: UUID) -> ParkedView | None:
        """One parked order."""

    async def moves(self, store_id: UUID, *, before: UUID | None, limit: int) -> Sequence[MoveView]:
        """A page of a store's history."""
