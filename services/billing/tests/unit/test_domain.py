from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from billing.domain import holds, topups
from billing.domain.accounts import Account, seller_account_id
from billing.domain.holds import Hold, HoldKey, HoldState
from billing.domain.ledger import Entry, EntryKind, Posting, fee_postings, topup_postings
from billing.domain.topups import IllegalTopupMove, Topup, TopupState, credited, problems_of
from common.kernel.ids import uuid7
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 20, tzinfo=UTC)
cents = st.decimals(min_value=0, max_value=10_000, places=2)


def account(balance: str = "0.00", limit: str = "0.00") -> Account:
    seller_id = uuid7()
    return Account(
        seller_account_id(seller_id, "USD"), seller_id, "USD", Decimal(balance), Decimal(limit), Decimal(0), 1
    )


class TestAccount:
    @given(cents, cents, st.lists(cents, max_size=20))
    def test_holds_never_take_more_than_is_available(
        self, balance: Decimal, limit: Decimal, amounts: list[Decimal]
    ) -> None:
        subject = replace(account(), balance=balance, credit_limit=limit)
        for amount in amounts:
            before = subject.available
            assert subject.hold(amount) is (amount <= before)
            assert subject.available >= 0

    def test_nothing_is_held_while_it_is_overdrawn_not_even_nothing(self) -> None:
        subject = account(balance="-1.00")
        assert not subject.hold(Decimal(0))

    def test_people_move_the_version_and_the_flow_does_not(self) -> None:
        subject = account(balance="10.00")
        subject.hold(Decimal(5))
        subject.capture(Decimal(5))
        subject.charge(Decimal(1))
        assert subject.version == 1
        subject.credit(Decimal(5))
        subject.limit(Decimal(5))
        assert subject.version == 3


class TestHold:
    @pytest.mark.parametrize("current", list(HoldState))
    @pytest.mark.parametrize("target", list(HoldState))
    def test_moves_only_as_the_table_says(self, current: HoldState, target: HoldState) -> None:
        hold = Hold(uuid7(), HoldKey(uuid7(), 1), uuid7(), current)
        if target in holds.TRANSITIONS[current]:
            hold.move_to(target)
            assert hold.state is target
        else:
            with pytest.raises(ValueError, match=f"is {current} and cannot become {target}"):
                hold.move_to(target)


class TestTopup:
    def topup(self, state: TopupState) -> Topup:
        return Topup(
            uuid7(), "TU-000000001", uuid7(), account().id, Decimal(1), "USD", None, Decimal(1), "USD", state, 1
        )

    @pytest.mark.parametrize("current", list(TopupState))
    @pytest.mark.parametrize("target", list(TopupState))
    def test_moves_only_as_the_table_says(self, current: TopupState, target: TopupState) -> None:
        topup = self.topup(current)
        if target is current:
            assert not topup.move_to(target, at=NOW, by="x")
            assert topup.version == 1
        elif target in topups.TRANSITIONS[current]:
            assert topup.move_to(target, at=NOW, by="x")
            assert (topup.version, topup.decided_by) == (2, "x")
        else:
            with pytest.raises(IllegalTopupMove):
                topup.move_to(target, at=NOW, by="x")

    @pytest.mark.parametrize(
        ("amount", "currency", "rate", "field"),
        [
            ("0", "USD", None, "amount"),
            ("-1", "USD", None, "amount"),
            ("NaN", "USD", None, "amount"),
            ("1.001", "USD", None, "amount"),
            ("1.5", "JPY", "0.0066", "amount"),
            ("1", "USD", "1.1", "rate"),
            ("1", "CNY", None, "rate"),
            ("1", "CNY", "0", "rate"),
            ("1", "CNY", "NaN", "rate"),
            ("1", "CNY", "0.12345678901", "rate"),
            ("0.01", "CNY", "0.1", "amount"),
        ],
    )
    def test_names_the_wrong_value(self, amount: str, currency: str, rate: str | None, field: str) -> None:
        (problem,) = problems_of(Decimal(amount), currency, Decimal(rate) if rate else None, "USD")
        assert problem.field == field
        assert problem.remedy

    def test_rounds_half_even_to_the_account_s_currency(self) -> None:
        assert credited(Decimal("0.25"), Decimal("0.1"), "USD") == Decimal("0.02")
        assert credited(Decimal("700.00"), Decimal("0.1400"), "USD") == Decimal("98.00")


class TestEntry:
    def test_refuses_what_does_not_sum_to_zero(self) -> None:
        subject = account()
        with pytest.raises(ValueError, match="sum to 1, not 0"):
            Entry(uuid7(), EntryKind.FEE, subject.seller_id, "USD", uuid7(), "", "", (Posting(subject.id, Decimal(1)),))

    @given(cents)
    def test_both_sides_balance(self, amount: Decimal) -> None:
        subject = account()
        for postings in (fee_postings(subject, amount), topup_postings(subject, amount)):
            assert sum(posting.amount for posting in postings) == 0
            assert {posting.account_id for posting in postings} > {subject.id}
