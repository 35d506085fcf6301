"""Jobs: calls to the outside as rows, leased by the database's clock, run outside any transaction, settled in one.

A handler returns what became of its call::

    @jobs.handler("fetch_label", concurrency=16, limit=timedelta(seconds=60))
    async def fetch_label(job: Job) -> Outcome: ...

    @jobs.settles("fetch_label")
    async def settle(results: Sequence[JobResult], uow: SyncUow) -> None: ...

`settle` writes the effects of many results in the transaction that also ends or postpones their rows. A lease is
renewed while its handler runs; a handler whose process died is run again soon, with `job.interrupted` set: what it did
is unknown and has to be looked up first.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

TIMER = "timer"


@dataclass(frozen=True, slots=True)
class Job:
    """One leased job. `attempts` counts this run too; `progress` is what the last Again left."""

    id: UUID
    kind: str
    key: str
    lane: str
    payload: Mapping[str, Any]
    progress: Mapping[str, Any] | None
    attempts: int
    interrupted: bool
    lease_id: UUID


@dataclass(frozen=True, slots=True)
class Done:
    """It is done; `result` is handed to the settling function, and the row goes."""

    result: Any = None


@dataclass(frozen=True, slots=True)
class Again:
    """Not yet: run it again `after` a while, from `progress`. `counts` is False for a wait that is no failure."""

    after: timedelta
    reason: str
    progress: Mapping[str, Any] | None = None
    code: str = ""
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Failed:
    """It will not work; the row stays, visible, until it is retried by hand or removed."""

    code: str
    reason: str
    result: Any = None


Outcome = Done | Again | Failed


@dataclass(frozen=True, slots=True)
class JobResult:
    """A job with what became of it."""

    job: Job
    outcome: Outcome


Handle = Callable[[Job], Awaitable[Outcome]]
Settle = Callable[[Sequence[JobResult], Any], Awaitable[None]]
Tick = Callable[[Any], Awaitable[None]]
H = TypeVar("H", bound=Callable[..., Awaitable[Any]])


@dataclass(slots=True)
class JobKind:
    """How jobs of one kind are run: how many at once in a process, how many of them in one lane, and for how long."""

    kind: str
    handle: Handle
    concurrency: int
    lane_concurrency: int
    limit: timedelta
    settle: Settle | None = None


@dataclass(slots=True)
class Timer:
    """Work of the database done every so often by one process of the service, whichever comes first."""

    name: str
    every: timedelta
    tick: Tick


@dataclass(slots=True)
class Jobs:
    """The kinds of jobs and the timers of one service."""

    service: str
    kinds: dict[str, JobKind] = field(default_factory=dict)
    timers: dict[str, Timer] = field(default_factory=dict)

    def handler(self, kind: str, *, concurrency: int, limit: timedelta, lane_concurrency: int = 0) -> Callable[[H], H]:
        """Register the function that runs jobs of `kind`. A run that takes longer than `limit` is cancelled."""

        def register(function: H) -> H:
            self.kinds[kind] = JobKind(kind, function, concurrency, lane_concurrency or concurrency, limit)
            return function

        return register

    def settles(self, kind: str) -> Callable[[H], H]:
        """Register the function that writes the effects of results of `kind`: `settle(results, uow)`."""

        def register(function: H) -> H:
            self.kinds[kind].settle = function
            return function

        return register

    def timer(self, name: str, *, every: timedelta) -> Callable[[H], H]:
        """Register `tick(uow)`, run in a transaction of its own every so often."""

        def register(function: H) -> H:
            self.timers[name] = Timer(name, every, function)
            return function

        return register


def backoff(attempts: int, *, base: timedelta, most: timedelta, jitter: float) -> timedelta:
    """A wait that doubles with each attempt up to `most`; `jitter` in 0..1 spreads it over its upper half."""
    seconds = min(base.total_seconds() * 2 ** min(max(attempts - 1, 0), 20), most.total_seconds())
    return timedelta(seconds=seconds * (0.5 + jitter / 2))
