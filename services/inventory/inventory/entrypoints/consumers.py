"""What inventory listens to."""

from collections.abc import Sequence

from common.messaging.consumers import Consumers, consumes
from contracts.fulfillment.v1 import FulfillmentCanceledV1, FulfillmentShippedV1
from contracts.gateway.v1 import SellerChangedV1, SellerRegisteredV1
from contracts.inventory.v1 import ReleaseStockV1, ReserveStockV1

from inventory.app.ports import InventoryUow
from inventory.app.reservations import Release, release_stock, reserve_stock
from inventory.app.sellers import keep_sellers
from inventory.app.shipments import consume_stock

consumers = Consumers("inventory")


@consumes(consumers, ReserveStockV1)
async def on_reserve_stock(commands: Sequence[ReserveStockV1], uow: InventoryUow) -> None:
    """Reserve, or refuse."""
    await reserve_stock(commands, uow=uow)


@consumes(consumers, ReleaseStockV1)
async def on_release_stock(commands: Sequence[ReleaseStockV1], uow: InventoryUow) -> None:
    """Give reserved stock back."""
    await release_stock([Release.from_command(command) for command in commands], uow=uow)


@consumes(consumers, FulfillmentCanceledV1)
async def on_fulfillment_canceled(events: Sequence[FulfillmentCanceledV1], uow: InventoryUow) -> None:
    """Give back what the fulfilment order had reserved."""
    await release_stock([Release.from_cancellation(event) for event in events], uow=uow)


@consumes(consumers, FulfillmentShippedV1)
async def on_fulfillment_shipped(events: Sequence[FulfillmentShippedV1], uow: InventoryUow) -> None:
    """The goods are gone."""
    await consume_stock(events, uow=uow)


@consumes(consumers, SellerRegisteredV1)
async def on_seller_registered(events: Sequence[SellerRegisteredV1], uow: InventoryUow) -> None:
    """Know the seller by name."""
    await keep_sellers(events, uow=uow)


@consumes(consumers, SellerChangedV1)
async def on_seller_changed(events: Sequence[SellerChangedV1], uow: InventoryUow) -> None:
    """Know the seller by its new name."""
    await keep_sellers(events, uow=uow)
