"""What the other services answer and tell: each function takes all new events of one kind, locks their orders in one
statement, lets each order decide, and saves them together.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import TypeVar
from uuid import UUID

from contracts.base import Message
from contracts.fulfillment.v1 import (
    CancelRefusedV1,
    FulfillmentAcceptedV1,
    FulfillmentCanceledV1,
    FulfillmentDraftedV1,
    FulfillmentExceptionV1,
    FulfillmentShippedV1,
)
from contracts.inventory.v1 import StockRefusedV1, StockReleasedV1, StockReservedV1
from contracts.sync.v1 import LabelFailedV1, LabelFetchedV1, TrackingUploadedV1, TrackingUploadFailedV1

from orders.app.commands import parcels_of
from orders.app.ports import CommandFacts, Uow
from orders.app.saving import save_orders
from orders.domain.order import Order
from orders.domain.review import ReviewCode, ReviewError, Shortage, stock_errors
from orders.domain.state import SYSTEM, WAREHOUSE, By

M = TypeVar("M", bound=Message)
Decide = Callable[[Order, M, By], None]

_order_id = attrgetter("order_id")
_reference_id = attrgetter("reference_id")


async def _follow(
    messages: Sequence[M],
    decide: Decide[M],
    *,
    uow: Uow,
    actor: str,
    key: Callable[[M], UUID] = _order_id,
) -> None:
    """Events of orders that are not here (fulfilment orders made by hand reserve stock too) are passed over."""
    orders = await uow.orders.lock({key(message) for message in messages})
    by = By(actor, uow.now)
    causes: dict[UUID, Message] = {}
    for message in messages:
        order = orders.get(key(message))
        if order is not None:
            decide(order, message, by)
            causes[order.id] = message
    if orders:
        await save_orders(orders.values(), uow=uow, causes=causes)


async def stock_reserved(messages: Sequence[StockReservedV1], *, uow: Uow) -> None:
    """Stock is held."""

    def decide(order: Order, message: StockReservedV1, by: By) -> None:
        order.stock_reserved(message.attempt, by)

    await _follow(messages, decide, uow=uow, actor=SYSTEM, key=_reference_id)


async def stock_refused(messages: Sequence[StockRefusedV1], *, uow: Uow) -> None:
    """Nothing is held; the order says which SKU is short, where, and by how much."""
    facts = await uow.orders.facts({message.reference_id for message in messages})
    codes = await uow.reference.warehouse_codes({message.warehouse_id for message in messages}) if facts else {}

    def decide(order: Order, message: StockRefusedV1, by: By) -> None:
        order.stock_refused(message.attempt, refusal(message, facts, codes), by)

    await _follow(messages, decide, uow=uow, actor=SYSTEM, key=_reference_id)


def refusal(
    message: StockRefusedV1, facts: Mapping[UUID, CommandFacts], codes: Mapping[UUID, str]
) -> tuple[ReviewError, ...]:
    """The review errors of a refusal."""
    warehouse = codes.get(message.warehouse_id, str(message.warehouse_id))
    known = facts.get(message.reference_id)
    shortages = tuple(Shortage(short.sku, short.need, short.have) for short in message.shortages)
    if shortages:
        return stock_errors(shortages, known.needs if known else None, warehouse=warehouse)
    if message.code == ReviewCode.NO_WAREHOUSE:
        text = f"inventory knows no warehouse {warehouse} that may be used; assign another one"
        return (ReviewError(ReviewCode.NO_WAREHOUSE, text, warehouse=warehouse),)
    text = f"inventory refused the reservation at {warehouse} ({message.code}); review the order again"
    return (ReviewError(ReviewCode.INSUFFICIENT_STOCK, text, warehouse=warehouse),)


async def stock_released(messages: Sequence[StockReleasedV1], *, uow: Uow) -> None:
    """What was given back is back."""
    await uow.orders.end_releases([(message.reference_id, message.attempt) for message in messages])


async def label_fetched(messages: Sequence[LabelFetchedV1], *, uow: Uow) -> None:
    """Platform labels are here."""

    def decide(order: Order, message: LabelFetchedV1, by: By) -> None:
        order.label_fetched(message.attempt, parcels_of(message.parcels), by)

    await _follow(messages, decide, uow=uow, actor=SYSTEM)


async def label_failed(messages: Sequence[LabelFailedV1], *, uow: Uow) -> None:
    """Platform labels are not here yet, or will never be."""

    def decide(order: Order, message: LabelFailedV1, by: By) -> None:
        order.label_failed(message.attempt, final=message.final, tries=message.tries, reason=message.reason, by=by)

    await _follow(_by_tries(messages), decide, uow=uow, actor=SYSTEM)


async def fulfillment_drafted(messages: Sequence[FulfillmentDraftedV1], *, uow: Uow) -> None:
    """Fulfilment orders exist."""

    def decide(order: Order, message: FulfillmentDraftedV1, by: By) -> None:
        order.fulfillment_drafted(message.attempt, message.fulfillment_id, message.number, by)

    await _follow(messages, decide, uow=uow, actor=SYSTEM)


async def fulfillment_accepted(messages: Sequence[FulfillmentAcceptedV1], *, uow: Uow) -> None:
    """Warehouses have taken orders on."""

    def decide(order: Order, message: FulfillmentAcceptedV1, by: By) -> None:
        order.fulfillment_accepted(message.attempt, message.fulfillment_id, message.number, message.accepted_at, by)

    await _follow(messages, decide, uow=uow, actor=WAREHOUSE)


async def fulfillment_exception(messages: Sequence[FulfillmentExceptionV1], *, uow: Uow) -> None:
    """Submissions failed."""

    def decide(order: Order, message: FulfillmentExceptionV1, by: By) -> None:
        order.fulfillment_failed(
            message.attempt,
            message.fulfillment_id,
            message.number,
            submission=message.submission,
            reason=message.reason,
            by=by,
        )

    await _follow(sorted(messages, key=lambda message: message.submission), decide, uow=uow, actor=WAREHOUSE)


async def fulfillment_shipped(messages: Sequence[FulfillmentShippedV1], *, uow: Uow) -> None:
    """Goods are gone."""

    def decide(order: Order, message: FulfillmentShippedV1, by: By) -> None:
        order.fulfillment_shipped(
            message.attempt,
            message.fulfillment_id,
            message.number,
            parcels=parcels_of(message.parcels),
            shipped_at=message.shipped_at,
            upload_tracking=message.upload_tracking,
            by=by,
        )

    await _follow(messages, decide, uow=uow, actor=WAREHOUSE)


async def fulfillment_canceled(messages: Sequence[FulfillmentCanceledV1], *, uow: Uow) -> None:
    """Fulfilment orders will not ship."""

    def decide(order: Order, message: FulfillmentCanceledV1, by: By) -> None:
        order.fulfillment_canceled(message.attempt, reason=message.reason, by=by)

    await _follow(messages, decide, uow=uow, actor=WAREHOUSE)


async def cancel_refused(messages: Sequence[CancelRefusedV1], *, uow: Uow) -> None:
    """Warehouses will not stop."""

    def decide(order: Order, message: CancelRefusedV1, by: By) -> None:
        order.fulfillment_cancel_refused(message.attempt, message.fulfillment_id, reason=message.reason, by=by)

    await _follow(messages, decide, uow=uow, actor=WAREHOUSE)


async def tracking_uploaded(messages: Sequence[TrackingUploadedV1], *, uow: Uow) -> None:
    """Platforms know what was shipped."""

    def decide(order: Order, message: TrackingUploadedV1, by: By) -> None:
        order.tracking_uploaded(message.attempt, tries=message.tries, by=by)

    await _follow(messages, decide, uow=uow, actor=SYSTEM)


async def tracking_failed(messages: Sequence[TrackingUploadFailedV1], *, uow: Uow) -> None:
    """Platforms do not know yet, or refuse."""

    def decide(order: Order, message: TrackingUploadFailedV1, by: By) -> None:
        order.tracking_failed(message.attempt, final=message.final, tries=message.tries, reason=message.reason, by=by)

    await _follow(_by_tries(messages), decide, uow=uow, actor=SYSTEM)


T = TypeVar("T", LabelFailedV1, TrackingUploadFailedV1)


def _by_tries(messages: Iterable[T]) -> list[T]:
    """In the order of their tries, so that one frame shows each of them whatever order it has them in."""
    return sorted(messages, key=lambda message: (message.final, message.tries))
