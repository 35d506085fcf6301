"""What the outside world received, counted from its own state."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from sandbox.orders import Order
from sandbox.shopee.model import ShopeeOrder
from sandbox.shopify.model import ShopifyOrder
from sandbox.wms.model import Submission
from sandbox.world import World

MANY = 2


class BadPage(Exception):
    """limit or cursor is not a number in range."""


def all_submissions(world: World) -> Iterator[Submission]:
    """Return what every warehouse holds."""
    for place in world.warehouses.values():
        yield from place.submissions.values()


def order_report(world: World, order: Order) -> dict[str, Any]:
    """Return what was done to one order."""
    submissions = world.submissions_by_number.get(order.number, [])
    report: dict[str, Any] = {
        "shop": order.shop.key,
        "platform": order.shop.platform,
        "order": order.number,
        "id": order.item_id(),
        "status": "",
        "cancelled": order.cancelled is not None,
        "shipped": False,
        "arrangements": 0,
        "documents": 0,
        "document_requests": 0,
        "downloads": 0,
        "labels_purchased": 0,
        "tracking_issued": [],
        "fulfillments": [],
        "tracking_stored": [],
        "submissions": [
            {
                "warehouse": each.warehouse.spec.code,
                "reference": each.reference,
                "status": each.status,
                "accepted": each.was_accepted,
                "shipped": each.shipped_at is not None,
            }
            for each in submissions
        ],
        "duplicates": [
            *(each["detail"] for each in world.duplicates if each["order"] == order.number),
            *duplicates_on(order),
        ],
    }
    if isinstance(order, ShopifyOrder):
        _add_shopify(order, report)
    elif isinstance(order, ShopeeOrder):
        _add_shopee(order, report)
    return report


def _add_shopify(order: ShopifyOrder, report: dict[str, Any]) -> None:
    bought = [each for each in order.labels if not each.refusal]
    status = order.fulfillment_status()
    report |= {
        "status": "CANCELLED" if order.cancelled else status,
        "shipped": status == "FULFILLED",
        "labels_purchased": len(bought),
        "tracking_issued": [each.number for each in bought],
        "tracking_stored": [number for each in order.fulfillments for number in each.stored],
        "fulfillments": [
            {"id": each.id, "tracking": [tracking.number for tracking in each.tracking], "status": each.status}
            for each in order.fulfillments
        ],
    }


def _add_shopee(order: ShopeeOrder, report: dict[str, Any]) -> None:
    packages = order.packages
    report |= {
        "status": order.status(),
        "shipped": all(package.picked_up is not None for package in packages),
        "arrangements": sum(package.arrangements for package in packages),
        "documents": sum(len(package.documents) for package in packages),
        "document_requests": sum(package.document_requests for package in packages),
        "downloads": sum(document.downloads for package in packages for document in package.documents.values()),
        "tracking_issued": [
            package.tracking for package in packages if package.tracking and package.method != "non_integrated"
        ],
        "tracking_stored": [number for package in packages for number in package.stored],
    }


def duplicates_on(order: Order) -> list[str]:
    """Return what was done twice to an order on its platform."""
    if isinstance(order, ShopifyOrder):
        if len(order.fulfillments) < MANY and len(order.labels) < MANY:
            return []
        live = [each for each in order.fulfillments if each.status != "CANCELLED"]
        numbers = Counter(number for each in live for number in {tracking.number for tracking in each.tracking})
        labels = Counter(each.fulfillment_order for each in order.labels if not each.refusal)
        return [
            *(
                f"tracking number {number} stored in {count} fulfillments"
                for number, count in numbers.items()
                if number and count >= MANY
            ),
            *(f"{count} labels bought for fulfillment order {work}" for work, count in labels.items() if count >= MANY),
        ]
    if isinstance(order, ShopeeOrder):
        found = [
            f"package {package.number} arranged {package.arrangements} times"
            for package in order.packages
            if package.arrangements >= MANY
        ]
        if len(order.packages) >= MANY:
            tracking = Counter(package.tracking for package in order.packages if package.tracking)
            found += [
                f"tracking number {number} on {count} packages" for number, count in tracking.items() if count >= MANY
            ]
        return found
    return []


def submission_report(each: Submission) -> dict[str, Any]:
    """Return what became of one reference."""
    return {
        "warehouse": each.warehouse.spec.code,
        "reference": each.reference,
        "order_number": each.number,
        "seller": each.seller,
        "status": each.status,
        "reason": each.reason,
        "accepted": each.was_accepted,
        "puts": each.puts,
        "same_again": each.same_again,
        "tracking": [parcel.tracking_number for parcel in each.parcels],
        "callbacks": dict(each.delivered),
        "open_callbacks": len(each.open_callbacks()),
    }


def order_page(world: World, query: dict[str, str]) -> dict[str, Any]:
    """Return a page of order reports, by id."""
    limit, after = _page(query)
    shop, number, only_duplicates = query.get("shop"), query.get("order"), query.get("duplicates") == "true"
    items: list[dict[str, Any]] = []
    last = 0
    for order in world.orders.values():
        if order.id <= after or (shop and order.shop.key != shop) or (number and number not in order.names()):
            continue
        if len(items) == limit:
            return {"items": items, "next_cursor": str(last)}
        report = order_report(world, order)
        if only_duplicates and not report["duplicates"]:
            continue
        items.append(report)
        last = order.id
    return {"items": items, "next_cursor": None}


def submission_page(world: World, query: dict[str, str]) -> dict[str, Any]:
    """Return a page of submission reports, in the sequence they came."""
    limit, start = _page(query)
    warehouse, reference = query.get("warehouse"), query.get("reference")
    rows = [
        each
        for each in all_submissions(world)
        if (not warehouse or each.warehouse.spec.code == warehouse) and (not reference or each.reference == reference)
    ]
    end = start + limit
    return {
        "items": [submission_report(each) for each in rows[start:end]],
        "next_cursor": str(end) if end < len(rows) else None,
    }


def _page(query: dict[str, str]) -> tuple[int, int]:
    limit, cursor = query.get("limit", "1000"), query.get("cursor") or "0"
    if not limit.isdigit() or not 1 <= int(limit) <= 10_000 or not cursor.isdigit():
        raise BadPage(
            f"limit is 1 to 10000 and cursor what the page before gave; got limit={limit!r} cursor={cursor!r}"
        )
    return int(limit), int(cursor)
