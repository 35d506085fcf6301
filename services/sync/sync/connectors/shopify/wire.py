"""Shopify's answers, typed. Every field is required, optional, or named as ignored; what else comes is counted."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sync.connectors.kit.canonical import Hooks
from sync.connectors.kit.reading import FieldFault, Fields, listed
from sync.connectors.shopify.manifest import PLATFORM

_ORDER_FIELDS = listed(
    "id name createdAt updatedAt cancelledAt cancelReason displayFinancialStatus displayFulfillmentStatus returnStatus "
    "currencyCode currentTotalPriceSet email phone note customer shippingAddress transactions fulfillments lineItems "
    "fulfillmentOrders"
) | frozenset({"tags", "customAttributes", "billingAddress", "totalTaxSet", "totalDiscountsSet", "discountCodes"})
_LINE_FIELDS = listed(
    "id sku title variantTitle quantity currentQuantity requiresShipping variant originalUnitPriceSet"
) | frozenset({"taxLines"})
_ADDRESS_FIELDS = listed(
    "name firstName lastName company phone address1 address2 city province provinceCode zip countryCodeV2"
)
_FULFILLMENT_ORDER_FIELDS = listed(
    "id status requestStatus fulfillBy supportedActions deliveryMethod assignedLocation fulfillmentHolds lineItems"
) | frozenset({"fulfillAt", "updatedAt", "merchantRequests", "order"})

_PAYING = frozenset({"SALE", "CAPTURE"})
SHIPPED_BY_US = frozenset({"SHIPPING", "PICKUP_POINT"})
DEAD_FULFILLMENTS = frozenset({"CANCELLED", "ERROR", "FAILURE"})


@dataclass(frozen=True, slots=True)
class Address:
    """`shippingAddress`; every part may be empty."""

    name: str
    company: str
    phone: str
    line1: str
    line2: str
    city: str
    region: str
    postal_code: str
    country: str


@dataclass(frozen=True, slots=True)
class Line:
    """One of `lineItems`: `ordered` is the original quantity, `current` what edits and refunds have left of it."""

    id: str
    sku: str
    title: str
    ordered: int
    current: int
    requires_shipping: bool
    variant_id: str
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class FulfillmentOrderLine:
    """What is left to ship of one line within a fulfillment order."""

    id: str
    line_id: str
    remaining: int


@dataclass(frozen=True, slots=True)
class FulfillmentOrder:
    """A work list for one location. `elsewhere`: the location belongs to a fulfilment service, so not to us."""

    id: str
    status: str
    fulfill_by: datetime | None
    actions: tuple[str, ...]
    location_id: str
    elsewhere: bool
    shipped: bool
    hold_reasons: tuple[str, ...]
    lines: tuple[FulfillmentOrderLine, ...]

    @property
    def remaining(self) -> int:
        """Units left to ship."""
        return sum(line.remaining for line in self.lines)


@dataclass(frozen=True, slots=True)
class Order:
    """An order of PullOrders, as far as the canonical order needs it."""

    id: str
    name: str
    created_at: datetime
    updated_at: datetime
    cancelled_at: datetime | None
    financial: str
    fulfillment: str
    returned: str
    currency: str
    total: Decimal
    email: str
    phone: str
    note: str
    customer: str
    address: Address | None
    paid_at: datetime | None
    deliveries: tuple[str, ...]
    lines: tuple[Line, ...]
    fulfillment_orders: tuple[FulfillmentOrder, ...]


@dataclass(frozen=True, slots=True)
class Fulfillment:
    """A shipment that the shop knows: its tracking numbers, and the quantity of each line in it."""

    id: str
    alive: bool
    location_id: str
    numbers: frozenset[str]
    quantities: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ShippingState:
    """What a tracking upload must know of an order before it writes."""

    cancelled: bool
    fulfillments: tuple[Fulfillment, ...]
    fulfillment_orders: tuple[FulfillmentOrder, ...]


def nodes(fields: Fields, key: str) -> Iterator[Fields]:
    """The nodes of a connection that has been followed to its end."""
    return fields.child(key).children("nodes")


def next_cursor(fields: Fields) -> str | None:
    """The cursor of a connection's next page, or None after the last."""
    page = fields.child("pageInfo")
    return page.text("endCursor") if page.flag("hasNextPage") else None


def read_order(raw: object, *, hooks: Hooks) -> Order:
    """One order; raises FieldFault."""
    fields = Fields(raw)
    fields.count_unlisted(_ORDER_FIELDS, platform=PLATFORM, hooks=hooks)
    currency = fields.text("currencyCode")
    customer = fields.optional_child("customer")
    address = fields.optional_child("shippingAddress")
    return Order(
        id=fields.text("id"),
        name=fields.text("name"),
        created_at=fields.iso_moment("createdAt"),
        updated_at=fields.iso_moment("updatedAt"),
        cancelled_at=fields.optional_iso_moment("cancelledAt"),
        financial=fields.optional_text("displayFinancialStatus"),
        fulfillment=fields.text("displayFulfillmentStatus"),
        returned=fields.optional_text("returnStatus"),
        currency=currency,
        total=_money(fields, "currentTotalPriceSet", currency),
        email=fields.optional_text("email"),
        phone=fields.optional_text("phone"),
        note=fields.optional_text("note"),
        customer=customer.optional_text("displayName") if customer is not None else "",
        address=None if address is None else _address(address, hooks),
        paid_at=_paid_at(fields),
        deliveries=tuple(
            fulfillment.optional_text("displayStatus")
            for fulfillment in fields.optional_children("fulfillments")
            if fulfillment.text("status") not in DEAD_FULFILLMENTS
        ),
        lines=tuple(_line(line, currency, hooks) for line in nodes(fields, "lineItems")),
        fulfillment_orders=read_fulfillment_orders(fields, hooks=hooks),
    )


def read_fulfillment_orders(order: Fields, *, hooks: Hooks) -> tuple[FulfillmentOrder, ...]:
    """The fulfillment orders of an order."""
    return tuple(read_fulfillment_order(node, hooks=hooks) for node in nodes(order, "fulfillmentOrders"))


def read_fulfillment_order(fields: Fields, *, hooks: Hooks) -> FulfillmentOrder:
    """One fulfillment order; a location that is hidden from us counts as the merchant's own."""
    fields.count_unlisted(_FULFILLMENT_ORDER_FIELDS, platform=PLATFORM, hooks=hooks)
    location = fields.child("assignedLocation").optional_child("location")
    method = fields.optional_child("deliveryMethod")
    return FulfillmentOrder(
        id=fields.text("id"),
        status=fields.text("status"),
        fulfill_by=fields.optional_iso_moment("fulfillBy"),
        actions=tuple(action.text("action") for action in fields.optional_children("supportedActions")),
        location_id=location.text("id") if location is not None else "",
        elsewhere=location.flag("isFulfillmentService") if location is not None else False,
        shipped=method is None or method.text("methodType") in SHIPPED_BY_US,
        hold_reasons=tuple(hold.text("reason") for hold in fields.optional_children("fulfillmentHolds")),
        lines=tuple(
            FulfillmentOrderLine(
                id=line.text("id"), line_id=line.child("lineItem").text("id"), remaining=line.whole("remainingQuantity")
            )
            for line in nodes(fields, "lineItems")
        ),
    )


def read_shipping_state(order: Fields, *, hooks: Hooks) -> ShippingState:
    """The answer to ShippingState."""
    return ShippingState(
        cancelled=order.optional_iso_moment("cancelledAt") is not None,
        fulfillments=tuple(_fulfillment(item) for item in order.optional_children("fulfillments")),
        fulfillment_orders=read_fulfillment_orders(order, hooks=hooks),
    )


def _fulfillment(fields: Fields) -> Fulfillment:
    location = fields.optional_child("location")
    return Fulfillment(
        id=fields.text("id"),
        alive=fields.text("status") not in DEAD_FULFILLMENTS,
        location_id=location.text("id") if location is not None else "",
        numbers=frozenset(
            info.optional_text("number") for info in fields.children("trackingInfo") if info.optional_text("number")
        ),
        quantities=tuple(
            (item.child("lineItem").text("id"), item.optional_whole("quantity") or 0)
            for item in nodes(fields, "fulfillmentLineItems")
        ),
    )


def _money(fields: Fields, key: str, currency: str) -> Decimal:
    money = fields.child(key).child("shopMoney")
    if money.text("currencyCode") != currency:
        raise FieldFault(f"{money.path}.currencyCode", money.raw["currencyCode"], f"the shop's currency {currency}")
    return money.decimal("amount")


def _paid_at(fields: Fields) -> datetime | None:
    moments = [
        transaction.iso_moment("processedAt")
        for transaction in fields.optional_children("transactions")
        if transaction.text("kind") in _PAYING
        and transaction.text("status") == "SUCCESS"
        and transaction.raw.get("processedAt") is not None
    ]
    return min(moments, default=None)


def _address(fields: Fields, hooks: Hooks) -> Address:
    fields.count_unlisted(_ADDRESS_FIELDS, platform=PLATFORM, hooks=hooks)
    first, last = fields.optional_text("firstName"), fields.optional_text("lastName")
    return Address(
        name=fields.optional_text("name") or f"{first} {last}".strip(),
        company=fields.optional_text("company"),
        phone=fields.optional_text("phone"),
        line1=fields.optional_text("address1"),
        line2=fields.optional_text("address2"),
        city=fields.optional_text("city"),
        region=fields.optional_text("provinceCode") or fields.optional_text("province"),
        postal_code=fields.optional_text("zip"),
        country=fields.optional_text("countryCodeV2"),
    )


def _line(fields: Fields, currency: str, hooks: Hooks) -> Line:
    fields.count_unlisted(_LINE_FIELDS, platform=PLATFORM, hooks=hooks)
    variant = fields.optional_child("variant")
    title, variant_title = fields.optional_text("title"), fields.optional_text("variantTitle")
    return Line(
        id=fields.text("id"),
        sku=fields.optional_text("sku"),
        title=f"{title} - {variant_title}" if variant_title else title,
        ordered=fields.whole("quantity"),
        current=fields.whole("currentQuantity"),
        requires_shipping=fields.flag("requiresShipping"),
        variant_id=variant.text("id") if variant is not None else "",
        unit_price=_money(fields, "originalUnitPriceSet", currency),
    )
