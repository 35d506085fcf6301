from decimal import Decimal

import pytest
from common.kernel.money import CurrencyMismatch, Money, minor_units
from hypothesis import given
from hypothesis import strategies as st

AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, allow_infinity=False, places=6)
CURRENCIES = st.sampled_from(["USD", "JPY", "KWD", "CNY"])


@given(AMOUNTS, CURRENCIES)
def test_an_amount_is_a_whole_number_of_minor_units(amount: Decimal, currency: str) -> None:
    money = Money(amount, currency)
    assert money.amount == money.amount.quantize(Decimal(1).scaleb(-minor_units(currency)))
    assert abs(money.amount - amount) <= Decimal(1).scaleb(-minor_units(currency)) / 2


@given(AMOUNTS, AMOUNTS, CURRENCIES)
def test_adding_and_taking_away_loses_nothing(left: Decimal, right: Decimal, currency: str) -> None:
    a, b = Money(left, currency), Money(right, currency)
    assert a + b - b == a


@pytest.mark.parametrize(
    ("amount", "rounded"), [("0.125", "0.12"), ("0.135", "0.14"), ("-0.125", "-0.12"), ("2.675", "2.68")]
)
def test_halves_go_to_the_even_neighbour(amount: str, rounded: str) -> None:
    assert Money.of(amount, "USD").amount == Decimal(rounded)


def test_currencies_do_not_mix() -> None:
    with pytest.raises(CurrencyMismatch, match="USD and CNY"):
        Money.of("1", "USD") + Money.of("1", "CNY")


@pytest.mark.parametrize(("amount", "currency"), [("twelve", "USD"), ("1", "usd"), ("1", "DOLLAR"), ("NaN", "USD")])
def test_nonsense_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Money.of(amount, currency)
