"""What inventory says of its aggregates as they are now."""

from collections.abc import Iterable

from contracts.inventory.v1 import (
    ProductChangedV1,
    StockChangedV1,
    WarehouseAdapterV1,
    WarehouseBindingChangedV1,
    WarehouseChangedV1,
)

from inventory.app.ports import InventoryUow
from inventory.domain.product import Product
from inventory.domain.stock import Stock
from inventory.domain.warehouse import Binding, Warehouse


async def save_stock(stocks: Iterable[Stock], *, uow: InventoryUow) -> None:
    """Write the stock rows that changed, and say each of them once, however often it changed."""
    changed = [stock for stock in stocks if stock.changed]
    await uow.stock.save(changed)
    for stock in changed:
        if stock.reservable:
            uow.outbox.add(
                StockChangedV1(
                    seller_id=stock.seller_id,
                    stock_id=stock.id,
                    version=stock.version,
                    warehouse_id=stock.warehouse_id,
                    sku=stock.sku,
                    on_hand=stock.on_hand,
                    reserved=stock.reserved,
                )
            )


def announce_product(product: Product, *, uow: InventoryUow) -> None:
    """Say what a product is now."""
    measures = product.measures
    uow.outbox.add(
        ProductChangedV1(
            seller_id=product.seller_id,
            product_id=product.id,
            version=product.version,
            sku=product.data.sku,
            title=product.data.title,
            status=product.status.value,
            measured=product.measured is not None,
            weight_grams=measures.weight_grams,
            length_mm=measures.length_mm,
            width_mm=measures.width_mm,
            height_mm=measures.height_mm,
            hazard_class=product.data.hazard_class,
        )
    )


def announce_warehouse(warehouse: Warehouse, *, uow: InventoryUow) -> None:
    """Say what a warehouse is now."""
    data = warehouse.data
    uow.outbox.add(
        WarehouseChangedV1(
            warehouse_id=warehouse.id,
            version=warehouse.version,
            code=data.code,
            name=data.name,
            country=data.country,
            time_zone=data.time_zone,
            currency=data.currency,
            active=data.active,
            adapter=WarehouseAdapterV1(kind=data.adapter_kind.value, base_url=data.base_url),
        )
    )


def announce_binding(binding: Binding, *, uow: InventoryUow) -> None:
    """Say whether a seller may use a warehouse now."""
    uow.outbox.add(
        WarehouseBindingChangedV1(
            seller_id=binding.seller_id,
            warehouse_id=binding.warehouse_id,
            version=binding.version,
            bound=binding.bound,
            changed_at=binding.changed_at,
        )
    )
