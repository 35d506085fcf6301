"""Submission: by hand, by the auto-submit switch, and what billing answers."""

from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from uuid import UUID

import structlog
from common.errors import AppError, Conflict, NotFound
from common.http.batch import RowResult, done, refused
from contracts.base import Message
from contracts.billing.v1 import FundsHeldV1, FundsRefusedV1

from fulfillment.app.ports import SubmissionSettings, Uow
from fulfillment.app.saving import save
from fulfillment.domain.fulfillment import Fulfillment
from fulfillment.domain.states import Adapter, Stage

log = structlog.get_logger(__name__)

WEIGHT_WAIT = timedelta(seconds=15)
SUBMIT_BATCH = 200

Weights = dict[tuple[UUID, str], int]


async def load_weights(orders: Iterable[Fulfillment], *, uow: Uow) -> Weights:
    """The weights of everything in these orders, in one statement."""
    return await uow.copies.weights({(order.seller_id, line.sku) for order in orders for line in order.lines})


def weight_of(order: Fulfillment, weights: Weights) -> int:
    """Grams over all lines; raises Conflict where the weight of a SKU is not known."""
    total = 0
    for line in order.lines:
        weight = weights.get((order.seller_id, line.sku))
        if weight is None:
            raise Conflict(
                f"the weight of SKU {line.sku} is not known, so fulfilment order {order.number} cannot be priced",
                remedy="Have the warehouse measure it; where auto-submit is on, it is then submitted by itself.",
                code="weight_unknown",
                sku=line.sku,
            )
        total += weight * line.quantity
    return total


def auto_submit(order: Fulfillment, settings: SubmissionSettings, weights: Weights, *, uow: Uow) -> None:
    """Submit at once or plan it, as the seller's switch says. What only needs time is tried again by the timer."""
    if not settings.auto_submit or order.blocker():
        return
    if settings.delay > timedelta(0):
        order.schedule(delay=settings.delay, now=uow.now)
        return
    try:
        order.submit(weight_grams=weight_of(order, weights), actor="rule:auto_submit", now=uow.now)
    except Conflict as error:
        order.reason_code, order.reason = error.error_code, error.message
        order.schedule(delay=WEIGHT_WAIT, now=uow.now)


async def submit_due(*, uow: Uow) -> int:
    """Submit what is due by the auto-submit switch; returns how many were looked at."""
    orders = await uow.fulfillments.due_to_submit(limit=SUBMIT_BATCH)
    weights = await load_weights(orders, uow=uow) if orders else {}
    for order in orders:
        auto_submit(order, SubmissionSettings(order.seller_id, auto_submit=True), weights, uow=uow)
        if order.submit_at is not None and order.submit_at <= uow.now:
            order.submit_at = None
            order.touch(uow.now)
    await save(uow, orders)
    return len(orders)


def require_visible(order: Fulfillment | None, key: object, seller_id: UUID | None) -> Fulfillment:
    """The order, where the asker may see it; raises NotFound otherwise, which tells a stranger nothing."""
    if order is None or (seller_id is not None and order.seller_id != seller_id):
        raise NotFound(f"there is no fulfilment order {key}", remedy="List yours with GET /api/v1/fulfillments.")
    return order


async def submit_many(ids: Collection[UUID], *, seller_id: UUID | None, actor: str, uow: Uow) -> list[RowResult]:
    """Submit by hand: each row by itself says what became of it."""
    orders = await uow.fulfillments.get_many_for_update(ids)
    visible = [order for order in orders.values() if seller_id in (None, order.seller_id)]
    weights = await load_weights(visible, uow=uow)
    results = []
    for key in ids:
        try:
            order = require_visible(orders.get(key), key, seller_id)
            if order.stage is Stage.SUBMITTING:
                results.append(done(key, "is being submitted already"))
                continue
            weight = weight_of(order, weights) if not order.blocker() else 0
            order.submit(weight_grams=weight, actor=actor, now=uow.now)
        except AppError as error:
            results.append(refused(key, error))
        else:
            results.append(done(key, f"submission {order.submission}"))
    await save(uow, visible)
    return results


async def submit_one(fulfillment_id: UUID, *, seller_id: UUID | None, actor: str, uow: Uow) -> Fulfillment:
    """Submit one by hand; raises what stands against it."""
    orders = await uow.fulfillments.get_many_for_update([fulfillment_id])
    order = require_visible(orders.get(fulfillment_id), fulfillment_id, seller_id)
    if order.stage is not Stage.SUBMITTING:
        weight = 0 if order.blocker() else weight_of(order, await load_weights([order], uow=uow))
        order.submit(weight_grams=weight, actor=actor, now=uow.now)
    await save(uow, [order])
    return order


async def funds_held(messages: Sequence[FundsHeldV1], *, uow: Uow) -> None:
    """Hand over to the warehouses what is paid for. A hold that is no longer wanted was freed by what ended it."""
    orders = await uow.fulfillments.get_many_for_update({message.fulfillment_id for message in messages})
    warehouses = await uow.copies.warehouses({order.warehouse_id for order in orders.values()})
    causes: dict[UUID, Message] = {}
    for message in messages:
        order = orders.get(message.fulfillment_id)
        if order is None or not order.is_waiting_for_funds(message.submission):
            log.info("funds_held_late", fulfillment_id=str(message.fulfillment_id), submission=message.submission)
            continue
        warehouse = warehouses.get(order.warehouse_id)
        order.funds_held(
            hold_id=message.hold_id,
            amount=message.amount,
            currency=message.currency,
            adapter=Adapter.DESK if warehouse and warehouse.adapter == Adapter.DESK else Adapter.HTTP,
            now=uow.now,
        )
        causes[order.id] = message
    await save(uow, list(orders.values()), causes=causes)


async def funds_refused(messages: Sequence[FundsRefusedV1], *, uow: Uow) -> None:
    """Put back into the draft what cannot be paid for, with the reason and both amounts."""
    orders = await uow.fulfillments.get_many_for_update({message.fulfillment_id for message in messages})
    for message in messages:
        order = orders.get(message.fulfillment_id)
        if order is not None and order.is_waiting_for_funds(message.submission):
            order.funds_refused(code=message.code, reason=refusal_text(message), now=uow.now)
    await save(uow, list(orders.values()))


def refusal_text(message: FundsRefusedV1) -> str:
    """Billing's reason, with the fee and the available amount where it says them."""
    if message.amount is None or message.available is None:
        return message.reason or message.code
    amounts = f"fee {message.amount} {message.currency}, available {message.available} {message.currency}"
    return f"{message.reason} ({amounts})" if message.reason else amounts


async def follow_switch(order: Fulfillment, *, uow: Uow) -> None:
    """Submit or plan a draft that has just become complete, as the seller's switch says."""
    settings = (await uow.settings.get_many([order.seller_id]))[order.seller_id]
    if settings.auto_submit and order.stage is Stage.PENDING_SUBMIT:
        auto_submit(order, settings, await load_weights([order], uow=uow), uow=uow)
