"""A page of platform orders is taken: what is new goes on to the others, what cannot be read is parked."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from contracts.sync.v1 import CanonicalOrderV1, OrdersPulledV1, PlatformStatusV1

from sync.app.ports import PageCounts, SyncUow
from sync.connectors.kit.connector import OrderPage, ParkedOrder

MESSAGE_ORDERS = 50
UNNAMED = "unnamed-"
"""What begins the made-up id of a parked order in which not even an id can be read."""


def newest(orders: Sequence[CanonicalOrderV1]) -> list[CanonicalOrderV1]:
    """Each order once, in its newest version."""
    found: dict[str, CanonicalOrderV1] = {}
    for order in orders:
        known = found.get(order.platform_order_id)
        if known is None or known.version < order.version:
            found[order.platform_order_id] = order
    return list(found.values())


def named(parked: Sequence[ParkedOrder]) -> list[ParkedOrder]:
    """Parked orders, each under an id of its own."""
    found: dict[str, ParkedOrder] = {}
    for order in parked:
        name = order.platform_order_id or f"{UNNAMED}{hashlib.sha256(order.raw).hexdigest()[:16]}"
        found[name] = ParkedOrder(name, order.reason, order.raw)
    return list(found.values())


async def take_page(store_id: UUID, seller_id: UUID, *, platform: str, page: OrderPage, uow: SyncUow) -> PageCounts:
    """Send on the orders of `page` that are newer than what was sent before, and park what is unreadable.

    Orders that are not paid yet are not sent on; one that was sent on before is, because others have to know that it
    is unpaid now.
    """
    orders = newest(page.orders)
    parked = named(page.parked)
    paid = [order for order in orders if order.status is not PlatformStatusV1.UNPAID]
    unpaid = [order for order in orders if order.status is PlatformStatusV1.UNPAID]
    newer = await uow.feed.newer(store_id, paid)
    newer |= await uow.feed.newer(store_id, unpaid, only_known=True)
    sent = [order for order in orders if order.platform_order_id in newer]
    for begin in range(0, len(sent), MESSAGE_ORDERS):
        uow.outbox.add(
            OrdersPulledV1(
                seller_id=seller_id,
                store_id=store_id,
                platform=platform,
                orders=tuple(sent[begin : begin + MESSAGE_ORDERS]),
            )
        )
    if parked:
        await uow.feed.park(store_id, parked)
    await uow.feed.unpark(store_id, [order.platform_order_id for order in orders] + list(page.left_out))
    return PageCounts(
        calls=page.calls,
        throttled_seconds=page.throttled_seconds,
        total=page.total,
        orders_read=len(orders),
        orders_sent=len(sent),
        orders_unchanged=sum(order.platform_order_id not in newer for order in paid),
        orders_unpaid=len(unpaid),
        orders_left_out=len(page.left_out),
        orders_parked=len(parked),
    )
