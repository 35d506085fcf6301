"""Saves what a use case decided, and says it: domain events become messages and jobs, in the same transaction."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from common.kernel.ids import derived_id
from contracts.base import Message
from contracts.billing.v1 import HoldFundsV1, ReleaseHoldV1
from contracts.common_parts import ParcelV1
from contracts.fulfillment.v1 import (
    CancelRefusedV1,
    FulfillmentAcceptedV1,
    FulfillmentCanceledV1,
    FulfillmentDraftedV1,
    FulfillmentExceptionV1,
    FulfillmentShippedV1,
)
from prometheus_client import Counter

from fulfillment.app.ports import SubmissionKey, Uow
from fulfillment.domain import events
from fulfillment.domain.fulfillment import Fulfillment
from fulfillment.domain.parts import Parcel

log = structlog.get_logger(__name__)

SUBMIT = "submit_to_warehouse"
CANCEL = "cancel_at_warehouse"
POLL = "poll_warehouse"
CARRIER_LABEL = "carrier_label"
VOID_LABEL = "void_label"

COPY_WAIT = timedelta(seconds=5)

CONTRADICTIONS = Counter(
    "orderdock_warehouse_contradictions_total",
    "Times a warehouse said what cannot be, such as shipping what it canceled.",
)


def label_reference(order_id: UUID, label_attempt: int) -> str:
    """The name of a label at its carrier."""
    return f"{order_id}:{label_attempt}"


async def save_new(uow: Uow, orders: Sequence[Fulfillment], *, causes: Mapping[UUID, Message]) -> None:
    """Insert new fulfilment orders, and say what they decided."""
    await _say_all(uow, orders, causes)
    await uow.fulfillments.add_many(orders)


async def save(uow: Uow, orders: Sequence[Fulfillment], *, causes: Mapping[UUID, Message] | None = None) -> None:
    """Write the ones that changed, and say what they decided. `causes` names the message that each one answers."""
    await _say_all(uow, orders, causes or {})
    await uow.fulfillments.save_many([order for order in orders if order.dirty])


async def _say_all(uow: Uow, orders: Sequence[Fulfillment], causes: Mapping[UUID, Message]) -> None:
    handed_over: list[tuple[Fulfillment, int]] = []
    labels: list[tuple[Fulfillment, int]] = []
    for order in orders:
        cause = causes.get(order.id)
        for event in order.happened:
            if isinstance(event, events.HandOver):
                handed_over.append((order, event.submission))
            elif isinstance(event, events.LabelWanted):
                labels.append((order, event.label_attempt))
            else:
                _say(uow, order, event, cause)
        order.happened = []
    if handed_over:
        await _hand_over(uow, handed_over)
    if labels:
        await _want_labels(uow, labels)


def _say(uow: Uow, order: Fulfillment, event: events.DomainEvent, cause: Message | None) -> None:
    if fact := _fact(order, event):
        uow.outbox.add(fact, cause=cause, correlation_id=order.order_id)
    else:
        _ask(uow, order, event)


def _fact(order: Fulfillment, event: events.DomainEvent) -> Message | None:
    """The message that says an event to other services; None for what is asked of the outside."""
    match event:
        case events.Drafted():
            return FulfillmentDraftedV1(**_whole(order))
        case events.Accepted(at):
            return FulfillmentAcceptedV1(
                **_whole(order),
                warehouse_id=order.warehouse_id,
                warehouse_reference=order.warehouse_reference,
                accepted_at=at,
            )
        case events.ExceptionRaised(reason):
            return FulfillmentExceptionV1(**_whole(order), submission=order.submission, reason=reason)
        case events.Shipped(at):
            return FulfillmentShippedV1(
                **_whole(order),
                submission=order.submission,
                warehouse_id=order.warehouse_id,
                shipped_at=at,
                parcels=tuple(parcel_message(parcel) for parcel in order.parcels),
                upload_tracking=order.upload_tracking,
            )
        case events.Canceled(reason):
            return FulfillmentCanceledV1(
                seller_id=order.seller_id,
                fulfillment_id=order.id,
                order_id=order.order_id,
                attempt=order.attempt,
                submission=order.submission,
                reason=reason,
            )
        case events.CancelRefused(reason):
            return CancelRefusedV1(
                seller_id=order.seller_id,
                fulfillment_id=order.id,
                order_id=order.order_id,
                attempt=order.attempt,
                reason=reason,
            )
        case _:
            return None


def _ask(uow: Uow, order: Fulfillment, event: events.DomainEvent) -> None:
    """Send the command or add the job of an event. The ids are derived, so that asking again is the same question."""
    match event:
        case events.FundsWanted(submission):
            message_id = derived_id("fulfillment", order.id, "hold", submission)
            uow.outbox.add(_hold(order), message_id=message_id, correlation_id=order.order_id)
        case events.FundsNotWanted(submission, reason):
            release = ReleaseHoldV1(
                seller_id=order.seller_id, fulfillment_id=order.id, submission=submission, reason=reason
            )
            message_id = derived_id("fulfillment", order.id, "release", submission)
            uow.outbox.add(release, message_id=message_id, correlation_id=order.order_id)
        case events.Contradicted(_, text):
            CONTRADICTIONS.inc()
            log.error("warehouse_contradiction", fulfillment=order.number, text=text)
        case events.HandOverDropped(submission):
            uow.jobs.remove(SUBMIT, SubmissionKey(order.id, submission).job_key)
        case events.CancelAsked(submission, stray):
            call_id = f"cancel-{order.id}-{submission}-{order.version}"
            _call(uow, CANCEL, order, submission, stray=stray, call_id=call_id)
        case events.PollWanted(submission):
            _call(uow, POLL, order, submission)
        case events.LabelVoided(label_attempt):
            reference = label_reference(order.id, label_attempt)
            uow.jobs.remove(CARRIER_LABEL, reference)
            uow.jobs.add(VOID_LABEL, reference, {"reference": reference, "seller_id": str(order.seller_id)})
        case _:
            raise AssertionError(f"{event} is neither said nor asked")


def _whole(order: Fulfillment) -> dict[str, Any]:
    return {
        "seller_id": order.seller_id,
        "fulfillment_id": order.id,
        "order_id": order.order_id,
        "attempt": order.attempt,
        "number": order.number,
    }


def _hold(order: Fulfillment) -> HoldFundsV1:
    return HoldFundsV1(
        seller_id=order.seller_id,
        fulfillment_id=order.id,
        submission=order.submission,
        order_id=order.order_id,
        number=order.number,
        warehouse_id=order.warehouse_id,
        channel_id=order.channel_id,
        units=order.units,
        parcels=max(1, len(order.parcels)),
        weight_grams=order.weight_grams,
        country=order.ship_to.country,
        postal_code=order.ship_to.postal_code,
    )


def parcel_message(parcel: Parcel) -> ParcelV1:
    """A parcel as messages carry it."""
    return ParcelV1(
        package_number=parcel.package_number,
        tracking_number=parcel.tracking_number,
        tracking_url=parcel.tracking_url,
        carrier=parcel.carrier,
        label_key=parcel.label_key,
        label_format=parcel.label_format,
        weight_grams=parcel.weight_grams,
    )


def _call(uow: Uow, kind: str, order: Fulfillment, submission: int, **more: object) -> None:
    payload = {
        "fulfillment_id": str(order.id),
        "number": order.number,
        "submission": submission,
        "warehouse_id": str(order.warehouse_id),
        **more,
    }
    uow.jobs.add(kind, SubmissionKey(order.id, submission).job_key, payload, lane=str(order.warehouse_id))


async def _hand_over(uow: Uow, handed_over: Sequence[tuple[Fulfillment, int]]) -> None:
    """Add the jobs that tell the warehouses; the payload holds all that the call needs but the labels."""
    orders = [order for order, _ in handed_over]
    warehouses = await uow.copies.warehouses({order.warehouse_id for order in orders})
    sellers = await uow.copies.seller_codes({order.seller_id for order in orders})
    channels = await uow.channels.get_many({order.channel_id for order in orders})
    for order, submission in handed_over:
        seller = sellers.get(order.seller_id)
        if seller is None:
            log.warning("seller_not_known_yet", seller_id=str(order.seller_id), fulfillment=order.number)
            order.check_at = uow.now + COPY_WAIT
            order.dirty = True
            continue
        body = {
            "reference": f"{order.number}-{submission}",
            "order_number": order.platform_order_number,
            "seller": seller,
            "warehouse": warehouses[order.warehouse_id].code,
            "channel": channels[order.channel_id].code,
            "ship_by": order.ship_by,
            "ship_to": order.ship_to,
            "lines": [{"sku": line.sku, "quantity": line.quantity, "title": line.title} for line in order.lines],
        }
        # The protocol has parcels only with their labels; without one the warehouse makes its own.
        labelled = [parcel for parcel in order.parcels if parcel.label_key]
        _call(uow, SUBMIT, order, submission, body=body, parcels=labelled)


async def _want_labels(uow: Uow, labels: Sequence[tuple[Fulfillment, int]]) -> None:
    """Add the jobs that ask the carrier."""
    orders = [order for order, _ in labels]
    channels = await uow.channels.get_many({order.channel_id for order in orders})
    warehouses = await uow.copies.warehouses({order.warehouse_id for order in orders})
    for order, label_attempt in labels:
        carrier = channels[order.channel_id].carrier
        warehouse = warehouses.get(order.warehouse_id)
        payload = {
            "fulfillment_id": str(order.id),
            "label_attempt": label_attempt,
            "seller_id": str(order.seller_id),
            "number": order.number,
            "order_number": order.platform_order_number,
            "carrier": carrier,
            "ship_from": f"{warehouse.name}, {warehouse.country}" if warehouse else "",
            "ship_to": order.ship_to,
        }
        uow.jobs.add(CARRIER_LABEL, label_reference(order.id, label_attempt), payload)
