"""The import: pages of platform orders become orders, or change them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from common.kernel.ids import uuid7
from contracts.base import Message
from contracts.sync.v1 import CanonicalOrderV1, OrdersPulledV1

from orders.app.ports import AddressBook, CommandFacts, OrderKey, Surroundings, Uow
from orders.app.review_orders import BY_USER, Candidate, review, route
from orders.app.saving import save_orders
from orders.domain.mapping import Line
from orders.domain.order import Order
from orders.domain.platform import Content, Details, Package, PlatformOrder, imported, update
from orders.domain.state import PLATFORM, By
from orders.domain.status import PlatformStatus


@dataclass(frozen=True, slots=True)
class Pulled:
    """An order of a page, with the page."""

    order: CanonicalOrderV1
    page: OrdersPulledV1


async def import_orders(pages: Sequence[OrdersPulledV1], *, uow: Uow, book: AddressBook) -> None:
    """Import every order of the pages once: the newest version that is told wins, older ones are dropped."""
    newest: dict[OrderKey, Pulled] = {}
    for page in pages:
        for order in page.orders:
            key = (page.store_id, order.platform_order_id)
            if key not in newest or newest[key].order.version < order.version:
                newest[key] = Pulled(order, page)
    if not newest:
        return
    known = await uow.orders.known(list(newest))
    unseen = {key: pulled for key, pulled in newest.items() if key not in known}
    changed = {
        known[key].id: pulled
        for key, pulled in newest.items()
        if key in known and known[key].platform_version < pulled.order.version
    }
    overtaken = await _import_new(unseen, uow=uow, book=book) if unseen else []
    if overtaken:
        # Somebody imported them while we did; what they brought may be older than what we have.
        there = await uow.orders.known(overtaken)
        changed.update({there[key].id: newest[key] for key in overtaken if key in there})
    if changed:
        await _update_known(changed, uow=uow, book=book)


async def _import_new(unseen: Mapping[OrderKey, Pulled], *, uow: Uow, book: AddressBook) -> list[OrderKey]:
    """Insert orders that nobody has seen, routed and, where a rule says so, reviewed. Returns those that somebody else
    inserted at the same moment.
    """
    by = By(PLATFORM, uow.now)
    orders: list[Order] = []
    details: dict[UUID, Details] = {}
    causes: dict[UUID, Message] = {}
    for pulled in unseen.values():
        platform_order = platform_order_of(pulled.order, pulled.page, book)
        if not platform_order.is_wanted:
            continue
        order, content = imported(platform_order, order_id=uuid7(), by=by)
        orders.append(order)
        details[order.id] = content
        causes[order.id] = pulled.page
    if not orders:
        return []
    surroundings = await uow.reference.surroundings({order.seller_id for order in orders})
    facts = await _route_and_review(orders, details, uow=uow, book=book, surroundings=surroundings)
    written = await uow.orders.add(orders, details)
    await save_orders(
        [order for order in orders if order.id in written], uow=uow, causes=causes, facts=facts, inserted=True
    )
    return [(order.store_id, order.platform_order_id) for order in orders if order.id not in written]


async def _update_known(changed: Mapping[UUID, Pulled], *, uow: Uow, book: AddressBook) -> None:
    """Let newer versions change the orders that are there."""
    by = By(PLATFORM, uow.now)
    locked = await uow.orders.lock(changed)
    fresher = [order for order in locked.values() if order.platform_version < changed[order.id].order.version]
    details = await uow.orders.details([order.id for order in fresher])
    before = {order_id: each.content for order_id, each in details.items()}
    again: list[Order] = []
    for order in fresher:
        pulled = changed[order.id]
        if update(order, details[order.id], platform_order_of(pulled.order, pulled.page, book), by):
            again.append(order)
    facts: dict[UUID, CommandFacts] = {}
    if again:
        surroundings = await uow.reference.surroundings({order.seller_id for order in again})
        facts = await _route_and_review(again, details, uow=uow, book=book, surroundings=surroundings)
    await uow.orders.save_details(
        [each for order_id, each in details.items() if each.content != before[order_id] or order_id in facts]
    )
    causes: dict[UUID, Message] = {order.id: changed[order.id].page for order in fresher}
    await save_orders(fresher, uow=uow, causes=causes, facts=facts)


async def _route_and_review(
    orders: Sequence[Order],
    details: Mapping[UUID, Details],
    *,
    uow: Uow,
    book: AddressBook,
    surroundings: Surroundings,
) -> dict[UUID, CommandFacts]:
    candidates = []
    for order in orders:
        rules = surroundings.rules.get(order.seller_id, ())
        rule = route(order, details[order.id], rules, By(PLATFORM, uow.now))
        wanted = order.auto_review and (rule is not None or order.assigned_by == BY_USER)
        if wanted and not order.holds and order.platform_status == PlatformStatus.AWAITING_FULFILLMENT:
            actor = f"rule:{rule.id}" if rule else "system"
            candidates.append(Candidate(order, details[order.id], By(actor, uow.now)))
    return await review(candidates, uow=uow, book=book, surroundings=surroundings)


def platform_order_of(order: CanonicalOrderV1, page: OrdersPulledV1, book: AddressBook) -> PlatformOrder:
    """The order of a page in our words, its address normalised."""
    return PlatformOrder(
        seller_id=page.seller_id,
        store_id=page.store_id,
        platform=page.platform,
        platform_order_id=order.platform_order_id,
        number=order.number,
        status=PlatformStatus(order.status),
        version=order.version,
        placed_at=order.created_at,
        ship_by=order.ship_by,
        hold_reasons=order.hold_reasons,
        content=Content(
            raw_status=order.raw_status,
            currency=order.currency,
            total=order.total,
            paid_at=order.paid_at,
            buyer_name=order.buyer_name,
            buyer_email=order.buyer_email,
            buyer_note=order.buyer_note,
            ship_to=book.normalise(order.ship_to) if order.ship_to else None,
            platform_label=order.platform_label,
            lines=tuple(
                Line(
                    line.platform_line_id,
                    line.platform_sku,
                    line.quantity,
                    line.title,
                    line.platform_product_id,
                    line.unit_price,
                )
                for line in order.lines
            ),
            packages=tuple(Package(package.package_number, package.platform_line_ids) for package in order.packages),
        ),
    )
