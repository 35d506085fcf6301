"""How a use case ends: what changed of its orders is written, each kind of row in one statement, and said."""

from collections import Counter
from collections.abc import Collection, Mapping
from uuid import UUID

from contracts.base import Message
from contracts.orders.v1 import OrderImportedV1, OrderStatusChangedV1

from orders.app.commands import NEED_FACTS, command, command_id, release
from orders.app.ports import CommandFacts, StockRelease, Uow
from orders.domain.order import Order
from orders.domain.state import RESEND_FIRST

IMPORTED = "imported"


async def save_orders(
    orders: Collection[Order],
    *,
    uow: Uow,
    causes: Mapping[UUID, Message] | None = None,
    facts: Mapping[UUID, CommandFacts] | None = None,
    inserted: bool = False,
) -> None:
    """Save orders that were locked, or have just been `inserted`. `causes` are the messages that moved them, `facts`
    what is known already of what their commands carry.
    """
    changed = [order for order in orders if order.entries or order.commands]
    if not inserted:
        await uow.orders.save(orders)
    await uow.orders.write_timeline(changed)
    await uow.orders.replace_errors(changed)
    await uow.orders.count(_count_changes(changed))
    await _give_back(changed, uow=uow)
    await _say(changed, uow=uow, causes=causes or {}, facts=facts or {})


def _count_changes(changed: Collection[Order]) -> Counter[tuple[UUID, str]]:
    counts: Counter[tuple[UUID, str]] = Counter()
    for order in changed:
        for entry in order.entries:
            if entry.to_status:
                counts[order.seller_id, str(entry.from_status)] -= 1
                counts[order.seller_id, str(entry.to_status)] += 1
            elif entry.event == IMPORTED:
                counts[order.seller_id, "pending"] += 1
    return counts


async def _give_back(changed: Collection[Order], *, uow: Uow) -> None:
    releases = [
        StockRelease(order.id, attempt, order.seller_id, order.cancel_reason or "the review was withdrawn")
        for order in changed
        for attempt in order.releases
    ]
    if not releases:
        return
    await uow.orders.add_releases(releases, next_check=uow.now + RESEND_FIRST)
    for each in releases:
        message, message_id = release(each)
        uow.outbox.add(message, message_id=message_id, correlation_id=each.order_id)


async def _say(
    changed: Collection[Order],
    *,
    uow: Uow,
    causes: Mapping[UUID, Message],
    facts: Mapping[UUID, CommandFacts],
) -> None:
    missing = [
        order.id for order in changed if order.id not in facts and any(step in NEED_FACTS for step in order.commands)
    ]
    if missing:
        facts = {**facts, **await uow.orders.facts(missing)}
    for order in changed:
        cause = causes.get(order.id)
        for entry in order.entries:
            if entry.to_status:
                changed_status = OrderStatusChangedV1(
                    seller_id=order.seller_id,
                    order_id=order.id,
                    store_id=order.store_id,
                    version=entry.version,
                    from_status=str(entry.from_status),
                    to_status=str(entry.to_status),
                    reason=entry.reason,
                    changed_at=entry.at,
                )
                uow.outbox.add(changed_status, cause=cause, correlation_id=order.id)
            elif entry.event == IMPORTED:
                imported = OrderImportedV1(
                    seller_id=order.seller_id,
                    order_id=order.id,
                    store_id=order.store_id,
                    platform_order_id=order.platform_order_id,
                    imported_at=order.imported_at,
                )
                uow.outbox.add(imported, cause=cause, correlation_id=order.id)
        for step in order.commands:
            uow.outbox.add(
                command(order, step, facts.get(order.id)),
                cause=cause,
                message_id=command_id(order, step),
                correlation_id=order.id,
            )
