"""Warehouses, how they are reached, and which sellers may use them."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from common.errors import Conflict, StaleVersion


class AdapterKind(StrEnum):
    """How orders get to the warehouse: its staff work at our desk, or its own system speaks our WMS protocol."""

    DESK = "desk"
    HTTP = "http"


class WarehouseLocked(Conflict):
    """A change that a warehouse in use does not allow."""

    code = "warehouse_locked"


@dataclass(frozen=True, slots=True)
class WarehouseData:
    """What can be said of a warehouse. Country is ISO 3166-1 alpha-2, currency ISO 4217, the zone an IANA name."""

    code: str
    name: str
    country: str
    time_zone: str
    currency: str
    adapter_kind: AdapterKind = AdapterKind.DESK
    base_url: str = ""
    active: bool = True


@dataclass(slots=True)
class Warehouse:
    """A warehouse as it is stored; `version` counts its changes."""

    id: UUID
    data: WarehouseData
    version: int
    created_at: datetime
    updated_at: datetime

    def edit(self, data: WarehouseData, *, expected: int, used: bool) -> bool:
        """Change it; returns whether anything is different. Raises StaleVersion or WarehouseLocked.

        The code never changes, and the currency not once a seller was bound, because accounts are kept in it.
        """
        if expected != self.version:
            raise StaleVersion("warehouse", self.data.code, expected=expected, current=self.version)
        if data == self.data:
            return False
        if replace(data, code=self.data.code) != data:
            raise WarehouseLocked(
                f"the code of {self.data.code} never changes", remedy="Make a new warehouse with the new code."
            )
        if used and data.currency != self.data.currency:
            raise WarehouseLocked(
                f"{self.data.code} has sellers whose accounts are kept in {self.data.currency}",
                remedy="Make a new warehouse with the other currency.",
            )
        self.data = data
        self.version += 1
        return True


@dataclass(frozen=True, slots=True)
class Binding:
    """Whether a seller may use a warehouse; kept when it ends, so that versions go on."""

    seller_id: UUID
    warehouse_id: UUID
    bound: bool
    version: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """A seller at a warehouse."""

    seller_id: UUID
    warehouse_id: UUID
