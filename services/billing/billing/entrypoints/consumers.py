"""What billing listens to; each handler takes the new events of a frame."""

from collections.abc import Sequence

from common.messaging.consumers import Consumers, consumes
from contracts.billing.v1 import CaptureHoldV1, HoldFundsV1, ReleaseHoldV1
from contracts.fulfillment.v1 import FulfillmentCanceledV1, FulfillmentShippedV1
from contracts.gateway.v1 import SellerChangedV1, SellerRegisteredV1
from contracts.inventory.v1 import WarehouseChangedV1

from billing.app.accounts import keep_sellers, keep_warehouses
from billing.app.capture_holds import capture_holds
from billing.app.hold_funds import hold_funds
from billing.app.ports import Seller, Uow, Warehouse
from billing.app.release_holds import release_holds

consumers = Consumers("billing")


@consumes(consumers, HoldFundsV1)
async def on_hold_funds(commands: Sequence[HoldFundsV1], uow: Uow) -> None:
    """Set money aside for submissions."""
    await hold_funds(commands, uow=uow)


@consumes(consumers, CaptureHoldV1)
async def on_capture_hold(commands: Sequence[CaptureHoldV1], uow: Uow) -> None:
    """Charge holds."""
    await capture_holds(commands, uow=uow)


@consumes(consumers, FulfillmentShippedV1)
async def on_fulfillment_shipped(events: Sequence[FulfillmentShippedV1], uow: Uow) -> None:
    """Charge what was shipped."""
    await capture_holds(events, uow=uow)


@consumes(consumers, ReleaseHoldV1)
async def on_release_hold(commands: Sequence[ReleaseHoldV1], uow: Uow) -> None:
    """Free holds."""
    await release_holds(commands, uow=uow)


@consumes(consumers, FulfillmentCanceledV1)
async def on_fulfillment_canceled(events: Sequence[FulfillmentCanceledV1], uow: Uow) -> None:
    """Free the holds of what will not ship."""
    await release_holds(events, uow=uow)


@consumes(consumers, SellerRegisteredV1)
async def on_seller_registered(events: Sequence[SellerRegisteredV1], uow: Uow) -> None:
    """Keep a copy, and open an account."""
    await keep_sellers([_seller(event) for event in events], uow=uow)


@consumes(consumers, SellerChangedV1)
async def on_seller_changed(events: Sequence[SellerChangedV1], uow: Uow) -> None:
    """Keep the copy up to date."""
    await keep_sellers([_seller(event) for event in events], uow=uow)


@consumes(consumers, WarehouseChangedV1)
async def on_warehouse_changed(events: Sequence[WarehouseChangedV1], uow: Uow) -> None:
    """Keep a copy."""
    await keep_warehouses(
        [
            Warehouse(
                event.warehouse_id,
                event.version,
                event.code,
                event.name,
                event.currency,
                event.time_zone,
                event.active,
            )
            for event in events
        ],
        uow=uow,
    )


def _seller(event: SellerRegisteredV1 | SellerChangedV1) -> Seller:
    return Seller(event.seller_id, event.version, event.code, event.name, event.currency, event.active)
