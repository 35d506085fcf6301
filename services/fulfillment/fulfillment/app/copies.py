"""Copies of other services' facts: the newest version of each is kept."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Protocol, TypeVar

from contracts.gateway.v1 import SellerChangedV1, SellerRegisteredV1
from contracts.inventory.v1 import ProductChangedV1, WarehouseChangedV1

from fulfillment.app.ports import ProductCopy, SellerCopy, Uow, WarehouseCopy


class _Versioned(Protocol):
    @property
    def version(self) -> int: ...


V = TypeVar("V", bound=_Versioned)


def newest(copies: Iterable[V], key: Callable[[V], Hashable]) -> list[V]:
    """The newest of each key."""
    kept: dict[Hashable, V] = {}
    for copy in copies:
        known = kept.get(key(copy))
        if known is None or copy.version > known.version:
            kept[key(copy)] = copy
    return list(kept.values())


async def copy_warehouses(messages: Sequence[WarehouseChangedV1], *, uow: Uow) -> None:
    """Keep how each warehouse is called and reached."""
    copies = [
        WarehouseCopy(
            m.warehouse_id, m.version, m.code, m.name, m.country, m.active, m.adapter.kind, m.adapter.base_url
        )
        for m in messages
    ]
    await uow.copies.put_warehouses(newest(copies, lambda copy: copy.id))


async def copy_sellers(messages: Sequence[SellerRegisteredV1 | SellerChangedV1], *, uow: Uow) -> None:
    """Keep the code of each seller."""
    copies = [SellerCopy(m.seller_id, m.version, m.code, m.name, m.active) for m in messages]
    await uow.copies.put_sellers(newest(copies, lambda copy: copy.id))


async def copy_products(messages: Sequence[ProductChangedV1], *, uow: Uow) -> None:
    """Keep the weight in force of each SKU."""
    copies = [ProductCopy(m.seller_id, m.sku, m.product_id, m.version, m.weight_grams) for m in messages]
    await uow.copies.put_products(newest(copies, lambda copy: (copy.seller_id, copy.sku)))
