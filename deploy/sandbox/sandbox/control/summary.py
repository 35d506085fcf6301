"""The totals of everything: cheap enough to be asked for every second while a load run is on."""

from dataclasses import asdict, dataclass
from typing import Any

from sandbox.control.reading import all_submissions, duplicates_on
from sandbox.orders import Order
from sandbox.shopee.model import ShopeeOrder
from sandbox.shopify.model import ShopifyOrder
from sandbox.world import World


@dataclass(slots=True)
class ShopTotals:
    """What became of a shop's orders."""

    created: int = 0
    cancelled: int = 0
    unpaid: int = 0
    shipped: int = 0


@dataclass(slots=True)
class Totals:
    """What was received, over all shops and warehouses."""

    orders: int = 0
    arranged: int = 0
    documents: int = 0
    labels_purchased: int = 0
    tracking_issued: int = 0
    fulfillments: int = 0
    tracking_stored: int = 0
    submissions: int = 0
    accepted: int = 0
    shipped: int = 0
    refused: int = 0
    canceled: int = 0
    callbacks_delivered: int = 0
    callbacks_failed: int = 0
    callbacks_open: int = 0


def summary(world: World, callback_failures: int) -> dict[str, Any]:
    """Return everything counted."""
    shops = {shop.key: ShopTotals() for shop in (*world.shopify_shops.values(), *world.shopee_shops.values())}
    totals = Totals(callbacks_failed=callback_failures)
    duplicates = list(world.duplicates)
    for order in world.orders.values():
        _count_order(order, totals, shops[order.shop.key])
        duplicates += [
            {"kind": "order", "shop": order.shop.key, "order": order.number, "detail": text}
            for text in duplicates_on(order)
        ]
    for each in all_submissions(world):
        totals.submissions += 1
        totals.accepted += each.was_accepted
        totals.shipped += each.status == "shipped"
        totals.refused += each.status == "refused"
        totals.canceled += each.status == "canceled"
        totals.callbacks_delivered += sum(each.delivered.values())
        totals.callbacks_open += len(each.open_callbacks())
    return {
        "orders": {key: asdict(counts) for key, counts in shops.items()},
        "totals": asdict(totals),
        "duplicates": duplicates,
        "calls": dict(sorted(world.calls.items())),
        "errors": dict(sorted(world.errors.items())),
        "faults": world.faults.struck,
        "signature_failures": dict(world.signature_failures),
    }


def _count_order(order: Order, totals: Totals, shop: ShopTotals) -> None:
    totals.orders += 1
    shop.created += 1
    shop.cancelled += order.cancelled is not None
    shop.unpaid += order.paid is None
    if isinstance(order, ShopifyOrder):
        _count_shopify(order, totals, shop)
    elif isinstance(order, ShopeeOrder):
        _count_shopee(order, totals, shop)


def _count_shopify(order: ShopifyOrder, totals: Totals, shop: ShopTotals) -> None:
    for fulfillment in order.fulfillments:
        totals.fulfillments += fulfillment.status != "CANCELLED"
        totals.tracking_stored += len(fulfillment.stored)
    for label in order.labels:
        totals.labels_purchased += not label.refusal
        totals.tracking_issued += not label.refusal
    if order.fulfillments:
        shop.shipped += order.fulfillment_status() == "FULFILLED"


def _count_shopee(order: ShopeeOrder, totals: Totals, shop: ShopTotals) -> None:
    shipped = True
    for package in order.packages:
        totals.arranged += package.arrangements
        totals.documents += len(package.documents)
        totals.tracking_stored += len(package.stored)
        totals.tracking_issued += bool(package.tracking) and package.method != "non_integrated"
        shipped = shipped and package.picked_up is not None
    shop.shipped += shipped
