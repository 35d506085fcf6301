"""A sync run: one pass over a window of time, page by page, resumable at its cursor."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

FIRST_REACH = timedelta(days=5)
"""How far back the first sync of a store goes."""

REGULAR_REACH = timedelta(days=2)
"""How far back every later one goes at least."""

OVERLAP = timedelta(minutes=10)
"""How much of the last complete run's end is read again: platforms index changes late, and clocks differ."""


class RunState(StrEnum):
    """`interrupted` runs go on from their cursor once the store may be called again."""

    RUNNING = "running"
    INTERRUPTED = "interrupted"
    COMPLETE = "complete"
    FAILED = "failed"


class Trigger(StrEnum):
    """Why a run was started."""

    FIRST = "first"
    SCHEDULE = "schedule"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class RunStart:
    """A run to be started: changes from `since` to `until`."""

    trigger: Trigger
    since: datetime
    until: datetime


def plan_run(
    *, last_complete_until: datetime | None, now: datetime, manual: bool = False, since: datetime | None = None
) -> RunStart:
    """The next run of a store: five days back the first time; then two days, or all the time since the last complete
    run where that is longer. `since` narrows or widens a manual run.
    """
    if last_complete_until is None:
        start = now - FIRST_REACH
        trigger = Trigger.MANUAL if manual else Trigger.FIRST
    else:
        start = min(now - REGULAR_REACH, last_complete_until - OVERLAP)
        trigger = Trigger.MANUAL if manual else Trigger.SCHEDULE
    return RunStart(trigger, since or start, now)


def covered_until(*, last_complete_until: datetime | None, since: datetime, until: datetime) -> datetime | None:
    """Up to when everything has been pulled once a run over this window is complete. A run that begins after the last
    complete one ended leaves a gap, which the next regular run has to fill.
    """
    if last_complete_until is None:
        return until if until - since >= FIRST_REACH else None
    if since <= last_complete_until:
        return max(last_complete_until, until)
    return last_complete_until


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run under way. `pages` counts those that are stored, and fences two workers on one run."""

    id: UUID
    store_id: UUID
    seller_id: UUID
    platform: str
    state: RunState
    since: datetime
    until: datetime
    cursor: str | None
    pages: int
