"""Shopee's side of an order: packages, their arrangement, their documents."""

from dataclasses import dataclass, field

from sandbox.orders import Order, Shop
from sandbox.specs import ChannelSpec

DEFAULT_CHANNELS = (
    ChannelSpec(id=90001, name="Standard Express", integrated=True, info_needed="pickup"),
    ChannelSpec(id=90099, name="Own Fleet", integrated=False),
)
DOCUMENT_TYPES = ("NORMAL_AIR_WAYBILL", "THERMAL_AIR_WAYBILL")


@dataclass(slots=True)
class Document:
    """A shipping document that was asked for; `polls_left` looks find it processing."""

    ready_at: float
    polls_left: int
    downloads: int = 0


@dataclass(slots=True, eq=False)
class Package:
    """One parcel; its tracking number shows from `tracking_at`, after `tracking_polls_left` looks."""

    number: str
    order: "ShopeeOrder"
    lines: list[int]
    tracking: str = ""
    tracking_at: float = 0.0
    tracking_polls_left: int = 0
    method: str = ""
    arranged: float | None = None
    arrangements: int = 0
    picked_up: float | None = None
    document_requests: int = 0
    documents: dict[str, Document] = field(default_factory=dict)
    stored: list[str] = field(default_factory=list)

    def status(self) -> str:
        """Return logistics_status."""
        order = self.order
        if order.cancelled is not None:
            return "LOGISTICS_REQUEST_CANCELED"
        if self.picked_up is not None:
            return "LOGISTICS_DELIVERY_DONE" if order.delivered is not None else "LOGISTICS_PICKUP_DONE"
        if self.arranged is not None:
            return "LOGISTICS_REQUEST_CREATED"
        return "LOGISTICS_NOT_START" if order.paid is None else "LOGISTICS_READY"


@dataclass(slots=True, eq=False)
class ShopeeOrder(Order):
    """An order of a Shopee shop."""

    channel: ChannelSpec = field(default_factory=lambda: DEFAULT_CHANNELS[0])
    packages: list[Package] = field(default_factory=list)
    in_cancel: bool = False
    cancel_by: str = ""

    def status(self, *, with_pending: bool = True) -> str:
        """Return order_status; without the pending switch a held order shows as if it were not."""
        if self.cancelled is not None:
            return "CANCELLED"
        if self.in_cancel:
            return "IN_CANCEL"
        if self.delivered is not None:
            return "COMPLETED"
        if self.paid is None:
            return "UNPAID"
        if self.hold:
            return (
                "INVOICE_PENDING" if self.hold == "INVOICE_PENDING" else "PENDING" if with_pending else "READY_TO_SHIP"
            )
        if all(package.picked_up is not None for package in self.packages):
            return "SHIPPED"
        return "PROCESSED" if all(package.arranged is not None for package in self.packages) else "READY_TO_SHIP"


@dataclass(eq=False)
class ShopeeShop(Shop):
    """A Shopee shop."""

    shop_id: int = 0
    channels: dict[int, ChannelSpec] = field(default_factory=dict)
    items: dict[str, int] = field(default_factory=dict)
    stock: dict[tuple[int, int], int] = field(default_factory=dict)
    packages: dict[str, Package] = field(default_factory=dict)
