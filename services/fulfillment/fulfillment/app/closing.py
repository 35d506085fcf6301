"""The end of a fulfilment order: shipped, canceled, charged, and in time without the buyer's personal data."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import structlog
from common.errors import AppError, Conflict, InvalidInput
from common.http.batch import RowResult, done, refused
from contracts.base import Message
from contracts.billing.v1 import HoldCapturedV1, HoldReleasedV1
from contracts.fulfillment.v1 import CancelFulfillmentV1, FulfillmentCanceledV1

from fulfillment.app.ports import AttemptKey, Captured, SubmissionKey, Uow
from fulfillment.app.saving import save
from fulfillment.app.submitting import require_visible
from fulfillment.domain.fulfillment import Fulfillment
from fulfillment.domain.parts import Parcel, merge_parcels
from fulfillment.domain.states import Adapter, Stage, SubmissionState

log = structlog.get_logger(__name__)

ERASE_BATCH = 200
ERASE_DOCUMENTS = "erase_documents"
LABELS = "fulfillment-labels"
"""The kind of document under which labels of this service are kept."""


@dataclass(frozen=True, slots=True)
class ShipRow:
    """One fulfilment order that has left, by id or human number; no parcels means those of its labels."""

    ref: str
    parcels: tuple[Parcel, ...] = ()


@dataclass(frozen=True, slots=True)
class RefuseRow:
    """One fulfilment order that the desk gives back, and why."""

    ref: str
    reason: str


Row = TypeVar("Row", ShipRow, RefuseRow)


async def ship_at_desk(rows: Sequence[ShipRow], *, actor: str, uow: Uow) -> list[RowResult]:
    """Ship what the desk has packed: one read, one write, however many; each row says what became of it."""

    def ship(order: Fulfillment, row: ShipRow) -> str:
        if order.stage is Stage.SHIPPED:
            return "was shipped already"
        _require_at_desk(order, "shipped")
        parcels = merge_parcels(order.parcels, row.parcels)
        _require_parcels(order, parcels)
        order.ship(parcels=parcels, at=uow.now, actor=actor, now=uow.now)
        return ""

    return await _at_desk(rows, ship, uow=uow)


async def refuse_at_desk(rows: Sequence[RefuseRow], *, actor: str, uow: Uow) -> list[RowResult]:
    """Give back what the desk cannot ship: an exception, with the hold kept until a person decides."""

    def refuse(order: Fulfillment, row: RefuseRow) -> str:
        if order.stage is Stage.EXCEPTION and order.submission_state is SubmissionState.REFUSED:
            return "was refused already"
        _require_at_desk(order, "refused")
        order.give_up(SubmissionState.REFUSED, code="refused", reason=row.reason, at=uow.now, actor=actor, now=uow.now)
        return ""

    return await _at_desk(rows, refuse, uow=uow)


async def _at_desk(rows: Sequence[Row], act: Callable[[Fulfillment, Row], str], *, uow: Uow) -> list[RowResult]:
    ids = {key for row in rows if (key := _uuid(row.ref))}
    orders: dict[str, Fulfillment] = {}
    for order in (await uow.fulfillments.get_many_for_update(ids)).values():
        orders[str(order.id)] = order
    numbers = {row.ref for row in rows if not _uuid(row.ref)} - {order.number for order in orders.values()}
    orders.update((await uow.fulfillments.by_number_for_update(numbers)) if numbers else {})
    same = {order.id: order for order in orders.values()}
    by_number = {order.number: order for order in same.values()}
    results = []
    for row in rows:
        key = _uuid(row.ref)
        try:
            order = require_visible(same.get(key) if key else by_number.get(row.ref), row.ref, None)
            message = act(order, row)
        except AppError as error:
            results.append(refused(row.ref, error))
        else:
            results.append(done(row.ref, message))
    await save(uow, list(same.values()))
    return results


def _require_at_desk(order: Fulfillment, verb: str) -> None:
    if order.stage is not Stage.WAREHOUSE_PROCESSING:
        remedy = (
            "It was canceled: put the goods back."
            if order.stage is Stage.CANCELED
            else "Only what is in warehouse_processing can be; list it with ?status=warehouse_processing."
        )
        raise Conflict(
            f"fulfilment order {order.number} is {order.stage} and cannot be {verb}",
            remedy=remedy,
            code="illegal_transition",
            state=order.stage,
        )
    if order.adapter is not Adapter.DESK:
        raise Conflict(
            f"fulfilment order {order.number} is at a warehouse with its own system",
            remedy="Its warehouse system reports it by callback; the desk serves warehouses of kind desk.",
            code="not_at_the_desk",
        )


def _require_parcels(order: Fulfillment, parcels: Sequence[Parcel]) -> None:
    if not parcels:
        raise InvalidInput.of(
            "parcels", [], f"is empty, and fulfilment order {order.number} has no label",
            "Say with which parcels it left, at least one.", code="parcels_missing",
        )  # fmt: skip
    if order.upload_tracking and not any(parcel.tracking_number for parcel in parcels):
        raise InvalidInput.of(
            "parcels.0.tracking_number", "", f"is empty, and the marketplace is to be told it for {order.number}",
            "Give the tracking number and the carrier.", code="tracking_missing",
        )  # fmt: skip


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


async def cancel_fulfillments(messages: Sequence[CancelFulfillmentV1], *, uow: Uow) -> None:
    """Cancel wherever it is; what was never created leaves a tombstone, so that it never will be."""
    keys = {AttemptKey(message.order_id, message.attempt): message for message in messages}
    tombs: dict[AttemptKey, UUID | None] = dict.fromkeys(keys)
    missing = await uow.fulfillments.claim_attempts(tombs, reason=messages[0].reason)
    rows = await uow.fulfillments.attempts(keys)
    ids = {row.fulfillment_id for row in rows.values() if row.fulfillment_id}
    orders = await uow.fulfillments.get_many_for_update(ids)
    handed_over = [
        SubmissionKey(order.id, order.submission)
        for order in orders.values()
        if order.stage is Stage.SUBMITTING and order.submission_state is SubmissionState.HANDED_OVER
    ]
    never_called = await uow.fulfillments.drop_calls(handed_over) if handed_over else set()
    causes: dict[UUID, Message] = {}
    for message in messages:
        key = AttemptKey(message.order_id, message.attempt)
        fulfillment_id = rows[key].fulfillment_id
        if key in missing or fulfillment_id is None:
            _say_never_made(message, uow=uow)
            continue
        order = orders[fulfillment_id]
        causes[order.id] = message
        order.cancel(
            message.reason,
            never_called=SubmissionKey(order.id, order.submission) in never_called,
            actor="orders",
            now=uow.now,
        )
    await save(uow, list(orders.values()), causes=causes)


def _say_never_made(message: CancelFulfillmentV1, *, uow: Uow) -> None:
    canceled = FulfillmentCanceledV1(
        seller_id=message.seller_id,
        fulfillment_id=None,
        order_id=message.order_id,
        attempt=message.attempt,
        submission=0,
        reason=message.reason,
    )
    uow.outbox.add(canceled, cause=message, correlation_id=message.order_id)


async def holds_captured(messages: Sequence[HoldCapturedV1], *, uow: Uow) -> None:
    """Note what was charged."""
    captured = [Captured(message.fulfillment_id, message.submission, message.amount) for message in messages]
    await uow.fulfillments.record_captured(captured, now=uow.now)


async def holds_released(messages: Sequence[HoldReleasedV1], *, uow: Uow) -> None:
    """Note what is free again."""
    keys = [SubmissionKey(message.fulfillment_id, message.submission) for message in messages]
    await uow.fulfillments.record_released(keys, now=uow.now)


async def erase_personal_data(*, after: timedelta, uow: Uow) -> int:
    """Erase what was closed longer ago than `after`; its label files go by a job. Returns how many."""
    orders = await uow.fulfillments.due_to_erase(closed_before=uow.now - after, limit=ERASE_BATCH)
    for order in orders:
        prefix = f"{order.seller_id}/{LABELS}/"
        keys = [parcel.label_key for parcel in order.parcels if parcel.label_key.startswith(prefix)]
        if keys:
            uow.jobs.add(ERASE_DOCUMENTS, str(order.id), {"keys": keys})
        order.erase(now=uow.now)
    await save(uow, orders)
    if orders:
        log.info("personal_data_erased", fulfillments=len(orders))
    return len(orders)
