"""What happens to a Shopee shop's orders."""

from datetime import UTC, datetime
from typing import Any

from sandbox.journal import effect
from sandbox.orders import Line, common_fields
from sandbox.shopee.model import Document, Package, ShopeeOrder, ShopeeShop
from sandbox.specs import MalformedSpec, OrderSpec
from sandbox.world import World

MALFORMED = {
    "quantity": MalformedSpec(path="item_list.0.model_quantity_purchased", value="abc"),
    "created_at": MalformedSpec(path="create_time", remove=True),
}
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def _letters(number: int, width: int) -> str:
    text = ""
    for _ in range(width):
        number, digit = divmod(number, 32)
        text = LETTERS[digit] + text
    return text


def make_order(world: World, shop: ShopeeShop, spec: OrderSpec) -> ShopeeOrder:
    """Put an order into the shop; to be called in effects only."""
    fields = common_fields(spec, now=world.now(), country=shop.region, currency=shop.currency, label=shop.label)
    # The number looks random and never repeats: the counter is multiplied by an odd constant within 40 bits.
    letters = _letters(world.next_number() * 0x9E3779B97 % 2**40, 8)
    number = spec.order or f"{datetime.fromtimestamp(fields['created'], UTC):%y%m%d}{letters}"
    channel = shop.channels[spec.channel] if spec.channel is not None else next(iter(shop.channels.values()))
    order = ShopeeOrder(id=world.next_id(), shop=shop, number=number, lines=[], channel=channel, **fields)
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
    _pack(world, order, spec.parcels())
    shop.index(order)
    world.orders[order.id] = order
    return order


def _item(world: World, shop: ShopeeShop, sku: str) -> int:
    if sku not in shop.items:
        shop.items[sku] = world.next_id()
        shop.stock[(shop.items[sku], model_of(shop.items[sku]))] = 0
    return shop.items[sku]


def model_of(item_id: int) -> int:
    """Return the only model of an item."""
    return item_id + 10_000_000_000


def _pack(world: World, order: ShopeeOrder, parcels: list[list[int]]) -> None:
    shop = order.shop
    if not isinstance(shop, ShopeeShop):
        raise TypeError(f"order {order.number} is of another platform")
    for package in order.packages:
        del shop.packages[package.number]
    order.packages = [Package(f"OFG{world.next_id():015d}", order, parcel) for parcel in parcels]
    shop.packages.update({package.number: package for package in order.packages})


@effect
def arrange(world: World, *, shop: str, order: str, package: int, method: str, tracking: str) -> Package:
    """Commit to ship a package; seller logistics bring a tracking number and are on their way at once."""
    target = world.shopee_shops[shop].orders[order]
    if not isinstance(target, ShopeeOrder):
        raise TypeError(f"order {order} is of another platform")
    parcel, label = target.packages[package], target.label
    parcel.arranged, parcel.method = world.now(), method
    parcel.arrangements += 1
    if method == "non_integrated":
        parcel.tracking, parcel.picked_up = tracking, world.now()
        parcel.stored.append(tracking)
    else:
        parcel.tracking = tracking or f"SPX{target.shop.region}{world.next_id():011d}"
        parcel.tracking_at = world.now() + label.tracking_empty_seconds
        parcel.tracking_polls_left = label.tracking_empty_calls
        world.shopee_tracking[parcel.tracking] = target
    target.shop.touch(target, world.now())
    return parcel


@effect
def change_tracking(world: World, *, shop: str, order: str, package: int, tracking: str) -> None:
    """Correct the tracking number of a package that the seller ships itself."""
    target = world.shopee_shops[shop].orders[order]
    if isinstance(target, ShopeeOrder):
        target.packages[package].tracking = tracking
        target.packages[package].stored.append(tracking)
        target.shop.touch(target, world.now())


@effect
def create_document(world: World, *, shop: str, order: str, package: int, document_type: str) -> None:
    """Ask for a document; asking again for the same one makes no other."""
    target = world.shopee_shops[shop].orders[order]
    if isinstance(target, ShopeeOrder):
        parcel, label = target.packages[package], target.label
        parcel.document_requests += 1
        if document_type not in parcel.documents:
            parcel.documents[document_type] = Document(
                world.now() + label.document_processing_seconds, label.document_processing_calls
            )


@effect
def split(world: World, *, shop: str, order: str, parcels: list[list[int]]) -> None:
    """Pack an order otherwise; its packages get new numbers."""
    target = world.shopee_shops[shop].orders[order]
    if isinstance(target, ShopeeOrder):
        _pack(world, target, parcels)
        target.shop.touch(target, world.now())


@effect
def cancel_by_seller(world: World, *, shop: str, order: str, reason: str) -> None:
    """Cancel for good."""
    target = world.shopee_shops[shop].orders[order]
    if isinstance(target, ShopeeOrder):
        target.cancelled, target.cancel_reason, target.cancel_by, target.in_cancel = (
            world.now(),
            reason,
            "seller",
            False,
        )
        target.shop.touch(target, world.now())


@effect
def answer_buyer(world: World, *, shop: str, order: str, accept: bool) -> None:
    """Agree to the buyer's wish to cancel, or not."""
    target = world.shopee_shops[shop].orders[order]
    if isinstance(target, ShopeeOrder):
        target.in_cancel = False
        if accept:
            target.cancelled, target.cancel_reason, target.cancel_by = world.now(), "CUSTOMER_REQUEST", "buyer"
        target.shop.touch(target, world.now())


@effect
def set_stock(world: World, *, shop: str, item_id: int, model_id: int, stock: int) -> None:
    """Set what a model shows as available."""
    world.shopee_shops[shop].stock[(item_id, model_id)] = stock


def scan(world: World, tracking: str) -> None:
    """Let the carrier take a package with this number, if one is known; to be called in effects only."""
    order = world.shopee_tracking.get(tracking)
    if order is None or order.cancelled is not None:
        return
    for package in order.packages:
        if package.tracking == tracking and package.picked_up is None:
            package.picked_up = world.now()
            order.shop.touch(order, world.now())


def apply_change(world: World, order: ShopeeOrder, action: str, facts: dict[str, Any]) -> None:
    """Let the platform, the buyer or the carrier change an order; to be called in effects only."""
    now = world.now()
    match action:
        case "cancel":
            order.cancelled, order.cancel_reason, order.cancel_by, order.in_cancel = (
                now,
                facts["reason"] or "SYSTEM_CANCEL",
                "system",
                False,
            )
        case "request_cancel":
            order.in_cancel, order.cancel_reason = True, facts["reason"] or "CHANGE_OF_MIND"
        case "hold":
            order.hold = facts["reason"] or "SYSTEM_PENDING"
        case "release_hold":
            order.hold = ""
        case "edit_quantity":
            order.lines[facts["line"]].quantity = facts["quantity"]
        case "carrier_scan":
            for package in order.packages:
                if package.arranged is not None and package.picked_up is None:
                    package.picked_up = now
        case "deliver":
            order.delivered = now
            for package in order.packages:
                package.picked_up = package.picked_up or now
