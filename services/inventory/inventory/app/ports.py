"""What the use cases need from the outside: repositories and queries, attached to the transaction they work in."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from common.db.unit_of_work import Transactions, UnitOfWork

from inventory.app import views
from inventory.domain.audit import Transition
from inventory.domain.product import Product
from inventory.domain.reservation import AnomalyKind, Attempt, AttemptKey, Request, Shelf, Verdict
from inventory.domain.stock import Movement, Stock, StockKey
from inventory.domain.warehouse import Binding, Place, Warehouse


@dataclass(frozen=True, slots=True)
class Decision:
    """A request that was decided for the first time, with the stock that it was decided on."""

    request: Request
    verdict: Verdict
    shelf: Shelf


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Something to be recorded for a person to look at; recorded once per kind and attempt."""

    kind: AnomalyKind
    key: AttemptKey
    seller_id: UUID
    detail: str


class StockRepository(Protocol):
    """Stock rows; whatever is returned is locked until the transaction ends."""

    async def lock_shelves(self, wanted: Mapping[Place, Collection[str]]) -> dict[Place, dict[str, Stock]]:
        """The good product stock of these SKUs at each place; SKUs without a row are absent."""

    async def lock_ids(self, ids: Collection[UUID]) -> dict[UUID, Stock]:
        """The rows with these ids."""

    async def lock_keys(self, keys: Collection[StockKey]) -> dict[StockKey, Stock]:
        """The rows of these keys, made where there are none yet."""

    async def save(self, stocks: Sequence[Stock]) -> None:
        """Write rows that changed, and count their versions up."""

    async def add_movements(self, movements: Sequence[Movement], *, at: datetime) -> None:
        """Append to the ledger."""


class ReservationRepository(Protocol):
    """Reservations by attempt."""

    async def verdicts(self, keys: Collection[AttemptKey]) -> dict[AttemptKey, Verdict]:
        """What was decided about these attempts before; undecided ones are absent."""

    async def add(self, decisions: Sequence[Decision], *, at: datetime) -> None:
        """Write held lines and refusals. An attempt that somebody else decides at the same time fails the whole."""

    async def lock_attempts(self, keys: Collection[AttemptKey]) -> dict[AttemptKey, Attempt]:
        """The attempts with their rows, locked; unknown ones are absent."""

    async def add_tombstones(
        self, sellers: Mapping[AttemptKey, UUID], *, reasons: Sequence[str], at: datetime
    ) -> set[AttemptKey]:
        """Leave a released row for attempts that are not there; returns those for which that was so."""

    async def release(self, keys: Sequence[AttemptKey], *, reasons: Sequence[str], at: datetime) -> None:
        """End attempts as released."""

    async def consume(self, keys: Sequence[AttemptKey], *, at: datetime) -> None:
        """End attempts as consumed, and append a movement for each of their rows."""

    async def add_anomalies(self, anomalies: Sequence[Anomaly], *, at: datetime) -> None:
        """Record what could not be followed."""

    async def resolve_anomaly(self, anomaly_id: UUID, *, actor: str, note: str, at: datetime) -> bool:
        """Mark an anomaly as looked at; returns whether it is there."""


class ProductRepository(Protocol):
    """Products."""

    async def get(self, product_id: UUID, *, seller_id: UUID | None) -> Product | None:
        """One product that is not deleted, of that seller where one is given."""

    async def lock_ids(self, ids: Collection[UUID], *, seller_id: UUID | None) -> dict[UUID, Product]:
        """Locked products that are not deleted, of that seller where one is given."""

    async def lock_skus(self, seller_id: UUID, skus: Collection[str]) -> dict[str, Product]:
        """Locked products of a seller by SKU, deleted ones too."""

    async def statuses(self, pairs: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], str]:
        """The status of (seller, SKU) pairs; unknown and deleted ones are absent."""

    async def ids_of(self, pairs: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], UUID]:
        """The ids of (seller, SKU) pairs; unknown and deleted ones are absent."""

    async def add(self, products: Sequence[Product]) -> set[str]:
        """Insert new products of one seller; returns the SKUs that somebody else had made in the meantime."""

    async def save(self, products: Sequence[Product]) -> None:
        """Write locked products back."""


class WarehouseRepository(Protocol):
    """Warehouses, bindings, and the copy of the sellers."""

    async def get(self, warehouse_id: UUID) -> Warehouse | None:
        """One warehouse."""

    async def lock(self, warehouse_id: UUID) -> Warehouse | None:
        """One warehouse, locked."""

    async def add(self, warehouse: Warehouse) -> bool:
        """Insert a warehouse; returns whether its code was free."""

    async def save(self, warehouse: Warehouse) -> None:
        """Write a locked warehouse back."""

    async def ever_bound(self, warehouse_id: UUID) -> bool:
        """Whether any seller is or was bound to it."""

    async def bind(self, place: Place, *, bound: bool, at: datetime) -> Binding | None:
        """Bind or unbind; returns the new binding, or None where it was so already."""

    async def open_places(self, places: Collection[Place]) -> set[Place]:
        """Which of these sellers may use which of these warehouses: bound, and the warehouse active."""

    async def save_seller(self, seller_id: UUID, *, version: int, code: str, name: str, active: bool) -> None:
        """Keep what the gateway says of a seller, unless something newer is known."""


class AuditRepository(Protocol):
    """The audit."""

    async def add(self, kind: str, transitions: Sequence[Transition], *, actor: str, at: datetime) -> None:
        """Append moves of products or warehouses."""

    async def of(self, subject_id: UUID, *, after: int, limit: int) -> Sequence[views.AuditView]:
        """The moves of one subject, oldest first."""


class StockQueries(Protocol):
    """Lists of stock, movements, reservations and anomalies; each reads up to `limit` rows after the cursor."""

    async def levels(self, wanted: views.StockFilter, *, after: UUID | None, limit: int) -> Sequence[views.StockLevel]:
        """Stock rows in the order in which they came to be."""

    async def level(self, stock_id: UUID, *, seller_id: UUID | None) -> views.StockLevel | None:
        """One stock row."""

    async def movements(
        self, wanted: views.StockFilter, *, kind: str | None, reference_id: UUID | None, before: int | None, limit: int
    ) -> Sequence[views.MovementView]:
        """Movements, newest first."""

    async def reservations_of(
        self, reference_id: UUID, *, seller_id: UUID | None, after: tuple[int, int] | None, limit: int
    ) -> Sequence[views.ReservationView]:
        """All rows of one reference by attempt and number."""

    async def held(
        self, wanted: views.StockFilter, *, after: tuple[UUID, int, int] | None, limit: int
    ) -> Sequence[views.ReservationView]:
        """Held rows, oldest references first."""

    async def anomalies(
        self, *, seller_id: UUID | None, still_open: bool, before: UUID | None, limit: int
    ) -> Sequence[views.AnomalyView]:
        """Anomalies, newest first."""

    async def alerts(self, *, older_than: timedelta) -> views.Alerts:
        """What the sweeper looks at."""


class ProductQueries(Protocol):
    """Lists of products."""

    async def products(self, wanted: views.ProductFilter, *, after: UUID | None, limit: int) -> Sequence[Product]:
        """Products in the order in which they were made."""

    async def counts(self, *, seller_id: UUID | None) -> Mapping[str, int]:
        """How many products are in each status."""


class WarehouseQueries(Protocol):
    """Lists of warehouses."""

    async def warehouses(
        self, *, seller_id: UUID | None, code: str | None, after: str | None, limit: int
    ) -> Sequence[Warehouse]:
        """Warehouses by code; with a seller only those it is bound to."""

    async def is_bound(self, place: Place) -> bool:
        """Whether the seller is bound to the warehouse."""

    async def bindings(self, warehouse_id: UUID, *, after: UUID | None, limit: int) -> Sequence[views.BindingView]:
        """The sellers that are bound to a warehouse."""


class InventoryUow(UnitOfWork):
    """One transaction of inventory; bootstrap attaches its repositories and queries."""

    stock: StockRepository
    reservations: ReservationRepository
    products: ProductRepository
    warehouses: WarehouseRepository
    audit: AuditRepository
    stock_queries: StockQueries
    product_queries: ProductQueries
    warehouse_queries: WarehouseQueries


@dataclass(frozen=True, slots=True)
class Inventory:
    """The composition root that routes work with."""

    transactions: Transactions[InventoryUow]
