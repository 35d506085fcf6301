"""What the use cases need of the outside, as Protocols; adapters implement them, bootstrap joins them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from contracts.common_parts import AddressV1

from orders.domain.address import Address
from orders.domain.mapping import MappedSku, Needs
from orders.domain.order import Order
from orders.domain.platform import Details, Package
from orders.domain.review import Channel, Product, Warehouse
from orders.domain.routing import Rule

OrderKey = tuple[UUID, str]
"""A store and the platform's id of an order in it."""


@dataclass(frozen=True, slots=True)
class Known:
    """An order that is there already, with the platform's version that it shows."""

    id: UUID
    platform_version: int


@dataclass(frozen=True, slots=True)
class CommandFacts:
    """What commands carry of an order beside its state."""

    ship_to: AddressV1
    needs: Needs | None
    packages: tuple[Package, ...]


@dataclass(frozen=True, slots=True)
class StockRelease:
    """Stock of an attempt that is being given back until inventory confirms it."""

    order_id: UUID
    attempt: int
    seller_id: UUID
    reason: str
    resends: int = 0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where orders of some sellers can go: all warehouses and channels, the sellers' bindings and active rules."""

    warehouses: Mapping[UUID, Warehouse]
    channels: Mapping[UUID, Channel]
    bindings: frozenset[tuple[UUID, UUID]]
    rules: Mapping[UUID, Sequence[Rule]]


@dataclass(frozen=True, slots=True)
class SkuMapping:
    """What one platform SKU of a store stands for."""

    id: UUID
    seller_id: UUID
    store_id: UUID
    platform_sku: str
    items: tuple[MappedSku, ...]
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class PendingFilter:
    """Pending orders to review again; an empty condition holds always."""

    seller_id: UUID | None = None
    store_id: UUID | None = None
    warehouse_id: UUID | None = None
    error_code: str = ""
    sku: str = ""


class OrderRepository(Protocol):
    """Orders and what hangs on them. Every method takes many, and is one statement."""

    async def known(self, keys: Sequence[OrderKey]) -> dict[OrderKey, Known]:
        """Which of these are there, unlocked."""

    async def lock(self, ids: Collection[UUID]) -> dict[UUID, Order]:
        """The orders, locked in the order of their ids until the transaction ends; unknown ids are absent."""

    async def lock_due(self, *, now: datetime, limit: int) -> list[Order]:
        """Orders whose reply is late, locked, those that others hold left out."""

    async def details(self, ids: Collection[UUID]) -> dict[UUID, Details]:
        """What was ordered."""

    async def facts(self, ids: Collection[UUID]) -> dict[UUID, CommandFacts]:
        """What commands carry."""

    async def add(self, orders: Sequence[Order], details: Mapping[UUID, Details]) -> set[UUID]:
        """Insert new orders; returns the ids that are in, without those that somebody else inserted meanwhile."""

    async def save(self, orders: Iterable[Order]) -> None:
        """Write what changed of locked orders."""

    async def save_details(self, details: Sequence[Details]) -> None:
        """Write the content of locked orders anew."""

    async def save_needs(self, needs: Mapping[UUID, tuple[Needs, Sequence[str]]]) -> None:
        """Write what reviews made of locked orders: the needs, and every SKU to find the order by."""

    async def write_timeline(self, orders: Iterable[Order]) -> None:
        """Insert the entries that the orders have made."""

    async def replace_errors(self, orders: Sequence[Order]) -> None:
        """Make the index of review errors say what the orders say."""

    async def count(self, changes: Mapping[tuple[UUID, str], int]) -> None:
        """Add to the number of orders per seller and status."""

    async def fold_counts(self) -> None:
        """Sum up what was added to the counts."""

    async def add_releases(self, releases: Sequence[StockRelease], *, next_check: datetime) -> None:
        """Remember stock that is being given back."""

    async def end_releases(self, released: Sequence[tuple[UUID, int]]) -> None:
        """Forget what has been given back."""

    async def due_releases(self, *, now: datetime, limit: int) -> list[StockRelease]:
        """Releases whose reply is late, postponed with growing waits."""

    async def pending_ids(self, wanted: PendingFilter, *, limit: int) -> list[UUID]:
        """Pending orders that wait for nothing, oldest first."""

    async def erase(self, *, ended_before: datetime, limit: int) -> int:
        """Erase the personal data of finished orders; returns how many."""


class Reference(Protocol):
    """Copies of other services' facts, and the sellers' mappings and rules as reviews read them."""

    async def surroundings(self, seller_ids: Collection[UUID]) -> Surroundings:
        """Where orders of these sellers can go."""

    async def mapped(self, keys: Collection[OrderKey]) -> dict[OrderKey, tuple[MappedSku, ...]]:
        """Mappings by (store, platform SKU)."""

    async def stores_with_mappings(self, store_ids: Collection[UUID]) -> set[UUID]:
        """Which of the stores have any mapping."""

    async def products(self, keys: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], Product]:
        """Products by (seller, SKU)."""

    async def warehouse_codes(self, ids: Collection[UUID]) -> dict[UUID, str]:
        """The codes of warehouses."""

    async def store_seller(self, store_id: UUID) -> UUID | None:
        """Whose store it is."""

    async def mirror(self, table: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Keep the newest version of copied rows; older ones are dropped."""


class Mappings(Protocol):
    """The sellers' mappings."""

    async def get(self, mapping_id: UUID, *, seller_id: UUID | None, lock: bool = False) -> SkuMapping | None:
        """One mapping, of this seller or of any."""

    async def upsert(self, rows: Sequence[SkuMapping]) -> list[SkuMapping]:
        """Insert, or set the items of what is there, one version on."""

    async def insert(self, row: SkuMapping) -> bool:
        """Insert; False where the store has a mapping of this platform SKU."""

    async def delete(self, mapping_id: UUID) -> None:
        """Remove it."""


class Rules(Protocol):
    """The sellers' routing rules."""

    async def lock_all(self, seller_id: UUID) -> list[Rule]:
        """A seller's rules in their order; nobody else can change them until the transaction ends."""

    async def get(self, rule_id: UUID, *, seller_id: UUID | None) -> Rule | None:
        """One rule, of this seller or of any."""

    async def insert(self, rule: Rule) -> None:
        """Add it."""

    async def update(self, rules: Sequence[Rule]) -> None:
        """Write rules anew; each is one version on already."""

    async def delete(self, rule_id: UUID) -> None:
        """Remove it."""


class Uow(UnitOfWork):
    """A transaction of orders; the adapter sets its repositories."""

    orders: OrderRepository
    reference: Reference
    mappings: Mappings
    rules: Rules


class AddressBook(Protocol):
    """Knowledge of countries and phone numbers."""

    @property
    def countries(self) -> frozenset[str]:
        """The ISO 3166-1 alpha-2 codes."""

    def normalise(self, address: AddressV1) -> Address:
        """The address as it is kept: country by its code, postal code as the country writes it, phone in E.164."""
