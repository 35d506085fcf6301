"""Messages of fulfillment: channels and fulfilment orders."""

from datetime import datetime
from uuid import UUID

from contracts.base import Command, Event, Part
from contracts.common_parts import AddressV1, ParcelV1


class ChannelChangedV1(Event, owner="fulfillment", name="channel_changed", version=1, subject="channel_id"):
    """A channel as it is now: kind platform_label, carrier or own_label; no countries means all.

    upload_tracking says whether the marketplace must be told the tracking number of what ships through it.
    """

    channel_id: UUID
    version: int
    warehouse_id: UUID
    code: str
    name: str
    kind: str
    countries: tuple[str, ...] = ()
    active: bool
    upload_tracking: bool


class FulfillmentLineV1(Part):
    """Units of one SKU to pick; line_id is the platform line that they ship for."""

    line_id: str
    sku: str
    quantity: int
    title: str = ""


class CreateFulfillmentV1(Command, owner="fulfillment", name="create_fulfillment", version=1, subject="order_id"):
    """Draft the fulfilment order of a reviewed order; answered by fulfillment_drafted.

    attempt is the order's review attempt, which also names its reservation. parcels come with a platform label.
    """

    seller_id: UUID
    order_id: UUID
    attempt: int
    store_id: UUID
    platform: str
    platform_order_id: str
    platform_order_number: str
    warehouse_id: UUID
    channel_id: UUID
    ship_to: AddressV1
    ship_by: datetime | None = None
    lines: tuple[FulfillmentLineV1, ...]
    parcels: tuple[ParcelV1, ...] = ()


class CancelFulfillmentV1(Command, owner="fulfillment", name="cancel_fulfillment", version=1, subject="order_id"):
    """Cancel the fulfilment order of an order's attempt, wherever it is; before its create_fulfillment it leaves a
    tombstone. Answered by fulfillment_canceled or cancel_refused.
    """

    seller_id: UUID
    order_id: UUID
    attempt: int
    reason: str


class FulfillmentDraftedV1(Event, owner="fulfillment", name="fulfillment_drafted", version=1, subject="fulfillment_id"):
    """The fulfilment order exists, under its human number."""

    seller_id: UUID
    fulfillment_id: UUID
    order_id: UUID
    attempt: int
    number: str


class FulfillmentAcceptedV1(
    Event, owner="fulfillment", name="fulfillment_accepted", version=1, subject="fulfillment_id"
):
    """The warehouse has taken the order on."""

    seller_id: UUID
    fulfillment_id: UUID
    order_id: UUID
    attempt: int
    number: str
    warehouse_id: UUID
    warehouse_reference: str
    accepted_at: datetime


class FulfillmentExceptionV1(
    Event, owner="fulfillment", name="fulfillment_exception", version=1, subject="fulfillment_id"
):
    """The warehouse refused the submission or never answered; the order itself does not move."""

    seller_id: UUID
    fulfillment_id: UUID
    order_id: UUID
    attempt: int
    number: str
    submission: int
    reason: str


class FulfillmentShippedV1(Event, owner="fulfillment", name="fulfillment_shipped", version=1, subject="fulfillment_id"):
    """The goods are gone. Inventory consumes the reservation (order_id, attempt), billing captures the hold
    (fulfillment_id, submission), orders tells the marketplace where upload_tracking is set.
    """

    seller_id: UUID
    fulfillment_id: UUID
    order_id: UUID
    attempt: int
    number: str
    submission: int
    warehouse_id: UUID
    shipped_at: datetime
    parcels: tuple[ParcelV1, ...]
    upload_tracking: bool


class FulfillmentCanceledV1(Event, owner="fulfillment", name="fulfillment_canceled", version=1, subject="order_id"):
    """The fulfilment order will not ship, or never came to be. Inventory releases the reservation (order_id, attempt),
    billing the hold (fulfillment_id, submission); submission 0 means that none was ever asked for.
    """

    seller_id: UUID
    fulfillment_id: UUID | None
    order_id: UUID
    attempt: int
    submission: int
    reason: str


class CancelRefusedV1(Event, owner="fulfillment", name="cancel_refused", version=1, subject="fulfillment_id"):
    """The warehouse will not stop: the order ships."""

    seller_id: UUID
    fulfillment_id: UUID
    order_id: UUID
    attempt: int
    reason: str
