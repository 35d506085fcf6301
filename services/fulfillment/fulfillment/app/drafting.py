"""Drafting a fulfilment order, and what may be changed while it is a draft."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from common.errors import NotFound
from common.kernel.ids import uuid7
from contracts.base import Message
from contracts.common_parts import AddressV1, ParcelV1
from contracts.fulfillment.v1 import CreateFulfillmentV1, FulfillmentCanceledV1, FulfillmentDraftedV1

from fulfillment.app.ports import AttemptKey, Uow
from fulfillment.app.saving import save, save_new
from fulfillment.app.submitting import auto_submit, follow_switch, load_weights, require_visible
from fulfillment.domain.channel import Channel
from fulfillment.domain.fulfillment import Fulfillment
from fulfillment.domain.parts import Address, Line, Parcel
from fulfillment.domain.states import ChannelKind, Stage


class ChannelNotKnown(NotFound):
    """A command names a channel that is not here, or not the warehouse's."""

    code = "channel_not_found"


async def create_fulfillments(messages: Sequence[CreateFulfillmentV1], *, uow: Uow) -> None:
    """Draft the fulfilment orders of reviewed orders; what was canceled first stays canceled."""
    wanted: dict[AttemptKey, CreateFulfillmentV1] = {}
    for message in messages:
        wanted.setdefault(AttemptKey(message.order_id, message.attempt), message)
    ids = {key: uuid7() for key in wanted}
    taken = await uow.fulfillments.claim_attempts(ids)
    if len(taken) < len(messages):
        await _answer_again(messages, taken, uow=uow)
    fresh = [(ids[key], message) for key, message in wanted.items() if key in taken]
    if not fresh:
        return
    channels = await uow.channels.get_many({message.channel_id for _, message in fresh})
    settings = await uow.settings.get_many({message.seller_id for _, message in fresh})
    numbers = await uow.fulfillments.new_numbers(len(fresh))
    orders = []
    for (fulfillment_id, message), number in zip(fresh, numbers, strict=True):
        channel = channels.get(message.channel_id)
        if channel is None or channel.warehouse_id != message.warehouse_id:
            raise ChannelNotKnown(
                f"order {message.platform_order_number} is to ship through channel {message.channel_id} of warehouse "
                f"{message.warehouse_id}, which has no such channel",
                remedy="Cancel the order, choose another channel and review it again.",
            )
        order = _draft(fulfillment_id, number, message, channel, uow=uow)
        order.drafted(now=uow.now)
        orders.append(order)
    automatic = [
        order for order in orders if settings[order.seller_id].auto_submit and order.stage is Stage.PENDING_SUBMIT
    ]
    if automatic:
        weights = await load_weights(automatic, uow=uow)
        for order in automatic:
            auto_submit(order, settings[order.seller_id], weights, uow=uow)
    causes: dict[UUID, Message] = dict(fresh)
    await save_new(uow, orders, causes=causes)


async def _answer_again(messages: Sequence[CreateFulfillmentV1], taken: set[AttemptKey], *, uow: Uow) -> None:
    """Answer commands about attempts that were taken before: the same fulfilment order, or that it is canceled."""
    repeated = [message for message in messages if AttemptKey(message.order_id, message.attempt) not in taken]
    rows = await uow.fulfillments.attempts({AttemptKey(m.order_id, m.attempt) for m in repeated})
    known = await uow.fulfillments.get_many_for_update(
        {row.fulfillment_id for row in rows.values() if row.fulfillment_id}
    )
    for message in repeated:
        row = rows[AttemptKey(message.order_id, message.attempt)]
        order = known.get(row.fulfillment_id) if row.fulfillment_id else None
        answer: Message
        if order is None:
            answer = FulfillmentCanceledV1(
                seller_id=message.seller_id,
                fulfillment_id=None,
                order_id=message.order_id,
                attempt=message.attempt,
                submission=0,
                reason=row.cancel_reason,
            )
        else:
            answer = FulfillmentDraftedV1(
                seller_id=order.seller_id,
                fulfillment_id=order.id,
                order_id=order.order_id,
                attempt=order.attempt,
                number=order.number,
            )
        uow.outbox.add(answer, cause=message, correlation_id=message.order_id)


def _draft(
    fulfillment_id: UUID, number: str, message: CreateFulfillmentV1, channel: Channel, *, uow: Uow
) -> Fulfillment:
    return Fulfillment(
        id=fulfillment_id,
        number=number,
        seller_id=message.seller_id,
        order_id=message.order_id,
        attempt=message.attempt,
        store_id=message.store_id,
        platform=message.platform,
        platform_order_id=message.platform_order_id,
        platform_order_number=message.platform_order_number,
        warehouse_id=message.warehouse_id,
        channel_id=channel.id,
        channel_kind=channel.kind,
        label_required=channel.label_required,
        upload_tracking=channel.upload_tracking,
        ship_by=message.ship_by,
        ship_to=address_from(message.ship_to),
        lines=tuple(Line(line.line_id, line.sku, line.quantity, line.title) for line in message.lines),
        parcels=tuple(parcel_from(parcel) for parcel in message.parcels),
        created_at=uow.now,
        updated_at=uow.now,
    )


def address_from(address: AddressV1) -> Address:
    """An address as messages carry it."""
    return Address(
        name=address.name,
        company=address.company,
        phone=address.phone,
        email=address.email,
        line1=address.line1,
        line2=address.line2,
        city=address.city,
        region=address.region,
        postal_code=address.postal_code,
        country=address.country,
    )


def parcel_from(parcel: ParcelV1) -> Parcel:
    """A parcel as messages carry it."""
    return Parcel(
        package_number=parcel.package_number,
        tracking_number=parcel.tracking_number,
        tracking_url=parcel.tracking_url,
        carrier=parcel.carrier,
        label_key=parcel.label_key,
        label_format=parcel.label_format,
        weight_grams=parcel.weight_grams,
    )


@dataclass(frozen=True, slots=True)
class LabelMade:
    """The carrier's label, stored under its parcel's key."""

    fulfillment_id: UUID
    label_attempt: int
    parcel: Parcel


@dataclass(frozen=True, slots=True)
class LabelNotMade:
    """The carrier's refusal."""

    fulfillment_id: UUID
    label_attempt: int
    code: str
    reason: str


async def settle_labels(results: Sequence[LabelMade | LabelNotMade], *, uow: Uow) -> None:
    """Take in what the carrier answered, and go on to submission where the seller's switch says so."""
    orders = await uow.fulfillments.get_many_for_update({result.fulfillment_id for result in results})
    labelled = []
    for result in results:
        order = orders.get(result.fulfillment_id)
        if order is None:
            continue
        if isinstance(result, LabelNotMade):
            order.label_refused(result.label_attempt, result.code, result.reason, now=uow.now)
        elif order.label_made(result.label_attempt, result.parcel, now=uow.now) and not order.submission:
            labelled.append(order)
    settings = await uow.settings.get_many({order.seller_id for order in labelled})
    automatic = [order for order in labelled if settings[order.seller_id].auto_submit]
    if automatic:
        weights = await load_weights(automatic, uow=uow)
        for order in automatic:
            auto_submit(order, settings[order.seller_id], weights, uow=uow)
    await save(uow, list(orders.values()))


async def locked(fulfillment_id: UUID, *, seller_id: UUID | None, uow: Uow) -> Fulfillment:
    """One fulfilment order, locked; raises NotFound for a stranger."""
    orders = await uow.fulfillments.get_many_for_update([fulfillment_id])
    return require_visible(orders.get(fulfillment_id), fulfillment_id, seller_id)


async def add_label(
    fulfillment_id: UUID, parcel: Parcel, *, seller_id: UUID | None, actor: str, uow: Uow
) -> Fulfillment:
    """Take a seller's own label; a first submission that waited for it goes on by itself if the switch is on."""
    order = await locked(fulfillment_id, seller_id=seller_id, uow=uow)
    waited = bool(order.blocker()) and not order.submission
    order.add_label(parcel, actor=actor, now=uow.now)
    if waited and order.channel_kind is ChannelKind.OWN_LABEL:
        await follow_switch(order, uow=uow)
    await save(uow, [order])
    return order


async def edit_ship_to(
    fulfillment_id: UUID, ship_to: Address, *, version: int, seller_id: UUID | None, actor: str, uow: Uow
) -> Fulfillment:
    """Correct the address of a draft."""
    order = await locked(fulfillment_id, seller_id=seller_id, uow=uow)
    order.expect_version(version)
    order.edit_ship_to(ship_to, actor=actor, now=uow.now)
    await save(uow, [order])
    return order


async def retry_label(fulfillment_id: UUID, *, seller_id: UUID | None, actor: str, uow: Uow) -> Fulfillment:
    """Ask the carrier again."""
    order = await locked(fulfillment_id, seller_id=seller_id, uow=uow)
    order.retry_label(actor=actor, now=uow.now)
    await save(uow, [order])
    return order


async def move_to_draft(fulfillment_id: UUID, *, seller_id: UUID | None, actor: str, uow: Uow) -> Fulfillment:
    """Take a failed submission back, freeing its hold."""
    order = await locked(fulfillment_id, seller_id=seller_id, uow=uow)
    order.move_to_draft(actor=actor, now=uow.now)
    await save(uow, [order])
    return order
