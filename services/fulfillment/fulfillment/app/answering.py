"""Takes in what warehouses say, by callback or in answer to a call."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from common.messaging.jobs import Done, JobResult

from fulfillment.app.ports import Uow
from fulfillment.app.saving import SUBMIT, save
from fulfillment.app.warehouse_calls import CallResult
from fulfillment.domain.answering import apply_answer, nudge
from fulfillment.domain.answers import Answer
from fulfillment.domain.states import Stage

REFERENCE = re.compile(r"(FO-[0-9]{9,18})-([1-9][0-9]{0,5})")
CHECK_BATCH = 200


@dataclass(frozen=True, slots=True)
class Callback:
    """One callback: the human number that its reference names, at which warehouse, and what it says."""

    warehouse_id: UUID
    number: str
    answer: Answer


async def apply_callbacks(callbacks: Sequence[Callback], *, uow: Uow) -> list[bool]:
    """Take in callbacks in their order; returns for each whether its reference is one of its warehouse's."""
    orders = await uow.fulfillments.by_number_for_update({callback.number for callback in callbacks})
    known = []
    for callback in callbacks:
        order = orders.get(callback.number)
        if (
            order is None
            or order.warehouse_id != callback.warehouse_id
            or callback.answer.submission > order.submission
        ):
            known.append(False)
            continue
        apply_answer(order, callback.answer, now=uow.now)
        known.append(True)
    await save(uow, list(orders.values()))
    return known


async def settle_calls(results: Sequence[JobResult], *, uow: Uow) -> None:
    """Take in the answers to calls; a call that is to be made again, but is not wanted any more, is dropped."""
    done = [result.outcome.result for result in results if isinstance(result.outcome, Done)]
    answers = [result for result in done if isinstance(result, CallResult) and result.answer is not None]
    waiting = [result.job for result in results if not isinstance(result.outcome, Done) and result.job.kind == SUBMIT]
    ids = {result.fulfillment_id for result in answers} | {UUID(job.payload["fulfillment_id"]) for job in waiting}
    if not ids:
        return
    orders = await uow.fulfillments.get_many_for_update(ids)
    for result in answers:
        order = orders.get(result.fulfillment_id)
        if order is not None and result.answer is not None:
            apply_answer(order, result.answer, now=uow.now)
    for job in waiting:
        order = orders.get(UUID(job.payload["fulfillment_id"]))
        if order is None or order.stage is not Stage.SUBMITTING or order.submission != job.payload["submission"]:
            uow.jobs.remove(SUBMIT, job.key)
    await save(uow, list(orders.values()))


async def check_overdue(*, uow: Uow) -> int:
    """Ask again for what was not answered in time; returns how many were looked at."""
    orders = await uow.fulfillments.due_to_check(limit=CHECK_BATCH)
    for order in orders:
        nudge(order, now=uow.now)
    await save(uow, orders)
    return len(orders)
