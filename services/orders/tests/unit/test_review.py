"""Review, mapping, routing and postal codes, without a database."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from orders.domain.address import Address
from orders.domain.mapping import Line, MappedSku, Needs, expand
from orders.domain.postal import PostalRange, is_wellformed, normalised
from orders.domain.review import (
    Channel,
    Product,
    ReviewContext,
    ReviewSubject,
    Shortage,
    Warehouse,
    decide,
    stock_errors,
)
from orders.domain.routing import Rule, first_match

SELLER, STORE, WAREHOUSE, CHANNEL = (UUID(int=number) for number in range(1, 5))
GOOD = Address(name="Ann", line1="1 Main St", city="Boston", postal_code="02108", country="US")


def context(**changes: Any) -> ReviewContext:
    fields: dict[str, Any] = {
        "mappings": {(STORE, "P"): (MappedSku("A", 2), MappedSku("B", 1))},
        "stores_with_mappings": {STORE},
        "products": {(SELLER, sku): Product(sku, "approved", measured=True, weight_grams=100) for sku in "AB"},
        "warehouses": {WAREHOUSE: Warehouse(WAREHOUSE, "W-E", "US", active=True)},
        "channels": {CHANNEL: Channel(CHANNEL, WAREHOUSE, "OWN", "own_label", ("US",), active=True)},
        "bindings": {(SELLER, WAREHOUSE)},
        "countries": {"US", "DE"},
    }
    return ReviewContext(**{**fields, **changes})


def subject(**changes: Any) -> ReviewSubject:
    fields: dict[str, Any] = {
        "seller_id": SELLER,
        "store_id": STORE,
        "warehouse_id": WAREHOUSE,
        "channel_id": CHANNEL,
        "ship_to": GOOD,
        "lines": (Line("1", "P", 3),),
        "platform_label": False,
    }
    return ReviewSubject(**{**fields, **changes})


def codes(subject: ReviewSubject, context: ReviewContext) -> list[str]:
    return [error.code for error in decide(subject, context).errors]


class TestDecide:
    def test_passes_with_what_is_to_be_shipped(self) -> None:
        verdict = decide(subject(), context())
        assert verdict.errors == ()
        assert verdict.needs is not None
        assert verdict.needs.by_sku() == {"A": 6, "B": 3}
        assert verdict.needs.weight_grams == 900
        assert verdict.channel_kind == "own_label"

    @pytest.mark.parametrize(
        ("code", "subject_changes", "context_changes"),
        [
            ("sku_not_mapped", {"lines": (Line("1", "p", 1),)}, {}),
            ("store_has_no_mapping", {}, {"mappings": {}, "stores_with_mappings": set()}),
            ("no_warehouse", {"warehouse_id": None, "channel_id": CHANNEL}, {}),
            ("no_warehouse", {}, {"bindings": set()}),
            ("no_channel", {"channel_id": None}, {}),
            ("no_channel", {}, {"channels": {CHANNEL: Channel(CHANNEL, WAREHOUSE, "P", "platform_label", (), True)}}),
            (
                "channel_not_for_destination",
                {},
                {"channels": {CHANNEL: Channel(CHANNEL, WAREHOUSE, "C", "carrier", ("DE",), True)}},
            ),
            ("address_invalid", {"ship_to": None}, {}),
            ("on_hold", {"holds": ("fraud?",)}, {}),
            ("nothing_to_ship", {"platform_status": "shipped"}, {}),
            ("nothing_to_ship", {"lines": (Line("1", "P", 0),)}, {}),
        ],
    )
    def test_names_each_reason(
        self, code: str, subject_changes: dict[str, Any], context_changes: dict[str, Any]
    ) -> None:
        found = decide(subject(**subject_changes), context(**context_changes)).errors
        assert code in [error.code for error in found]
        assert all(error.message for error in found)

    def test_a_product_that_is_unknown_in_audit_or_not_measured(self) -> None:
        products = {(SELLER, "A"): Product("A", "in_audit", measured=False)}
        assert codes(subject(), context(products=products)) == ["product_not_approved", "product_not_approved"]
        products = {(SELLER, sku): Product(sku, "approved", measured=False) for sku in "AB"}
        found = decide(subject(), context(products=products)).errors
        assert [error.code for error in found] == ["product_not_measured"] * 2
        assert "not measured as new product" in found[0].message

    def test_finds_all_reasons_and_not_only_the_first(self) -> None:
        bad = subject(
            warehouse_id=None,
            channel_id=None,
            ship_to=Address(country="XX"),
            holds=("h",),
            lines=(Line("1", "P", 1), Line("2", "?", 1)),
        )
        found = set(codes(bad, context(products={})))
        assert found == {
            "on_hold",
            "no_warehouse",
            "no_channel",
            "address_invalid",
            "sku_not_mapped",
            "product_not_approved",
        }

    def test_a_masked_address_does_for_a_platform_label_only(self) -> None:
        masked = Address(name="A**", line1="****", city="****", country="US")
        own = subject(ship_to=masked)
        assert "address_invalid" in codes(own, context())
        channels = {CHANNEL: Channel(CHANNEL, WAREHOUSE, "P", "platform_label", (), active=True)}
        assert codes(subject(ship_to=masked, platform_label=True), context(channels=channels)) == []

    def test_shortages_name_need_have_warehouse_factor_and_line(self) -> None:
        needs = decide(subject(), context()).needs
        (error,) = stock_errors((Shortage("A", 6, 2),), needs, warehouse="W-E")
        assert (error.code, error.sku, error.need, error.have, error.warehouse, error.factor, error.line) == (
            "insufficient_stock", "A", 6, 2, "W-E", 2, "1"
        )  # fmt: skip
        assert "A need 6, have 2, W-E" in error.message


names = st.sampled_from(["a", "A", "b", "c"])
items = st.lists(st.builds(MappedSku, names, st.integers(1, 9)), min_size=1, max_size=4).map(tuple)
lines = st.lists(
    st.builds(Line, st.uuids().map(str), st.sampled_from(["P", "p", "Q", ""]), st.integers(0, 50)), max_size=6
)


@given(lines, st.dictionaries(st.sampled_from(["P", "p", "Q"]), items))
def test_expansion_loses_and_adds_nothing(ordered: list[Line], mapping: dict[str, tuple[MappedSku, ...]]) -> None:
    needs, unmapped = expand(ordered, mapping)
    expected = sum(
        line.quantity * item.quantity
        for line in ordered
        if line.quantity > 0
        for item in mapping.get(line.platform_sku, ())
    )
    assert sum(need.quantity for need in needs) == expected
    assert sum(Needs(needs).by_sku().values()) == expected
    assert len({(need.line_id, need.sku) for need in needs}) == len(needs)
    assert all(line.platform_sku not in mapping for line in unmapped)


class TestPostal:
    @pytest.mark.parametrize(
        ("code", "country", "kept"),
        [
            ("2108", "US", "02108"),
            ("021081234", "US", "02108-1234"),
            ("501", "US", "00501"),
            ("1067", "DE", "01067"),
            ("1234567", "JP", "123-4567"),
            ("sw1a1aa", "GB", "SW1A 1AA"),
            ("k1a 0b1", "CA", "K1A 0B1"),
            (" ABC ", "US", "ABC"),
            ("", "US", ""),
        ],
    )
    def test_is_written_as_its_country_writes_it(self, code: str, country: str, kept: str) -> None:
        assert normalised(code, country) == kept
        assert normalised(kept, country) == kept

    @given(st.text(max_size=12), st.sampled_from(["US", "DE", "GB", "JP", "CA", "NL", "PT", "SG", "XX"]))
    def test_normalising_twice_is_normalising_once(self, code: str, country: str) -> None:
        once = normalised(code, country)
        assert normalised(once, country) == once

    @pytest.mark.parametrize(
        ("first", "last", "inside", "outside"),
        [
            ("100", "149", ["10000", "14999-1234"], ["09999", "15000", ""]),
            ("01000", "01999", ["01234-5678"], ["02000", "00999"]),
            ("SW1", "SW19", ["SW2 1AA", "SW19 5AE"], ["SW20 0AA", "SE1 1AA"]),
        ],
    )
    def test_ranges_include_both_bounds(self, first: str, last: str, inside: list[str], outside: list[str]) -> None:
        postal = PostalRange(first, last)
        assert [postal.holds(code) for code in inside] == [True] * len(inside)
        assert [postal.holds(code) for code in outside] == [False] * len(outside)
        assert postal.is_ordered

    @given(st.integers(0, 99999), st.integers(0, 99999), st.integers(0, 99999))
    def test_full_codes_of_digits_compare_as_numbers(self, low: int, high: int, code: int) -> None:
        postal = PostalRange(f"{low:05}", f"{high:05}")
        assert postal.holds(f"{code:05}") == (low <= code <= high)
        assert postal.is_ordered == (low <= high)

    def test_knows_what_cannot_be_a_code(self) -> None:
        assert not is_wellformed("ABC", "US")
        assert is_wellformed("anything", "XX")


class TestRouting:
    def rule(self, number: int, **changes: Any) -> Rule:
        return Rule(UUID(int=number), SELLER, number, "r", WAREHOUSE, CHANNEL, **changes)

    def test_the_first_that_matches_decides(self) -> None:
        rules = [
            self.rule(1, active=False),
            self.rule(2, store_id=UUID(int=99)),
            self.rule(3, platform="shopee"),
            self.rule(4, countries=("DE",)),
            self.rule(5, countries=("US",), postal_ranges=(PostalRange("9", "9"),)),
            self.rule(6, countries=("US",), postal_ranges=(PostalRange("02000", "02999"),)),
            self.rule(7),
        ]
        found = first_match(rules, store_id=STORE, platform="shopify", address=GOOD)
        assert found is not None
        assert found.position == 6

    def test_without_an_address_only_rules_without_a_destination_match(self) -> None:
        rules = [self.rule(1, countries=("US",))]
        assert first_match(rules, store_id=STORE, platform="shopify", address=None) is None
        assert first_match([self.rule(2)], store_id=STORE, platform="shopify", address=None) is not None
