"""Copies of what other services own, kept from their events; the newest version stays."""

from collections.abc import Sequence

from contracts.fulfillment.v1 import ChannelChangedV1
from contracts.inventory.v1 import ProductChangedV1, WarehouseBindingChangedV1, WarehouseChangedV1
from contracts.sync.v1 import StoreChangedV1

from orders.app.ports import Uow


async def copy_stores(messages: Sequence[StoreChangedV1], *, uow: Uow) -> None:
    """Stores: whose they are."""
    rows = [
        {
            "id": message.store_id,
            "seller_id": message.seller_id,
            "version": message.version,
            "platform": message.platform,
            "name": message.name,
            "state": message.state,
        }
        for message in messages
    ]
    await uow.reference.mirror("stores", rows)


async def copy_products(messages: Sequence[ProductChangedV1], *, uow: Uow) -> None:
    """Products: approved, measured, how heavy."""
    rows = [
        {
            "id": message.product_id,
            "seller_id": message.seller_id,
            "version": message.version,
            "sku": message.sku,
            "status": message.status,
            "measured": message.measured,
            "weight_grams": message.weight_grams,
        }
        for message in messages
    ]
    await uow.reference.mirror("products", rows)


async def copy_warehouses(messages: Sequence[WarehouseChangedV1], *, uow: Uow) -> None:
    """Warehouses: where they are, and whether they are open."""
    rows = [
        {
            "id": message.warehouse_id,
            "version": message.version,
            "code": message.code,
            "name": message.name,
            "country": message.country,
            "active": message.active,
        }
        for message in messages
    ]
    await uow.reference.mirror("warehouses", rows)


async def copy_bindings(messages: Sequence[WarehouseBindingChangedV1], *, uow: Uow) -> None:
    """Which seller may use which warehouse."""
    rows = [
        {
            "seller_id": message.seller_id,
            "warehouse_id": message.warehouse_id,
            "version": message.version,
            "bound": message.bound,
        }
        for message in messages
    ]
    await uow.reference.mirror("warehouse_bindings", rows)


async def copy_channels(messages: Sequence[ChannelChangedV1], *, uow: Uow) -> None:
    """Channels: of which warehouse, of what kind, to which countries."""
    rows = [
        {
            "id": message.channel_id,
            "version": message.version,
            "warehouse_id": message.warehouse_id,
            "code": message.code,
            "name": message.name,
            "kind": message.kind,
            "countries": message.countries,
            "active": message.active,
        }
        for message in messages
    ]
    await uow.reference.mirror("channels", rows)
