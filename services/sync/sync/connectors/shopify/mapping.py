"""From Shopify's order to the canonical one. Pure."""

from contracts.sync.v1 import CanonicalOrderV1, OrderLineV1, PlatformStatusV1

from sync.connectors.kit.canonical import Hooks, address, version_of
from sync.connectors.shopify.manifest import PLATFORM, STATUSES
from sync.connectors.shopify.wire import FulfillmentOrder, Order

_WORKABLE = frozenset({"OPEN", "IN_PROGRESS"})
_WAITING = frozenset({"ON_HOLD", "SCHEDULED"})
_RETURNED = frozenset({"RETURNED", "INSPECTION_COMPLETE"})
CLOSED_STATUSES = frozenset(
    {
        PlatformStatusV1.SHIPPED,
        PlatformStatusV1.DELIVERED,
        PlatformStatusV1.CANCELLED,
        PlatformStatusV1.RETURNED,
    }
)


def status_of(order: Order, *, ship_authorized: bool, hooks: Hooks) -> PlatformStatusV1:
    """The status by the order's own words; an unlisted pair of words is UNKNOWN and reported."""
    if order.cancelled_at is not None:
        return PlatformStatusV1.CANCELLED
    if order.returned in _RETURNED:
        return PlatformStatusV1.RETURNED
    financial = "PAID" if ship_authorized and order.financial == "AUTHORIZED" else order.financial
    status = STATUSES.get(f"{financial}/{order.fulfillment}", PlatformStatusV1.UNKNOWN)
    if status is PlatformStatusV1.UNKNOWN:
        hooks.unknown_status(PLATFORM, raw_status(order))
    if status is PlatformStatusV1.SHIPPED and order.deliveries and set(order.deliveries) == {"DELIVERED"}:
        return PlatformStatusV1.DELIVERED
    return status


def raw_status(order: Order) -> str:
    """Shopify's words: the financial and the fulfilment status, the return's or the cancellation before them."""
    words = f"{order.financial or 'NONE'}/{order.fulfillment}"
    if order.cancelled_at is not None:
        return f"CANCELLED {words}"
    return f"{order.returned} {words}" if order.returned in _RETURNED else words


def to_canonical(order: Order, *, ship_authorized: bool, hooks: Hooks) -> CanonicalOrderV1 | None:
    """The canonical order, or None when nothing of it is for the merchant's own locations to ship.

    Lines give what is left to ship at the merchant's locations; once nothing is (CLOSED_STATUSES) they are as ordered.
    Raises ValueError when an order that should be shipped shows no fulfillment order at all.
    """
    ours = [item for item in order.fulfillment_orders if item.shipped and not item.elsewhere]
    needs_shipping = any(line.requires_shipping for line in order.lines)
    if not needs_shipping or (order.fulfillment_orders and not ours):
        return None
    status = status_of(order, ship_authorized=ship_authorized, hooks=hooks)
    if status is PlatformStatusV1.AWAITING_FULFILLMENT:
        status = _by_fulfillment_orders(ours)
    open_ones = _open(ours, status)
    return CanonicalOrderV1(
        platform_order_id=order.id,
        number=order.name,
        status=status,
        raw_status=raw_status(order),
        version=version_of(order.updated_at, status),
        created_at=order.created_at,
        updated_at=order.updated_at,
        paid_at=order.paid_at,
        ship_by=min((item.fulfill_by for item in open_ones if item.fulfill_by is not None), default=None),
        currency=order.currency,
        total=order.total,
        buyer_name=order.customer or (order.address.name if order.address is not None else ""),
        buyer_email=order.email,
        buyer_note=order.note,
        ship_to=None
        if order.address is None
        else address(
            name=order.address.name,
            company=order.address.company,
            phone=order.address.phone or order.phone,
            email=order.email,
            line1=order.address.line1,
            line2=order.address.line2,
            city=order.address.city,
            region=order.address.region,
            postal_code=order.address.postal_code,
            country=order.address.country,
        ),
        hold_reasons=_hold_reasons(open_ones) if status is PlatformStatusV1.ON_HOLD else (),
        lines=_lines(order, status, open_ones),
    )


def _by_fulfillment_orders(ours: list[FulfillmentOrder]) -> PlatformStatusV1:
    """Of a paid order with something left to ship: on hold when every fulfillment order waits."""
    left = {item.status for item in ours if item.remaining}
    if left & _WORKABLE:
        return PlatformStatusV1.AWAITING_FULFILLMENT
    if left & _WAITING:
        return PlatformStatusV1.ON_HOLD
    raise ValueError(
        "no open fulfillment order is shown for an order that awaits fulfilment: grant the app the scope "
        "read_merchant_managed_fulfillment_orders, or see in the shop's admin why nothing is left to ship"
    )


def _open(ours: list[FulfillmentOrder], status: PlatformStatusV1) -> list[FulfillmentOrder]:
    """The fulfillment orders whose lines are to ship: those on hold wait until they are released."""
    wanted = _WORKABLE if status is PlatformStatusV1.AWAITING_FULFILLMENT else _WORKABLE | _WAITING
    return [item for item in ours if item.status in wanted and item.remaining]


def _hold_reasons(open_ones: list[FulfillmentOrder]) -> tuple[str, ...]:
    reasons = {reason for item in open_ones for reason in item.hold_reasons}
    reasons |= {item.status for item in open_ones if item.status in _WAITING and not item.hold_reasons}
    return tuple(sorted(reasons)) or ("ON_HOLD",)


def _lines(order: Order, status: PlatformStatusV1, open_ones: list[FulfillmentOrder]) -> tuple[OrderLineV1, ...]:
    remaining: dict[str, int] = {}
    for item in open_ones:
        for line in item.lines:
            remaining[line.line_id] = remaining.get(line.line_id, 0) + line.remaining
    as_ordered = status in CLOSED_STATUSES or not open_ones
    lines: list[OrderLineV1] = []
    for own in order.lines:
        quantity = own.ordered if as_ordered else remaining.get(own.id, 0)
        if not own.requires_shipping or quantity == 0:
            continue
        lines.append(
            OrderLineV1(
                platform_line_id=own.id,
                platform_sku=own.sku,
                platform_product_id=own.variant_id,
                title=own.title,
                quantity=quantity,
                unit_price=own.unit_price,
            )
        )
    return tuple(lines)
