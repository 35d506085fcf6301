"""How a warehouse's answers move a fulfilment order: they come late, twice and in any order, and take effect once."""

from datetime import datetime
from typing import assert_never

from fulfillment.domain import events
from fulfillment.domain.answers import Answer, AnswerKind
from fulfillment.domain.fulfillment import WAREHOUSE, Fulfillment
from fulfillment.domain.parts import merge_parcels
from fulfillment.domain.states import (
    CANCEL_NUDGE,
    HANDOVER_NUDGE,
    HOLD_RESEND,
    LABEL_NUDGE,
    POLL_ACCEPTED,
    POLL_UNDECIDED,
    UNSETTLED,
    Adapter,
    Stage,
    SubmissionState,
)

_NOT_YET_THERE = frozenset({SubmissionState.HANDED_OVER, SubmissionState.UNKNOWN, SubmissionState.NEVER_RECEIVED})


def apply_answer(order: Fulfillment, answer: Answer, *, now: datetime, actor: str = WAREHOUSE) -> None:
    """Take an answer in, whatever the order went through since it was given."""
    given_up = order.stage is Stage.CANCELED or order.stage.is_draft
    if given_up or answer.submission != order.submission or order.submission_state is SubmissionState.HOLDING:
        _stray(order, answer, actor=actor, now=now)
        return
    match answer.kind:
        case AnswerKind.RECEIVED:
            _received(order, answer, now=now)
        case AnswerKind.ACCEPTED:
            _accepted(order, answer, actor=actor, now=now)
        case AnswerKind.REFUSED:
            _refused(order, answer, actor=actor, now=now)
        case AnswerKind.SHIPPED:
            _shipped(order, answer, actor=actor, now=now)
        case AnswerKind.CANCELED:
            _canceled(order, answer, actor=actor, now=now)
        case AnswerKind.CANCEL_REFUSED:
            if order.stage is Stage.CANCELING:
                order.refuse_cancel(answer.reason or "the warehouse gave no reason", actor=actor, now=now)
        case AnswerKind.NEVER_RECEIVED:
            _never_received(order, answer, actor=actor, now=now)
        case AnswerKind.UNKNOWN:
            if order.stage is Stage.SUBMITTING and order.submission_state is SubmissionState.HANDED_OVER:
                order.give_up(
                    SubmissionState.UNKNOWN,
                    code="never_answered",
                    reason=answer.reason,
                    at=answer.at,
                    actor=actor,
                    now=now,
                )
        case _:
            assert_never(answer.kind)


def _stray(order: Fulfillment, answer: Answer, *, actor: str, now: datetime) -> None:
    """An answer about a submission that we had given up: what is still alive there has to be stopped."""
    known = 1 <= answer.submission <= order.submission
    if answer.kind in {AnswerKind.ACCEPTED, AnswerKind.RECEIVED} and known:
        order.happened.append(events.CancelAsked(answer.submission, stray=True))
    elif answer.kind is AnswerKind.SHIPPED:
        reference = f"{order.number}-{answer.submission}"
        order.contradicted(f"the warehouse shipped {reference}, which is {order.stage} here", actor=actor, now=now)


def _received(order: Fulfillment, answer: Answer, *, now: datetime) -> None:
    if order.submission_state not in _NOT_YET_THERE:
        return
    if order.stage not in {Stage.SUBMITTING, Stage.EXCEPTION}:
        return
    order.set_submission(SubmissionState.RECEIVED)
    order.warehouse_reference = answer.warehouse_reference
    order.check_at = now + POLL_UNDECIDED
    order.touch(now)


def _accepted(order: Fulfillment, answer: Answer, *, actor: str, now: datetime) -> None:
    match order.stage:
        case Stage.SUBMITTING:
            order.happened.append(events.HandOverDropped(order.submission))
            order.take_on(warehouse_reference=answer.warehouse_reference, at=answer.at, actor=actor, now=now)
        case Stage.EXCEPTION if _moves_forward(order, answer):
            order.take_on(
                warehouse_reference=answer.warehouse_reference,
                at=answer.at,
                actor=actor,
                now=now,
                reason="answered late",
            )
        case Stage.CANCELING if order.submission_state in UNSETTLED:
            order.warehouse_reference = answer.warehouse_reference
            order.set_submission(SubmissionState.ACCEPTED)
            order.touch(now)


def _moves_forward(order: Fulfillment, answer: Answer) -> bool:
    """Whether an acceptance is news to an order in exception: it came late, or the warehouse changed its mind; but not
    when it is an older word that was overtaken by the refusal.
    """
    if order.submission_state in UNSETTLED or order.submission_state is SubmissionState.NEVER_RECEIVED:
        return True
    return order.decided_at is not None and answer.at > order.decided_at


def _refused(order: Fulfillment, answer: Answer, *, actor: str, now: datetime) -> None:
    reason = answer.reason or "the warehouse gave no reason"
    match order.stage:
        case Stage.SUBMITTING:
            order.happened.append(events.HandOverDropped(order.submission))
            order.give_up(SubmissionState.REFUSED, code="refused", reason=reason, at=answer.at, actor=actor, now=now)
        case Stage.WAREHOUSE_PROCESSING if order.accepted_at is None or answer.at >= order.accepted_at:
            order.give_up(SubmissionState.REFUSED, code="refused", reason=reason, at=answer.at, actor=actor, now=now)
        case Stage.EXCEPTION if order.submission_state in UNSETTLED:
            order.give_up(SubmissionState.REFUSED, code="refused", reason=reason, at=answer.at, actor=actor, now=now)
        case Stage.CANCELING:
            order.agree_cancel(f"refused by the warehouse: {reason}", actor=actor, now=now)


def _shipped(order: Fulfillment, answer: Answer, *, actor: str, now: datetime) -> None:
    if order.stage is Stage.SHIPPED:
        return
    if answer.warehouse_reference:
        order.warehouse_reference = answer.warehouse_reference
    order.ship(parcels=merge_parcels(order.parcels, answer.parcels), at=answer.at, actor=actor, now=now)


def _canceled(order: Fulfillment, answer: Answer, *, actor: str, now: datetime) -> None:
    reason = "canceled by the warehouse" + (f": {answer.reason}" if answer.reason else "")
    match order.stage:
        case Stage.CANCELING:
            order.agree_cancel("agreed by the warehouse", actor=actor, now=now)
        case Stage.SUBMITTING | Stage.WAREHOUSE_PROCESSING:
            order.happened.append(events.HandOverDropped(order.submission))
            order.give_up(
                SubmissionState.CANCELED,
                code="canceled_by_warehouse",
                reason=reason,
                at=answer.at,
                actor=actor,
                now=now,
            )
        case Stage.EXCEPTION if order.submission_state in UNSETTLED:
            order.give_up(
                SubmissionState.CANCELED,
                code="canceled_by_warehouse",
                reason=reason,
                at=answer.at,
                actor=actor,
                now=now,
            )


def _never_received(order: Fulfillment, answer: Answer, *, actor: str, now: datetime) -> None:
    reason = answer.reason or f"the warehouse never answered, and does not know {order.reference}"
    match order.stage:
        case Stage.CANCELING:
            order.agree_cancel("the warehouse never had it", actor=actor, now=now)
        case Stage.SUBMITTING:
            order.give_up(
                SubmissionState.NEVER_RECEIVED, code="never_answered", reason=reason, at=answer.at, actor=actor, now=now
            )
        case Stage.EXCEPTION if order.submission_state in UNSETTLED:
            order.give_up(
                SubmissionState.NEVER_RECEIVED, code="never_answered", reason=reason, at=answer.at, actor=actor, now=now
            )
        case Stage.WAREHOUSE_PROCESSING:
            text = f"the warehouse accepted {order.reference}, and does not know it any more"
            order.contradicted(text, actor=actor, now=now)


def nudge(order: Fulfillment, *, now: datetime) -> None:
    """Ask again for what is overdue: the same command or the same call, which its receiver knows as a repeat."""
    event: events.DomainEvent | None = None
    wait = HOLD_RESEND
    match order.stage, order.submission_state:
        case Stage.FETCHING_LABEL, _:
            event, wait = events.LabelWanted(order.label_attempt), LABEL_NUDGE
        case Stage.SUBMITTING, SubmissionState.HOLDING:
            event = events.FundsWanted(order.submission)
        case Stage.SUBMITTING, SubmissionState.HANDED_OVER:
            event, wait = events.HandOver(order.submission), HANDOVER_NUDGE
        case (Stage.SUBMITTING, SubmissionState.RECEIVED) | (Stage.EXCEPTION, _):
            event, wait = events.PollWanted(order.submission), POLL_UNDECIDED
        case Stage.WAREHOUSE_PROCESSING, _ if order.adapter is Adapter.HTTP:
            event, wait = events.PollWanted(order.submission), POLL_ACCEPTED
        case Stage.CANCELING, _:
            event, wait = events.CancelAsked(order.submission), CANCEL_NUDGE
    order.check_at = now + wait if event else None
    order.dirty = True
    if event:
        order.happened.append(event)
