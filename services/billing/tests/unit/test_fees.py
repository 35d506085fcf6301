from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from billing.domain.fees import FeeSchedule, Unpriced, WeightBand, in_force, price, problems_of, start_of
from common.kernel.ids import uuid7
from hypothesis import given
from hypothesis import strategies as st

WAREHOUSE, CHANNEL, SELLER = uuid7(), uuid7(), uuid7()
NOW = datetime(2026, 11, 20, tzinfo=UTC)

cents = st.decimals(min_value=0, max_value=1000, places=2)
units = st.integers(min_value=1, max_value=500)
weights = st.integers(min_value=0, max_value=100_000)


def schedule(
    *,
    channel_id: UUID | None = None,
    seller_id: UUID | None = None,
    starts_at: datetime = NOW - timedelta(days=30),
    per_order: Decimal = Decimal("5.00"),
    per_further_unit: Decimal = Decimal("0.75"),
    bands: tuple[WeightBand, ...] = (),
) -> FeeSchedule:
    return FeeSchedule(
        id=uuid7(),
        warehouse_id=WAREHOUSE,
        channel_id=channel_id,
        seller_id=seller_id,
        currency="USD",
        starts_at=starts_at,
        per_order=per_order,
        per_further_unit=per_further_unit,
        bands=bands,
    )


@st.composite
def ascending_bands(draw: st.DrawFn) -> tuple[WeightBand, ...]:
    limits = sorted(draw(st.sets(st.integers(min_value=1, max_value=50_000), min_size=1, max_size=6)))
    amounts = sorted(draw(st.lists(cents, min_size=len(limits) + 1, max_size=len(limits) + 1)))
    closed = [WeightBand(limit, amount) for limit, amount in zip(limits, amounts, strict=False)]
    return (*closed, WeightBand(None, amounts[-1]))


class TestPrice:
    @given(cents, cents, units, weights, ascending_bands())
    def test_is_the_sum_of_its_parts(
        self, flat: Decimal, unit: Decimal, count: int, weight: int, bands: tuple[WeightBand, ...]
    ) -> None:
        fee = price(schedule(per_order=flat, per_further_unit=unit, bands=bands), units=count, weight_grams=weight)
        expected_band = next(b.amount for b in bands if b.up_to_grams is None or weight <= b.up_to_grams)
        assert fee.total == flat + unit * (count - 1) + expected_band
        assert fee.total == fee.per_order + fee.units + fee.weight

    @given(cents, units, weights, weights, ascending_bands())
    def test_never_falls_with_weight_or_units(
        self, unit: Decimal, count: int, one: int, other: int, bands: tuple[WeightBand, ...]
    ) -> None:
        tariff = schedule(per_further_unit=unit, bands=bands)
        light, heavy = sorted((one, other))
        cheap = price(tariff, units=count, weight_grams=light).total
        assert cheap <= price(tariff, units=count, weight_grams=heavy).total
        assert cheap <= price(tariff, units=count + 1, weight_grams=light).total

    def test_a_band_takes_its_own_limit(self) -> None:
        tariff = schedule(bands=(WeightBand(1000, Decimal("1.40")), WeightBand(2000, Decimal("2.40"))))
        assert price(tariff, units=1, weight_grams=1000).total == Decimal("6.40")
        assert price(tariff, units=1, weight_grams=1001).total == Decimal("7.40")

    def test_refuses_what_is_heavier_than_every_band(self) -> None:
        tariff = schedule(bands=(WeightBand(1000, Decimal("1.40")),))
        with pytest.raises(Unpriced, match=r"1001 g is above the heaviest band .* 1000 g"):
            price(tariff, units=1, weight_grams=1001)


class TestInForce:
    def test_the_most_specific_counts(self) -> None:
        general, channel = schedule(), schedule(channel_id=CHANNEL)
        seller, both = schedule(seller_id=SELLER), schedule(channel_id=CHANNEL, seller_id=SELLER)
        ranking = [general, channel, seller, both]
        for rank, expected in enumerate(ranking):
            found = in_force(ranking[: rank + 1], warehouse_id=WAREHOUSE, channel_id=CHANNEL, seller_id=SELLER, at=NOW)
            assert found is expected

    def test_the_one_that_began_last_counts_and_a_future_one_does_not(self) -> None:
        old, new = schedule(), schedule(starts_at=NOW)
        future = schedule(starts_at=NOW + timedelta(seconds=1), seller_id=SELLER)
        found = in_force([new, old, future], warehouse_id=WAREHOUSE, channel_id=None, seller_id=SELLER, at=NOW)
        assert found is new

    def test_nobody_gets_anothers_prices(self) -> None:
        tariffs = [schedule(seller_id=SELLER), schedule(channel_id=CHANNEL)]
        assert in_force(tariffs, warehouse_id=WAREHOUSE, channel_id=uuid7(), seller_id=uuid7(), at=NOW) is None
        assert in_force(tariffs, warehouse_id=uuid7(), channel_id=CHANNEL, seller_id=SELLER, at=NOW) is None

    def test_a_day_begins_where_the_warehouse_is(self) -> None:
        assert start_of(date(2026, 1, 1), "America/New_York") == datetime(2026, 1, 1, 5, tzinfo=UTC)


class TestProblemsOf:
    def test_names_each_wrong_value(self) -> None:
        bands = (WeightBand(None, Decimal(1)), WeightBand(20, Decimal("-1")), WeightBand(10, Decimal("0.001")))
        found = problems_of(bands, [("per_order", Decimal("-5"))], "USD")
        assert [problem.partition(":")[0] for problem in found] == [
            "per_order", "bands.1.amount", "bands.2.amount", "bands", "bands",
        ]  # fmt: skip

    def test_a_yen_has_no_decimals(self) -> None:
        assert problems_of((), [("per_order", Decimal("5.50"))], "JPY")
        assert not problems_of((), [("per_order", Decimal(5))], "JPY")
