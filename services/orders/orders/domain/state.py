"""What an order is: its fields, and the few moves that all others are made of."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from orders.domain.review import ReviewError
from orders.domain.status import (
    FINISHED,
    TRANSITIONS,
    IllegalMove,
    OrderStatus,
    PlatformStatus,
    Step,
    TrackingUpload,
)

RESEND_FIRST = timedelta(seconds=60)
RESEND_MOST = timedelta(minutes=30)
USER_HOLD, PLATFORM_HOLD = "user", "platform"


def resend_wait(resends: int) -> timedelta:
    """How long a command is given before it is sent again; doubles up to half an hour."""
    factor: int = 2 ** min(resends, 10)
    return min(RESEND_FIRST * factor, RESEND_MOST)


@dataclass(frozen=True, slots=True)
class By:
    """Who does something (`seller:<id>`, `rule:<id>`, `platform`, `warehouse`, `system`), and when."""

    actor: str
    at: datetime


PLATFORM, WAREHOUSE, SYSTEM = "platform", "warehouse", "system"


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the timeline; `version` is the order's version that it made."""

    version: int
    at: datetime
    actor: str
    event: str
    from_status: str = ""
    to_status: str = ""
    reason: str = ""
    errors: tuple[ReviewError, ...] = ()


@dataclass(frozen=True, slots=True)
class Hold:
    """A reason that stops reviews; `source` is user or platform."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """A parcel with its label and tracking number."""

    package_number: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    carrier: str = ""
    label_key: str = ""
    label_format: str = ""
    weight_grams: int | None = None


@dataclass(slots=True)
class OrderState:
    """A platform order's state; what was ordered and where it goes is kept beside it (`Details`)."""

    id: UUID
    seller_id: UUID
    store_id: UUID
    platform: str
    platform_order_id: str
    number: str
    placed_at: datetime
    imported_at: datetime
    status: OrderStatus = OrderStatus.PENDING
    version: int = 0
    step: Step = Step.NONE
    attempt: int = 0
    next_check: datetime | None = None
    resends: int = 0
    warehouse_id: UUID | None = None
    channel_id: UUID | None = None
    channel_kind: str = ""
    assigned_by: str = ""
    auto_review: bool = False
    platform_status: str = PlatformStatus.AWAITING_FULFILLMENT
    platform_version: int = 0
    platform_canceled: bool = False
    ship_by: datetime | None = None
    holds: tuple[Hold, ...] = ()
    review_errors: tuple[ReviewError, ...] = ()
    exception_reason: str = ""
    label_tries: int = 0
    label_reason: str = ""
    stock_asked: bool = False
    fulfillment_asked: bool = False
    fulfillment_id: UUID | None = None
    fulfillment_number: str = ""
    fulfillment_submission: int = 0
    fulfillment_exception: str = ""
    accepted_at: datetime | None = None
    shipped_at: datetime | None = None
    ended_at: datetime | None = None
    parcels: tuple[Parcel, ...] = ()
    tracking_upload: TrackingUpload = TrackingUpload.NOT_REQUIRED
    tracking_attempt: int = 0
    tracking_tries: int = 0
    tracking_reason: str = ""
    cancel_tries: int = 0
    cancel_reason: str = ""
    cancel_refused: str = ""
    erased: bool = False
    entries: list[Entry] = field(default_factory=list, init=False, compare=False)
    commands: list[Step] = field(default_factory=list, init=False, compare=False)
    releases: list[int] = field(default_factory=list, init=False, compare=False)

    def note(self, event: str, by: By, *, reason: str = "", errors: tuple[ReviewError, ...] = ()) -> None:
        """Write a row of the timeline."""
        self.version += 1
        self.entries.append(Entry(self.version, by.at, by.actor, event, reason=reason, errors=errors))

    def move_to(self, target: OrderStatus, by: By, *, reason: str = "") -> bool:
        """Return whether the status changed; repeating the last move changes nothing. Raises IllegalMove."""
        current = self.status
        if target is current:
            return False
        if target not in TRANSITIONS[current]:
            raise IllegalMove(current, target)
        self.status = target
        self.version += 1
        self.entries.append(Entry(self.version, by.at, by.actor, "status", current, target, reason))
        self.ended_at = by.at if target in FINISHED else None
        return True

    def send(self, step: Step, by: By) -> None:
        """Ask another service for `step`, and wait for its reply."""
        self.step = step
        self.resends = 0
        self.next_check = by.at + RESEND_FIRST
        self.commands.append(step)

    def rest(self) -> None:
        """Wait for no reply any more."""
        self.step = Step.NONE
        self.next_check = None

    def sent_again(self, by: By) -> None:
        """The reply has not come: the same command goes once more."""
        self.resends += 1
        self.next_check = by.at + resend_wait(self.resends)
        self.commands.append(self.step)

    def waits_for(self, step: Step, attempt: int) -> bool:
        """Whether this is the reply that it waits for, of this attempt."""
        return self.step is step and self.attempt == attempt

    def has_asked_fulfillment(self, attempt: int) -> bool:
        """Whether the fulfilment order of this attempt was asked for, so that what it says counts."""
        return self.fulfillment_asked and self.attempt == attempt

    def heard(self, by: By) -> None:
        """The receiver is at work: there is no need to send the command again soon."""
        self.next_check = by.at + RESEND_MOST

    def give_stock_back(self) -> None:
        """Release what this attempt holds, or may yet come to hold."""
        if self.stock_asked:
            self.stock_asked = False
            self.releases.append(self.attempt)

    def ask_fulfillment(self, by: By, reason: str) -> None:
        """All is here: have the fulfilment order drafted."""
        self.fulfillment_asked = True
        self.move_to(OrderStatus.PROCESSING, by, reason=reason)
        self.send(Step.CREATE_FULFILLMENT, by)

    def cancel_fulfillment(self, by: By) -> None:
        """Have the fulfilment order canceled, unless that is being done."""
        if self.step is not Step.CANCEL_FULFILLMENT:
            self.cancel_tries += 1
            self.send(Step.CANCEL_FULFILLMENT, by)

    def upload_tracking(self, by: By) -> None:
        """Tell the platform what was shipped, as a new attempt."""
        self.tracking_attempt += 1
        self.tracking_upload, self.tracking_tries, self.tracking_reason = TrackingUpload.WAITING, 0, ""
        self.send(Step.UPLOAD_TRACKING, by)

    def link(self, fulfillment_id: UUID, number: str, by: By) -> None:
        """Remember the fulfilment order, from whichever of its events comes first."""
        if self.fulfillment_id is None or not self.fulfillment_number:
            self.fulfillment_id, self.fulfillment_number = fulfillment_id, number
            self.note("fulfillment_linked", by, reason=number)

    def reach_warehouse(self, by: By, *, reason: str) -> None:
        """Make the moves up to warehouse_processing that the warehouse has made without us."""
        if self.status is OrderStatus.EXCEPTION:
            self.move_to(OrderStatus.CANCELING, by, reason="its fulfilment order was being canceled")
        self.move_to(OrderStatus.WAREHOUSE_PROCESSING, by, reason=reason)
