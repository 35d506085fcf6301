"""Warehouses: made and edited by the operator, and opened to sellers."""

from dataclasses import replace
from functools import lru_cache
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import available_timezones

import pycountry
from common.errors import Conflict, FieldError, InvalidInput, NotFound
from common.kernel.ids import uuid7

from inventory.app.announce import announce_binding, announce_warehouse
from inventory.app.ports import InventoryUow
from inventory.domain.audit import Transition
from inventory.domain.warehouse import AdapterKind, Place, Warehouse, WarehouseData


async def create_warehouse(data: WarehouseData, *, actor: str, uow: InventoryUow) -> Warehouse:
    """Make a warehouse; raises InvalidInput or, where the code is taken, Conflict."""
    check(data)
    warehouse = Warehouse(uuid7(), data, 1, uow.now, uow.now)
    if not await uow.warehouses.add(warehouse):
        raise Conflict(f"there is a warehouse {data.code} already", remedy="Choose another code.", code="code_exists")
    await uow.audit.add("warehouse", [Transition(warehouse.id, "", "created", "")], actor=actor, at=uow.now)
    announce_warehouse(warehouse, uow=uow)
    return warehouse


async def edit_warehouse(
    warehouse_id: UUID, data: dict[str, object], *, expected: int, actor: str, uow: InventoryUow
) -> Warehouse:
    """Change the fields given; raises NotFound, InvalidInput, StaleVersion or WarehouseLocked."""
    warehouse = await uow.warehouses.lock(warehouse_id)
    if warehouse is None:
        raise not_found(warehouse_id)
    before = warehouse.data
    wanted = replace(before, **data)  # type: ignore[arg-type]  # The names were checked by the request's schema.
    check(wanted)
    if warehouse.edit(wanted, expected=expected, used=await uow.warehouses.ever_bound(warehouse_id)):
        warehouse.updated_at = uow.now
        await uow.warehouses.save(warehouse)
        changes = ", ".join(f"{name}={value}" for name, value in data.items() if getattr(before, name) != value)
        await uow.audit.add(
            "warehouse", [Transition(warehouse.id, _state(before), _state(wanted), changes)], actor=actor, at=uow.now
        )
        announce_warehouse(warehouse, uow=uow)
    return warehouse


async def bind_seller(place: Place, *, bound: bool, actor: str, uow: InventoryUow) -> None:
    """Open a warehouse to a seller, or close it; raises NotFound for a warehouse that is not there.

    Closing it changes no stock and no reservation: what is reserved still ships. The seller need not have been heard
    of, because its registration may come later than the wish to bind it.
    """
    if await uow.warehouses.get(place.warehouse_id) is None:
        raise not_found(place.warehouse_id)
    binding = await uow.warehouses.bind(place, bound=bound, at=uow.now)
    if binding:
        move = ("unbound", "bound") if bound else ("bound", "unbound")
        await uow.audit.add(
            "warehouse_binding",
            [Transition(place.warehouse_id, *move, f"seller {place.seller_id}")],
            actor=actor,
            at=uow.now,
        )
        announce_binding(binding, uow=uow)


def check(data: WarehouseData) -> None:
    """Raise InvalidInput naming each wrong field."""
    wrong = []
    # pycountry finds codes in any case; what we store is what consumers compare, so only the official form is taken.
    country = pycountry.countries.get(alpha_2=data.country)
    currency = pycountry.currencies.get(alpha_3=data.currency)
    if country is None or country.alpha_2 != data.country:
        wrong.append(FieldError("country", data.country, "is not a country", "Use ISO 3166-1 alpha-2, such as US."))
    if data.time_zone not in _zones():
        wrong.append(
            FieldError("time_zone", data.time_zone, "is not a time zone", "Use an IANA name, such as America/New_York.")
        )
    if currency is None or currency.alpha_3 != data.currency:
        wrong.append(FieldError("currency", data.currency, "is not a currency", "Use ISO 4217, such as USD."))
    wrong.extend(_wrong_address(data))
    if wrong:
        raise InvalidInput(wrong)


def _wrong_address(data: WarehouseData) -> list[FieldError]:
    field, url = "adapter.base_url", data.base_url
    match data.adapter_kind:
        case AdapterKind.DESK:
            if url:
                return [FieldError(field, url, "is only for adapter kind http", "Leave it out for the desk.")]
        case AdapterKind.HTTP:
            try:
                parts = urlsplit(url)
                valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.username
            except ValueError:
                valid = False
            if not valid:
                remedy = "Give the address of the warehouse's system, such as https://wms.example.com/orderdock."
                return [FieldError(field, url, "is not an http address", remedy)]
    return []


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _state(data: WarehouseData) -> str:
    return "active" if data.active else "inactive"


def not_found(warehouse_id: UUID) -> NotFound:
    """The error for a warehouse that is not there, or not open to the asker."""
    return NotFound(f"there is no warehouse {warehouse_id}", remedy="Check the id in GET /api/v1/warehouses.")
