"""Messages of sync: what stores hold, and what is asked of them."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from contracts.base import Command, Event, Part
from contracts.common_parts import AddressV1, ParcelV1


class PlatformStatusV1(StrEnum):
    """A platform order's state in words that all platforms share."""

    UNPAID = "unpaid"
    ON_HOLD = "on_hold"
    AWAITING_FULFILLMENT = "awaiting_fulfillment"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    RETURNED = "returned"
    UNKNOWN = "unknown"


class OrderLineV1(Part):
    """One line: platform_line_id is unique in its order, platform_sku may be empty, quantity is what is to ship."""

    platform_line_id: str
    platform_sku: str = ""
    platform_product_id: str = ""
    title: str = ""
    quantity: int
    unit_price: Decimal | None = None


class OrderPackageV1(Part):
    """A package as the platform has split the order; no lines means all of them."""

    package_number: str
    platform_line_ids: tuple[str, ...] = ()


class CanonicalOrderV1(Part):
    """A platform order in the words of every platform.

    `version` grows with each change on the platform (its update time in milliseconds); the newer one wins.
    `number` is what the merchant sees. `ship_to` is absent for orders without a shipment; a masked address keeps its
    asterisks. `platform_label` says whether the platform issues the label of this order, `raw_status` is its own word.
    """

    platform_order_id: str
    number: str
    status: PlatformStatusV1
    raw_status: str
    version: int
    created_at: datetime
    updated_at: datetime
    paid_at: datetime | None = None
    ship_by: datetime | None = None
    currency: str
    total: Decimal | None = None
    buyer_name: str = ""
    buyer_email: str = ""
    buyer_note: str = ""
    ship_to: AddressV1 | None = None
    platform_label: bool = False
    hold_reasons: tuple[str, ...] = ()
    lines: tuple[OrderLineV1, ...] = ()
    packages: tuple[OrderPackageV1, ...] = ()


class OrdersPulledV1(Event, owner="sync", name="orders_pulled", version=1, subject="store_id"):
    """A page of up to 50 orders as the store has them now, cancellations and status changes included."""

    seller_id: UUID
    store_id: UUID
    platform: str
    orders: tuple[CanonicalOrderV1, ...]


class StoreChangedV1(Event, owner="sync", name="store_changed", version=1, subject="store_id"):
    """A store as it is now: state is authorizing, active, auth_expired or disabled."""

    seller_id: UUID
    store_id: UUID
    version: int
    platform: str
    name: str
    state: str


class FetchLabelV1(Command, owner="sync", name="fetch_label", version=1, subject="order_id"):
    """Get the platform's label for an order; answered by label_fetched or label_failed with the same attempt."""

    seller_id: UUID
    order_id: UUID
    attempt: int
    store_id: UUID
    platform_order_id: str
    package_numbers: tuple[str, ...] = ()
    weight_grams: int | None = None


class LabelFetchedV1(Event, owner="sync", name="label_fetched", version=1, subject="order_id"):
    """Every parcel of the order has its label in the document store."""

    seller_id: UUID
    order_id: UUID
    attempt: int
    parcels: tuple[ParcelV1, ...]


class LabelFailedV1(Event, owner="sync", name="label_failed", version=1, subject="order_id"):
    """No label: `final` ends the attempt, otherwise the platform has none yet after that many `tries`."""

    seller_id: UUID
    order_id: UUID
    attempt: int
    final: bool
    tries: int
    code: str
    reason: str


class ShippedLineV1(Part):
    """How many units of one platform line a shipment holds."""

    platform_line_id: str
    quantity: int


class UploadTrackingV1(Command, owner="sync", name="upload_tracking", version=1, subject="order_id"):
    """Tell the platform what was shipped; answered by tracking_uploaded or tracking_upload_failed.

    No lines means all that is left to ship. The same attempt is never uploaded twice.
    """

    seller_id: UUID
    order_id: UUID
    attempt: int
    store_id: UUID
    platform_order_id: str
    parcels: tuple[ParcelV1, ...]
    lines: tuple[ShippedLineV1, ...] = ()


class TrackingUploadedV1(Event, owner="sync", name="tracking_uploaded", version=1, subject="order_id"):
    """The platform has every tracking number; `tries` counts the calls that it took."""

    seller_id: UUID
    order_id: UUID
    attempt: int
    tries: int


class TrackingUploadFailedV1(Event, owner="sync", name="tracking_upload_failed", version=1, subject="order_id"):
    """An upload went wrong: `final` ends the attempt, otherwise it is tried again by itself."""

    seller_id: UUID
    order_id: UUID
    attempt: int
    final: bool
    tries: int
    code: str
    reason: str
