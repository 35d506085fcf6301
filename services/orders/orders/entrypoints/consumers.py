"""The messages that orders listens to."""

from collections.abc import Sequence

from common.messaging.consumers import Consumers, consumes
from contracts.fulfillment import v1 as fulfillment
from contracts.inventory import v1 as inventory
from contracts.sync import v1 as sync

from orders.app import copies, follow
from orders.app.import_orders import import_orders
from orders.app.ports import AddressBook, Uow


def make_consumers(book: AddressBook) -> Consumers:
    """The consumers of orders."""
    consumers = Consumers("orders")

    @consumes(consumers, sync.OrdersPulledV1)
    async def on_orders_pulled(messages: Sequence[sync.OrdersPulledV1], uow: Uow) -> None:
        await import_orders(messages, uow=uow, book=book)

    _follow_reviews(consumers)
    _follow_fulfillment(consumers)
    _keep_copies(consumers)
    return consumers


def _follow_reviews(consumers: Consumers) -> None:
    @consumes(consumers, inventory.StockReservedV1)
    async def on_stock_reserved(messages: Sequence[inventory.StockReservedV1], uow: Uow) -> None:
        await follow.stock_reserved(messages, uow=uow)

    @consumes(consumers, inventory.StockRefusedV1)
    async def on_stock_refused(messages: Sequence[inventory.StockRefusedV1], uow: Uow) -> None:
        await follow.stock_refused(messages, uow=uow)

    @consumes(consumers, inventory.StockReleasedV1)
    async def on_stock_released(messages: Sequence[inventory.StockReleasedV1], uow: Uow) -> None:
        await follow.stock_released(messages, uow=uow)

    @consumes(consumers, sync.LabelFetchedV1)
    async def on_label_fetched(messages: Sequence[sync.LabelFetchedV1], uow: Uow) -> None:
        await follow.label_fetched(messages, uow=uow)

    @consumes(consumers, sync.LabelFailedV1)
    async def on_label_failed(messages: Sequence[sync.LabelFailedV1], uow: Uow) -> None:
        await follow.label_failed(messages, uow=uow)

    @consumes(consumers, sync.TrackingUploadedV1)
    async def on_tracking_uploaded(messages: Sequence[sync.TrackingUploadedV1], uow: Uow) -> None:
        await follow.tracking_uploaded(messages, uow=uow)

    @consumes(consumers, sync.TrackingUploadFailedV1)
    async def on_tracking_upload_failed(messages: Sequence[sync.TrackingUploadFailedV1], uow: Uow) -> None:
        await follow.tracking_failed(messages, uow=uow)


def _follow_fulfillment(consumers: Consumers) -> None:
    @consumes(consumers, fulfillment.FulfillmentDraftedV1)
    async def on_fulfillment_drafted(messages: Sequence[fulfillment.FulfillmentDraftedV1], uow: Uow) -> None:
        await follow.fulfillment_drafted(messages, uow=uow)

    @consumes(consumers, fulfillment.FulfillmentAcceptedV1)
    async def on_fulfillment_accepted(messages: Sequence[fulfillment.FulfillmentAcceptedV1], uow: Uow) -> None:
        await follow.fulfillment_accepted(messages, uow=uow)

    @consumes(consumers, fulfillment.FulfillmentExceptionV1)
    async def on_fulfillment_exception(messages: Sequence[fulfillment.FulfillmentExceptionV1], uow: Uow) -> None:
        await follow.fulfillment_exception(messages, uow=uow)

    @consumes(consumers, fulfillment.FulfillmentShippedV1)
    async def on_fulfillment_shipped(messages: Sequence[fulfillment.FulfillmentShippedV1], uow: Uow) -> None:
        await follow.fulfillment_shipped(messages, uow=uow)

    @consumes(consumers, fulfillment.FulfillmentCanceledV1)
    async def on_fulfillment_canceled(messages: Sequence[fulfillment.FulfillmentCanceledV1], uow: Uow) -> None:
        await follow.fulfillment_canceled(messages, uow=uow)

    @consumes(consumers, fulfillment.CancelRefusedV1)
    async def on_cancel_refused(messages: Sequence[fulfillment.CancelRefusedV1], uow: Uow) -> None:
        await follow.cancel_refused(messages, uow=uow)


def _keep_copies(consumers: Consumers) -> None:
    @consumes(consumers, sync.StoreChangedV1)
    async def on_store_changed(messages: Sequence[sync.StoreChangedV1], uow: Uow) -> None:
        await copies.copy_stores(messages, uow=uow)

    @consumes(consumers, inventory.ProductChangedV1)
    async def on_product_changed(messages: Sequence[inventory.ProductChangedV1], uow: Uow) -> None:
        await copies.copy_products(messages, uow=uow)

    @consumes(consumers, inventory.WarehouseChangedV1)
    async def on_warehouse_changed(messages: Sequence[inventory.WarehouseChangedV1], uow: Uow) -> None:
        await copies.copy_warehouses(messages, uow=uow)

    @consumes(consumers, inventory.WarehouseBindingChangedV1)
    async def on_warehouse_binding_changed(messages: Sequence[inventory.WarehouseBindingChangedV1], uow: Uow) -> None:
        await copies.copy_bindings(messages, uow=uow)

    @consumes(consumers, fulfillment.ChannelChangedV1)
    async def on_channel_changed(messages: Sequence[fulfillment.ChannelChangedV1], uow: Uow) -> None:
        await copies.copy_channels(messages, uow=uow)
