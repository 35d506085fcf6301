"""Channels: made and edited by operators, told to who routes orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from common.errors import Conflict, InvalidInput, NotFound
from common.kernel.ids import uuid7
from contracts.fulfillment.v1 import ChannelChangedV1

from fulfillment.app.ports import Uow
from fulfillment.domain.channel import CarrierSettings, Channel, country_codes
from fulfillment.domain.states import ChannelKind


@dataclass(frozen=True, slots=True)
class NewChannel:
    """A channel to be made; None takes the default of its kind."""

    warehouse_id: UUID
    code: str
    name: str
    kind: ChannelKind
    countries: tuple[str, ...] = ()
    active: bool = True
    label_required: bool | None = None
    upload_tracking: bool | None = None
    carrier: CarrierSettings | None = None


@dataclass(frozen=True, slots=True)
class ChannelEdit:
    """What is to change; None leaves a field as it is."""

    name: str | None = None
    countries: Sequence[str] | None = None
    active: bool | None = None
    label_required: bool | None = None
    upload_tracking: bool | None = None
    carrier: CarrierSettings | None = None


async def create_channel(new: NewChannel, *, uow: Uow) -> Channel:
    """Make a channel of a warehouse that is known here."""
    if new.warehouse_id not in await uow.copies.warehouses([new.warehouse_id]):
        raise InvalidInput.of(
            "warehouse_id",
            str(new.warehouse_id),
            "is no warehouse that is known here",
            "Create the warehouse first; it is known here a moment later.",
            code="warehouse_not_found",
        )
    _refuse_carrier(new.kind, new.carrier)
    is_platform = new.kind is ChannelKind.PLATFORM_LABEL
    channel = Channel(
        id=uuid7(),
        warehouse_id=new.warehouse_id,
        code=new.code,
        kind=new.kind,
        name=new.name,
        countries=country_codes(new.countries),
        active=new.active,
        label_required=new.kind is ChannelKind.OWN_LABEL if new.label_required is None else new.label_required,
        upload_tracking=not is_platform if new.upload_tracking is None else new.upload_tracking,
        carrier=new.carrier or CarrierSettings(),
        created_at=uow.now,
        updated_at=uow.now,
    )
    if not await uow.channels.add(channel):
        raise Conflict(
            f"the warehouse has a channel {new.code} already",
            remedy="Choose another code, or edit the channel that is there.",
            code="channel_exists",
        )
    _tell(uow, channel)
    return channel


async def edit_channel(channel_id: UUID, edit: ChannelEdit, *, version: int, uow: Uow) -> Channel:
    """Change what may change of a channel."""
    channel = await uow.channels.get_for_update(channel_id)
    if channel is None:
        raise NotFound(f"there is no channel {channel_id}", remedy="List them with GET /api/v1/channels.")
    channel.expect_version(version)
    _refuse_carrier(channel.kind, edit.carrier)
    channel.name = channel.name if edit.name is None else edit.name
    channel.countries = channel.countries if edit.countries is None else country_codes(tuple(edit.countries))
    channel.active = channel.active if edit.active is None else edit.active
    channel.label_required = channel.label_required if edit.label_required is None else edit.label_required
    channel.upload_tracking = channel.upload_tracking if edit.upload_tracking is None else edit.upload_tracking
    channel.carrier = edit.carrier or channel.carrier
    channel.version += 1
    channel.updated_at = uow.now
    await uow.channels.save(channel)
    _tell(uow, channel)
    return channel


def _refuse_carrier(kind: ChannelKind, carrier: CarrierSettings | None) -> None:
    if carrier is not None and kind is not ChannelKind.CARRIER:
        raise InvalidInput.of(
            "carrier", {"prefix": carrier.prefix}, f"is not used by a channel of kind {kind}", "Leave it out."
        )


def _tell(uow: Uow, channel: Channel) -> None:
    uow.outbox.add(
        ChannelChangedV1(
            channel_id=channel.id,
            version=channel.version,
            warehouse_id=channel.warehouse_id,
            code=channel.code,
            name=channel.name,
            kind=channel.kind,
            countries=channel.countries,
            active=channel.active,
            upload_tracking=channel.upload_tracking,
        )
    )
