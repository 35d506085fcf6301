"""Reading foreign JSON, pages, cursors, credentials and manifests."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from contracts.sync.v1 import OrderLineV1, PlatformStatusV1
from hypothesis import given, settings
from hypothesis import strategies as st
from sync.connectors.kit.canonical import address, unique_line_ids, version_of
from sync.connectors.kit.connector import Credentials, Window
from sync.connectors.kit.errors import ConnectorError, MalformedAnswer, OutcomeUnknown, error_for
from sync.connectors.kit.manifest import Meaning
from sync.connectors.kit.paging import decode_cursor, encode_cursor, follow, slices
from sync.connectors.kit.reading import FieldFault, Fields

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
READERS = (
    "text",
    "optional_text",
    "whole",
    "optional_whole",
    "flag",
    "decimal",
    "optional_decimal",
    "iso_moment",
    "unix_moment",
    "optional_unix_moment",
    "child",
    "texts",
    "items",
)


class TestFields:
    @pytest.mark.parametrize("reader", READERS)
    @settings(max_examples=25)
    @given(value=json_values)
    def test_any_value_is_read_or_named(self, reader: str, value: object) -> None:
        try:
            getattr(Fields({"field": value}), reader)("field")
        except FieldFault as fault:
            found = fault
        else:
            return
        assert found.path == "field"
        assert "expected" in str(found)

    @given(amount=st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12))
    def test_amounts_in_text_are_exact(self, amount: Decimal) -> None:
        assert Fields({"a": str(amount)}).decimal("a") == amount

    @given(cents=st.integers(min_value=-(10**12), max_value=10**12))
    def test_amounts_in_json_numbers_are_what_was_written(self, cents: int) -> None:
        assert Fields({"a": cents / 100}).decimal("a") == Decimal(cents) / 100

    def test_fault_says_where(self) -> None:
        fields = Fields({"orders": [{"lines": [{"quantity": "abc"}]}]})
        (order,) = fields.children("orders")
        (line,) = order.children("lines")
        with pytest.raises(FieldFault, match=r"^orders\[0\]\.lines\[0\]\.quantity is 'abc', expected a whole number"):
            line.whole("quantity")
        assert line.shape == "orders.lines"

    def test_long_values_are_cut(self) -> None:
        with pytest.raises(FieldFault) as caught:
            Fields({"a": "x" * 10_000}).whole("a")
        assert len(str(caught.value)) < 120


class TestCursor:
    @given(state=st.dictionaries(st.text(max_size=5), st.integers(0, 9) | st.text(max_size=9) | st.none(), max_size=4))
    def test_round_trip(self, state: dict[str, object]) -> None:
        assert decode_cursor(encode_cursor(state), platform="p") == state


class TestSlices:
    @given(hours=st.integers(min_value=1, max_value=5000))
    def test_cover_the_window_without_gaps(self, hours: int) -> None:
        start = datetime(2026, 1, 1, tzinfo=UTC)
        window = Window(start, start + timedelta(hours=hours))
        parts = slices(window, longest=timedelta(days=15))
        assert (parts[0].since, parts[-1].until) == (window.since, window.until)
        assert all(left.until == right.since for left, right in pairwise(parts))
        assert all(part.until - part.since <= timedelta(days=15) for part in parts)


class TestFollow:
    async def test_circle_is_malformed(self) -> None:
        async def fetch(cursor: str) -> tuple[list[object], str | None]:
            return [], cursor

        with pytest.raises(MalformedAnswer, match="circle"):
            await follow("a", fetch=fetch, platform="p", what="lines")

    async def test_endless_is_malformed(self) -> None:
        async def fetch(cursor: str) -> tuple[list[object], str | None]:
            return [cursor], cursor + "x"

        with pytest.raises(MalformedAnswer, match="40 pages"):
            await follow("a", fetch=fetch, platform="p", what="lines")


class TestCredentials:
    @given(
        st.builds(
            Credentials,
            account=st.text(),
            access_token=st.text(),
            expires_at=st.none() | st.datetimes(timezones=st.just(UTC)),
            refresh_token=st.none() | st.text(),
            refresh_expires_at=st.none() | st.datetimes(timezones=st.just(UTC)),
            scopes=st.lists(st.text(), max_size=3).map(tuple),
        )
    )
    def test_round_trip(self, credentials: Credentials) -> None:
        assert Credentials.from_json(credentials.to_json()) == credentials

    @pytest.mark.parametrize(
        "changes", [{"account": 1}, {"access_token": None}, {"expires_at": 5}, {"scopes": 3}, {"refresh_token": 4}]
    )
    def test_unreadable_ones_say_what_to_do(self, changes: dict[str, object]) -> None:
        form = {**Credentials(account="a", access_token="SECRET").to_json(), **changes}
        with pytest.raises(ValueError, match="authorise the store again") as caught:
            Credentials.from_json(form)
        assert "SECRET" not in str(caught.value)

    def test_expiry(self) -> None:
        now = datetime(2026, 1, 1, tzinfo=UTC)
        soon = Credentials(account="a", access_token="t", expires_at=now + timedelta(seconds=60))
        assert soon.expires_within(timedelta(minutes=2), now=now)
        assert not soon.expires_within(timedelta(seconds=30), now=now)
        assert not Credentials(account="a", access_token="t").expires_within(timedelta(days=999), now=now)


class TestWindow:
    def test_must_run_forward_and_have_a_zone(self) -> None:
        now = datetime(2026, 1, 1, tzinfo=UTC)
        with pytest.raises(ValueError, match="end after it begins"):
            Window(now, now)
        with pytest.raises(ValueError, match="time zone"):
            Window(now.replace(tzinfo=None), now)


class TestAddress:
    @pytest.mark.parametrize(
        ("country", "given", "expected"),
        [
            ("us", "501", "00501"),
            ("SG", "18956", "018956"),
            ("GB", "SW1A 1AA", "SW1A 1AA"),
            ("US", "00501-1", "00501-1"),
            ("VN", "", ""),
            ("DE", "", ""),
        ],
    )
    def test_leading_zeros_are_restored(self, country: str, given: str, expected: str) -> None:
        assert address(country=country, postal_code=given).postal_code == expected


def test_line_ids_become_unique() -> None:
    lines = [OrderLineV1(platform_line_id=name, quantity=1) for name in "abaa"]
    assert [line.platform_line_id for line in unique_line_ids(lines)] == ["a", "b", "a#2", "a#3"]


@pytest.mark.parametrize("meaning", Meaning)
def test_every_meaning_is_an_error_of_its_own(meaning: Meaning) -> None:
    error = error_for(meaning, "reason", code="c", platform="p", call="x", retry_after=1.0)
    assert isinstance(error, ConnectorError)
    assert (error.code, str(error)) == ("c", "p x: c: reason")
    unknown = error_for(meaning, "reason", code="c", platform="p", call="x", writes=True)
    assert isinstance(unknown, OutcomeUnknown) == (meaning is Meaning.TRANSIENT)


class TestVersion:
    def test_cancelled_in_the_second_of_another_change_is_newer(self) -> None:
        at = datetime(2026, 1, 15, 12, 0, 30, tzinfo=UTC)
        life = [
            PlatformStatusV1.UNPAID,
            PlatformStatusV1.AWAITING_FULFILLMENT,
            PlatformStatusV1.ON_HOLD,
            PlatformStatusV1.SHIPPED,
            PlatformStatusV1.DELIVERED,
            PlatformStatusV1.CANCELLED,
            PlatformStatusV1.RETURNED,
        ]
        versions = [version_of(at, status) for status in life]
        assert versions == sorted(set(versions))

    @pytest.mark.parametrize("status", PlatformStatusV1)
    def test_later_change_is_newer_whatever_the_status(self, status: PlatformStatusV1) -> None:
        at = datetime(2026, 1, 15, 12, 0, 30, tzinfo=UTC)
        assert version_of(at + timedelta(seconds=1), status) > max(version_of(at, other) for other in PlatformStatusV1)
