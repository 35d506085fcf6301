"""What routes are given: transactions to work in, queries to read with."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from orders.app.ports import AddressBook, SkuMapping, Uow
from orders.domain.order import Order
from orders.domain.platform import Details
from orders.domain.routing import Rule
from orders.domain.state import Entry


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """An order as lists and pages show it."""

    order: Order
    details: Details
    store_name: str
    warehouse_code: str
    channel_code: str


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders a list shows; an empty condition holds always. `search` is the beginning of the number that the
    merchant sees, or the platform's whole id.
    """

    seller_id: UUID | None = None
    statuses: tuple[str, ...] = ()
    store_id: UUID | None = None
    platform: str = ""
    warehouse_id: UUID | None = None
    review_error: str = ""
    sku: str = ""
    search: str = ""
    tracking_upload: str = ""
    created_from: datetime | None = None
    created_to: datetime | None = None


class Queries(Protocol):
    """Reads for people; each sees only the rows of `seller_id`, or all where it is None."""

    async def orders(self, wanted: OrderFilter, *, after: UUID | None, limit: int) -> Sequence[OrderRecord]:
        """A page, newest first; one row more than `limit` where there is a next page."""

    async def order(self, order_id: UUID, *, seller_id: UUID | None) -> OrderRecord | None:
        """One order."""

    async def timeline(self, order_id: UUID, *, seller_id: UUID | None) -> Sequence[Entry] | None:
        """What became of an order, in order; None where there is no such order."""

    async def counts(self, *, seller_id: UUID | None) -> Mapping[str, int]:
        """How many orders are in each state."""

    def export(self, wanted: OrderFilter) -> AsyncIterator[Sequence[OrderRecord]]:
        """All orders that a list shows, a thousand at a time."""

    async def mappings(
        self, *, seller_id: UUID | None, store_id: UUID | None, search: str, after: UUID | None, limit: int
    ) -> Sequence[SkuMapping]:
        """A page of mappings, newest first; one row more than `limit` where there is a next page."""

    async def rules(self, *, seller_id: UUID) -> Sequence[Rule]:
        """A seller's routing rules in their order."""


@dataclass(frozen=True, slots=True)
class Root:
    """The composition root as routes see it."""

    begin: Callable[[], AbstractAsyncContextManager[Uow]]
    queries: Queries
    book: AddressBook
