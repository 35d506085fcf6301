"""What orders says: the commands of its steps, under ids that come out the same when they are sent again."""

from collections.abc import Sequence
from uuid import UUID

from common.kernel.ids import derived_id
from contracts.base import Message
from contracts.common_parts import AddressV1, ParcelV1
from contracts.fulfillment.v1 import CancelFulfillmentV1, CreateFulfillmentV1, FulfillmentLineV1
from contracts.inventory.v1 import ReleaseStockV1, ReserveLineV1, ReserveStockV1
from contracts.sync.v1 import FetchLabelV1, UploadTrackingV1

from orders.app.ports import CommandFacts, StockRelease
from orders.domain.address import Address
from orders.domain.mapping import Needs
from orders.domain.order import Order
from orders.domain.state import Parcel
from orders.domain.status import Step

NEED_FACTS = frozenset({Step.RESERVE_STOCK, Step.FETCH_LABEL, Step.CREATE_FULFILLMENT})
"""Steps whose command carries more than the order's state."""

_NO_NEEDS = Needs(())


def address_part(address: Address | None) -> AddressV1:
    """The address as messages carry it."""
    if address is None:
        return AddressV1()
    return AddressV1(
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


def _parcel_parts(parcels: Sequence[Parcel]) -> tuple[ParcelV1, ...]:
    return tuple(
        ParcelV1(
            package_number=parcel.package_number,
            tracking_number=parcel.tracking_number,
            tracking_url=parcel.tracking_url,
            carrier=parcel.carrier,
            label_key=parcel.label_key,
            label_format=parcel.label_format,
            weight_grams=parcel.weight_grams,
        )
        for parcel in parcels
    )


def parcels_of(parts: Sequence[ParcelV1]) -> tuple[Parcel, ...]:
    """The parcels in a message."""
    return tuple(
        Parcel(
            part.package_number,
            part.tracking_number,
            part.tracking_url,
            part.carrier,
            part.label_key,
            part.label_format,
            part.weight_grams,
        )
        for part in parts
    )


def command_id(order: Order, step: Step) -> UUID:
    """The id of a step's command: the same order, step and attempt give the same id."""
    match step:
        case Step.UPLOAD_TRACKING:
            return derived_id("orders", order.id, step, order.tracking_attempt)
        case Step.CANCEL_FULFILLMENT:
            # A cancellation that was refused may be asked for again, which is another command.
            return derived_id("orders", order.id, step, f"{order.attempt}.{order.cancel_tries}")
        case _:
            return derived_id("orders", order.id, step, order.attempt)


def command(order: Order, step: Step, facts: CommandFacts | None) -> Message:
    """The command of a step. `facts` are needed for the steps of NEED_FACTS."""
    needs = (facts.needs if facts else None) or _NO_NEEDS
    match step:
        case Step.RESERVE_STOCK:
            return _reserve_stock(order, needs)
        case Step.FETCH_LABEL:
            return FetchLabelV1(
                seller_id=order.seller_id,
                order_id=order.id,
                attempt=order.attempt,
                store_id=order.store_id,
                platform_order_id=order.platform_order_id,
                package_numbers=tuple(package.package_number for package in facts.packages) if facts else (),
                weight_grams=needs.weight_grams,
            )
        case Step.CREATE_FULFILLMENT:
            return _create_fulfillment(order, needs, facts)
        case Step.CANCEL_FULFILLMENT:
            return CancelFulfillmentV1(
                seller_id=order.seller_id,
                order_id=order.id,
                attempt=order.attempt,
                reason=order.cancel_reason or order.exception_reason,
            )
        case Step.UPLOAD_TRACKING:
            return UploadTrackingV1(
                seller_id=order.seller_id,
                order_id=order.id,
                attempt=order.tracking_attempt,
                store_id=order.store_id,
                platform_order_id=order.platform_order_id,
                parcels=_parcel_parts(order.parcels),
            )
        case Step.NONE:
            raise ValueError(f"order {order.id} waits for nothing, so there is no command to send")


def _reserve_stock(order: Order, needs: Needs) -> ReserveStockV1:
    """One line for each SKU, under the first order line that needs it."""
    first: dict[str, str] = {}
    for need in needs.lines:
        first.setdefault(need.sku, need.line_id)
    if order.warehouse_id is None:
        raise ValueError(f"order {order.id} was reviewed without a warehouse")
    return ReserveStockV1(
        seller_id=order.seller_id,
        reference_id=order.id,
        attempt=order.attempt,
        warehouse_id=order.warehouse_id,
        lines=tuple(
            ReserveLineV1(line_id=first[sku], sku=sku, quantity=quantity) for sku, quantity in needs.by_sku().items()
        ),
    )


def _create_fulfillment(order: Order, needs: Needs, facts: CommandFacts | None) -> CreateFulfillmentV1:
    if order.warehouse_id is None or order.channel_id is None or facts is None:
        raise ValueError(f"order {order.id} was reviewed without a warehouse or a channel")
    return CreateFulfillmentV1(
        seller_id=order.seller_id,
        order_id=order.id,
        attempt=order.attempt,
        store_id=order.store_id,
        platform=order.platform,
        platform_order_id=order.platform_order_id,
        platform_order_number=order.number,
        warehouse_id=order.warehouse_id,
        channel_id=order.channel_id,
        ship_to=facts.ship_to,
        ship_by=order.ship_by,
        lines=tuple(
            FulfillmentLineV1(line_id=need.line_id, sku=need.sku, quantity=need.quantity, title=need.title)
            for need in needs.lines
        ),
        parcels=_parcel_parts(order.parcels),
    )


def release(stock: StockRelease) -> tuple[ReleaseStockV1, UUID]:
    """The command that gives an attempt's stock back, with its id."""
    message = ReleaseStockV1(
        seller_id=stock.seller_id, reference_id=stock.order_id, attempt=stock.attempt, reason=stock.reason
    )
    return message, derived_id("orders", stock.order_id, "release_stock", stock.attempt)
