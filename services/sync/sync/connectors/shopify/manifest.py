"""Shopify as data, by its Admin API of 2026-07."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

from contracts.sync.v1 import PlatformStatusV1

from sync.connectors.kit.manifest import Capability, Limits, Manifest, Meaning

PLATFORM = "shopify"
API_VERSION = "2026-07"

FULFILLMENT_STATUSES: Mapping[str, PlatformStatusV1] = MappingProxyType(
    {
        "FULFILLED": PlatformStatusV1.SHIPPED,
        "IN_PROGRESS": PlatformStatusV1.AWAITING_FULFILLMENT,
        "ON_HOLD": PlatformStatusV1.ON_HOLD,
        "OPEN": PlatformStatusV1.AWAITING_FULFILLMENT,
        "PARTIALLY_FULFILLED": PlatformStatusV1.AWAITING_FULFILLMENT,
        "PENDING_FULFILLMENT": PlatformStatusV1.AWAITING_FULFILLMENT,
        "REQUEST_DECLINED": PlatformStatusV1.ON_HOLD,
        "RESTOCKED": PlatformStatusV1.RETURNED,
        "SCHEDULED": PlatformStatusV1.ON_HOLD,
        "UNFULFILLED": PlatformStatusV1.AWAITING_FULFILLMENT,
    }
)
"""What displayFulfillmentStatus means of a paid order."""

FINANCIAL_STATUSES: Mapping[str, PlatformStatusV1 | None] = MappingProxyType(
    {
        "AUTHORIZED": PlatformStatusV1.UNPAID,
        "EXPIRED": PlatformStatusV1.UNPAID,
        "PAID": None,
        "PARTIALLY_PAID": PlatformStatusV1.UNPAID,
        "PARTIALLY_REFUNDED": None,
        "PENDING": PlatformStatusV1.UNPAID,
        "REFUNDED": PlatformStatusV1.UNKNOWN,
        "VOIDED": PlatformStatusV1.CANCELLED,
    }
)
"""What displayFinancialStatus means by itself; None leaves it to the fulfilment. REFUNDED before shipping is documented
nowhere, so it stays unknown rather than being shipped or cancelled on a guess."""

_GONE = frozenset({"FULFILLED", "RESTOCKED"})


def _combined(financial: str, fulfillment: str) -> PlatformStatusV1:
    """The status of an order that is not cancelled, from its two words."""
    if financial == "VOIDED":
        return PlatformStatusV1.CANCELLED
    if fulfillment in _GONE:
        refunded = financial == "REFUNDED" and fulfillment == "FULFILLED"
        return PlatformStatusV1.RETURNED if refunded else FULFILLMENT_STATUSES[fulfillment]
    return FINANCIAL_STATUSES[financial] or FULFILLMENT_STATUSES[fulfillment]


STATUSES: Mapping[str, PlatformStatusV1] = MappingProxyType(
    {
        f"{financial}/{fulfillment}": _combined(financial, fulfillment)
        for financial in FINANCIAL_STATUSES
        for fulfillment in FULFILLMENT_STATUSES
    }
)

MANIFEST = Manifest(
    platform=PLATFORM,
    title="Shopify",
    api_version=API_VERSION,
    # Labels (shippingLabelPurchase) are left out on purpose, see quality.yaml: orders go by a warehouse's channel.
    capabilities=frozenset(
        {Capability.REFRESH, Capability.UPLOAD_TRACKING, Capability.PUSH_STOCK, Capability.READ_WEBHOOK}
    ),
    limits=Limits(
        page_orders=50, detail_orders=50, window=None, rate_per_second=100.0, burst=2000.0, webhook_answer_seconds=5.0
    ),
    # Points that a call is taken to cost until the first answer of its kind says what it does.
    costs=MappingProxyType(
        {
            "PullOrders": 300.0,
            "OrdersById": 300.0,
            "OrderLines": 20.0,
            "OrderFulfillmentOrders": 50.0,
            "FulfillmentOrderLines": 20.0,
            "ShippingState": 30.0,
            "CreateFulfillment": 20.0,
            "InventoryItems": 30.0,
            "SetStock": 15.0,
        }
    ),
    errors=MappingProxyType(
        {
            "THROTTLED": Meaning.THROTTLED,
            "ACCESS_DENIED": Meaning.PERMISSION,
            "SHOP_INACTIVE": Meaning.PERMISSION,
            "INTERNAL_SERVER_ERROR": Meaning.TRANSIENT,
            "MAX_COST_EXCEEDED": Meaning.REFUSED_FOR_NOW,
        }
    ),
    statuses=STATUSES,
    access_token_life=timedelta(hours=1),
    refresh_token_life=timedelta(days=90),
)


@dataclass(frozen=True, slots=True)
class ShopifySettings:
    """The app's identity, and where shops are.

    `base_url` holds `{shop}`, replaced by the shop's checked domain. `ship_authorized` treats authorised but uncaptured
    payments as paid. `expiring_tokens` asks for tokens that expire, which public apps must use.
    """

    client_id: str
    client_secret: str = field(repr=False)
    base_url: str = "https://{shop}"
    scopes: tuple[str, ...] = (
        "read_orders",
        "read_customers",
        "read_locations",
        "read_merchant_managed_fulfillment_orders",
        "write_merchant_managed_fulfillment_orders",
        "read_inventory",
        "write_inventory",
    )
    expiring_tokens: bool = True
    ship_authorized: bool = False
    page_orders: int = 50
    line_page: int = 20
    max_callback_age_seconds: int = 90

    def __post_init__(self) -> None:
        if "{shop}" not in self.base_url:
            raise ValueError(f"base_url is {self.base_url!r}: it needs {{shop}} where the shop's domain goes")
        if not 1 <= self.page_orders <= MANIFEST.limits.page_orders:
            raise ValueError(f"page_orders is {self.page_orders}: it must be from 1 to {MANIFEST.limits.page_orders}")
