"""How the fields of fulfillment orders, fulfilments and labels are answered."""

from typing import Any

from sandbox.shopify.documents import Resolver
from sandbox.shopify.execute import Context
from sandbox.shopify.fields_order import COUNTRIES, LineView, variant
from sandbox.shopify.model import (
    FulfilledLine,
    Fulfillment,
    FulfillmentOrder,
    FulfillmentOrderLine,
    LabelPurchase,
    Tracking,
    gid,
)
from sandbox.shopify.paging import connect
from sandbox.times import iso

ACTIONS = {
    "OPEN": ("CREATE_FULFILLMENT", "MOVE", "HOLD", "SPLIT"),
    "IN_PROGRESS": ("CREATE_FULFILLMENT", "MARK_AS_OPEN"),
    "ON_HOLD": ("RELEASE_HOLD",),
}
HOLD_REASONS = frozenset(
    {
        "AWAITING_PAYMENT",
        "AWAITING_RETURN_ITEMS",
        "HIGH_RISK_OF_FRAUD",
        "INCORRECT_ADDRESS",
        "INVENTORY_OUT_OF_STOCK",
        "ONLINE_STORE_POST_PURCHASE_CROSS_SELL",
        "OTHER",
        "UNKNOWN_DELIVERY_DATE",
    }
)


def location_fields(context: Context) -> dict[str, Any]:
    """Return the shop's only location."""
    shop = context.shop
    return {
        "__typename": "Location",
        "id": gid("Location", shop.location),
        "legacyResourceId": str(shop.location),
        "name": "Shop location",
        "isActive": True,
        "isFulfillmentService": False,
        "fulfillsOnlineOrders": True,
        "shipsInventory": True,
        "fulfillmentService": None,
        "address": {
            "address1": None,
            "address2": None,
            "city": None,
            "countryCode": shop.region,
            "phone": None,
            "provinceCode": None,
            "zip": None,
        },
    }


def _assigned(work: FulfillmentOrder, _: dict[str, Any], context: Context) -> dict[str, Any]:
    location = location_fields(context)
    name = location["name"]
    if not work.own:
        # A location of a fulfilment service: the platform's own warehouse, or another company's, ships it.
        service = {
            "id": gid("FulfillmentService", work.location + 1),
            "handle": "shopify-fulfillment",
            "serviceName": "Platform Fulfillment",
        }
        name = "Platform Fulfillment"
        location = location | {
            "id": gid("Location", work.location + 1),
            "name": name,
            "isFulfillmentService": True,
            "fulfillmentService": service,
        }
    return {
        "name": name,
        "location": location,
        "countryCode": context.shop.region,
        "address1": None,
        "address2": None,
        "city": None,
        "phone": None,
        "province": None,
        "zip": None,
    }


def _destination(work: FulfillmentOrder) -> dict[str, Any] | None:
    address = work.order.address
    if address is None:
        return None
    first, _, last = address.name.rpartition(" ")
    return {
        "__typename": "FulfillmentOrderDestination",
        "id": gid("FulfillmentOrderDestination", work.id),
        "firstName": first or None,
        "lastName": last or None,
        "company": address.company or None,
        "phone": address.phone or None,
        "email": work.order.email or None,
        "address1": address.line1 or None,
        "address2": address.line2 or None,
        "city": address.city or None,
        "province": address.region or None,
        "zip": address.postal_code or None,
        "countryCode": address.country or None,
        "country": COUNTRIES.get(address.country),
    }


def _holds(work: FulfillmentOrder, _: dict[str, Any], __: Context) -> list[dict[str, Any]]:
    if work.status != "ON_HOLD":
        return []
    reason = work.order.hold if work.order.hold in HOLD_REASONS else "OTHER"
    hold = {
        "__typename": "FulfillmentHold",
        "id": gid("FulfillmentHold", work.id),
        "handle": None,
        "reason": reason,
        "reasonNotes": work.order.hold,
        "displayReason": reason.replace("_", " ").capitalize(),
        "heldByApp": None,
        "heldByRequestingApp": False,
    }
    return [hold]


FULFILLMENT_ORDER: dict[str, Resolver] = {
    "id": lambda work, _, __: gid("FulfillmentOrder", work.id),
    "status": lambda work, _, __: work.status,
    "requestStatus": lambda work, _, __: "UNSUBMITTED" if work.own else "ACCEPTED",
    "createdAt": lambda work, _, __: iso(work.order.created),
    "updatedAt": lambda work, _, __: iso(work.updated),
    "fulfillAt": lambda work, _, __: iso(work.order.created // 3600 * 3600),
    "fulfillBy": lambda work, _, __: iso(work.order.ship_by),
    "order": lambda work, _, __: work.order,
    "orderId": lambda work, _, __: gid("Order", work.order.id),
    "orderName": lambda work, _, __: work.order.number,
    "orderProcessedAt": lambda work, _, __: iso(work.order.created),
    "supportedActions": lambda work, _, __: [
        {"action": action, "externalUrl": None} for action in ACTIONS.get(work.status, ())
    ],
    "assignedLocation": _assigned,
    "destination": lambda work, _, __: _destination(work),
    "deliveryMethod": lambda work, _, __: {
        "__typename": "DeliveryMethod",
        "id": gid("DeliveryMethod", work.id),
        "methodType": "SHIPPING",
        "presentedName": "Standard",
        "serviceCode": "Standard",
        "minDeliveryDateTime": None,
        "maxDeliveryDateTime": None,
    },
    "fulfillmentHolds": _holds,
    "merchantRequests": lambda _, arguments, __: connect([], arguments, "merchantRequests", id),
    "lineItems": lambda work, arguments, _: connect(work.lines, arguments, "lineItems", lambda part: part.id),
    "fulfillments": lambda work, arguments, _: connect(
        _shipped_from(work), arguments, "fulfillments", lambda each: each.id
    ),
}


def _shipped_from(work: FulfillmentOrder) -> list[Fulfillment]:
    return [each for each in work.order.fulfillments if any(line.source == work.id for line in each.lines)]


def _of_line(part: FulfillmentOrderLine | FulfilledLine) -> LineView:
    return LineView(part.order, part.order.lines[part.line])


FULFILLMENT_ORDER_LINE: dict[str, Resolver] = {
    "id": lambda part, _, __: gid("FulfillmentOrderLineItem", part.id),
    "totalQuantity": lambda part, _, __: part.total,
    "remainingQuantity": lambda part, _, __: part.remaining,
    "requiresShipping": lambda part, _, __: _of_line(part).line.requires_shipping,
    "sku": lambda part, _, __: _of_line(part).line.sku or None,
    "productTitle": lambda part, _, __: _of_line(part).line.title,
    "variantTitle": lambda _, __, ___: None,
    "vendor": lambda part, _, __: part.order.shop.name,
    "inventoryItemId": lambda part, _, __: gid("InventoryItem", _of_line(part).line.item_id),
    "variant": lambda part, _, __: variant(
        _of_line(part).line.item_id, _of_line(part).line.sku, _of_line(part).line.title
    ),
    "lineItem": lambda part, _, __: _of_line(part),
}


def _tracking(each: Tracking) -> dict[str, Any]:
    return {"company": each.company, "number": each.number, "url": each.url}


def _tracking_infos(fulfillment: Fulfillment, arguments: dict[str, Any], _: Context) -> list[dict[str, Any]]:
    first = arguments.get("first")
    return [_tracking(each) for each in fulfillment.tracking[:first]]


def _display_status(fulfillment: Fulfillment) -> str:
    if fulfillment.status == "CANCELLED":
        return "CANCELED"
    return "DELIVERED" if fulfillment.order.delivered is not None else "FULFILLED"


def _sources(fulfillment: Fulfillment) -> list[FulfillmentOrder]:
    ids = {line.source for line in fulfillment.lines}
    return [work for work in fulfillment.order.fulfillment_orders if work.id in ids]


FULFILLMENT: dict[str, Resolver] = {
    "id": lambda each, _, __: gid("Fulfillment", each.id),
    "legacyResourceId": lambda each, _, __: str(each.id),
    "name": lambda each, _, __: each.name,
    "status": lambda each, _, __: each.status,
    "displayStatus": lambda each, _, __: _display_status(each),
    "createdAt": lambda each, _, __: iso(each.created),
    "updatedAt": lambda each, _, __: iso(each.updated),
    "deliveredAt": lambda each, _, __: iso(each.order.delivered),
    "inTransitAt": lambda _, __, ___: None,
    "estimatedDeliveryAt": lambda _, __, ___: None,
    "requiresShipping": lambda _, __, ___: True,
    "totalQuantity": lambda each, _, __: sum(line.quantity for line in each.lines),
    "order": lambda each, _, __: each.order,
    "location": lambda _, __, context: location_fields(context),
    "trackingInfo": _tracking_infos,
    "fulfillmentLineItems": lambda each, arguments, _: connect(
        each.lines, arguments, "fulfillmentLineItems", lambda line: line.id
    ),
    "fulfillmentOrders": lambda each, arguments, _: connect(
        _sources(each), arguments, "fulfillmentOrders", lambda work: work.id
    ),
}

FULFILLMENT_LINE: dict[str, Resolver] = {
    "id": lambda line, _, __: gid("FulfillmentLineItem", line.id),
    "quantity": lambda line, _, __: line.quantity,
    "lineItem": lambda line, _, __: _of_line(line),
}


def purchase_status(purchase: LabelPurchase, now: float) -> str:
    """Return how far a label purchase is."""
    if purchase.pending or now < purchase.ready_at:
        return "PENDING_PURCHASE"
    return "PURCHASE_FAILED" if purchase.refusal else "PURCHASED"


def label_fields(purchase: LabelPurchase, context: Context) -> dict[str, Any]:
    """Return the label of a purchase that went through."""
    label_id = gid("ShippingLabel", purchase.label_id)
    url = f"{context.world.public_url}/shopify/{context.shop.key}/labels/{purchase.id}.pdf"
    document = {"documentType": "LABEL", "format": "PDF", "printedAt": None, "shippingLabelId": label_id, "url": url}
    return {
        "__typename": "ShippingLabel",
        "id": label_id,
        "cancellable": True,
        "printed": False,
        "location": location_fields(context),
        "shippingDocuments": [document],
        "trackingInfo": {"company": purchase.company, "number": purchase.number, "url": None},
    }


def _labels(purchase: LabelPurchase, _: dict[str, Any], context: Context) -> list[dict[str, Any]]:
    return [label_fields(purchase, context)] if purchase_status(purchase, context.world.now()) == "PURCHASED" else []


def _purchase_errors(purchase: LabelPurchase, _: dict[str, Any], context: Context) -> list[dict[str, Any]]:
    if purchase_status(purchase, context.world.now()) != "PURCHASE_FAILED":
        return []
    return [
        {
            "__typename": "ShippingLabelPurchaseError",
            "code": purchase.refusal,
            "field": None,
            "message": "The label could not be purchased.",
        }
    ]


LABEL_PURCHASE: dict[str, Resolver] = {
    "id": lambda each, _, __: gid("ShippingLabelPurchaseResult", each.id),
    "status": lambda each, _, context: purchase_status(each, context.world.now()),
    "done": lambda each, _, context: purchase_status(each, context.world.now()) != "PENDING_PURCHASE",
    "shippingLabels": _labels,
    "errors": _purchase_errors,
}
