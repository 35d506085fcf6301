"""Routing and review of many orders at once: the facts of all are read together, each is decided on alone."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from orders.app.commands import address_part
from orders.app.ports import AddressBook, CommandFacts, Surroundings, Uow
from orders.domain.order import Order
from orders.domain.platform import Details
from orders.domain.review import ReviewContext, ReviewSubject, decide
from orders.domain.routing import Rule, first_match
from orders.domain.state import By

BY_RULE, BY_USER = "rule", "user"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An order to be reviewed, and who wants it."""

    order: Order
    details: Details
    by: By


def route(order: Order, details: Details, rules: Sequence[Rule], by: By) -> Rule | None:
    """Give the order the warehouse and channel of the first rule that takes it, unless somebody chose them by hand.
    Returns the rule.
    """
    if order.assigned_by == BY_USER or not order.may_be_reviewed:
        return None
    rule = first_match(rules, store_id=order.store_id, platform=order.platform, address=details.content.ship_to)
    if rule:
        actor = By(f"rule:{rule.id}", by.at)
        order.assign(rule.warehouse_id, rule.channel_id, actor, assigned_by=BY_RULE, reason=rule.name)
        order.auto_review = rule.auto_review
    return rule


async def review(
    candidates: Sequence[Candidate], *, uow: Uow, book: AddressBook, surroundings: Surroundings | None = None
) -> dict[UUID, CommandFacts]:
    """Review the candidates, which are locked or new. Returns the facts of those that passed; their details have the
    needs set, to be written by the caller.
    """
    if not candidates:
        return {}
    if surroundings is None:
        surroundings = await uow.reference.surroundings({each.order.seller_id for each in candidates})
    for each in candidates:
        if each.order.warehouse_id is None:
            route(each.order, each.details, surroundings.rules.get(each.order.seller_id, ()), each.by)
    context = await _context(candidates, uow=uow, book=book, surroundings=surroundings)
    passed: dict[UUID, CommandFacts] = {}
    for each in candidates:
        order, content = each.order, each.details.content
        verdict = decide(
            ReviewSubject(
                seller_id=order.seller_id,
                store_id=order.store_id,
                warehouse_id=order.warehouse_id,
                channel_id=order.channel_id,
                ship_to=content.ship_to,
                lines=content.lines,
                platform_label=content.platform_label,
                holds=tuple(hold.reason for hold in order.holds),
                platform_status=order.platform_status,
            ),
            context,
        )
        if verdict.errors:
            order.refuse_review(verdict.errors, each.by)
            continue
        each.details.needs = verdict.needs
        passed[order.id] = CommandFacts(address_part(content.ship_to), verdict.needs, content.packages)
        order.pass_review(verdict.channel_kind, each.by)
    return passed


async def _context(
    candidates: Iterable[Candidate], *, uow: Uow, book: AddressBook, surroundings: Surroundings
) -> ReviewContext:
    wanted: dict[tuple[UUID, str], UUID] = {}
    for each in candidates:
        for line in each.details.content.lines:
            if line.platform_sku:
                wanted[each.order.store_id, line.platform_sku] = each.order.seller_id
    mapped = await uow.reference.mapped(wanted)
    products = await uow.reference.products(
        {(wanted[key], item.sku) for key, items in mapped.items() for item in items}
    )
    return ReviewContext(
        mappings=mapped,
        stores_with_mappings=await _stores_with_mappings(candidates, mapped, uow=uow),
        products=products,
        warehouses=surroundings.warehouses,
        channels=surroundings.channels,
        bindings=surroundings.bindings,
        countries=book.countries,
    )


async def _stores_with_mappings(
    candidates: Iterable[Candidate], mapped: Mapping[tuple[UUID, str], object], *, uow: Uow
) -> set[UUID]:
    sure = {store_id for store_id, _ in mapped}
    unsure: Collection[UUID] = {each.order.store_id for each in candidates} - sure
    return sure | await uow.reference.stores_with_mappings(unsure)
