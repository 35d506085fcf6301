"""Bodies and answers of channels, submission settings and warehouse connections."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from fulfillment.app.ports import SubmissionSettings
from fulfillment.domain.channel import CarrierSettings, Channel
from fulfillment.domain.states import ChannelKind
from fulfillment.entrypoints.schemas import Body, View


class CarrierBody(Body):
    """How the house carrier labels what ships through the channel."""

    prefix: str = Field("HC", description="2 to 4 capital letters that its tracking numbers begin with.")
    service: str = Field("House Carrier", description="The name on the label, and the carrier of its parcels.")
    label_format: Literal["pdf", "zpl"] = "pdf"

    def settings(self) -> CarrierSettings:
        """The settings that it means."""
        return CarrierSettings(self.prefix, self.service, self.label_format)


class CreateChannel(Body):
    """A new channel."""

    warehouse_id: UUID
    code: str = Field(description="Unique in the warehouse: capital letters, digits, hyphens; for example USPS-GA.")
    name: str = Field(min_length=1, max_length=200)
    kind: ChannelKind
    countries: list[str] = Field([], max_length=250, description="Where it ships to, ISO 3166-1 alpha-2; empty is all.")
    active: bool = True
    label_required: bool | None = Field(
        None, description="own_label: refuse to submit without a label (the default); false where it is made outside."
    )
    upload_tracking: bool | None = Field(
        None, description="Tell the marketplace the tracking number; by default not for platform labels."
    )
    carrier: CarrierBody | None = None


class EditChannel(Body):
    """What is to change; fields left out stay."""

    name: str | None = Field(None, min_length=1, max_length=200)
    countries: list[str] | None = Field(None, max_length=250)
    active: bool | None = None
    label_required: bool | None = None
    upload_tracking: bool | None = None
    carrier: CarrierBody | None = None


class CarrierView(View):
    """How the house carrier labels."""

    prefix: str
    service: str
    label_format: str


class ChannelView(View):
    """A channel."""

    id: UUID
    version: int = Field(description="Send it in If-Match with an edit.")
    warehouse_id: UUID
    code: str
    name: str
    kind: str
    countries: list[str]
    active: bool
    label_required: bool
    upload_tracking: bool
    carrier: CarrierView
    created_at: datetime
    updated_at: datetime


class PutSubmissionSettings(Body):
    """The auto-submit switch; it counts for what is drafted from now on."""

    auto_submit: bool
    delay_seconds: int = Field(0, ge=0, le=300, description="0 submits in the moment of drafting.")


class SubmissionSettingsView(BaseModel):
    """The auto-submit switch of a seller."""

    seller_id: UUID
    auto_submit: bool
    delay_seconds: int
    version: int


class PutConnection(Body):
    """How a warehouse system is reached."""

    secret: str = Field(
        pattern=r"^whsec_[A-Za-z0-9+/]{32,88}={0,2}$", description="whsec_ and base64 of 24 to 64 bytes."
    )
    base_url: str = Field(
        "", max_length=500, pattern="^(https?://[^ ]+)?$", description="Used instead of the warehouse's own base_url."
    )


class ConnectionView(View):
    """A warehouse's connection; its secret is never shown."""

    warehouse_id: UUID
    adapter: str
    base_url: str
    has_secret: bool
    version: int
    updated_at: datetime | None


def channel_view(channel: Channel) -> ChannelView:
    """A channel as the API shows it."""
    return ChannelView.model_validate(channel)


def settings_view(settings: SubmissionSettings) -> SubmissionSettingsView:
    """The switch as the API shows it."""
    return SubmissionSettingsView(
        seller_id=settings.seller_id,
        auto_submit=settings.auto_submit,
        delay_seconds=int(settings.delay.total_seconds()),
        version=settings.version,
    )
