"""What the use cases need of the outside: the repositories of a transaction, carriers and warehouse systems."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple, Protocol
from uuid import UUID

from common.db.unit_of_work import UnitOfWork

from fulfillment.domain.answers import AnswerKind
from fulfillment.domain.channel import CarrierSettings, Channel
from fulfillment.domain.fulfillment import Fulfillment
from fulfillment.domain.parts import Address, Parcel
from fulfillment.domain.states import Adapter


class AttemptKey(NamedTuple):
    """A review attempt of an order, which also names its reservation."""

    order_id: UUID
    attempt: int


class SubmissionKey(NamedTuple):
    """One submission of a fulfilment order, which also names its hold."""

    fulfillment_id: UUID
    submission: int

    @property
    def job_key(self) -> str:
        """How jobs about it are named."""
        return f"{self.fulfillment_id}:{self.submission}"


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """The fulfilment order of an attempt; none is the tombstone of a cancellation that came first."""

    fulfillment_id: UUID | None
    cancel_reason: str


@dataclass(frozen=True, slots=True)
class WarehouseCopy:
    """A warehouse as inventory last said."""

    id: UUID
    version: int
    code: str
    name: str
    country: str
    active: bool
    adapter: str
    base_url: str


@dataclass(frozen=True, slots=True)
class SellerCopy:
    """A seller as the gateway last said."""

    id: UUID
    version: int
    code: str
    name: str
    active: bool


@dataclass(frozen=True, slots=True)
class ProductCopy:
    """The weight in force of a SKU as inventory last said, in grams."""

    seller_id: UUID
    sku: str
    product_id: UUID
    version: int
    weight_grams: int | None


@dataclass(frozen=True, slots=True)
class SubmissionSettings:
    """The auto-submit switch of a seller; `delay` is at most five minutes."""

    seller_id: UUID
    auto_submit: bool = False
    delay: timedelta = timedelta(0)
    version: int = 0


@dataclass(frozen=True, slots=True)
class Captured:
    """The charge that a hold became."""

    fulfillment_id: UUID
    submission: int
    amount: Decimal


class FulfillmentRepository(Protocol):
    """Fulfilment orders; every row lock is taken here, in the order of the ids."""

    async def claim_attempts(self, wanted: Mapping[AttemptKey, UUID | None], *, reason: str = "") -> set[AttemptKey]:
        """Take the attempts that nobody has taken: for a fulfilment order, or (None) as a tombstone. Waits for
        whoever takes the same at the same time. Returns the ones taken now.
        """

    async def attempts(self, keys: Collection[AttemptKey]) -> dict[AttemptKey, AttemptRow]:
        """Attempts that were taken before."""

    async def new_numbers(self, count: int) -> list[str]:
        """Human numbers that nothing has yet: FO-000000123."""

    async def add_many(self, orders: Sequence[Fulfillment]) -> None:
        """Insert new ones with their audit rows and submissions."""

    async def get_many_for_update(self, ids: Collection[UUID]) -> dict[UUID, Fulfillment]:
        """Lock and read, in the order of the ids."""

    async def by_number_for_update(self, numbers: Collection[str]) -> dict[str, Fulfillment]:
        """Lock and read by human number, in the order of the ids."""

    async def due_to_submit(self, *, limit: int) -> list[Fulfillment]:
        """Lock and read those whose time of submission has come; skips what another process has locked."""

    async def due_to_check(self, *, limit: int) -> list[Fulfillment]:
        """Lock and read those that wait too long for an answer; skips what another process has locked."""

    async def due_to_erase(self, *, closed_before: datetime, limit: int) -> list[Fulfillment]:
        """Lock and read those whose personal data has to go."""

    async def save_many(self, orders: Sequence[Fulfillment]) -> None:
        """Write what changed, with its audit rows and submissions; the orders are locked."""

    async def drop_calls(self, keys: Collection[SubmissionKey]) -> set[SubmissionKey]:
        """Remove the submit jobs that are not running, and return those of which none had ever been run."""

    async def record_captured(self, captured: Sequence[Captured], *, now: datetime) -> None:
        """Note the charges."""

    async def record_released(self, keys: Sequence[SubmissionKey], *, now: datetime) -> None:
        """Note that the holds are free."""


class ChannelRepository(Protocol):
    """Channels."""

    async def get_many(self, ids: Collection[UUID]) -> dict[UUID, Channel]:
        """Read."""

    async def get_for_update(self, channel_id: UUID) -> Channel | None:
        """Lock and read one."""

    async def add(self, channel: Channel) -> bool:
        """Insert; False where the warehouse has a channel of that code."""

    async def save(self, channel: Channel) -> None:
        """Write what may change."""


class CopyRepository(Protocol):
    """Copies of other services' facts; an older version never overwrites a newer one."""

    async def put_warehouses(self, copies: Sequence[WarehouseCopy]) -> None:
        """Insert or replace."""

    async def put_sellers(self, copies: Sequence[SellerCopy]) -> None:
        """Insert or replace."""

    async def put_products(self, copies: Sequence[ProductCopy]) -> None:
        """Insert or replace."""

    async def warehouses(self, ids: Collection[UUID]) -> dict[UUID, WarehouseCopy]:
        """The warehouses that are known."""

    async def seller_codes(self, ids: Collection[UUID]) -> dict[UUID, str]:
        """The codes of the sellers that are known."""

    async def weights(self, wanted: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], int]:
        """Weights in grams by seller and SKU, where they are known."""


class SettingsRepository(Protocol):
    """Submission settings."""

    async def get_many(self, seller_ids: Collection[UUID]) -> dict[UUID, SubmissionSettings]:
        """The settings of these sellers; the defaults for who has set nothing."""

    async def put(self, settings: SubmissionSettings, *, now: datetime) -> SubmissionSettings:
        """Write, and return what is in force now with its version."""


class Uow(UnitOfWork):
    """The transaction of this service."""

    fulfillments: FulfillmentRepository
    channels: ChannelRepository
    copies: CopyRepository
    settings: SettingsRepository


# -- carriers --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LabelRequest:
    """What a carrier needs for a label. `reference` is ours: the same reference again is the same label."""

    reference: str
    seller_id: UUID
    number: str
    order_number: str
    carrier: CarrierSettings
    ship_from: str
    ship_to: Address


@dataclass(frozen=True, slots=True)
class Label:
    """A label as the carrier made it; `label_format` is pdf or zpl."""

    tracking_number: str
    carrier: str
    label_format: str
    content: bytes


class LabelRefused(Exception):
    """The carrier will not make it; the reason says what to correct."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class CarrierPort(Protocol):
    """A carrier that makes labels. Both calls may be repeated."""

    async def buy(self, request: LabelRequest) -> Label:
        """The label of the reference; raises LabelRefused."""

    async def void(self, reference: str, *, seller_id: UUID) -> None:
        """Have it that the label of the reference is never used, also where it comes to be made later."""


# -- warehouse systems -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach a warehouse system; the secret signs both directions."""

    warehouse_id: UUID
    adapter: Adapter
    base_url: str
    secret: str


@dataclass(frozen=True, slots=True)
class OutboundOrder:
    """A submission as the warehouse is told it: the body of docs/wms-protocol.md without labels, and the labels."""

    reference: str
    body: Mapping[str, object]
    parcels: tuple[tuple[Parcel, bytes], ...]


@dataclass(frozen=True, slots=True)
class WarehouseAnswer:
    """What a warehouse system answered to a call. `cancel_pending` means that its word follows by callback."""

    kind: AnswerKind
    at: datetime | None = None
    reason: str = ""
    warehouse_reference: str = ""
    parcels: tuple[Parcel, ...] = ()
    cancel_pending: bool = False


class WarehouseFault(Exception):
    """A call without an answer.

    WarehouseFault
    ├── NotReached      it certainly did nothing; try again, after `retry_after` where it named a time
    └── OutcomeUnknown  it may have done it: look before trying again
    """

    def __init__(self, reason: str, *, retry_after: timedelta | None = None, busy: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.busy = busy


class NotReached(WarehouseFault):
    """It certainly did nothing."""


class OutcomeUnknown(WarehouseFault):
    """Cut off or timed out after the request had left."""


class WarehousePort(Protocol):
    """A warehouse system. All calls may be repeated; they raise NotReached or OutcomeUnknown."""

    async def submit(self, connection: Connection, order: OutboundOrder) -> WarehouseAnswer:
        """Ask it to ship; a refusal is an answer."""

    async def find(self, connection: Connection, reference: str) -> WarehouseAnswer:
        """What became of a submission; NEVER_RECEIVED where it does not know it."""

    async def cancel(self, connection: Connection, reference: str, *, call_id: str) -> WarehouseAnswer:
        """Ask it to stop."""


class ConnectionStore(Protocol):
    """The connections of the warehouses, with their secrets opened."""

    async def get(self, warehouse_id: UUID) -> Connection | None:
        """The connection; None where the warehouse is not known or has no secret."""
