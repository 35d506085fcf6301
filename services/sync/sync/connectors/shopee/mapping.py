"""From Shopee's order to the canonical one. Pure."""

from collections.abc import Mapping

from contracts.sync.v1 import CanonicalOrderV1, OrderLineV1, OrderPackageV1, PlatformStatusV1

from sync.connectors.kit.canonical import Hooks, address, unique_line_ids, version_of
from sync.connectors.shopee.manifest import PLATFORM, STATUSES
from sync.connectors.shopee.wire import Order

_BY_SHOPEE = "fulfilled_by_shopee"
_CLOSED = frozenset(
    {PlatformStatusV1.SHIPPED, PlatformStatusV1.DELIVERED, PlatformStatusV1.CANCELLED, PlatformStatusV1.RETURNED}
)
_BY_SELLER = frozenset({"", "fulfilled_by_local_seller", "fulfilled_by_cb_seller"})


def status_of(order: Order, *, hooks: Hooks) -> PlatformStatusV1:
    """The status by Shopee's word; an unlisted word, or an unlisted way of fulfilment, is UNKNOWN and reported."""
    status = STATUSES.get(order.status, PlatformStatusV1.UNKNOWN)
    if status is PlatformStatusV1.UNKNOWN:
        hooks.unknown_status(PLATFORM, order.status)
    elif order.fulfillment_flag not in _BY_SELLER:
        hooks.unknown_status(PLATFORM, f"fulfillment_flag {order.fulfillment_flag}")
        return PlatformStatusV1.UNKNOWN
    if status is PlatformStatusV1.AWAITING_FULFILLMENT and (order.pending_terms or order.advance):
        return PlatformStatusV1.ON_HOLD
    return status


def hold_reasons(order: Order, status: PlatformStatusV1) -> tuple[str, ...]:
    """Why an order on hold waits; an advance package is arranged by Shopee itself."""
    if status is not PlatformStatusV1.ON_HOLD:
        return ()
    reasons = order.pending_terms + (("ADVANCE_PACKAGE",) if order.advance else ())
    return reasons or (order.status,)


def to_canonical(order: Order, *, own_channels: Mapping[int, bool], hooks: Hooks) -> CanonicalOrderV1 | None:
    """The canonical order, or None when Shopee fulfils it. `own_channels`: channel id -> the seller's own logistics."""
    if order.fulfillment_flag == _BY_SHOPEE:
        return None
    status = status_of(order, hooks=hooks)
    lines = unique_line_ids(
        OrderLineV1(
            platform_line_id=item.line_id,
            platform_sku=item.sku,
            platform_product_id=f"{item.item_id}:{item.model_id}",
            title=item.title,
            quantity=item.ordered if status in _CLOSED else item.quantity,
            unit_price=item.price,
        )
        for item in order.items
    )
    place = order.address
    return CanonicalOrderV1(
        platform_order_id=order.sn,
        number=order.sn,
        status=status,
        raw_status=order.status,
        version=version_of(order.updated_at, status),
        created_at=order.created_at,
        updated_at=order.updated_at,
        paid_at=order.paid_at,
        ship_by=order.ship_by,
        currency=order.currency,
        total=order.total,
        buyer_name=place.name if place is not None and place.name else order.buyer,
        buyer_note=order.message,
        ship_to=None
        if place is None
        else address(
            name=place.name,
            phone=place.phone,
            line1=place.full,
            city=place.city,
            region=place.state,
            postal_code=place.zipcode,
            country=place.region or order.region,
        ),
        platform_label=not any(own_channels.get(item.channel_id or 0, False) for item in order.packages),
        hold_reasons=hold_reasons(order, status),
        lines=tuple(line for line in lines if line.quantity),
        packages=_packages(order, lines),
    )


def _packages(order: Order, lines: tuple[OrderLineV1, ...]) -> tuple[OrderPackageV1, ...]:
    if len(order.packages) == 1:
        return (OrderPackageV1(package_number=order.packages[0].number),)
    by_key: dict[tuple[int, int, int], list[str]] = {}
    for item, line in zip(order.items, lines, strict=True):
        if line.quantity:
            by_key.setdefault(item.key, []).append(line.platform_line_id)
    return tuple(
        OrderPackageV1(
            package_number=package.number,
            platform_line_ids=tuple(
                dict.fromkeys(line_id for key in package.item_keys for line_id in by_key.get(key, ()))
            ),
        )
        for package in order.packages
    )
