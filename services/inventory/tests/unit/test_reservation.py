import pytest
from common.errors import InvalidInput
from common.kernel.ids import uuid7
from hypothesis import given
from hypothesis import strategies as st
from inventory.domain.reservation import (
    TRANSITIONS,
    AnomalyKind,
    Attempt,
    AttemptKey,
    Line,
    Request,
    ReservationState,
    decide,
)
from inventory.domain.stock import BelowReserved, Stock

SELLER, WAREHOUSE = uuid7(), uuid7()
SKUS = st.sampled_from(["A", "a", "B", "C"])


def shelf_of(**available: int) -> dict[str, Stock]:
    return {
        sku: Stock(uuid7(), SELLER, WAREHOUSE, sku, "product", "good", on_hand, 0, 1)
        for sku, on_hand in available.items()
    }


def request_of(lines: list[tuple[str, int]]) -> Request:
    return Request(AttemptKey(uuid7(), 1), SELLER, WAREHOUSE, [Line("L", sku, quantity) for sku, quantity in lines])


class TestDecide:
    @given(
        st.dictionaries(SKUS, st.integers(0, 9)),
        st.lists(st.lists(st.tuples(SKUS, st.integers(1, 5)), min_size=1, max_size=4), max_size=12),
    )
    def test_all_or_nothing_in_order_and_never_more_than_there_is(
        self, available: dict[str, int], orders: list[list[tuple[str, int]]]
    ) -> None:
        shelf = shelf_of(**available)
        left = dict(available)
        for lines in orders:
            need = {sku: sum(q for s, q in lines if s == sku) for sku, _ in lines}
            short = {(sku, need[sku], left.get(sku, 0)) for sku in need if need[sku] > left.get(sku, 0)}
            verdict = decide(request_of(lines), shelf)
            assert verdict.reserved is (not short)
            assert {(s.sku, s.need, s.have) for s in verdict.shortages} == short
            if not short:
                left = {sku: have - need.get(sku, 0) for sku, have in left.items()}
            assert {sku: stock.available for sku, stock in shelf.items()} == left

    def test_unchanged_stock_is_not_written(self) -> None:
        shelf = shelf_of(A=1, B=1)
        decide(request_of([("A", 1), ("B", 2)]), shelf)
        assert not any(stock.changed for stock in shelf.values())


class TestCheck:
    @pytest.mark.parametrize("lines", [[], [("A", 0)], [("A", 1), ("B", -1)]])
    def test_refuses_what_makes_no_sense(self, lines: list[tuple[str, int]]) -> None:
        with pytest.raises(InvalidInput):
            request_of(lines).check()


class TestEnd:
    def test_every_state_has_a_row(self) -> None:
        assert set(TRANSITIONS) == set(ReservationState)

    @given(
        st.sampled_from(ReservationState),
        st.lists(st.sampled_from([ReservationState.CONSUMED, ReservationState.RELEASED]), max_size=6),
    )
    def test_a_held_attempt_ends_exactly_once(self, start: ReservationState, targets: list[ReservationState]) -> None:
        attempt = Attempt(AttemptKey(uuid7(), 1), SELLER, start, [])
        ends = []
        for target in targets:
            before = attempt.state
            odd = attempt.end(target)
            if attempt.state is not before:
                assert target in TRANSITIONS[before]
                assert odd is None
                ends.append(target)
            elif target is ReservationState.CONSUMED or before is ReservationState.CONSUMED:
                assert odd is not None
        assert len(ends) <= 1

    def test_names_what_is_odd(self) -> None:
        def end(state: ReservationState, target: ReservationState) -> AnomalyKind | None:
            return Attempt(AttemptKey(uuid7(), 1), SELLER, state, []).end(target)

        assert end(ReservationState.CONSUMED, ReservationState.CONSUMED) is AnomalyKind.SHIPPED_TWICE
        assert end(ReservationState.RELEASED, ReservationState.CONSUMED) is AnomalyKind.SHIPPED_AFTER_RELEASE
        assert end(ReservationState.REFUSED, ReservationState.CONSUMED) is AnomalyKind.SHIPPED_WITHOUT_RESERVATION
        assert end(ReservationState.CONSUMED, ReservationState.RELEASED) is AnomalyKind.RELEASED_AFTER_SHIPMENT
        assert end(ReservationState.RELEASED, ReservationState.RELEASED) is None


class TestStock:
    def test_adjusting_stops_at_what_is_reserved(self) -> None:
        (stock,) = shelf_of(A=5).values()
        stock.reserve(3)
        with pytest.raises(BelowReserved, match="3 are reserved"):
            stock.adjust(-3)
        stock.adjust(-2)
        assert (stock.on_hand, stock.reserved, stock.available) == (3, 3, 0)

    @pytest.mark.parametrize("quantity", [0, -1, 2_000_000_000])
    def test_receiving_has_limits(self, quantity: int) -> None:
        (stock,) = shelf_of(A=5).values()
        with pytest.raises(InvalidInput, match="quantity"):
            stock.receive(quantity)

    def test_defects_of_ours_raise(self) -> None:
        (stock,) = shelf_of(A=5).values()
        for act, quantity in ((stock.reserve, 6), (stock.release, 1), (stock.ship, 1)):
            with pytest.raises(ValueError, match="A cannot be"):
                act(quantity)
