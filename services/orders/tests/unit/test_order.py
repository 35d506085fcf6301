"""The order's life: a property test walks the table with every event in any order, twice."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from orders.domain.order import Order
from orders.domain.review import ReviewError
from orders.domain.state import RESEND_MOST, By, resend_wait
from orders.domain.status import FINISHED, TRANSITIONS, ChannelKind, IllegalMove, OrderStatus, Step, TrackingUpload

NOW = datetime(2026, 11, 1, tzinfo=UTC)
BY = By("system", NOW)
FO = UUID(int=9)


def an_order(**changes: Any) -> Order:
    fields: dict[str, Any] = {
        "id": UUID(int=1),
        "seller_id": UUID(int=2),
        "store_id": UUID(int=3),
        "platform": "shopify",
        "platform_order_id": "1",
        "number": "#1",
        "placed_at": NOW,
        "imported_at": NOW,
    }
    return Order(**{**fields, **changes})


def reviewed(kind: str = ChannelKind.OWN_LABEL) -> Order:
    order = an_order()
    order.assign(UUID(int=4), UUID(int=5), BY, assigned_by="user")
    order.pass_review(kind, BY)
    return order


def test_every_status_has_a_row_and_every_target_is_a_status() -> None:
    assert set(TRANSITIONS) == set(OrderStatus)
    assert all(targets <= set(OrderStatus) for targets in TRANSITIONS.values())


@pytest.mark.parametrize("current", OrderStatus)
@pytest.mark.parametrize("target", OrderStatus)
def test_a_move_is_made_repeated_or_refused_as_the_table_says(current: OrderStatus, target: OrderStatus) -> None:
    order = an_order(status=current)
    if target is current:
        assert not order.move_to(target, BY)
        assert order.entries == []
    elif target in TRANSITIONS[current]:
        assert order.move_to(target, BY, reason="why")
        assert (order.entries[0].from_status, order.entries[0].to_status, order.version) == (current, target, 1)
    else:
        with pytest.raises(IllegalMove):
            order.move_to(target, BY)
        assert order.status is current


Event = tuple[str, int, int]
EVENTS = (
    "review", "reserved", "refused", "label", "label_retry", "label_final", "drafted", "accepted", "fo_exception",
    "shipped", "fo_canceled", "cancel_refused", "uploaded", "upload_retry", "upload_final", "retry", "cancel", "hold",
    "release", "invalidate", "to_pending", "resend",
)  # fmt: skip


def play(order: Order, event: Event) -> None:
    name, attempt, number = event
    match name:
        case "review":
            if order.may_be_reviewed:
                order.pass_review(ChannelKind.PLATFORM_LABEL if number % 2 else ChannelKind.CARRIER, BY)
        case "reserved":
            order.stock_reserved(attempt, BY)
        case "refused":
            order.stock_refused(attempt, (ReviewError("insufficient_stock", "too little"),), BY)
        case "label":
            order.label_fetched(attempt, (), BY)
        case "label_retry" | "label_final":
            order.label_failed(attempt, final=name == "label_final", tries=number, reason="no", by=BY)
        case "drafted":
            order.fulfillment_drafted(attempt, FO, "FO-1", BY)
        case "accepted":
            order.fulfillment_accepted(attempt, FO, "FO-1", NOW, BY)
        case "fo_exception":
            order.fulfillment_failed(attempt, FO, "FO-1", submission=number, reason="no", by=BY)
        case "shipped":
            order.fulfillment_shipped(
                attempt, FO, "FO-1", parcels=(), shipped_at=NOW, upload_tracking=bool(number % 2), by=BY
            )
        case "fo_canceled":
            order.fulfillment_canceled(attempt, reason="stopped", by=BY)
        case "cancel_refused":
            order.fulfillment_cancel_refused(attempt, FO, reason="too late", by=BY)
        case "uploaded":
            order.tracking_uploaded(attempt, tries=number, by=BY)
        case "upload_retry" | "upload_final":
            order.tracking_failed(attempt, final=name == "upload_final", tries=number, reason="no", by=BY)
        case "retry":
            order.retry_tracking(BY)
        case "cancel":
            order.cancel(BY, reason="wish")
        case "hold":
            order.hold("wait", BY)
        case "release":
            order.release(BY)
        case "invalidate":
            if order.status in {OrderStatus.PENDING, OrderStatus.AWAITING_LABEL, OrderStatus.PROCESSING}:
                order.withdraw_review(BY, reason="data")
                order.invalidate(BY, reason="data")
        case "to_pending":
            order.move_to_pending(BY)
        case "resend":
            if order.step is not Step.NONE:
                order.sent_again(BY)


def holds_together(order: Order) -> None:
    """What must be true of an order after every event."""
    assert (order.step is Step.NONE) == (order.next_check is None)
    assert (order.status in FINISHED) == (order.ended_at is not None)
    if order.status is OrderStatus.CANCELING:
        assert order.step is Step.CANCEL_FULFILLMENT
    if order.status is OrderStatus.AWAITING_LABEL:
        assert order.step is Step.FETCH_LABEL
        assert order.stock_asked
    if order.status in {OrderStatus.WAREHOUSE_PROCESSING, OrderStatus.SHIPPED}:
        assert order.fulfillment_id is not None
    if order.status in {OrderStatus.PROCESSING, OrderStatus.WAREHOUSE_PROCESSING, OrderStatus.SHIPPED}:
        assert order.fulfillment_asked
        assert order.stock_asked
    if order.status is OrderStatus.CANCELED:
        assert not order.stock_asked
    if order.tracking_upload in {TrackingUpload.WAITING, TrackingUpload.UPLOADING}:
        assert order.step is Step.UPLOAD_TRACKING
    assert [entry.version for entry in order.entries] == list(range(1, order.version + 1))
    moves = [entry for entry in order.entries if entry.to_status]
    assert sum(entry.to_status == OrderStatus.SHIPPED for entry in moves) <= 1
    state = "pending"
    for move in moves:
        assert move.from_status == state
        assert OrderStatus(move.to_status) in TRANSITIONS[OrderStatus(state)]
        state = move.to_status
    assert state == order.status


events = st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(1, 2), st.integers(1, 4)), min_size=1, max_size=40)


@settings(max_examples=400, deadline=None)
@given(events)
def test_any_events_in_any_order_keep_an_order_whole(history: list[Event]) -> None:
    order = an_order()
    for event in history:
        try:
            play(order, event)
        except IllegalMove:
            continue
        finally:
            holds_together(order)


FACTS = tuple(
    name
    for name in EVENTS
    if name not in {"review", "cancel", "hold", "release", "invalidate", "to_pending", "retry", "resend"}
)


@settings(max_examples=300, deadline=None)
@given(events, st.sampled_from(FACTS), st.integers(1, 4))
def test_a_fact_told_twice_counts_once(history: list[Event], fact: str, number: int) -> None:
    order = an_order()
    for event in history:
        try:
            play(order, event)
        except IllegalMove:
            continue
    play(order, (fact, max(order.attempt, 1), number))
    once = (order.status, order.version, order.step, list(order.commands), list(order.releases))
    play(order, (fact, max(order.attempt, 1), number))
    again = (order.status, order.version, order.step, list(order.commands), list(order.releases))
    assert once == again


class TestAnyOrder:
    @pytest.mark.parametrize(
        "names",
        [("drafted", "accepted", "shipped"), ("accepted", "drafted", "shipped"), ("shipped", "accepted", "drafted")],
    )
    def test_facts_of_the_warehouse_may_overtake_each_other(self, names: tuple[str, ...]) -> None:
        order = reviewed()
        order.stock_reserved(1, BY)
        for name in names:
            play(order, (name, 1, 1))
        assert order.status is OrderStatus.SHIPPED
        assert (order.fulfillment_id, order.fulfillment_number) == (FO, "FO-1")
        assert order.tracking_upload is TrackingUpload.WAITING
        assert order.step is Step.UPLOAD_TRACKING

    def test_shipped_wins_over_a_cancellation_under_way(self) -> None:
        order = reviewed()
        order.stock_reserved(1, BY)
        order.cancel(BY, reason="wish")
        play(order, ("shipped", 1, 2))
        assert order.status is OrderStatus.SHIPPED
        play(order, ("fo_canceled", 1, 1))
        assert order.status is OrderStatus.SHIPPED

    def test_a_late_exception_of_an_earlier_submission_is_dropped(self) -> None:
        order = reviewed()
        order.stock_reserved(1, BY)
        order.fulfillment_failed(1, FO, "FO-1", submission=2, reason="second", by=BY)
        order.fulfillment_failed(1, FO, "FO-1", submission=1, reason="first", by=BY)
        assert order.fulfillment_exception == "second"
        assert order.status is OrderStatus.PROCESSING


class TestCancel:
    def test_before_anything_is_outside_it_is_canceled_at_once_and_stock_goes_back(self) -> None:
        order = reviewed()
        order.cancel(BY, reason="wish")
        assert (order.status, order.releases, order.step) == (OrderStatus.CANCELED, [1], Step.NONE)
        order.stock_reserved(1, BY)  # The reply comes late.
        assert order.status is OrderStatus.CANCELED

    def test_an_exception_keeps_its_stock_until_it_is_canceled(self) -> None:
        order = reviewed(ChannelKind.PLATFORM_LABEL)
        order.stock_reserved(1, BY)
        order.label_failed(1, final=True, tries=1, reason="closed", by=BY)
        assert (order.status, order.stock_asked, order.releases) == (OrderStatus.EXCEPTION, True, [])
        order.cancel(BY, reason="wish")
        assert (order.status, order.releases) == (OrderStatus.CANCELED, [1])
        assert order.move_to_pending(BY)

    def test_a_cancellation_that_was_refused_can_be_asked_for_again(self) -> None:
        order = reviewed()
        for name in ("reserved", "accepted"):
            play(order, (name, 1, 1))
        order.cancel(BY, reason="wish")
        play(order, ("cancel_refused", 1, 1))
        assert (order.status, order.cancel_refused) == (OrderStatus.WAREHOUSE_PROCESSING, "too late")
        order.cancel(BY, reason="wish")
        assert (order.status, order.cancel_tries) == (OrderStatus.CANCELING, 2)

    def test_what_the_platform_canceled_does_not_come_back(self) -> None:
        order = an_order(status=OrderStatus.CANCELED, platform_canceled=True)
        with pytest.raises(IllegalMove, match="the platform itself"):
            order.move_to_pending(BY)

    def test_a_hold_that_came_during_the_review_gives_the_stock_back(self) -> None:
        order = reviewed()
        order.hold("fraud?", BY)
        order.stock_reserved(1, BY)
        assert (order.status, order.releases, order.step) == (OrderStatus.PENDING, [1], Step.NONE)
        assert [error.code for error in order.review_errors] == ["on_hold"]


def test_the_wait_for_a_reply_grows_up_to_a_limit() -> None:
    waits = [resend_wait(resends) for resends in range(20)]
    assert waits[0] == timedelta(seconds=60)
    assert waits == sorted(waits)
    assert waits[-1] == RESEND_MOST
