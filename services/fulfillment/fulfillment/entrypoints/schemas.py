"""Bodies and answers of the API."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from fulfillment.app.views import StageCount, SubmissionView, TimelineEntry
from fulfillment.domain.fulfillment import Fulfillment
from fulfillment.domain.parts import Address, Line, Parcel

Status = Literal["draft", "submitting", "warehouse_processing", "canceling", "exception", "shipped", "canceled"]
DraftStatus = Literal["fetching_label", "label_error", "pending_submit"]


class Body(BaseModel):
    """A request body; unknown fields are refused, so that a misspelt one is not ignored."""

    model_config = ConfigDict(extra="forbid")


class View(BaseModel):
    """An answer, read from the attributes of what it shows."""

    model_config = ConfigDict(from_attributes=True)


class AddressView(View):
    """Where a parcel goes; empty strings where nothing is known or it was erased."""

    name: str
    company: str
    phone: str
    email: str
    line1: str
    line2: str
    city: str
    region: str
    postal_code: str
    country: str = Field(description="ISO 3166-1 alpha-2.")


class LineView(View):
    """Units of one SKU to pick."""

    line_id: str
    sku: str
    quantity: int
    title: str


class ParcelView(View):
    """One parcel."""

    package_number: str
    tracking_number: str
    tracking_url: str
    carrier: str
    label_format: str = Field(description="pdf or zpl; empty where there is no label file.")
    has_label: bool
    weight_grams: int | None = None


class FulfillmentView(View):
    """A fulfilment order."""

    id: UUID
    number: str
    version: int = Field(description="Send it in If-Match with an edit.")
    seller_id: UUID
    order_id: UUID
    attempt: int
    platform: str
    store_id: UUID
    platform_order_id: str
    platform_order_number: str
    warehouse_id: UUID
    channel_id: UUID
    channel_kind: str
    status: str
    draft_status: str = Field(description="fetching_label, label_error or pending_submit; empty unless draft.")
    submission: int = Field(description="How many times it was submitted.")
    submission_state: str
    reason_code: str = Field(description="Why it is where it is: insufficient_funds, refused, never_answered, ...")
    reason: str
    cancel_reason: str
    alert: str = Field(description="Not empty where the warehouse said what cannot be; a person has to look.")
    warehouse_reference: str
    weight_grams: int = Field(description="Weight in force over all lines at its last submission; 0 before.")
    ship_by: datetime | None
    ship_to: AddressView
    lines: list[LineView]
    parcels: list[ParcelView]
    submit_at: datetime | None = Field(description="When the auto-submit switch submits it.")
    accepted_at: datetime | None
    shipped_at: datetime | None
    created_at: datetime
    updated_at: datetime


class SubmissionRow(View):
    """One submission with its hold."""

    submission: int
    state: str
    adapter: str
    weight_grams: int
    warehouse_reference: str
    reason: str
    hold_id: UUID | None
    hold_amount: Decimal | None
    hold_currency: str
    submitted_at: datetime
    captured_at: datetime | None
    captured_amount: Decimal | None
    released_at: datetime | None


class FulfillmentDetail(FulfillmentView):
    """A fulfilment order with its submissions."""

    submissions: list[SubmissionRow]


class TimelineView(View):
    """One step of its life."""

    at: datetime
    actor: str = Field(description="seller:<user>, operator:<user>, rule:auto_submit, orders, warehouse or system.")
    from_stage: str
    to_stage: str
    reason: str


class Timeline(BaseModel):
    """Every step, oldest first."""

    items: list[TimelineView]


class CountView(View):
    """How many are in a state."""

    status: str
    draft_status: str
    number: int


class Counts(BaseModel):
    """How many are in each state that is not final; states that nothing is in are left out."""

    items: list[CountView]


class ShipTo(Body):
    """The corrected address, whole."""

    name: str = Field("", max_length=200)
    company: str = Field("", max_length=200)
    phone: str = Field("", max_length=50)
    email: str = Field("", max_length=200)
    line1: str = Field(min_length=1, max_length=300)
    line2: str = Field("", max_length=300)
    city: str = Field("", max_length=200)
    region: str = Field("", max_length=200)
    postal_code: str = Field("", max_length=20)
    country: str = Field(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2.")

    def address(self) -> Address:
        """The address that it means."""
        return Address(**self.model_dump())


class EditFulfillment(Body):
    """What may be edited of a draft."""

    ship_to: ShipTo


class Ids(Body):
    """Fulfilment orders to act on."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=200)]


class ShipParcel(Body):
    """A parcel that left."""

    package_number: str = Field("", max_length=200)
    tracking_number: str = Field("", max_length=200)
    carrier: str = Field("", max_length=200)
    weight_grams: int | None = Field(None, ge=1, le=10_000_000)

    def parcel(self) -> Parcel:
        """The parcel that it means."""
        return Parcel(
            package_number=self.package_number,
            tracking_number=self.tracking_number,
            carrier=self.carrier,
            weight_grams=self.weight_grams,
        )


class Ship(Body):
    """With which parcels it left; none means those of its labels."""

    parcels: Annotated[list[ShipParcel], Field(max_length=100)] = []


class ShipItem(Ship):
    """One of a batch, by id or human number."""

    ref: str = Field(min_length=1, max_length=64)


class ShipBatch(Body):
    """What left together."""

    items: Annotated[list[ShipItem], Field(min_length=1, max_length=200)]


class Refuse(Body):
    """Why the desk cannot ship it."""

    reason: str = Field(min_length=1, max_length=500)


def parcel_view(parcel: Parcel) -> ParcelView:
    """A parcel as the API shows it; where the file lies is nobody's business."""
    return ParcelView(
        package_number=parcel.package_number,
        tracking_number=parcel.tracking_number,
        tracking_url=parcel.tracking_url,
        carrier=parcel.carrier,
        label_format=parcel.label_format,
        has_label=bool(parcel.label_key),
        weight_grams=parcel.weight_grams,
    )


def fulfillment_view(order: Fulfillment) -> FulfillmentView:
    """A fulfilment order as the API shows it."""
    return FulfillmentView(
        id=order.id,
        number=order.number,
        version=order.version,
        seller_id=order.seller_id,
        order_id=order.order_id,
        attempt=order.attempt,
        platform=order.platform,
        store_id=order.store_id,
        platform_order_id=order.platform_order_id,
        platform_order_number=order.platform_order_number,
        warehouse_id=order.warehouse_id,
        channel_id=order.channel_id,
        channel_kind=order.channel_kind,
        status=order.stage.status,
        draft_status=order.stage.draft_status,
        submission=order.submission,
        submission_state=order.submission_state,
        reason_code=order.reason_code,
        reason=order.reason,
        cancel_reason=order.cancel_reason,
        alert=order.alert,
        warehouse_reference=order.warehouse_reference,
        weight_grams=order.weight_grams,
        ship_by=order.ship_by,
        ship_to=AddressView.model_validate(order.ship_to),
        lines=[_line(line) for line in order.lines],
        parcels=[parcel_view(parcel) for parcel in order.parcels],
        submit_at=order.submit_at,
        accepted_at=order.accepted_at,
        shipped_at=order.shipped_at,
        created_at=order.created_at,
        updated_at=order.updated_at,
    )


def _line(line: Line) -> LineView:
    return LineView(line_id=line.line_id, sku=line.sku, quantity=line.quantity, title=line.title)


def detail_view(order: Fulfillment, submissions: Sequence[SubmissionView]) -> FulfillmentDetail:
    """A fulfilment order with its submissions."""
    rows = [SubmissionRow.model_validate(row) for row in submissions]
    return FulfillmentDetail(**fulfillment_view(order).model_dump(), submissions=rows)


def counts_view(counts: Sequence[StageCount]) -> Counts:
    """Counters as the API shows them."""
    return Counts(items=[CountView.model_validate(row) for row in counts])


def timeline_view(entries: Sequence[TimelineEntry]) -> Timeline:
    """A timeline as the API shows it."""
    return Timeline(items=[TimelineView.model_validate(entry) for entry in entries])
