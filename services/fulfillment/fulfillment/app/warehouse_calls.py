"""The calls to warehouse systems: what one run of a job does and what its answer means. No transaction is open here."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from common.errors import NotFound
from common.kernel.clock import utcnow
from common.messaging.jobs import Again, Done, Job, Outcome, backoff

from fulfillment.app.ports import (
    Connection,
    ConnectionStore,
    NotReached,
    OutboundOrder,
    OutcomeUnknown,
    WarehouseAnswer,
    WarehouseFault,
    WarehousePort,
)
from fulfillment.domain.answers import Answer, AnswerKind
from fulfillment.domain.parts import Parcel
from fulfillment.domain.states import Stage


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """How often and how long a warehouse is asked. Waits double from `base` to `most`.

    A cancellation is tried `cancel_tries` times like that, and every `cancel_slow` from then on, for ever: the order
    stays in canceling until the warehouse says something. `answer_wait` is how long its callback is waited for before
    it is asked.
    """

    submit_tries: int = 8
    base: timedelta = timedelta(seconds=1)
    most: timedelta = timedelta(minutes=2)
    cancel_tries: int = 3
    cancel_slow: timedelta = timedelta(minutes=5)
    answer_wait: timedelta = timedelta(seconds=30)
    most_busy: timedelta = timedelta(minutes=1)


class CallFacts(Protocol):
    """What calls read of the database, each read by itself."""

    async def stage(self, fulfillment_id: UUID) -> tuple[Stage, int] | None:
        """The stage and the current submission of a fulfilment order."""

    async def is_being_submitted(self, key: str) -> bool:
        """Whether a submit job of this key may still call."""

    async def label(self, key: str) -> bytes:
        """A label of the document store; raises NotFound."""


@dataclass(frozen=True, slots=True)
class CallResult:
    """What a finished call has to say of a fulfilment order; no answer where there was nothing left to ask."""

    fulfillment_id: UUID
    answer: Answer | None


@dataclass(slots=True)
class WarehouseCalls:
    """The handlers of the jobs submit_to_warehouse, cancel_at_warehouse and poll_warehouse."""

    connections: ConnectionStore
    warehouse: WarehousePort
    facts: CallFacts
    policy: CallPolicy

    async def submit(self, job: Job) -> Outcome:
        """Tell the warehouse. An unknown outcome is looked up before it is told again; what stays without an answer
        ends as NEVER_RECEIVED (it says so itself) or UNKNOWN, never as a guess.
        """
        fulfillment_id, submission, reference = _ids(job.payload)
        if job.attempts > 1 or job.interrupted:
            found = await self.facts.stage(fulfillment_id)
            if found != (Stage.SUBMITTING, submission):
                return Done(CallResult(fulfillment_id, None))
        connection = await self.connections.get(UUID(job.payload["warehouse_id"]))
        if connection is None:
            reason = "the warehouse has no connection: an operator sets its secret under warehouse-connections"
            return self._answered(job, WarehouseAnswer(AnswerKind.NEVER_RECEIVED, reason=reason))
        unknown = job.interrupted or bool((job.progress or {}).get("unknown"))
        try:
            if unknown:
                found_answer = await self.warehouse.find(connection, reference)
                if found_answer.kind is not AnswerKind.NEVER_RECEIVED:
                    return self._answered(job, found_answer)
            order = OutboundOrder(reference, job.payload["body"], await self._labels(job.payload["parcels"]))
            return self._answered(job, await self.warehouse.submit(connection, order))
        except NotFound as missing:
            # The look-up before has said that the warehouse has nothing, or it was never called.
            return self._answered(job, WarehouseAnswer(AnswerKind.NEVER_RECEIVED, reason=missing.message))
        except WarehouseFault as fault:
            unknown = unknown or isinstance(fault, OutcomeUnknown)
            if job.attempts < self.policy.submit_tries:
                return self._again(job, fault, progress={"unknown": unknown})
            return await self._exhausted(job, connection, reference, fault)

    async def _exhausted(self, job: Job, connection: Connection, reference: str, fault: WarehouseFault) -> Outcome:
        """The last word on a submission that was never answered: a look-up, or that it stays unknown."""
        reason = f"the warehouse never answered in {job.attempts} tries; the last: {fault.reason}"
        try:
            answer = await self.warehouse.find(connection, reference)
        except WarehouseFault:
            return self._answered(job, WarehouseAnswer(AnswerKind.UNKNOWN, reason=reason))
        if answer.kind is AnswerKind.NEVER_RECEIVED:
            answer = replace(answer, reason=reason)
        return self._answered(job, answer)

    async def cancel(self, job: Job) -> Outcome:
        """Ask the warehouse to stop a submission, until it says something."""
        _, _, reference = _ids(job.payload)
        if await self.facts.is_being_submitted(job.key):
            return Again(timedelta(seconds=1), "the submission itself is still under way", counts=False)
        connection = await self.connections.get(UUID(job.payload["warehouse_id"]))
        if connection is None:
            return Again(self.policy.cancel_slow, "the warehouse has no connection: an operator sets its secret")
        try:
            if (job.progress or {}).get("pending"):
                answer = await self.warehouse.find(connection, reference)
            else:
                answer = await self.warehouse.cancel(connection, reference, call_id=job.payload["call_id"])
            if answer.kind is AnswerKind.CANCEL_REFUSED:
                looked_up = await self.warehouse.find(connection, reference)
                answer = looked_up if looked_up.kind in _FINAL else answer
        except WarehouseFault as fault:
            return self._again_cancel(job, fault)
        if answer.cancel_pending:
            return Again(self.policy.answer_wait, "the warehouse is deciding", {"pending": True}, counts=False)
        if answer.kind in {AnswerKind.ACCEPTED, AnswerKind.RECEIVED}:
            # It was pending, and is not any more: the warehouse decided against it, and its callback got lost.
            answer = replace(answer, kind=AnswerKind.CANCEL_REFUSED, reason=answer.reason or "the warehouse goes on")
        return self._answered(job, answer)

    def _again_cancel(self, job: Job, fault: WarehouseFault) -> Outcome:
        if job.attempts < self.policy.cancel_tries:
            return self._again(job, fault, progress=job.progress)
        return Again(self.policy.cancel_slow, fault.reason, job.progress)

    async def poll(self, job: Job) -> Outcome:
        """Ask what became of a submission whose callback is overdue; without an answer the timer asks again."""
        fulfillment_id, _, reference = _ids(job.payload)
        connection = await self.connections.get(UUID(job.payload["warehouse_id"]))
        if connection is None:
            return Done(CallResult(fulfillment_id, None))
        try:
            return self._answered(job, await self.warehouse.find(connection, reference))
        except WarehouseFault as fault:
            if job.attempts < self.policy.cancel_tries:
                return self._again(job, fault, progress=None)
            return Done(CallResult(fulfillment_id, None))

    async def _labels(self, parcels: list[Mapping[str, Any]]) -> tuple[tuple[Parcel, bytes], ...]:
        labelled = []
        for fields in parcels:
            parcel = Parcel(**fields)
            labelled.append((parcel, await self.facts.label(parcel.label_key)))
        return tuple(labelled)

    def _again(self, job: Job, fault: WarehouseFault, *, progress: Mapping[str, Any] | None) -> Again:
        wait = backoff(job.attempts, base=self.policy.base, most=self.policy.most, jitter=random.random())
        if fault.retry_after is not None:
            wait = min(max(wait, fault.retry_after), self.policy.most_busy)
        # Being told to come later is no failure; it may go on for as long as the warehouse is busy.
        counts = not (isinstance(fault, NotReached) and fault.busy)
        return Again(wait, fault.reason, progress, counts=counts)

    def _answered(self, job: Job, answer: WarehouseAnswer) -> Done:
        fulfillment_id, submission, _ = _ids(job.payload)
        return Done(
            CallResult(
                fulfillment_id,
                Answer(
                    submission=submission,
                    kind=answer.kind,
                    at=answer.at or utcnow(),
                    reason=answer.reason,
                    warehouse_reference=answer.warehouse_reference,
                    parcels=answer.parcels,
                ),
            )
        )


_FINAL = frozenset({AnswerKind.SHIPPED, AnswerKind.CANCELED, AnswerKind.REFUSED, AnswerKind.NEVER_RECEIVED})


def _ids(payload: Mapping[str, Any]) -> tuple[UUID, int, str]:
    submission = int(payload["submission"])
    return UUID(payload["fulfillment_id"]), submission, f"{payload['number']}-{submission}"
