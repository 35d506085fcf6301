"""How the fields of an order are answered."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.orders import Address, Line
from sandbox.shopify.documents import Resolver
from sandbox.shopify.execute import Context
from sandbox.shopify.model import ShopifyOrder, gid
from sandbox.shopify.paging import connect
from sandbox.times import iso

COUNTRIES = {
    "US": "United States",
    "CA": "Canada",
    "GB": "United Kingdom",
    "DE": "Germany",
    "FR": "France",
    "SG": "Singapore",
    "AU": "Australia",
    "BR": "Brazil",
}


@dataclass(frozen=True, slots=True)
class LineView:
    """A line together with its order."""

    order: ShopifyOrder
    line: Line


def amount(value: Decimal) -> str:
    """Return an amount as Shopify writes it: at least one decimal, no more zeros than that."""
    text = f"{value:f}"
    if "." not in text:
        return f"{text}.0"
    text = text.rstrip("0")
    return f"{text}0" if text.endswith(".") else text


def money(value: Decimal, currency: str) -> dict[str, Any]:
    """Return a MoneyBag; the buyer paid in the shop's currency."""
    part = {"amount": amount(value), "currencyCode": currency}
    return {"shopMoney": part, "presentmentMoney": part}


def address_fields(address: Address | None, address_id: int) -> dict[str, Any] | None:
    """Return a MailingAddress."""
    if address is None:
        return None
    first, _, last = address.name.rpartition(" ")
    return {
        "__typename": "MailingAddress",
        "id": gid("MailingAddress", address_id) + "?model_name=Address",
        "name": address.name or None,
        "firstName": first or None,
        "lastName": last or None,
        "company": address.company or None,
        "phone": address.phone or None,
        "address1": address.line1 or None,
        "address2": address.line2 or None,
        "city": address.city or None,
        "province": address.region or None,
        "provinceCode": address.region or None,
        "zip": address.postal_code or None,
        "country": COUNTRIES.get(address.country, address.country or None),
        "countryCode": address.country or None,
        "countryCodeV2": address.country or None,
        "formatted": [
            part
            for part in (
                address.line1,
                address.line2,
                f"{address.city} {address.region} {address.postal_code}".strip(),
                address.country,
            )
            if part
        ],
    }


def _lines(order: ShopifyOrder) -> list[LineView]:
    return [LineView(order, line) for line in order.lines]


def _transactions(order: ShopifyOrder, arguments: dict[str, Any], _: Context) -> list[dict[str, Any]]:
    if order.paid is None:
        return []
    paid = iso(order.paid)
    sale = {
        "__typename": "OrderTransaction",
        "id": gid("OrderTransaction", order.id),
        "kind": "SALE",
        "status": "SUCCESS",
        "gateway": "shopify_payments",
        "test": True,
        "createdAt": paid,
        "processedAt": paid,
        "amountSet": money(order.total(), order.currency),
    }
    return [sale]


def _customer(order: ShopifyOrder) -> dict[str, Any] | None:
    if not order.buyer:
        return None
    first, _, last = order.buyer.rpartition(" ")
    return {
        "__typename": "Customer",
        "id": gid("Customer", order.id),
        "displayName": order.buyer,
        "firstName": first or None,
        "lastName": last or None,
        "email": order.email or None,
        "phone": None,
    }


def _total(order: ShopifyOrder, *_: Any) -> dict[str, Any]:
    return money(order.total(), order.currency)


def _original_total(order: ShopifyOrder, *_: Any) -> dict[str, Any]:
    return money(sum((line.price * line.ordered for line in order.lines), Decimal(0)), order.currency)


def _zero(order: ShopifyOrder, *_: Any) -> dict[str, Any]:
    return money(Decimal(0), order.currency)


def _first(items: list[Any], arguments: dict[str, Any]) -> list[Any]:
    first = arguments.get("first")
    return items if first is None else items[:first]


ORDER: dict[str, Resolver] = {
    "id": lambda order, _, __: gid("Order", order.id),
    "legacyResourceId": lambda order, _, __: str(order.id),
    "name": lambda order, _, __: order.number,
    "number": lambda order, _, __: int("".join(filter(str.isdigit, order.number)) or 0),
    "createdAt": lambda order, _, __: iso(order.created),
    "processedAt": lambda order, _, __: iso(order.created),
    "updatedAt": lambda order, _, __: iso(order.updated),
    "cancelledAt": lambda order, _, __: iso(order.cancelled),
    "cancelReason": lambda order, _, __: order.cancel_reason or None,
    "closedAt": lambda order, _, __: iso(order.delivered),
    "closed": lambda order, _, __: order.delivered is not None,
    "confirmed": lambda _, __, ___: True,
    "edited": lambda order, _, __: any(line.quantity != line.ordered for line in order.lines),
    "test": lambda _, __, ___: True,
    "fullyPaid": lambda order, _, __: order.paid is not None,
    "unpaid": lambda order, _, __: order.paid is None,
    "fulfillable": lambda order, _, __: any(
        work.status in ("OPEN", "IN_PROGRESS") for work in order.fulfillment_orders
    ),
    "requiresShipping": lambda order, _, __: any(line.requires_shipping for line in order.lines),
    "currencyCode": lambda order, _, __: order.currency,
    "presentmentCurrencyCode": lambda order, _, __: order.currency,
    "displayFinancialStatus": lambda order, _, __: order.financial_status(),
    "displayFulfillmentStatus": lambda order, _, __: order.fulfillment_status(),
    "returnStatus": lambda _, __, ___: "NO_RETURN",
    "email": lambda order, _, __: order.email or None,
    "phone": lambda _, __, ___: None,
    "note": lambda order, _, __: order.note or None,
    "poNumber": lambda _, __, ___: None,
    "sourceName": lambda _, __, ___: "web",
    "tags": lambda _, __, ___: [],
    "customAttributes": lambda _, __, ___: [],
    "discountCodes": lambda _, __, ___: [],
    "customer": lambda order, _, __: _customer(order),
    "shippingAddress": lambda order, _, __: address_fields(order.address, order.id),
    "billingAddress": lambda order, _, __: address_fields(order.address, order.id),
    "displayAddress": lambda order, _, __: address_fields(order.address, order.id),
    "shippingLine": lambda order, _, __: {
        "id": gid("ShippingLine", order.id),
        "title": "Standard",
        "code": "Standard",
        "carrierIdentifier": None,
    },
    "currentTotalPriceSet": _total,
    "currentSubtotalPriceSet": _total,
    "subtotalPriceSet": _original_total,
    "totalPriceSet": _original_total,
    "originalTotalPriceSet": _original_total,
    "currentTotalDiscountsSet": _zero,
    "currentTotalTaxSet": _zero,
    "totalDiscountsSet": _zero,
    "totalShippingPriceSet": _zero,
    "totalTaxSet": _zero,
    "totalRefundedSet": lambda order, _, __: money(
        order.total() if order.cancelled and order.paid else Decimal(0), order.currency
    ),
    "currentSubtotalLineItemsQuantity": lambda order, _, __: sum(line.quantity for line in order.lines),
    "lineItems": lambda order, arguments, _: connect(_lines(order), arguments, "lineItems", lambda view: view.line.id),
    "fulfillmentOrders": lambda order, arguments, _: connect(
        order.fulfillment_orders, arguments, "fulfillmentOrders", lambda work: work.id
    ),
    "fulfillments": lambda order, arguments, _: _first(order.fulfillments, arguments),
    "fulfillmentsCount": lambda order, _, __: {"count": len(order.fulfillments), "precision": "EXACT"},
    "transactions": _transactions,
}


def _price(view: LineView, *_: Any) -> dict[str, Any]:
    return money(view.line.price, view.order.currency)


def _line_total(view: LineView, *_: Any) -> dict[str, Any]:
    return money(view.line.price * view.line.ordered, view.order.currency)


def _left(view: LineView, *_: Any) -> int:
    return max(0, view.line.quantity - view.line.fulfilled) if view.line.requires_shipping else 0


def variant(item_id: int, sku: str, title: str) -> dict[str, Any]:
    """Return a ProductVariant; each SKU is one variant of a product of its own."""
    product = {"__typename": "Product", "id": gid("Product", item_id), "title": title}
    item = {"__typename": "InventoryItem", "item_id": item_id, "sku": sku}
    return {
        "__typename": "ProductVariant",
        "id": gid("ProductVariant", item_id),
        "sku": sku,
        "title": "Default Title",
        "product": product,
        "inventoryItem": item,
    }


LINE_ITEM: dict[str, Resolver] = {
    "id": lambda view, _, __: gid("LineItem", view.line.id),
    "sku": lambda view, _, __: view.line.sku or None,
    "title": lambda view, _, __: view.line.title,
    "name": lambda view, _, __: view.line.title,
    "variantTitle": lambda _, __, ___: None,
    "vendor": lambda view, _, __: view.order.shop.name,
    "quantity": lambda view, _, __: view.line.ordered,
    "currentQuantity": lambda view, _, __: view.line.quantity,
    "refundableQuantity": lambda view, _, __: view.line.quantity,
    "fulfillableQuantity": _left,
    "unfulfilledQuantity": _left,
    "nonFulfillableQuantity": lambda view, _, __: 0 if view.line.requires_shipping else view.line.quantity,
    "requiresShipping": lambda view, _, __: view.line.requires_shipping,
    "isGiftCard": lambda _, __, ___: False,
    "taxLines": lambda _, __, ___: [],
    "customAttributes": lambda _, __, ___: [],
    "originalUnitPriceSet": _price,
    "discountedUnitPriceSet": _price,
    "discountedUnitPriceAfterAllDiscountsSet": _price,
    "originalTotalSet": _line_total,
    "discountedTotalSet": _line_total,
    "product": lambda view, _, __: variant(view.line.item_id, view.line.sku, view.line.title)["product"],
    "variant": lambda view, _, __: variant(view.line.item_id, view.line.sku, view.line.title),
}
