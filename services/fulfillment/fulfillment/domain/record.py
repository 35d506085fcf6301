"""The data of a fulfilment order, with the bookkeeping of its changes."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from common.errors import IllegalTransition, StaleVersion

from fulfillment.domain import events
from fulfillment.domain.parts import Address, Line, Parcel
from fulfillment.domain.states import TRANSITIONS, Adapter, ChannelKind, Stage, SubmissionState


@dataclass(slots=True)
class FulfillmentRecord:
    """What is known of one fulfilment order, and what changed since it was read.

    `submission` counts the submissions (0: none yet); it names the hold, and with the number the reference that the
    warehouse knows. `check_at` is when the timer asks again for what is overdue, `submit_at` when it submits.
    """

    id: UUID
    number: str
    seller_id: UUID
    order_id: UUID
    attempt: int
    store_id: UUID
    platform: str
    platform_order_id: str
    platform_order_number: str
    warehouse_id: UUID
    channel_id: UUID
    channel_kind: ChannelKind
    label_required: bool
    upload_tracking: bool
    ship_by: datetime | None
    ship_to: Address
    lines: tuple[Line, ...]
    parcels: tuple[Parcel, ...]
    created_at: datetime
    updated_at: datetime
    stage: Stage = Stage.PENDING_SUBMIT
    version: int = 1
    submission: int = 0
    submission_state: SubmissionState = SubmissionState.NONE
    adapter: Adapter = Adapter.NONE
    weight_grams: int = 0
    warehouse_reference: str = ""
    reason_code: str = ""
    reason: str = ""
    cancel_reason: str = ""
    alert: str = ""
    label_attempt: int = 0
    submit_at: datetime | None = None
    check_at: datetime | None = None
    decided_at: datetime | None = None
    accepted_at: datetime | None = None
    shipped_at: datetime | None = None
    closed_at: datetime | None = None
    erased_at: datetime | None = None

    hold_id: UUID | None = None
    hold_amount: Decimal | None = None
    hold_currency: str | None = None
    changes: list[events.Change] = field(default_factory=list)
    happened: list[events.DomainEvent] = field(default_factory=list)
    dirty: bool = False
    content_dirty: bool = False
    submission_dirty: bool = False

    @property
    def reference(self) -> str:
        """The name of the current submission at the warehouse."""
        return f"{self.number}-{self.submission}"

    @property
    def units(self) -> int:
        """Units over all lines."""
        return sum(line.quantity for line in self.lines)

    def move_to(self, target: Stage, *, actor: str, now: datetime, reason: str = "") -> bool:
        """Return whether the stage changed; repeating the last move changes nothing, one not in the table raises."""
        if target is self.stage:
            return False
        if target not in TRANSITIONS[self.stage]:
            raise IllegalTransition(
                "fulfilment order",
                self.number,
                self.stage,
                target,
                remedy="Read it again: only what its present state allows can be done.",
            )
        self.changes.append(events.Change(now, actor, self.stage, target, reason))
        self.stage = target
        self.check_at = None
        self.submit_at = None
        if target.is_closed:
            self.closed_at = now
        self.touch(now)
        return True

    def touch(self, now: datetime) -> None:
        """Something is to be saved."""
        self.dirty = True
        self.updated_at = now

    def note(self, *, actor: str, now: datetime, reason: str) -> None:
        """Write an audit row that moves nothing."""
        self.changes.append(events.Change(now, actor, self.stage, self.stage, reason))
        self.touch(now)

    def set_submission(self, state: SubmissionState) -> None:
        """Record what has become of the current submission."""
        self.submission_state = state
        self.submission_dirty = True

    def expect_version(self, version: int) -> None:
        """Raise StaleVersion unless it is still the version that was read."""
        if version != self.version:
            raise StaleVersion("fulfilment order", self.number, expected=version, current=self.version)
