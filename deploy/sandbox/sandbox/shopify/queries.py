"""The root fields of queries."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sandbox.shopify.documents import Resolver
from sandbox.shopify.execute import Context, FieldError
from sandbox.shopify.fields_work import label_fields, location_fields, purchase_status
from sandbox.shopify.model import FulfillmentOrder, LabelPurchase, ShopifyOrder, gid
from sandbox.shopify.paging import Connection, connect, page_size, read_cursor, write_cursor
from sandbox.shopify.search import Term, lower_bound, order_matches, read_terms, work_matches
from sandbox.times import TimeIndex, iso

MAX_ID = 2**62


def parse_gid(value: str) -> tuple[str, int]:
    """Return kind and number of a global id; raises FieldError."""
    prefix, _, rest = value.partition("gid://shopify/")
    kind, _, number = rest.partition("/")
    number = number.partition("?")[0]
    if prefix or not kind or not number.isdigit():
        raise FieldError(f"Invalid global id '{value}'", "argumentLiteralsIncompatible", typeName="CoercionError")
    return kind, int(number)


def find(value: str, kind: str, context: Context) -> Any:
    """Return the shop's object of this kind, or None; raises FieldError for what is no id."""
    found_kind, number = parse_gid(value)
    if found_kind != kind:
        return None
    world = context.world
    tables: dict[str, Any] = {
        "Order": world.orders,
        "FulfillmentOrder": world.fulfillment_orders,
        "Fulfillment": world.fulfillments,
        "ShippingLabelPurchaseResult": world.label_purchases,
    }
    found = tables[kind].get(number)
    order = found if isinstance(found, ShopifyOrder) or found is None else getattr(found, "order", None)
    return found if order is not None and order.shop is context.shop else None


def _order(_: Any, arguments: dict[str, Any], context: Context) -> ShopifyOrder | None:
    order = find(arguments["id"], "Order", context)
    return order if isinstance(order, ShopifyOrder) else None


def _orders(_: Any, arguments: dict[str, Any], context: Context) -> Connection:
    size = page_size(arguments, "orders")
    if arguments.get("first") is None or arguments.get("before"):
        raise FieldError("only forward pagination with first and after is served here", "BAD_REQUEST")
    terms = read_terms(arguments.get("query"))
    rows = _sorted_orders(arguments, terms, context)
    page: list[ShopifyOrder] = []
    has_next = False
    for order in rows:
        if not order_matches(order, terms):
            continue
        if len(page) == size:
            has_next = True
            break
        page.append(order)
    if context.break_page is not None:
        context.broken.update(context.break_page(page))
    return Connection(
        page,
        has_next,
        bool(arguments.get("after")),
        lambda order: write_cursor(order.id, _sort_value(arguments["sortKey"])(order)),
    )


def _sort_value(sort_key: str) -> Callable[[ShopifyOrder], float]:
    if sort_key == "UPDATED_AT":
        return lambda order: order.updated
    if sort_key in ("CREATED_AT", "PROCESSED_AT"):
        return lambda order: order.created
    if sort_key in ("ID", "ORDER_NUMBER"):
        return lambda order: float(order.id)
    raise FieldError(f"sortKey {sort_key} is not served here", "BAD_REQUEST")


def _sorted_orders(arguments: dict[str, Any], terms: list[Term], context: Context) -> Iterator[ShopifyOrder]:
    """Walk the orders from the cursor, in the asked sequence."""
    sort_key, reverse = arguments["sortKey"], bool(arguments.get("reverse"))
    value_of = _sort_value(sort_key)
    after = read_cursor(arguments["after"]) if arguments.get("after") else None
    if sort_key in ("ID", "ORDER_NUMBER"):
        by_id = sorted(
            (order for order in context.shop.orders.values() if isinstance(order, ShopifyOrder)),
            key=value_of,
            reverse=reverse,
        )
        yield from (
            order for order in by_id if after is None or (order.id < after[0] if reverse else order.id > after[0])
        )
        return
    index: TimeIndex = context.shop.by_update if sort_key == "UPDATED_AT" else context.shop.by_creation
    bound = lower_bound(terms, "updated_at" if sort_key == "UPDATED_AT" else "created_at")
    if reverse:
        # A cursor holds milliseconds: the walk begins a millisecond early and leaves out what was on the page before.
        keys = index.descending((float("inf"), MAX_ID) if after is None else (after[1] / 1000 + 0.001, MAX_ID))
    else:
        keys = index.ascending((bound, 0) if after is None else (max(bound, after[1] / 1000 - 0.001), 0))
    cursor = None if after is None else (after[1], after[0])
    for time, order_id in keys:
        if reverse and time < bound:
            return
        here = (int(time * 1000), order_id)
        if cursor is not None and (here >= cursor if reverse else here <= cursor):
            continue
        order = context.world.orders[order_id]
        if isinstance(order, ShopifyOrder):
            yield order


def _all_work(context: Context) -> Iterator[FulfillmentOrder]:
    for order in context.shop.orders.values():
        if isinstance(order, ShopifyOrder):
            yield from order.fulfillment_orders


def _fulfillment_orders(_: Any, arguments: dict[str, Any], context: Context) -> Connection:
    terms = read_terms(arguments.get("query"))
    rows: Iterable[FulfillmentOrder] = (
        work
        for work in _all_work(context)
        if (arguments["includeClosed"] or work.status not in ("CLOSED", "CANCELLED")) and work_matches(work, terms)
    )
    if arguments["sortKey"] == "UPDATED_AT":
        return connect(
            sorted(rows, key=lambda work: (work.updated, work.id)),
            arguments,
            "fulfillmentOrders",
            lambda work: work.id,
            lambda work: work.updated,
        )
    return connect(sorted(rows, key=lambda work: work.id), arguments, "fulfillmentOrders", lambda work: work.id)


def _items(_: Any, arguments: dict[str, Any], context: Context) -> Connection:
    wanted = [term.value for term in read_terms(arguments.get("query")) if term.field == "sku"]
    rows = [item_fields(item, context) for sku, item in context.shop.inventory.items() if not wanted or sku in wanted]
    return connect(rows, arguments, "inventoryItems", lambda item: item["item_id"])


def item_fields(item_id: int, context: Context) -> dict[str, Any]:
    """Return an InventoryItem."""
    return {"__typename": "InventoryItem", "item_id": item_id, "sku": context.shop.skus[item_id]}


def _item(_: Any, arguments: dict[str, Any], context: Context) -> dict[str, Any] | None:
    kind, number = parse_gid(arguments["id"])
    return item_fields(number, context) if kind == "InventoryItem" and number in context.shop.skus else None


def _level(item: dict[str, Any], context: Context) -> dict[str, Any]:
    return {
        "__typename": "InventoryLevel",
        "item": item,
        "item_id": item["item_id"],
        "location": location_fields(context),
    }


def _quantities(level: dict[str, Any], arguments: dict[str, Any], context: Context) -> list[dict[str, Any]]:
    quantity = context.shop.stock[level["item_id"]]
    updated = iso(context.world.now())
    return [
        {
            "__typename": "InventoryQuantity",
            "id": gid("InventoryQuantity", level["item_id"]),
            "name": name,
            "quantity": quantity if name in ("available", "on_hand") else 0,
            "updatedAt": updated,
        }
        for name in arguments["names"]
    ]


def _location(_: Any, arguments: dict[str, Any], context: Context) -> dict[str, Any] | None:
    location = location_fields(context)
    wanted = arguments.get("id")
    return location if wanted is None or wanted == location["id"] else None


def _label(_: Any, arguments: dict[str, Any], context: Context) -> dict[str, Any] | None:
    _, number = parse_gid(arguments["id"])
    for purchase in context.world.label_purchases.values():
        if (
            purchase.label_id == number
            and purchase.order.shop is context.shop
            and purchase_status(purchase, context.world.now()) == "PURCHASED"
        ):
            return label_fields(purchase, context)
    return None


def _node(_: Any, arguments: dict[str, Any], context: Context) -> Any:
    return node(arguments["id"], context)


def node(value: str, context: Context) -> Any:
    """Return any object by its global id."""
    kind, _ = parse_gid(value)
    match kind:
        case "Order" | "FulfillmentOrder" | "Fulfillment":
            return find(value, kind, context)
        case "ShippingLabelPurchaseResult":
            purchase = find(value, kind, context)
            if isinstance(purchase, LabelPurchase):
                purchase.pending = purchase.polls_left > 0
                purchase.polls_left -= purchase.pending
            return purchase
        case "InventoryItem":
            return _item(None, {"id": value}, context)
        case "Location":
            return _location(None, {"id": value}, context)
        case "ShippingLabel":
            return _label(None, {"id": value}, context)
        case "Shop":
            return context.shop if value == gid("Shop", context.shop.id) else None
    return None


def _count(_: Any, arguments: dict[str, Any], context: Context) -> dict[str, Any]:
    terms = read_terms(arguments.get("query"))
    count = sum(
        1 for order in context.shop.orders.values() if isinstance(order, ShopifyOrder) and order_matches(order, terms)
    )
    limit = arguments.get("limit")
    over = limit is not None and count > limit
    return {"count": limit if over else count, "precision": "AT_LEAST" if over else "EXACT"}


def _installation(_: Any, __: dict[str, Any], context: Context) -> dict[str, Any]:
    app = {"__typename": "App", "id": gid("App", 1), "apiKey": context.shop.app, "handle": "app", "title": "App"}
    scopes = [{"handle": scope, "description": scope} for scope in sorted(context.scopes or ())]
    return {
        "__typename": "AppInstallation",
        "id": gid("AppInstallation", context.shop.id),
        "app": app,
        "accessScopes": scopes,
    }


QUERY: dict[str, Resolver] = {
    "order": _order,
    "orders": _orders,
    "ordersCount": _count,
    "fulfillmentOrder": lambda _, arguments, context: find(arguments["id"], "FulfillmentOrder", context),
    "fulfillmentOrders": _fulfillment_orders,
    # Only fulfilment services have work assigned to them; this app is none.
    "assignedFulfillmentOrders": lambda _, arguments, __: connect([], arguments, "assignedFulfillmentOrders", id),
    "fulfillment": lambda _, arguments, context: find(arguments["id"], "Fulfillment", context),
    "inventoryItem": _item,
    "inventoryItems": _items,
    "location": _location,
    "locations": lambda _, arguments, context: connect(
        [location_fields(context)], arguments, "locations", lambda _: context.shop.location
    ),
    "node": _node,
    "nodes": lambda _, arguments, context: [node(value, context) for value in arguments["ids"]],
    "shippingLabel": _label,
    "shop": lambda _, __, context: context.shop,
    "currentAppInstallation": _installation,
}

SHOP: dict[str, Resolver] = {
    "id": lambda shop, _, __: gid("Shop", shop.id),
    "name": lambda shop, _, __: shop.name,
    "email": lambda shop, _, __: f"owner@{shop.key}",
    "myshopifyDomain": lambda shop, _, __: shop.key,
    "currencyCode": lambda shop, _, __: shop.currency,
    "ianaTimezone": lambda _, __, ___: "Etc/UTC",
    "plan": lambda shop, _, __: {
        "displayName": shop.plan.capitalize(),
        "partnerDevelopment": True,
        "shopifyPlus": shop.plan in ("plus", "enterprise"),
    },
}

INVENTORY_ITEM: dict[str, Resolver] = {
    "id": lambda item, _, __: gid("InventoryItem", item["item_id"]),
    "legacyResourceId": lambda item, _, __: str(item["item_id"]),
    "requiresShipping": lambda _, __, ___: True,
    "tracked": lambda _, __, ___: True,
    "inventoryLevel": lambda item, arguments, context: (
        _level(item, context) if arguments["locationId"] == gid("Location", context.shop.location) else None
    ),
    "inventoryLevels": lambda item, arguments, context: connect(
        [_level(item, context)], arguments, "inventoryLevels", lambda level: level["item_id"]
    ),
}

INVENTORY_LEVEL: dict[str, Resolver] = {
    "id": lambda level, _, context: (
        f"{gid('InventoryLevel', context.shop.location)}?inventory_item_id={level['item_id']}"
    ),
    "isActive": lambda _, __, ___: True,
    "updatedAt": lambda _, __, context: iso(context.world.now()),
    "quantities": _quantities,
}
