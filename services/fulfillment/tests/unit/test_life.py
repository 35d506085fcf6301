from itertools import pairwise

import hypothesis.strategies as st
import pytest
from common.errors import AppError, IllegalTransition
from common.kernel.clock import utcnow
from common.kernel.ids import uuid7
from fulfillment.domain import events
from fulfillment.domain.answering import apply_answer, nudge
from fulfillment.domain.answers import Answer, AnswerKind
from fulfillment.domain.fulfillment import Fulfillment
from fulfillment.domain.parts import Address, Line, Parcel, merge_parcels
from fulfillment.domain.states import TRANSITIONS, Adapter, ChannelKind, Stage, SubmissionState, stage_of
from hypothesis import given, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

NOW = utcnow()
PARCEL = Parcel(tracking_number="T1", carrier="Post", label_key="k")


def fulfillment(kind: ChannelKind = ChannelKind.PLATFORM_LABEL) -> Fulfillment:
    return Fulfillment(
        id=uuid7(), number="FO-000000001", seller_id=uuid7(), order_id=uuid7(), attempt=1, store_id=uuid7(),
        platform="shopify", platform_order_id="1", platform_order_number="#1", warehouse_id=uuid7(), channel_id=uuid7(),
        channel_kind=kind, label_required=True, upload_tracking=True, ship_by=None,
        ship_to=Address(name="A", line1="1", city="R", country="US"), lines=(Line("1", "A-1", 2),), parcels=(PARCEL,),
        created_at=NOW, updated_at=NOW,
    )  # fmt: skip


class TestTable:
    def test_every_stage_has_a_row(self) -> None:
        assert set(TRANSITIONS) == set(Stage)

    @given(st.sampled_from(Stage), st.sampled_from(Stage))
    def test_a_move_is_in_the_table_or_raises(self, before: Stage, after: Stage) -> None:
        order = fulfillment()
        order.stage = before
        if after is before:
            assert not order.move_to(after, actor="t", now=NOW)
            assert order.changes == []
        elif after in TRANSITIONS[before]:
            assert order.move_to(after, actor="t", now=NOW)
            assert (order.changes[0].from_stage, order.changes[0].to_stage) == (before, after)
        else:
            with pytest.raises(IllegalTransition):
                order.move_to(after, actor="t", now=NOW)
            assert (order.stage, order.changes) == (before, [])

    @given(st.sampled_from(Stage))
    def test_status_and_sub_status_name_the_stage(self, stage: Stage) -> None:
        assert stage_of(stage.status, stage.draft_status) is stage
        assert bool(stage.draft_status) == stage.is_draft


class Walk(RuleBasedStateMachine):
    """Whatever comes, in whatever order: the audit is a path in the table, and the world is told each end once."""

    @initialize(kind=st.sampled_from(ChannelKind), adapter=st.sampled_from([Adapter.DESK, Adapter.HTTP]))
    def draft(self, kind: ChannelKind, adapter: Adapter) -> None:
        self.adapter = adapter
        self.order = fulfillment(kind)
        self.order.drafted(now=NOW)

    def attempt(self, act: object) -> None:
        before = self.order.stage
        try:
            act()  # type: ignore[operator]
        except AppError:
            assert self.order.stage is before

    @rule()
    def label(self) -> None:
        self.order.label_made(self.order.label_attempt, PARCEL, now=NOW)

    @rule()
    def label_refused(self) -> None:
        self.order.label_refused(self.order.label_attempt, "x", "y", now=NOW)

    @rule()
    def retry_label(self) -> None:
        self.attempt(lambda: self.order.retry_label(actor="t", now=NOW))

    @rule(street=st.sampled_from(["1", "2"]))
    def edit(self, street: str) -> None:
        to = Address(name="A", line1=street, city="R", country="US")
        self.attempt(lambda: self.order.edit_ship_to(to, actor="t", now=NOW))

    @rule()
    def submit(self) -> None:
        self.attempt(lambda: self.order.submit(weight_grams=5, actor="t", now=NOW))

    @rule(behind=st.sampled_from([0, 1]))
    def held(self, behind: int) -> None:
        if self.order.is_waiting_for_funds(self.order.submission - behind):
            self.order.funds_held(hold_id=uuid7(), amount=1, currency="USD", adapter=self.adapter, now=NOW)  # type: ignore[arg-type]

    @rule()
    def refused(self) -> None:
        if self.order.is_waiting_for_funds(self.order.submission):
            self.order.funds_refused(code="c", reason="r", now=NOW)

    @rule(kind=st.sampled_from(AnswerKind), behind=st.sampled_from([0, 0, 0, 1]))
    def answer(self, kind: AnswerKind, behind: int) -> None:
        if self.adapter is Adapter.HTTP and self.order.submission > behind:
            answer = Answer(self.order.submission - behind, kind, NOW, "r", "X", (PARCEL,))
            apply_answer(self.order, answer, now=NOW)
            stage, said = self.order.stage, len(self.order.happened)
            apply_answer(self.order, answer, now=NOW)
            assert self.order.stage is stage
            again = [event for event in self.order.happened[said:] if not isinstance(event, events.CancelAsked)]
            assert not [e for e in again if not isinstance(e, events.HandOverDropped)], again

    @rule()
    def ship(self) -> None:
        if self.order.stage in {Stage.WAREHOUSE_PROCESSING, Stage.SHIPPED}:
            self.order.ship(parcels=(PARCEL,), at=NOW, actor="t", now=NOW)

    @rule(never_called=st.booleans())
    def cancel(self, never_called: bool) -> None:
        self.order.cancel("c", never_called=never_called, actor="t", now=NOW)

    @rule()
    def move_to_draft(self) -> None:
        self.attempt(lambda: self.order.move_to_draft(actor="t", now=NOW))

    @rule()
    def nudge(self) -> None:
        if not self.order.stage.is_closed:
            nudge(self.order, now=NOW)

    @invariant()
    def the_audit_is_a_path(self) -> None:
        changes = self.order.changes
        assert changes[0].from_stage is None
        for before, after in pairwise(changes):
            assert after.from_stage is before.to_stage
            assert after.to_stage is after.from_stage or after.to_stage in TRANSITIONS[after.from_stage]
        assert changes[-1].to_stage is self.order.stage

    @invariant()
    def an_end_is_said_once_and_alone(self) -> None:
        shipped = [e for e in self.order.happened if isinstance(e, events.Shipped)]
        assert len(shipped) == (self.order.stage is Stage.SHIPPED)
        if self.order.stage is not Stage.CANCELED:
            assert not [e for e in self.order.happened if isinstance(e, events.Canceled)]

    @invariant()
    def what_waits_is_asked_again(self) -> None:
        if self.order.stage in {Stage.SUBMITTING, Stage.CANCELING, Stage.FETCHING_LABEL}:
            assert self.order.check_at is not None
        if self.order.stage.is_closed:
            assert self.order.check_at is None
            assert self.order.closed_at is not None

    @invariant()
    def the_submission_fits_the_stage(self) -> None:
        if self.order.stage in {Stage.WAREHOUSE_PROCESSING, Stage.SHIPPED}:
            assert self.order.submission_state in {SubmissionState.ACCEPTED, SubmissionState.SHIPPED}
            assert self.order.accepted_at is not None


TestWalk = Walk.TestCase
TestWalk.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


class TestMergeParcels:
    def test_the_label_stays_with_the_parcel_of_the_same_number(self) -> None:
        known = (Parcel("p1", "t1", "u", "Post", "k1", "pdf"), Parcel("p2", "t2", "", "Post", "k2", "pdf"))
        merged = merge_parcels(known, (Parcel("p2", "t2", weight_grams=5), Parcel("", "t1", weight_grams=6)))
        assert [(p.label_key, p.weight_grams) for p in merged] == [("k2", 5), ("k1", 6)]

    def test_a_new_number_replaces_that_of_a_single_parcel(self) -> None:
        (merged,) = merge_parcels((Parcel("", "t1", "u", "Post", "k1", "pdf"),), (Parcel("", "t9", carrier="DHL"),))
        assert (merged.tracking_number, merged.tracking_url, merged.carrier) == ("t9", "", "DHL")

    def test_no_report_keeps_what_is_known(self) -> None:
        assert merge_parcels((PARCEL,), ()) == (PARCEL,)
