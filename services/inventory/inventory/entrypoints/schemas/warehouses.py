"""Bodies of the warehouse routes."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from inventory.domain.warehouse import AdapterKind, Warehouse, WarehouseData
from inventory.entrypoints.schemas.parts import Body, Name, View

Code = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9._-]{0,31}$"),
    Field(description="Short, unique, upper case; it never changes."),
]


class Adapter(Body):
    """How orders get to the warehouse."""

    kind: AdapterKind = Field(AdapterKind.DESK, description="desk, or http for our WMS protocol.")
    base_url: str = Field("", max_length=500, description="Where the warehouse's system listens; for http only.")


class WarehouseIn(Body):
    """A new warehouse."""

    code: Code
    name: Name
    country: str = Field(description="ISO 3166-1 alpha-2.")
    time_zone: str = Field(description="IANA name, such as America/New_York.")
    currency: str = Field(description="ISO 4217; sellers' accounts here are kept in it.")
    adapter: Adapter = Field(default_factory=lambda: Adapter(kind=AdapterKind.DESK, base_url=""))

    def data(self) -> WarehouseData:
        """What it says."""
        return WarehouseData(
            code=self.code,
            name=self.name,
            country=self.country,
            time_zone=self.time_zone,
            currency=self.currency,
            adapter_kind=self.adapter.kind,
            base_url=self.adapter.base_url,
        )


class WarehouseEdit(Body):
    """What changes of a warehouse; absent fields stay."""

    code: Code | None = None
    name: Name | None = None
    country: str | None = None
    time_zone: str | None = None
    currency: str | None = None
    adapter: Adapter | None = None
    active: bool | None = Field(None, description="An inactive warehouse takes no new reservations and no goods.")

    def changes(self) -> dict[str, Any]:
        """The fields that were given."""
        given: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("code", "name", "country", "time_zone", "currency", "active")
            if getattr(self, name) is not None
        }
        if self.adapter:
            given["adapter_kind"] = self.adapter.kind
            given["base_url"] = self.adapter.base_url
        return given


class AdapterView(View):
    """How orders get to the warehouse."""

    kind: AdapterKind
    base_url: str = Field(description="Shown to operators only.")


class WarehouseView(View):
    """A warehouse."""

    id: UUID
    version: int = Field(description="Send it in If-Match to edit.")
    code: str
    name: str
    country: str
    time_zone: str
    currency: str
    adapter: AdapterView
    active: bool
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, warehouse: Warehouse, *, whole: bool) -> "WarehouseView":
        """As the asker may see it: the address of the warehouse's system is the operator's affair."""
        data = warehouse.data
        return cls(
            id=warehouse.id,
            version=warehouse.version,
            code=data.code,
            name=data.name,
            country=data.country,
            time_zone=data.time_zone,
            currency=data.currency,
            adapter=AdapterView(kind=data.adapter_kind, base_url=data.base_url if whole else ""),
            active=data.active,
            created_at=warehouse.created_at,
            updated_at=warehouse.updated_at,
        )


class BoundSeller(View):
    """A seller that may use a warehouse."""

    seller_id: UUID
    seller_code: str | None = Field(description="Absent until the seller's registration has been heard of.")
    seller_name: str | None
    version: int
    changed_at: datetime


class AuditEntry(View):
    """One move: who, when, from what to what, why."""

    at: datetime
    actor: str
    source: str
    target: str
    reason: str
