"""Windows of runs."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sync.domain.sync_run import FIRST_REACH, OVERLAP, REGULAR_REACH, Trigger, covered_until, plan_run

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ages = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400))


def test_the_first_run() -> None:
    start = plan_run(last_complete_until=None, now=NOW)
    assert (start.trigger, start.since, start.until) == (Trigger.FIRST, NOW - FIRST_REACH, NOW)


@given(age=ages)
def test_a_later_run_reaches_two_days_back_and_over_all_that_was_missed(age: timedelta) -> None:
    last = NOW - age
    start = plan_run(last_complete_until=last, now=NOW)
    assert start.since <= NOW - REGULAR_REACH
    assert start.since <= last - OVERLAP
    assert start.since in {NOW - REGULAR_REACH, last - OVERLAP}


@given(age=ages, reach=st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=60)))
def test_no_run_ever_hides_a_gap(age: timedelta, reach: timedelta) -> None:
    last = NOW - age
    covered = covered_until(last_complete_until=last, since=NOW - reach, until=NOW)
    assert covered == (NOW if NOW - reach <= last else last)


def test_a_narrow_manual_run_is_no_first_sync() -> None:
    since = NOW - timedelta(hours=1)
    start = plan_run(last_complete_until=None, now=NOW, manual=True, since=since)
    assert start.since == since
    assert covered_until(last_complete_until=None, since=start.since, until=start.until) is None
