"""Orders as the API shows them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from orders.app.root import OrderRecord
from orders.domain.address import Address
from orders.domain.review import ReviewError
from orders.domain.state import Entry
from orders.domain.status import OrderStatus, TrackingUpload

QueryText = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Ids = Annotated[list[UUID], Field(min_length=1, max_length=500, description="Up to 500 orders.")]


class View(BaseModel):
    """Something shown; made from the value of the same shape."""

    model_config = ConfigDict(from_attributes=True)


class Input(BaseModel):
    """Something sent; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*")
    @classmethod
    def _is_storable(cls, value: Any) -> Any:
        if isinstance(value, str) and "\x00" in value:
            raise ValueError("contains a NUL character, which cannot be stored; remove it")
        return value


class AddressView(View):
    """Where it goes; empty after the personal data were erased."""

    name: str
    company: str
    phone: str = Field(description="E.164 where it can be read as a number.")
    email: str
    line1: str
    line2: str
    city: str
    region: str
    postal_code: str
    country: str = Field(description="ISO 3166-1 alpha-2.")


class LineView(View):
    """A line as the platform has it."""

    platform_line_id: str
    platform_sku: str
    quantity: int = Field(description="What is left to ship.")
    title: str
    unit_price: Decimal | None


class NeedView(View):
    """What ships for a line, by the last review that passed."""

    line_id: str
    sku: str
    quantity: int
    factor: int = Field(description="Units for one platform unit.")


class ReviewErrorView(View):
    """A reason why the last review refused; the message says what to do."""

    code: str
    message: str
    line: str
    sku: str
    need: int | None
    have: int | None
    warehouse: str
    factor: int | None = Field(description="Units that the mapping ships for one platform unit.")

    @classmethod
    def of(cls, error: ReviewError) -> "ReviewErrorView":
        """The error, shown."""
        return cls.model_validate(error)


class HoldView(View):
    """A reason that stops reviews."""

    source: str = Field(description="user or platform.")
    reason: str


class ParcelView(View):
    """A parcel with its tracking number."""

    package_number: str
    tracking_number: str
    tracking_url: str
    carrier: str
    label_key: str
    label_format: str
    weight_grams: int | None


class TrackingView(BaseModel):
    """Whether the marketplace knows what was shipped."""

    state: TrackingUpload
    attempt: int
    tries: int
    reason: str


class FulfillmentView(BaseModel):
    """The fulfilment order, with the reason where its submission failed."""

    id: UUID
    number: str
    exception: str
    accepted_at: datetime | None


class OrderView(BaseModel):
    """A platform order."""

    id: UUID
    version: int = Field(description="Grows with each change; send it in If-Match.")
    seller_id: UUID
    store_id: UUID
    store_name: str
    platform: str
    platform_order_id: str
    number: str = Field(description="The number that the merchant sees.")
    status: OrderStatus
    step: str = Field(description="The command whose reply it waits for, if any.")
    attempt: int = Field(description="How many reviews have passed.")
    platform_status: str
    raw_status: str = Field(description="The platform's own word.")
    platform_canceled: bool
    placed_at: datetime
    imported_at: datetime
    ship_by: datetime | None
    paid_at: datetime | None
    currency: str
    total: Decimal | None
    buyer_name: str
    buyer_note: str
    ship_to: AddressView | None
    lines: list[LineView]
    needs: list[NeedView]
    warehouse_id: UUID | None
    warehouse: str
    channel_id: UUID | None
    channel: str
    assigned_by: str = Field(description="rule, user, or empty.")
    holds: list[HoldView]
    review_errors: list[ReviewErrorView]
    exception_reason: str
    label_tries: int
    label_reason: str
    fulfillment: FulfillmentView | None
    cancel_reason: str
    cancel_refused: str
    parcels: list[ParcelView]
    shipped_at: datetime | None
    tracking_upload: TrackingView

    @classmethod
    def of(cls, record: OrderRecord) -> "OrderView":
        """The order, shown."""
        order, content, needs = record.order, record.details.content, record.details.needs
        return cls(
            id=order.id,
            version=order.version,
            seller_id=order.seller_id,
            store_id=order.store_id,
            store_name=record.store_name,
            platform=order.platform,
            platform_order_id=order.platform_order_id,
            number=order.number,
            status=order.status,
            step=order.step,
            attempt=order.attempt,
            platform_status=order.platform_status,
            raw_status=content.raw_status,
            platform_canceled=order.platform_canceled,
            placed_at=order.placed_at,
            imported_at=order.imported_at,
            ship_by=order.ship_by,
            paid_at=content.paid_at,
            currency=content.currency,
            total=content.total,
            buyer_name=content.buyer_name,
            buyer_note=content.buyer_note,
            ship_to=_address(content.ship_to),
            lines=[LineView.model_validate(line) for line in content.lines],
            needs=[NeedView.model_validate(need) for need in (needs.lines if needs else ())],
            warehouse_id=order.warehouse_id,
            warehouse=record.warehouse_code,
            channel_id=order.channel_id,
            channel=record.channel_code,
            assigned_by=order.assigned_by,
            holds=[HoldView.model_validate(hold) for hold in order.holds],
            review_errors=[ReviewErrorView.of(error) for error in order.review_errors],
            exception_reason=order.exception_reason,
            label_tries=order.label_tries,
            label_reason=order.label_reason,
            fulfillment=FulfillmentView(
                id=order.fulfillment_id,
                number=order.fulfillment_number,
                exception=order.fulfillment_exception,
                accepted_at=order.accepted_at,
            )
            if order.fulfillment_id
            else None,
            cancel_reason=order.cancel_reason,
            cancel_refused=order.cancel_refused,
            parcels=[ParcelView.model_validate(parcel) for parcel in order.parcels],
            shipped_at=order.shipped_at,
            tracking_upload=TrackingView(
                state=order.tracking_upload,
                attempt=order.tracking_attempt,
                tries=order.tracking_tries,
                reason=order.tracking_reason,
            ),
        )


def _address(address: Address | None) -> AddressView | None:
    return AddressView.model_validate(address) if address else None


class EntryView(BaseModel):
    """A row of an order's timeline."""

    version: int
    at: datetime
    actor: str = Field(description="A user as seller:<id> or operator:<id>, rule:<id>, platform, warehouse or system.")
    event: str
    from_status: str
    to_status: str
    reason: str
    errors: list[ReviewErrorView]

    @classmethod
    def of(cls, entry: Entry) -> "EntryView":
        """The entry, shown."""
        return cls(
            version=entry.version,
            at=entry.at,
            actor=entry.actor,
            event=entry.event,
            from_status=entry.from_status,
            to_status=entry.to_status,
            reason=entry.reason,
            errors=[ReviewErrorView.of(error) for error in entry.errors],
        )


class Timeline(BaseModel):
    """What became of an order, in order."""

    items: list[EntryView]


class Counts(BaseModel):
    """How many orders are in each state."""

    total: int
    by_status: dict[OrderStatus, int]


class Assignment(Input):
    """Where an order ships from, and how."""

    warehouse_id: UUID
    channel_id: UUID


class AssignMany(Assignment):
    """The same for many orders."""

    order_ids: Ids


class Cancellation(Input):
    """Why it is canceled."""

    reason: Reason = "canceled by hand"


class CancelMany(Cancellation):
    """The same for many orders."""

    order_ids: Ids


class HoldReason(Input):
    """Why it is held."""

    reason: Reason


class HoldMany(HoldReason):
    """The same for many orders."""

    order_ids: Ids


class Orders(Input):
    """Many orders."""

    order_ids: Ids


class ReviewFilter(Input):
    """Pending orders; every condition given must hold."""

    seller_id: UUID | None = Field(None, description="For operators.")
    store_id: UUID | None = None
    warehouse_id: UUID | None = None
    review_error: str = Field("", description="Refused for this code by their last review.")
    sku: str = Field("", description="Refused for this SKU.")


class ReviewMany(Input):
    """The orders to review: these, or the pending ones that a filter finds (up to 500 at once, oldest first)."""

    order_ids: list[UUID] = Field(default_factory=list, max_length=500)
    filter: ReviewFilter | None = None
