"""What happens to a Shopify shop's orders."""

from typing import Any

from sandbox.journal import effect
from sandbox.orders import Line, common_fields
from sandbox.shopify.model import (
    FulfilledLine,
    Fulfillment,
    FulfillmentOrder,
    FulfillmentOrderLine,
    LabelPurchase,
    ShopifyOrder,
    ShopifyShop,
    Tracking,
)
from sandbox.specs import MalformedSpec, OrderSpec
from sandbox.world import World

MALFORMED = {
    "quantity": MalformedSpec(path="lineItems.nodes.0.currentQuantity", value="abc"),
    "created_at": MalformedSpec(path="createdAt", remove=True),
}


def make_order(world: World, shop: ShopifyShop, spec: OrderSpec) -> ShopifyOrder:
    """Put an order into the shop; to be called in effects only."""
    number = spec.order or str(world.next_number())
    order = ShopifyOrder(
        id=world.next_id(),
        shop=shop,
        number=number if number.startswith("#") or not number.isdigit() else f"#{number}",
        lines=[],
        **common_fields(spec, now=world.now(), country=shop.region, currency=shop.currency, label=shop.label),
    )
    order.malformed = MALFORMED.get(order.malformed_word, order.malformed)
    for line in spec.lines:
        item = _item(world, shop, line.sku)
        order.lines.append(
            Line(
                world.next_id(),
                item,
                line.sku,
                line.title or line.sku,
                line.quantity,
                line.quantity,
                line.price,
                line.requires_shipping,
            )
        )
    for parcel in spec.parcels():
        wanted = [index for index in parcel if order.lines[index].requires_shipping]
        if wanted:
            _open_work(world, order, {index: order.lines[index].quantity for index in wanted}, shop.location)
    for work in order.fulfillment_orders:
        work.updated = order.updated
    if order.hold:
        _set_status(order, "OPEN", "ON_HOLD")
    shop.index(order)
    world.orders[order.id] = order
    return order


def _item(world: World, shop: ShopifyShop, sku: str) -> int:
    if sku not in shop.inventory:
        item = shop.inventory[sku] = world.next_id()
        shop.skus[item] = sku
        shop.stock[item] = 0
    return shop.inventory[sku]


def _open_work(world: World, order: ShopifyOrder, quantities: dict[int, int], location: int) -> FulfillmentOrder:
    work = FulfillmentOrder(world.next_id(), order, location, [], world.now(), own=order.fulfilled_by == "seller")
    work.lines = [
        FulfillmentOrderLine(world.next_id(), order, index, quantity, quantity)
        for index, quantity in quantities.items()
    ]
    order.fulfillment_orders.append(work)
    world.fulfillment_orders[work.id] = work
    return work


def _set_status(order: ShopifyOrder, old: str, new: str) -> None:
    for work in order.fulfillment_orders:
        if work.status == old:
            work.status = new


@effect
def create_fulfillment(
    world: World, *, parts: dict[str, dict[str, int]], tracking: list[dict[str, Any]]
) -> Fulfillment:
    """Ship quantities of fulfillment order lines: `{fulfillment order id: {line id: quantity}}`, all of one order."""
    now = world.now()
    work_orders = [world.fulfillment_orders[int(key)] for key in parts]
    order = work_orders[0].order
    lines = []
    for work, wanted in zip(work_orders, parts.values(), strict=True):
        for part in work.lines:
            quantity = wanted.get(str(part.id), 0)
            if quantity:
                part.remaining -= quantity
                order.lines[part.line].fulfilled += quantity
                lines.append(FulfilledLine(world.next_id(), order, part.line, quantity, work.id))
        work.status = "IN_PROGRESS" if any(part.remaining for part in work.lines) else "CLOSED"
        work.updated = now
    name = f"{order.number}-F{len(order.fulfillments) + 1}"
    fulfillment = Fulfillment(
        world.next_id(), order, name, work_orders[0].location, now, now, lines, [Tracking(**each) for each in tracking]
    )
    fulfillment.stored = [each.number for each in fulfillment.tracking if each.number]
    order.fulfillments.append(fulfillment)
    world.fulfillments[fulfillment.id] = fulfillment
    order.shop.touch(order, now)
    return fulfillment


@effect
def update_tracking(world: World, *, fulfillment_id: int, tracking: list[dict[str, Any]]) -> Fulfillment:
    """Give a fulfilment other tracking numbers."""
    fulfillment = world.fulfillments[fulfillment_id]
    fulfillment.tracking = [Tracking(**each) for each in tracking]
    fulfillment.stored += [
        each.number for each in fulfillment.tracking if each.number and each.number not in fulfillment.stored
    ]
    fulfillment.updated = world.now()
    fulfillment.order.shop.touch(fulfillment.order, world.now())
    return fulfillment


@effect
def cancel_fulfillment(world: World, *, fulfillment_id: int) -> Fulfillment:
    """Undo a fulfilment; what it shipped becomes work again, in a new fulfillment order."""
    fulfillment = world.fulfillments[fulfillment_id]
    order = fulfillment.order
    if fulfillment.status != "CANCELLED":
        fulfillment.status = "CANCELLED"
        fulfillment.updated = world.now()
        freed: dict[int, int] = {}
        for line in fulfillment.lines:
            order.lines[line.line].fulfilled -= line.quantity
            freed[line.line] = freed.get(line.line, 0) + line.quantity
        if not order.cancelled:
            _open_work(world, order, freed, fulfillment.location)
        order.shop.touch(order, world.now())
    return fulfillment


@effect
def purchase_label(
    world: World, *, work_id: int, company: str, refusal: str, pending_polls: int, pending_seconds: float
) -> LabelPurchase:
    """Buy a label for a fulfillment order; it is there after so many looks or seconds, or never when refused."""
    work = world.fulfillment_orders[work_id]
    purchase_id = world.next_id()
    purchase = LabelPurchase(
        purchase_id,
        world.next_id(),
        work.order,
        work_id,
        company,
        f"LB{purchase_id:012d}",
        world.now() + pending_seconds,
        pending_polls,
        refusal,
    )
    work.order.labels.append(purchase)
    world.label_purchases[purchase.id] = purchase
    return purchase


@effect
def set_quantities(world: World, *, shop: str, key: str, quantities: dict[str, int]) -> dict[int, int]:
    """Set what is available of inventory items at the shop's location; return the change of each."""
    stock = world.shopify_shops[shop].stock
    world.shopify_shops[shop].idempotency[key] = world.next_id()
    deltas = {int(item): quantity - stock[int(item)] for item, quantity in quantities.items()}
    stock.update({int(item): quantity for item, quantity in quantities.items()})
    return deltas


def apply_change(world: World, order: ShopifyOrder, action: str, facts: dict[str, Any]) -> None:
    """Let the shop's staff or the buyer change an order; to be called in effects only."""
    now = world.now()
    match action:
        case "cancel" | "request_cancel":
            order.cancelled, order.cancel_reason = now, (facts["reason"] or "CUSTOMER").upper()
            for line in order.lines:
                line.quantity = line.fulfilled
            for work in order.fulfillment_orders:
                if work.status not in ("CLOSED", "CANCELLED"):
                    work.status = "CLOSED"
                    for part in work.lines:
                        part.remaining = 0
        case "hold":
            order.hold = facts["reason"] or "OTHER"
            _set_status(order, "OPEN", "ON_HOLD")
        case "release_hold":
            order.hold = ""
            _set_status(order, "ON_HOLD", "OPEN")
        case "edit_quantity":
            _edit_quantity(order, facts["line"], facts["quantity"])
        case "deliver" | "carrier_scan":
            order.delivered = now if action == "deliver" else order.delivered
    for work in order.fulfillment_orders:
        work.updated = now


def _edit_quantity(order: ShopifyOrder, index: int, quantity: int) -> None:
    line = order.lines[index]
    line.quantity = max(quantity, line.fulfilled)
    for work in order.fulfillment_orders:
        for part in work.lines:
            if part.line == index and work.status != "CLOSED":
                part.remaining = line.quantity - line.fulfilled
                part.total = max(part.total, part.remaining)
                if not any(other.remaining for other in work.lines):
                    work.status = "CLOSED"
