"""The copy of the gateway's sellers."""

from collections.abc import Sequence

from contracts.gateway.v1 import SellerChangedV1, SellerRegisteredV1

from inventory.app.ports import InventoryUow


async def keep_sellers(events: Sequence[SellerRegisteredV1 | SellerChangedV1], *, uow: InventoryUow) -> None:
    """Keep the newest that is known of each seller, in whatever order it comes."""
    newest: dict[object, SellerRegisteredV1 | SellerChangedV1] = {}
    for event in events:
        known = newest.get(event.seller_id)
        if known is None or known.version < event.version:
            newest[event.seller_id] = event
    for event in sorted(newest.values(), key=lambda item: item.seller_id):
        await uow.warehouses.save_seller(
            event.seller_id, version=event.version, code=event.code, name=event.name, active=event.active
        )
