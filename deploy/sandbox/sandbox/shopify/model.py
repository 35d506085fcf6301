"""Shopify's side of an order: fulfillment orders, fulfilments, labels; and a shop's points."""

from dataclasses import dataclass, field

from sandbox.orders import Order, Shop

RESTORE_RATES = {"standard": 100.0, "advanced": 200.0, "plus": 1000.0, "enterprise": 2000.0}
BUCKET_SECONDS = 20  # The recorded store: 2000 points, restored at 100 a second.


def gid(kind: str, number: int) -> str:
    """Return a global id."""
    return f"gid://shopify/{kind}/{number}"


@dataclass(slots=True)
class FulfillmentOrderLine:
    """What of an order line a fulfillment order asks for, and how much of it is left."""

    id: int
    order: "ShopifyOrder"
    line: int
    total: int
    remaining: int


@dataclass(slots=True, eq=False)
class FulfillmentOrder:
    """A piece of work at one location."""

    id: int
    order: "ShopifyOrder"
    location: int
    lines: list[FulfillmentOrderLine]
    updated: float
    status: str = "OPEN"
    own: bool = True


@dataclass(slots=True)
class Tracking:
    """One tracking number of a fulfilment."""

    company: str | None
    number: str | None
    url: str | None


@dataclass(slots=True)
class FulfilledLine:
    """What of an order line a fulfilment ships; `source` is the fulfillment order it was taken from."""

    id: int
    order: "ShopifyOrder"
    line: int
    quantity: int
    source: int


@dataclass(slots=True, eq=False)
class Fulfillment:
    """A shipment; `stored` keeps every tracking number it ever had."""

    id: int
    order: "ShopifyOrder"
    name: str
    location: int
    created: float
    updated: float
    lines: list[FulfilledLine]
    tracking: list[Tracking]
    status: str = "SUCCESS"
    stored: list[str] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class LabelPurchase:
    """A label asked for; `polls_left` more looks find it pending, `pending` is what the last one found."""

    id: int
    label_id: int
    order: "ShopifyOrder"
    fulfillment_order: int
    company: str
    number: str
    ready_at: float
    polls_left: int
    refusal: str = ""
    pending: bool = True


@dataclass(slots=True, eq=False)
class ShopifyOrder(Order):
    """An order of a Shopify shop."""

    fulfillment_orders: list[FulfillmentOrder] = field(default_factory=list)
    fulfillments: list[Fulfillment] = field(default_factory=list)
    labels: list[LabelPurchase] = field(default_factory=list)

    def names(self) -> tuple[str, ...]:
        """Return its name, with and without the #, its id and its gid."""
        return (self.number, self.number.removeprefix("#"), str(self.id), gid("Order", self.id))

    def item_id(self) -> str:
        """Return its gid."""
        return gid("Order", self.id)

    def fulfillment_status(self) -> str:
        """Return displayFulfillmentStatus."""
        wanted = sum(line.quantity for line in self.lines if line.requires_shipping)
        shipped = sum(line.fulfilled for line in self.lines)
        if shipped and shipped >= wanted:
            return "FULFILLED"
        if any(part.status == "ON_HOLD" for part in self.fulfillment_orders):
            return "ON_HOLD"
        return "PARTIALLY_FULFILLED" if shipped else "UNFULFILLED"

    def financial_status(self) -> str:
        """Return displayFinancialStatus."""
        if self.paid is None:
            return "VOIDED" if self.cancelled else "PENDING"
        return "REFUNDED" if self.cancelled else "PAID"


@dataclass(eq=False)
class Bucket:
    """A leaky bucket of query points."""

    restore_rate: float
    available: float = 0.0
    at: float = 0.0

    @property
    def maximum(self) -> float:
        """Return the most points there can be."""
        return self.restore_rate * BUCKET_SECONDS

    def refill(self, now: float) -> float:
        """Let the points flow in that time has brought; return what there is."""
        self.available = min(self.maximum, self.available + max(0.0, now - self.at) * self.restore_rate)
        self.at = now
        return self.available


@dataclass(eq=False)
class ShopifyShop(Shop):
    """A Shopify shop with one location."""

    id: int = 0
    location: int = 0
    plan: str = "standard"
    expiring: bool = True
    granted_scopes: frozenset[str] | None = None
    bucket: Bucket = field(default_factory=lambda: Bucket(RESTORE_RATES["standard"]))
    inventory: dict[str, int] = field(default_factory=dict)
    stock: dict[int, int] = field(default_factory=dict)
    skus: dict[int, str] = field(default_factory=dict)
    idempotency: dict[str, int] = field(default_factory=dict)
    pending_refresh: dict[str, str] = field(default_factory=dict)
