"""Order tasks: the label of an order, and telling the platform of its tracking numbers. Commands become jobs; a job is
tried until the platform has answered for good, each failed try is told, and the end is told once and kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from common.kernel.clock import utcnow
from common.messaging.jobs import Again, Done, Job, JobResult, Outcome
from contracts.base import Command, Envelope, Event
from contracts.common_parts import ParcelV1
from contracts.sync.v1 import (
    FetchLabelV1,
    LabelFailedV1,
    LabelFetchedV1,
    TrackingUploadedV1,
    TrackingUploadFailedV1,
    UploadTrackingV1,
)

from sync.app.errors import AccessError, StoreNotActive
from sync.app.ports import SyncUow, TaskRow
from sync.app.waits import uncounted_wait
from sync.connectors.kit.errors import ConnectorError, PermissionDenied, Refused, Transient, Unsupported
from sync.domain.order_task import Patience, TaskKind, TaskState

OrderCommand = FetchLabelV1 | UploadTrackingV1
C = TypeVar("C", FetchLabelV1, UploadTrackingV1)

KINDS: Mapping[type[Command], TaskKind] = {FetchLabelV1: TaskKind.LABEL, UploadTrackingV1: TaskKind.TRACKING}

REFUSED_FOR_NOW_SECONDS = 30.0
"""The shortest wait after a refusal that may pass later."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a task ended; the result of its job."""

    state: TaskState
    code: str = ""
    reason: str = ""
    parcels: tuple[ParcelV1, ...] = ()


def task_row(command: OrderCommand, ended: Ended | None = None, *, tries: int = 0) -> TaskRow:
    """The row of a command's task."""
    return TaskRow(
        kind=KINDS[type(command)],
        order_id=command.order_id,
        attempt=command.attempt,
        seller_id=command.seller_id,
        store_id=command.store_id,
        state=ended.state if ended else TaskState.OPEN,
        tries=tries,
        code=ended.code if ended else "",
        reason=ended.reason if ended else "",
        parcels=ended.parcels if ended else (),
    )


async def accept_tasks(commands: Sequence[OrderCommand], *, uow: SyncUow) -> None:
    """Make jobs of commands; the same attempt is never done twice: one that has ended is answered from its row."""
    known = {(row.kind, row.order_id, row.attempt): row for row in await uow.tasks.add([task_row(c) for c in commands])}
    for command in commands:
        kind = KINDS[type(command)]
        row = known.get((kind, command.order_id, command.attempt))
        if row is None:
            key, lane = f"{command.order_id}:{command.attempt}", str(command.store_id)
            uow.jobs.add(kind.value, key, payload_of(command, asked_at=uow.now), lane=lane)
        elif row.state is not TaskState.OPEN:
            uow.outbox.add(reply_of(command, row), cause=command)


def payload_of(command: OrderCommand, *, asked_at: datetime) -> dict[str, Any]:
    """A delivered command as the payload of its job."""
    envelope = {key: value for key, value in asdict(command.envelope).items() if value is not None}
    return {"command": command.model_dump(mode="json"), "envelope": envelope, "asked_at": asked_at.isoformat()}


def command_of(kind: type[C], job: Job) -> C:
    """The command in a job's payload, with its envelope."""
    command = kind.model_validate(job.payload["command"])
    raw = job.payload["envelope"]
    command.delivered(
        Envelope(
            id=UUID(raw["id"]),
            type=raw["type"],
            source=raw["source"],
            subject=raw["subject"],
            time=datetime.fromisoformat(raw["time"]),
            correlation_id=UUID(raw["correlation_id"]),
            causation_id=UUID(raw["causation_id"]) if "causation_id" in raw else None,
            seller_id=UUID(raw["seller_id"]) if "seller_id" in raw else None,
            traceparent=raw.get("traceparent"),
        )
    )
    return command


def reply_of(command: OrderCommand, row: TaskRow) -> Event:
    """The last word on a task."""
    common = {"seller_id": command.seller_id, "order_id": command.order_id, "attempt": command.attempt}
    if row.state is TaskState.FAILED:
        return _failure(command, final=True, tries=row.tries, code=row.code, reason=row.reason)
    if isinstance(command, FetchLabelV1):
        return LabelFetchedV1(**common, parcels=row.parcels)
    return TrackingUploadedV1(**common, tries=row.tries)


def _failure(command: OrderCommand, *, final: bool, tries: int, code: str, reason: str) -> Event:
    kind = LabelFailedV1 if isinstance(command, FetchLabelV1) else TrackingUploadFailedV1
    return kind(
        seller_id=command.seller_id,
        order_id=command.order_id,
        attempt=command.attempt,
        final=final,
        tries=tries,
        code=code,
        reason=reason,
    )


async def settle_tasks(kind: type[C], results: Sequence[JobResult], *, uow: SyncUow) -> None:
    """Tell how the tries of tasks went, and write the ends."""
    ended: list[TaskRow] = []
    answered: list[C] = []
    for result in results:
        command = command_of(kind, result.job)
        outcome = result.outcome
        if isinstance(outcome, Done) and isinstance(outcome.result, Ended):
            row = task_row(command, outcome.result, tries=result.job.attempts)
            ended.append(row)
            answered.append(command)
            uow.outbox.add(reply_of(command, row), cause=command)
        elif isinstance(outcome, Again) and is_news(result.job, outcome):
            uow.outbox.add(
                _failure(
                    command,
                    final=False,
                    tries=result.job.attempts if outcome.counts else result.job.attempts - 1,
                    code=outcome.code or "unknown",
                    reason=outcome.reason,
                ),
                correlation_id=command.envelope.correlation_id,
            )
    await uow.tasks.end(ended)
    await uow.keep_replies(answered)


def is_news(job: Job, outcome: Again) -> bool:
    """Whether others should hear of a try: each counted one, and the first wait for a store that is not active."""
    if outcome.counts:
        return True
    return outcome.code == StoreNotActive.code and (job.progress or {}).get("told") != outcome.code


class TaskRules:
    """What becomes of a try that went wrong."""

    def __init__(self, patience: Patience, *, exhausted_code: str) -> None:
        self._patience = patience
        self._exhausted_code = exhausted_code

    def given_up(self, job: Job) -> Ended | None:
        """The end of a task that was exhausted before this run began: its last tries crashed."""
        if self._patience.tries is not None and job.attempts > self._patience.tries:
            return Ended(TaskState.FAILED, self._exhausted_code, f"given up after {job.attempts - 1} tries")
        return None

    def after(
        self, error: ConnectorError | AccessError, job: Job, *, progress: Mapping[str, object] | None, spread: float
    ) -> Outcome:
        """A wait that does not count, another try, or the end. `spread` in 0..1 spreads the waits."""
        wait = uncounted_wait(error)
        if wait:
            kept = {"step": progress, "told": wait.code}
            return Again(wait.after, wait.reason, kept, code=wait.code, counts=False)
        text = _reason(error)
        if _is_final(error):
            code = f"store_{error.state}" if isinstance(error, StoreNotActive) else error.code
            return Done(Ended(TaskState.FAILED, code, text))
        least = getattr(error, "retry_after", None)
        if isinstance(error, Refused):
            least = REFUSED_FOR_NOW_SECONDS
        return self.try_again(job, code=error.code, reason=text, least=least, progress=progress, spread=spread)

    def try_again(
        self,
        job: Job,
        *,
        code: str,
        reason: str,
        least: float | None,
        progress: Mapping[str, object] | None,
        spread: float,
    ) -> Outcome:
        """Another try after a growing wait, or the end where patience is exhausted."""
        asked_at = datetime.fromisoformat(job.payload["asked_at"])
        if self._patience.exhausted(tries=job.attempts, asked_at=asked_at, now=utcnow()):
            waited = timedelta(seconds=round((utcnow() - asked_at).total_seconds()))
            text = f"given up after {job.attempts} tries in {waited}; the last one: {reason}"
            return Done(Ended(TaskState.FAILED, self._exhausted_code, text))
        after = self._patience.wait(job.attempts, least=least, spread=spread)
        return Again(after, reason, {"step": progress}, code=code)


def _is_final(error: ConnectorError | AccessError) -> bool:
    """Waiting has been ruled out; of connectors' errors, those that pass by themselves are tried again."""
    match error:
        case AccessError() | PermissionDenied() | Unsupported():
            return True
        case Refused():
            return error.final
        case Transient():
            return False
        case _:
            return not error.retryable


def _reason(error: ConnectorError | AccessError) -> str:
    return (error.reason if isinstance(error, ConnectorError) else str(error))[:1000]
