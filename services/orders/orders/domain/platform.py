"""What the platform says of an order, and what a newer version of it does to ours."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from orders.domain.address import Address
from orders.domain.mapping import Line, Needs
from orders.domain.order import Order
from orders.domain.state import By
from orders.domain.status import OrderStatus, PlatformStatus


@dataclass(frozen=True, slots=True)
class Package:
    """A package as the platform has split the order; no lines means all of them."""

    package_number: str
    platform_line_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Content:
    """What was ordered, by whom, and where it goes."""

    raw_status: str
    currency: str
    total: Decimal | None
    paid_at: datetime | None
    buyer_name: str
    buyer_email: str
    buyer_note: str
    ship_to: Address | None
    platform_label: bool
    lines: tuple[Line, ...]
    packages: tuple[Package, ...]


@dataclass(slots=True)
class Details:
    """The content of an order with what its last review made of it."""

    order_id: UUID
    content: Content
    needs: Needs | None = None


@dataclass(frozen=True, slots=True)
class PlatformOrder:
    """An order as it was pulled; `version` grows with each change on the platform."""

    seller_id: UUID
    store_id: UUID
    platform: str
    platform_order_id: str
    number: str
    status: PlatformStatus
    version: int
    placed_at: datetime
    ship_by: datetime | None
    hold_reasons: tuple[str, ...]
    content: Content

    @property
    def is_wanted(self) -> bool:
        """Whether an order that was never seen is imported: paid, and with something left to ship."""
        return self.status in {PlatformStatus.AWAITING_FULFILLMENT, PlatformStatus.ON_HOLD, PlatformStatus.UNKNOWN}

    def holds(self) -> tuple[str, ...]:
        """The reasons for which the platform wants it left alone."""
        if self.status is PlatformStatus.UNKNOWN:
            return (*self.hold_reasons, f"the platform's status {self.content.raw_status!r} is not known")
        if self.status is PlatformStatus.UNPAID:
            return (*self.hold_reasons, "the platform says that it is not paid")
        if self.status is PlatformStatus.ON_HOLD and not self.hold_reasons:
            return ("the platform holds it",)
        return self.hold_reasons


_OPEN = frozenset(
    {PlatformStatus.AWAITING_FULFILLMENT, PlatformStatus.ON_HOLD, PlatformStatus.UNPAID, PlatformStatus.UNKNOWN}
)
_MUST_STOP = frozenset({OrderStatus.PENDING, OrderStatus.AWAITING_LABEL, OrderStatus.PROCESSING, OrderStatus.EXCEPTION})
_KEEPS_CONTENT = frozenset({OrderStatus.WAREHOUSE_PROCESSING, OrderStatus.SHIPPED})


def imported(pulled: PlatformOrder, *, order_id: UUID, by: By) -> tuple[Order, Details]:
    """The order that a platform order becomes when it is seen for the first time."""
    order = Order(
        id=order_id,
        seller_id=pulled.seller_id,
        store_id=pulled.store_id,
        platform=pulled.platform,
        platform_order_id=pulled.platform_order_id,
        number=pulled.number,
        placed_at=pulled.placed_at,
        imported_at=by.at,
        platform_status=pulled.status,
        platform_version=pulled.version,
        ship_by=pulled.ship_by,
    )
    order.note("imported", by, reason=pulled.content.raw_status)
    if pulled.holds():
        order.platform_holds(pulled.holds(), by)
    return order, Details(order_id, pulled.content)


def update(order: Order, details: Details, pulled: PlatformOrder, by: By) -> bool:
    """Take over a newer version; an older one is dropped. Returns whether a pending order changed in a way that makes
    another review worth while.
    """
    if pulled.version <= order.platform_version:
        return False
    order.platform_version = pulled.version
    order.ship_by = pulled.ship_by or order.ship_by
    if pulled.status != order.platform_status:
        order.note("platform_status", by, reason=f"{order.platform_status} -> {pulled.status}")
        order.platform_status = pulled.status
    if pulled.status is PlatformStatus.CANCELLED:
        asked_before = order.platform_canceled
        order.platform_canceled = True
        if order.status in _MUST_STOP or (order.status is OrderStatus.WAREHOUSE_PROCESSING and not asked_before):
            order.cancel(by, reason=f"the platform canceled it ({pulled.content.raw_status})")
        return False
    order.platform_canceled = False
    if pulled.status not in _OPEN:
        if order.status is OrderStatus.PENDING:
            order.withdraw_review(by, reason=f"the platform says {pulled.status}")
            order.invalidate(by, reason=f"the platform says {pulled.status}, but nothing was shipped from here")
        return False
    lifted = order.platform_holds(pulled.holds(), by) and not order.holds
    changed = _take_content(order, details, pulled.content)
    if changed:
        _react(order, changed, by)
    return (lifted or bool(changed)) and order.may_be_reviewed


def _take_content(order: Order, details: Details, new: Content) -> str:
    """Keep the newest content where it can still matter; returns what of it matters to the shipment, or nothing."""
    if order.status in _KEEPS_CONTENT or order.erased:
        return ""
    old = details.content
    ship_to = new.ship_to
    if ship_to is None or (ship_to.is_masked and old.ship_to is not None):
        # Platforms mask the address again once it has been used; that is no change of address.
        ship_to = old.ship_to
    what = []
    if ship_to != old.ship_to:
        what.append("address")
    if _shipped_part(new.lines) != _shipped_part(old.lines):
        what.append("lines")
    details.content = replace(new, ship_to=ship_to)
    return " and ".join(what)


def _shipped_part(lines: tuple[Line, ...]) -> dict[str, tuple[str, int]]:
    return {line.platform_line_id: (line.platform_sku, line.quantity) for line in lines if line.quantity > 0}


def _react(order: Order, changed: str, by: By) -> None:
    match order.status:
        case OrderStatus.PENDING:
            order.withdraw_review(by, reason=f"the {changed} changed on the platform")
            order.note("platform_data", by, reason=f"{changed} changed on the platform")
        case OrderStatus.AWAITING_LABEL | OrderStatus.PROCESSING:
            order.invalidate(
                by,
                reason=f"{changed} changed on the platform after the review; cancel the order, move it to pending "
                "and review it again",
            )
        case _:
            order.note("platform_data", by, reason=f"{changed} changed on the platform")
