"""The order: its state, the step of its review process, and every move that events and people make with it.

Nothing here reads a clock or a database: who does something and when comes in as `By`. What a move causes is left in
`entries` (the timeline), `commands` (what is to be asked of other services) and `releases` (attempts whose stock is
given back); the use case that loaded the order saves and sends them.

Replies and facts that belong to an earlier attempt, or that come too late, change nothing. Facts may arrive before
the ones that they follow from: the moves between are made up for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from orders.domain.review import ReviewCode, ReviewError
from orders.domain.state import PLATFORM_HOLD, USER_HOLD, By, Hold, OrderState, Parcel
from orders.domain.status import FINISHED, ChannelKind, IllegalMove, OrderStatus, Step, TrackingUpload


@dataclass(slots=True)
class Order(OrderState):
    """A platform order's state; what was ordered and where it goes is kept beside it (`Details`)."""

    # -- review --------------------------------------------------------------------------------------------------

    @property
    def is_under_review(self) -> bool:
        """Whether inventory has been asked and has not answered."""
        return self.status is OrderStatus.PENDING and self.step is Step.RESERVE_STOCK

    @property
    def may_be_reviewed(self) -> bool:
        """Whether a review can begin."""
        return self.status is OrderStatus.PENDING and self.step is Step.NONE

    def assign(self, warehouse_id: UUID, channel_id: UUID, by: By, *, assigned_by: str, reason: str = "") -> bool:
        """Set where it ships from and how; only while pending and not under review. Returns whether it changed."""
        if not self.may_be_reviewed:
            why = f"an order that is {self.status} keeps its warehouse and channel"
            if self.is_under_review:
                why = "the order is under review"
            remedy = "Cancel it and move it back to pending first." if not self.is_under_review else "Wait a moment."
            raise IllegalMove(self.status, OrderStatus.PENDING, why=why, remedy=remedy)
        if (self.warehouse_id, self.channel_id) == (warehouse_id, channel_id):
            return False
        self.warehouse_id, self.channel_id, self.assigned_by = warehouse_id, channel_id, assigned_by
        self.note("assigned", by, reason=reason)
        return True

    def pass_review(self, channel_kind: str, by: By) -> None:
        """The review found nothing: a new attempt begins, and stock is asked for."""
        self.attempt += 1
        self.channel_kind = channel_kind
        self.review_errors = ()
        self.label_tries, self.label_reason, self.parcels = 0, "", ()
        self.stock_asked = True
        self.note("review_passed", by)
        self.send(Step.RESERVE_STOCK, by)

    def refuse_review(self, errors: tuple[ReviewError, ...], by: By) -> None:
        """The review found errors: the order stays pending and shows them."""
        self.review_errors = errors
        self.note("review_refused", by, reason="; ".join(error.message for error in errors), errors=errors)

    def stock_reserved(self, attempt: int, by: By) -> None:
        """Stock is held: go on to the label or to fulfillment. A hold that came meanwhile gives it back."""
        if not self.waits_for(Step.RESERVE_STOCK, attempt):
            return
        if self.holds:
            self.give_stock_back()
            self.rest()
            self.refuse_review(_hold_errors(self.holds), by)
        elif self.channel_kind == ChannelKind.PLATFORM_LABEL:
            self.move_to(OrderStatus.AWAITING_LABEL, by, reason="stock is reserved")
            self.send(Step.FETCH_LABEL, by)
        else:
            self.ask_fulfillment(by, "stock is reserved")

    def stock_refused(self, attempt: int, errors: tuple[ReviewError, ...], by: By) -> None:
        """Nothing is held: pending, with the reasons."""
        if not self.waits_for(Step.RESERVE_STOCK, attempt):
            return
        self.stock_asked = False
        self.rest()
        self.refuse_review(errors, by)

    def label_fetched(self, attempt: int, parcels: tuple[Parcel, ...], by: By) -> None:
        """The platform's label is here: ask fulfillment."""
        if not self.waits_for(Step.FETCH_LABEL, attempt):
            return
        self.parcels = parcels
        self.label_tries, self.label_reason = self.label_tries + 1, ""
        self.ask_fulfillment(by, "the label is here")

    def label_failed(self, attempt: int, *, final: bool, tries: int, reason: str, by: By) -> None:
        """No label yet, or never: final ends in exception, the stock stays held until the order is canceled."""
        if not self.waits_for(Step.FETCH_LABEL, attempt) or (tries <= self.label_tries and not final):
            return
        self.label_tries, self.label_reason = max(tries, self.label_tries), reason
        self.note("label_failed" if final else "label_not_ready", by, reason=f"try {tries}: {reason}")
        if final:
            self.rest()
            self.exception_reason = reason
            self.move_to(OrderStatus.EXCEPTION, by, reason=reason)
        else:
            self.heard(by)

    # -- fulfillment ---------------------------------------------------------------------------------------------

    def fulfillment_drafted(self, attempt: int, fulfillment_id: UUID, number: str, by: By) -> None:
        """The fulfilment order exists."""
        if not self.has_asked_fulfillment(attempt):
            return
        self.link(fulfillment_id, number, by)
        if self.step is Step.CREATE_FULFILLMENT:
            self.rest()

    def fulfillment_accepted(self, attempt: int, fulfillment_id: UUID, number: str, at: datetime, by: By) -> None:
        """The warehouse has it."""
        if not self.has_asked_fulfillment(attempt) or self.status in FINISHED:
            return
        self.link(fulfillment_id, number, by)
        self.accepted_at = self.accepted_at or at
        self.fulfillment_exception = ""
        if self.status is OrderStatus.PROCESSING:
            self.rest()
            self.move_to(OrderStatus.WAREHOUSE_PROCESSING, by, reason=f"{number} is accepted")

    def fulfillment_failed(
        self, attempt: int, fulfillment_id: UUID, number: str, *, submission: int, reason: str, by: By
    ) -> None:
        """A submission failed: the order does not move, it shows the reason and links the fulfilment order."""
        if not self.has_asked_fulfillment(attempt) or self.accepted_at or self.status in FINISHED:
            return
        if submission <= self.fulfillment_submission:
            return
        self.link(fulfillment_id, number, by)
        self.fulfillment_submission, self.fulfillment_exception = submission, reason
        if self.step is Step.CREATE_FULFILLMENT:
            self.rest()
        self.note("fulfillment_exception", by, reason=f"{number}, submission {submission}: {reason}")

    def fulfillment_shipped(
        self,
        attempt: int,
        fulfillment_id: UUID,
        number: str,
        *,
        parcels: tuple[Parcel, ...],
        shipped_at: datetime,
        upload_tracking: bool,
        by: By,
    ) -> None:
        """The goods are gone: whatever was thought before, the order is shipped."""
        if not self.has_asked_fulfillment(attempt) or self.status in FINISHED:
            return
        self.link(fulfillment_id, number, by)
        self.rest()
        self.reach_warehouse(by, reason=f"{number} is shipped")
        self.parcels, self.shipped_at = parcels, shipped_at
        self.fulfillment_exception = ""
        self.move_to(OrderStatus.SHIPPED, by, reason=f"{number} is shipped")
        if upload_tracking:
            self.upload_tracking(by)

    def fulfillment_canceled(self, attempt: int, *, reason: str, by: By) -> None:
        """The fulfilment order will not ship; inventory and billing hear it themselves."""
        if not self.has_asked_fulfillment(attempt) or self.status in FINISHED:
            return
        self.stock_asked = self.fulfillment_asked = False
        self.accepted_at = None
        self.rest()
        if self.status is OrderStatus.EXCEPTION:
            self.note("fulfillment_canceled", by, reason=reason)
            return
        self.move_to(OrderStatus.CANCELING, by, reason=reason)
        self.move_to(OrderStatus.CANCELED, by, reason=self.cancel_reason or reason)

    def fulfillment_cancel_refused(self, attempt: int, fulfillment_id: UUID, *, reason: str, by: By) -> None:
        """The warehouse goes on: so does the order."""
        if not self.has_asked_fulfillment(attempt) or self.step is not Step.CANCEL_FULFILLMENT:
            return
        self.fulfillment_id = self.fulfillment_id or fulfillment_id
        self.rest()
        self.cancel_refused = reason or "the warehouse refuses"
        self.reach_warehouse(by, reason=self.cancel_refused)

    # -- tracking ------------------------------------------------------------------------------------------------

    def tracking_uploaded(self, attempt: int, *, tries: int, by: By) -> None:
        """The platform has every tracking number. An earlier attempt that turns out well counts too."""
        if not 0 < attempt <= self.tracking_attempt or self.tracking_upload is TrackingUpload.UPLOADED:
            return
        self.tracking_upload, self.tracking_tries, self.tracking_reason = TrackingUpload.UPLOADED, tries, ""
        self.rest()
        self.note("tracking_uploaded", by, reason=f"at try {tries}")

    def tracking_failed(self, attempt: int, *, final: bool, tries: int, reason: str, by: By) -> None:
        """An upload went wrong; final waits for somebody to try again by hand."""
        waits = self.tracking_upload in {TrackingUpload.WAITING, TrackingUpload.UPLOADING}
        if not waits or attempt != self.tracking_attempt or (tries <= self.tracking_tries and not final):
            return
        self.tracking_tries, self.tracking_reason = max(tries, self.tracking_tries), reason
        self.note("tracking_failed", by, reason=f"try {tries}{', final' if final else ''}: {reason}")
        if final:
            self.tracking_upload = TrackingUpload.FAILED
            self.rest()
        else:
            self.tracking_upload = TrackingUpload.UPLOADING
            self.heard(by)

    def retry_tracking(self, by: By) -> None:
        """Upload again after a final failure."""
        if self.tracking_upload in {TrackingUpload.WAITING, TrackingUpload.UPLOADING}:
            return
        if self.tracking_upload is not TrackingUpload.FAILED:
            why = f"the tracking upload is {self.tracking_upload}"
            raise IllegalMove(self.status, self.status, why=why, remedy="Only a failed upload can be tried again.")
        self.note("tracking_retried", by)
        self.upload_tracking(by)

    # -- cancel and back -----------------------------------------------------------------------------------------

    def cancel(self, by: By, *, reason: str) -> bool:
        """Stop it: at once while nothing is outside, else through fulfillment. Returns whether anything began."""
        if self.status in {OrderStatus.CANCELED, OrderStatus.CANCELING}:
            return False
        if self.status is OrderStatus.SHIPPED:
            raise IllegalMove(
                self.status,
                OrderStatus.CANCELED,
                remedy="The goods are gone; announce a return instead of a cancellation.",
            )
        self.cancel_reason, self.cancel_refused = reason, ""
        if not self.fulfillment_asked:
            self.give_stock_back()
            self.rest()
            return self.move_to(OrderStatus.CANCELED, by, reason=reason)
        self.move_to(OrderStatus.CANCELING, by, reason=reason)
        self.cancel_fulfillment(by)
        return True

    def invalidate(self, by: By, *, reason: str) -> None:
        """What the platform says now does not fit what is under way: nothing goes on. A fulfilment order is stopped."""
        self.exception_reason = reason
        self.move_to(OrderStatus.EXCEPTION, by, reason=reason)
        if self.fulfillment_asked:
            self.cancel_fulfillment(by)
        else:
            self.rest()

    def withdraw_review(self, by: By, *, reason: str) -> None:
        """Undo a review that waits for stock, because what it looked at has changed."""
        if self.is_under_review:
            self.give_stock_back()
            self.rest()
            self.note("review_withdrawn", by, reason=reason)

    def move_to_pending(self, by: By) -> bool:
        """Begin anew after a cancellation; mapping, rules and stock are looked at again by the next review."""
        if self.status is OrderStatus.PENDING:
            return False
        if self.status is OrderStatus.CANCELED and self.platform_canceled:
            raise IllegalMove(
                self.status,
                OrderStatus.PENDING,
                why="the platform itself canceled the order",
                remedy="It can only come back on the platform.",
            )
        if self.erased:
            raise IllegalMove(
                self.status,
                OrderStatus.PENDING,
                why="the buyer's address has been erased",
                remedy="Make a fulfilment order by hand with the address.",
            )
        self.move_to(OrderStatus.PENDING, by)
        self.stock_asked = self.fulfillment_asked = False
        self.fulfillment_id, self.fulfillment_number, self.fulfillment_submission = None, "", 0
        self.fulfillment_exception = self.exception_reason = self.cancel_reason = self.cancel_refused = ""
        self.accepted_at, self.channel_kind, self.parcels, self.cancel_tries = None, "", (), 0
        self.label_tries, self.label_reason, self.review_errors = 0, "", ()
        return True

    # -- holds ---------------------------------------------------------------------------------------------------

    def hold(self, reason: str, by: By) -> bool:
        """Stop reviews for a reason; the same reason twice is one."""
        new = Hold(USER_HOLD, reason)
        if new in self.holds:
            return False
        if self.status is not OrderStatus.PENDING:
            raise IllegalMove(
                self.status,
                self.status,
                why=f"an order that is {self.status} cannot be held",
                remedy="Cancel it instead.",
            )
        self.holds = (*self.holds, new)
        self.note("held", by, reason=reason)
        return True

    def release(self, by: By) -> bool:
        """Lift the holds that users set; those of the platform only it can lift."""
        kept = tuple(hold for hold in self.holds if hold.source != USER_HOLD)
        if kept == self.holds:
            return False
        self.holds = kept
        self.note("released", by)
        return True

    def platform_holds(self, reasons: Sequence[str], by: By) -> bool:
        """Take over the platform's holds as they are now; returns whether they changed."""
        users = tuple(hold for hold in self.holds if hold.source == USER_HOLD)
        now = (*users, *(Hold(PLATFORM_HOLD, reason) for reason in dict.fromkeys(reasons)))
        if now == self.holds:
            return False
        self.holds = now
        self.note("platform_holds", by, reason="; ".join(reasons) or "none any more")
        return True


def _hold_errors(holds: Sequence[Hold]) -> tuple[ReviewError, ...]:
    return tuple(
        ReviewError(ReviewCode.ON_HOLD, f"the order is on hold ({hold.reason}); release the hold, then review it again")
        for hold in holds
    )
