"""How long a task is tried."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sync.domain.order_task import Patience

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PATIENCE = Patience(tries=10, timeout=timedelta(days=1), base=timedelta(seconds=2), most=timedelta(minutes=5))


@given(tries=st.integers(1, 10_000), spread=st.floats(0, 1), least=st.none() | st.floats(0, 1e6))
def test_waits_are_bounded_and_never_shorter_than_the_platform_asks(
    tries: int, spread: float, least: float | None
) -> None:
    wait = PATIENCE.wait(tries, least=least, spread=spread)
    assert timedelta(seconds=max(1.0, least or 0.0)) <= wait + timedelta(microseconds=1)
    assert wait <= max(PATIENCE.most, timedelta(seconds=least or 0.0)) + timedelta(microseconds=1)


@given(tries=st.integers(1, 30))
def test_waits_grow(tries: int) -> None:
    assert PATIENCE.wait(tries, least=None, spread=0.5) <= PATIENCE.wait(tries + 1, least=None, spread=0.5)


def test_tries_and_time_both_end_it() -> None:
    assert not PATIENCE.exhausted(tries=9, asked_at=NOW, now=NOW)
    assert PATIENCE.exhausted(tries=10, asked_at=NOW, now=NOW)
    assert PATIENCE.exhausted(tries=1, asked_at=NOW - timedelta(days=1), now=NOW)
