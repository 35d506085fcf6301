"""What every canonical order must hold: the one that does not is parked, and its neighbours go on."""

from collections.abc import Sequence
from typing import Any

import pytest
from contracts.sync.v1 import CanonicalOrderV1
from sync.connectors.kit.canonical import MAX_NAME, MAX_QUANTITY, PageBuilder

from ...fakes import order


def with_line(**changes: Any) -> CanonicalOrderV1:
    found = order(2)
    return found.model_copy(update={"lines": (found.lines[0].model_copy(update=changes),)})


def read(orders: Sequence[CanonicalOrderV1]) -> PageBuilder:
    """A page of those orders; their places stand for the platform's JSON."""
    places = dict(enumerate(orders))

    def one(raw: object) -> CanonicalOrderV1:
        assert isinstance(raw, int)
        return places[raw]

    page = PageBuilder()
    page.add_all(places, name_of=str, read=one)
    return page


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (with_line(quantity=MAX_QUANTITY + 1), "line 1 has quantity 100001, expected 1 to 100000"),
        (with_line(quantity=0), "line 1 has quantity 0"),
        (order(2).model_copy(update={"number": "#" * (MAX_NAME + 1)}), "more than 200 characters"),
        (order(2).model_copy(update={"platform_order_id": "o" * (MAX_NAME + 1)}), "more than 200 characters"),
        (order(2).model_copy(update={"currency": "usd"}), "currency is 'usd'"),
        (order(2).model_copy(update={"lines": order(2).lines * 2}), "two lines carry the same id"),
    ],
)
def test_what_cannot_be_kept_is_parked_alone(broken: CanonicalOrderV1, reason: str) -> None:
    page = read([order(1), broken, order(3)])
    assert [found.platform_order_id for found in page.orders] == ["o-1", "o-3"]
    assert [parked.raw for parked in page.parked] == [b"1"]
    assert reason in page.parked[0].reason


def test_the_most_that_fits_is_taken() -> None:
    assert len(read([with_line(quantity=MAX_QUANTITY)]).orders) == 1
