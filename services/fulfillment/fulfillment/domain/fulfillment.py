"""The fulfilment order: what the warehouse is asked to pick, pack and ship, and its whole life."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from common.errors import Conflict, IllegalTransition

from fulfillment.domain import events
from fulfillment.domain.parts import Address, Parcel
from fulfillment.domain.record import FulfillmentRecord
from fulfillment.domain.states import (
    CANCEL_NUDGE,
    HANDOVER_NUDGE,
    HOLD_RESEND,
    LABEL_NUDGE,
    POLL_ACCEPTED,
    POLL_UNDECIDED,
    UNSETTLED,
    Adapter,
    ChannelKind,
    Stage,
    SubmissionState,
)

SYSTEM = "system"
WAREHOUSE = "warehouse"


@dataclass(slots=True)
class Fulfillment(FulfillmentRecord):
    """One fulfilment order. Methods decide and record; what they record is saved and said by the use case."""

    # -- drafting ------------------------------------------------------------------------------------------------

    def drafted(self, *, now: datetime) -> None:
        """Begin: fetch the label where the carrier makes it, else wait for submission."""
        self.stage = Stage.FETCHING_LABEL if self.channel_kind is ChannelKind.CARRIER else Stage.PENDING_SUBMIT
        self.changes.append(events.Change(now, SYSTEM, None, self.stage, ""))
        self.happened.append(events.Drafted())
        if self.stage is Stage.FETCHING_LABEL:
            self._want_label(now)
        self.touch(now)

    def label_made(self, label_attempt: int, parcel: Parcel, *, now: datetime) -> bool:
        """The carrier's label is here; returns whether it is the one waited for."""
        if self.stage is not Stage.FETCHING_LABEL or label_attempt != self.label_attempt:
            return False
        self.parcels = (parcel,)
        self.content_dirty = True
        self.reason_code = self.reason = ""
        self.move_to(Stage.PENDING_SUBMIT, actor=SYSTEM, now=now, reason=f"label {parcel.tracking_number}")
        return True

    def label_refused(self, label_attempt: int, code: str, reason: str, *, now: datetime) -> None:
        """The carrier will not make a label for this."""
        if self.stage is Stage.FETCHING_LABEL and label_attempt == self.label_attempt:
            self.reason_code, self.reason = code, reason
            self.move_to(Stage.LABEL_ERROR, actor=SYSTEM, now=now, reason=reason)

    def retry_label(self, *, actor: str, now: datetime) -> None:
        """Ask the carrier again."""
        if self.stage is Stage.FETCHING_LABEL:
            return
        if self.stage is not Stage.LABEL_ERROR:
            raise IllegalTransition(
                "fulfilment order",
                self.number,
                self.stage,
                Stage.FETCHING_LABEL,
                remedy="A label is asked for again only in draft/label_error.",
            )
        self.move_to(Stage.FETCHING_LABEL, actor=actor, now=now, reason="label asked for again")
        self.reason_code = self.reason = ""
        self._want_label(now)

    def add_label(self, parcel: Parcel, *, actor: str, now: datetime) -> None:
        """Take a label of the seller's own; the same tracking number again replaces its file."""
        if self.channel_kind is not ChannelKind.OWN_LABEL:
            raise Conflict(
                f"fulfilment order {self.number} ships through a channel of kind {self.channel_kind}",
                remedy="Labels are uploaded for own_label channels only; this channel gets its label by itself.",
                code="label_not_wanted",
                channel_kind=self.channel_kind,
            )
        self._must_be_draft("takes no label")
        others = tuple(known for known in self.parcels if known.tracking_number != parcel.tracking_number)
        self.parcels = (*others, parcel)
        self.content_dirty = True
        self.note(actor=actor, now=now, reason=f"label {parcel.tracking_number} uploaded")

    def edit_ship_to(self, ship_to: Address, *, actor: str, now: datetime) -> None:
        """Correct the address; a label of the carrier is made again, because the old one shows the old address."""
        self._must_be_draft("cannot be edited")
        if ship_to == self.ship_to:
            return
        self.ship_to = ship_to
        self.content_dirty = True
        self.note(actor=actor, now=now, reason="address edited")
        if self.channel_kind is ChannelKind.CARRIER:
            self._void_label()
            self.parcels = ()
            self.reason_code = self.reason = ""
            self.move_to(Stage.FETCHING_LABEL, actor=actor, now=now, reason="address edited")
            self._want_label(now)

    def _must_be_draft(self, why: str) -> None:
        if not self.stage.is_draft:
            raise Conflict(
                f"fulfilment order {self.number} is {self.stage} and {why}",
                remedy="Only drafts can be changed; one in exception can be moved back to draft first.",
                code="not_a_draft",
                state=self.stage,
            )

    def _want_label(self, now: datetime) -> None:
        self.label_attempt += 1
        self.check_at = now + LABEL_NUDGE
        self.happened.append(events.LabelWanted(self.label_attempt))
        self.touch(now)

    def _void_label(self) -> None:
        if self.channel_kind is ChannelKind.CARRIER and self.label_attempt:
            self.happened.append(events.LabelVoided(self.label_attempt))

    # -- submission ----------------------------------------------------------------------------------------------

    def blocker(self) -> tuple[str, str, str] | None:
        """Why it cannot be submitted now: code, message, remedy; None where nothing is in the way."""
        if self.stage is not Stage.PENDING_SUBMIT:
            remedy = {
                Stage.FETCHING_LABEL: "Wait for the carrier's label.",
                Stage.LABEL_ERROR: "Correct the address, or ask for the label again.",
                Stage.EXCEPTION: "Move it back to draft first.",
            }.get(self.stage, "Only draft/pending_submit can be submitted.")
            return "illegal_transition", f"fulfilment order {self.number} is {self.stage}", remedy
        labelled = any(parcel.label_key for parcel in self.parcels)
        if self.channel_kind is ChannelKind.OWN_LABEL and self.label_required and not labelled:
            return (
                "label_missing",
                f"fulfilment order {self.number} has no label, and its channel requires one",
                "Upload it with POST /api/v1/fulfillments/{id}/label, or have label_required of the channel unset.",
            )
        return None

    def submit(self, *, weight_grams: int, actor: str, now: datetime) -> None:
        """Ask for the funds; the warehouse is told once they are held."""
        if self.stage is Stage.SUBMITTING:
            return
        if blocker := self.blocker():
            code, message, remedy = blocker
            raise Conflict(message, remedy=remedy, code=code, state=self.stage)
        self.submission += 1
        self.adapter, self.warehouse_reference = Adapter.NONE, ""
        self.accepted_at, self.decided_at = None, None
        self.hold_id, self.hold_amount, self.hold_currency = None, None, None
        self.reason_code = self.reason = self.cancel_reason = ""
        self.weight_grams = weight_grams
        self.set_submission(SubmissionState.HOLDING)
        self.move_to(Stage.SUBMITTING, actor=actor, now=now, reason=f"submission {self.submission}")
        self.check_at = now + HOLD_RESEND
        self.happened.append(events.FundsWanted(self.submission))

    def schedule(self, *, delay: timedelta, now: datetime) -> None:
        """Have the timer submit it after `delay`."""
        self.submit_at = now + delay
        self.touch(now)

    def is_waiting_for_funds(self, submission: int) -> bool:
        """Whether billing's answer about this submission is still wanted."""
        return (
            self.stage is Stage.SUBMITTING
            and self.submission == submission
            and self.submission_state is SubmissionState.HOLDING
        )

    def funds_held(self, *, hold_id: UUID, amount: Decimal, currency: str, adapter: Adapter, now: datetime) -> None:
        """The money is set aside: tell the warehouse. The desk is this service, so it takes the order on at once."""
        self.hold_id, self.hold_amount, self.hold_currency = hold_id, amount, currency
        self.adapter = adapter
        self.set_submission(SubmissionState.HANDED_OVER)
        if adapter is Adapter.DESK:
            self.take_on(warehouse_reference=self.number, at=now, actor=WAREHOUSE, now=now)
            return
        self.check_at = now + HANDOVER_NUDGE
        self.touch(now)
        self.happened.append(events.HandOver(self.submission))

    def funds_refused(self, *, code: str, reason: str, now: datetime) -> None:
        """Nothing is held: back to the draft, with the reason, until somebody submits it again."""
        self.set_submission(SubmissionState.FUNDS_REFUSED)
        self.reason_code, self.reason = code, reason
        self.move_to(Stage.PENDING_SUBMIT, actor=SYSTEM, now=now, reason=reason)

    def take_on(self, *, warehouse_reference: str, at: datetime, actor: str, now: datetime, reason: str = "") -> None:
        """The warehouse has accepted the current submission."""
        self.warehouse_reference = warehouse_reference or self.warehouse_reference
        self.reason_code = self.reason = ""
        self.set_submission(SubmissionState.ACCEPTED)
        self.move_to(Stage.WAREHOUSE_PROCESSING, actor=actor, now=now, reason=reason)
        if self.accepted_at is None:
            self.accepted_at = at
            self.happened.append(events.Accepted(at))
        if self.adapter is Adapter.HTTP:
            self.check_at = now + POLL_ACCEPTED

    def give_up(
        self, state: SubmissionState, *, code: str, reason: str, at: datetime, actor: str, now: datetime
    ) -> None:
        """The current submission failed: stop in exception, with the hold kept, until a person decides."""
        self.set_submission(state)
        self.reason_code, self.reason, self.decided_at = code, reason, at
        if not self.move_to(Stage.EXCEPTION, actor=actor, now=now, reason=reason):
            self.note(actor=actor, now=now, reason=reason)
        self.check_at = now + POLL_UNDECIDED if state in UNSETTLED else None
        self.happened.append(events.ExceptionRaised(reason))

    def move_to_draft(self, *, actor: str, now: datetime) -> None:
        """Leave the exception: free the hold, and let it be edited and submitted again under the same number."""
        if self.stage.is_draft:
            return
        if self.stage is Stage.EXCEPTION and self.submission_state in UNSETTLED:
            raise Conflict(
                f"the warehouse may have {self.reference}: it has not answered yet",
                remedy="It is asked again by itself; wait for its answer, or cancel the order, which the warehouse "
                "then has to confirm.",
                code="outcome_unknown",
                state=self.stage,
            )
        if self.stage is not Stage.EXCEPTION:
            raise IllegalTransition(
                "fulfilment order", self.number, self.stage, Stage.PENDING_SUBMIT,
                remedy="Only a fulfilment order in exception is moved back to draft.",
            )  # fmt: skip
        self.happened.append(events.FundsNotWanted(self.submission, "moved back to draft"))
        self.reason_code = self.reason = ""
        self.move_to(Stage.PENDING_SUBMIT, actor=actor, now=now, reason="moved back to draft")

    # -- the end -------------------------------------------------------------------------------------------------

    def ship(self, *, parcels: tuple[Parcel, ...], at: datetime, actor: str, now: datetime) -> bool:
        """The goods are gone; returns False where they already were. Whatever was thought before, it is accepted."""
        if self.stage is Stage.SHIPPED:
            return False
        if self.stage is Stage.CANCELING:
            self.refuse_cancel("the warehouse had shipped it", actor=actor, now=now)
        if self.stage in {Stage.SUBMITTING, Stage.EXCEPTION}:
            self.happened.append(events.HandOverDropped(self.submission))
            self.take_on(warehouse_reference="", at=at, actor=actor, now=now)
        self.move_to(Stage.SHIPPED, actor=actor, now=now)
        if parcels != self.parcels:
            self.parcels = parcels
            self.content_dirty = True
        self.set_submission(SubmissionState.SHIPPED)
        self.shipped_at = at
        self.happened.append(events.Shipped(at))
        return True

    def cancel(self, reason: str, *, never_called: bool, actor: str, now: datetime) -> None:
        """Stop it wherever it is. `never_called` says that no call about it has gone to the warehouse; otherwise only
        the warehouse can agree, and the desk, being this service, agrees at once.
        """
        match self.stage:
            case Stage.CANCELED:
                self.happened.append(events.Canceled(self.cancel_reason))
                return
            case Stage.SHIPPED:
                self.happened.append(events.CancelRefused(f"{self.number} was shipped already"))
                return
            case Stage.CANCELING:
                return
        self.cancel_reason = reason
        if self.stage.is_draft or self._is_ours_to_cancel(never_called):
            self.agree_cancel(reason, actor=actor, now=now)
            return
        self.move_to(Stage.CANCELING, actor=actor, now=now, reason=reason)
        if self.adapter is Adapter.DESK:
            self.agree_cancel("agreed by the desk", actor=WAREHOUSE, now=now)
            return
        self.check_at = now + CANCEL_NUDGE
        self.happened.append(events.CancelAsked(self.submission))

    def _is_ours_to_cancel(self, never_called: bool) -> bool:
        if self.stage is Stage.EXCEPTION:
            return self.submission_state not in UNSETTLED
        if self.stage is not Stage.SUBMITTING:
            return False
        if self.submission_state is SubmissionState.HANDED_OVER and never_called:
            self.happened.append(events.HandOverDropped(self.submission))
            return True
        return self.submission_state is SubmissionState.HOLDING

    def agree_cancel(self, reason: str, *, actor: str, now: datetime) -> None:
        """It is certain that it will not ship."""
        if self.submission and self.stage is not Stage.PENDING_SUBMIT:
            self.set_submission(SubmissionState.CANCELED)
        self.move_to(Stage.CANCELED, actor=actor, now=now, reason=reason)
        self._void_label()
        self.happened.append(events.Canceled(self.cancel_reason or reason))

    def refuse_cancel(self, reason: str, *, actor: str, now: datetime) -> None:
        """The warehouse goes on with it."""
        self.cancel_reason = ""
        self.take_on(warehouse_reference="", at=now, actor=actor, now=now, reason=f"cancel refused: {reason}")
        self.happened.append(events.CancelRefused(reason))

    def contradicted(self, text: str, *, actor: str, now: datetime) -> None:
        """The warehouse says what cannot be; kept once, for a person to look at."""
        if not self.alert:
            self.alert = text
            self.note(actor=actor, now=now, reason=text)
            self.happened.append(events.Contradicted(self.id, text))

    def erase(self, *, now: datetime) -> None:
        """Erase the buyer's personal data."""
        self.ship_to = self.ship_to.erased()
        self.parcels = tuple(replace(parcel, label_key="", tracking_url="") for parcel in self.parcels)
        self.content_dirty = True
        self.erased_at = now
        self.note(actor=SYSTEM, now=now, reason="personal data erased")
