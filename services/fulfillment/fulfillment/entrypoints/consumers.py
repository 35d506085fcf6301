"""What fulfillment listens to; each handler takes the new events of a frame and calls one use case."""

from collections.abc import Sequence

from common.messaging.consumers import Consumers, consumes
from contracts.billing.v1 import FundsHeldV1, FundsRefusedV1, HoldCapturedV1, HoldReleasedV1
from contracts.fulfillment.v1 import CancelFulfillmentV1, CreateFulfillmentV1
from contracts.gateway.v1 import SellerChangedV1, SellerRegisteredV1
from contracts.inventory.v1 import ProductChangedV1, WarehouseChangedV1

from fulfillment.app import closing, copies, drafting, submitting
from fulfillment.app.ports import Uow

consumers = Consumers("fulfillment")


@consumes(consumers, CreateFulfillmentV1)
async def on_create_fulfillment(messages: Sequence[CreateFulfillmentV1], uow: Uow) -> None:
    """Draft the fulfilment orders of reviewed orders."""
    await drafting.create_fulfillments(messages, uow=uow)


@consumes(consumers, CancelFulfillmentV1)
async def on_cancel_fulfillment(messages: Sequence[CancelFulfillmentV1], uow: Uow) -> None:
    """Cancel, wherever they are."""
    await closing.cancel_fulfillments(messages, uow=uow)


@consumes(consumers, FundsHeldV1)
async def on_funds_held(messages: Sequence[FundsHeldV1], uow: Uow) -> None:
    """Hand over to the warehouses what is paid for."""
    await submitting.funds_held(messages, uow=uow)


@consumes(consumers, FundsRefusedV1)
async def on_funds_refused(messages: Sequence[FundsRefusedV1], uow: Uow) -> None:
    """Put back into the draft what cannot be paid for."""
    await submitting.funds_refused(messages, uow=uow)


@consumes(consumers, HoldCapturedV1)
async def on_hold_captured(messages: Sequence[HoldCapturedV1], uow: Uow) -> None:
    """Note what was charged."""
    await closing.holds_captured(messages, uow=uow)


@consumes(consumers, HoldReleasedV1)
async def on_hold_released(messages: Sequence[HoldReleasedV1], uow: Uow) -> None:
    """Note what is free again."""
    await closing.holds_released(messages, uow=uow)


@consumes(consumers, WarehouseChangedV1)
async def on_warehouse_changed(messages: Sequence[WarehouseChangedV1], uow: Uow) -> None:
    """Copy the warehouses."""
    await copies.copy_warehouses(messages, uow=uow)


@consumes(consumers, ProductChangedV1)
async def on_product_changed(messages: Sequence[ProductChangedV1], uow: Uow) -> None:
    """Copy the weights."""
    await copies.copy_products(messages, uow=uow)


@consumes(consumers, SellerRegisteredV1)
async def on_seller_registered(messages: Sequence[SellerRegisteredV1], uow: Uow) -> None:
    """Copy the sellers."""
    await copies.copy_sellers(messages, uow=uow)


@consumes(consumers, SellerChangedV1)
async def on_seller_changed(messages: Sequence[SellerChangedV1], uow: Uow) -> None:
    """Copy the sellers."""
    await copies.copy_sellers(messages, uow=uow)
