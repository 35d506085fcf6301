"""A small world around the service: a seller, its store and products, and what the other services answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from common.checks import run_checks
from common.kernel.ids import uuid7
from common.service import Runtime
from common.testing.delivery import Deliverer, take_outbox
from contracts.base import Message
from contracts.common_parts import AddressV1, ParcelV1
from contracts.fulfillment.v1 import (
    ChannelChangedV1,
    FulfillmentAcceptedV1,
    FulfillmentDraftedV1,
    FulfillmentShippedV1,
)
from contracts.inventory.v1 import (
    ProductChangedV1,
    StockReservedV1,
    WarehouseAdapterV1,
    WarehouseBindingChangedV1,
    WarehouseChangedV1,
)
from contracts.sync.v1 import CanonicalOrderV1, OrderLineV1, OrdersPulledV1, PlatformStatusV1, StoreChangedV1
from orders.app.ports import SkuMapping
from orders.domain.mapping import MappedSku
from orders.domain.routing import Rule
from sqlalchemy import text

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
ADDRESS = AddressV1(
    name="Ann Buyer",
    phone="+15551234567",
    line1="1 Main St",
    city="Boston",
    region="MA",
    postal_code="2108",
    country="US",
)


@dataclass
class World:
    """A seller with a store, mapped and approved SKUs, two warehouses and their channels."""

    runtime: Runtime
    deliver: Deliverer
    seller_id: UUID = field(default_factory=uuid7)
    store_id: UUID = field(default_factory=uuid7)
    warehouse_id: UUID = field(default_factory=uuid7)
    own_label: UUID = field(default_factory=uuid7)
    platform_label: UUID = field(default_factory=uuid7)

    async def build(self) -> None:
        await self.deliver(
            StoreChangedV1(
                seller_id=self.seller_id,
                store_id=self.store_id,
                version=1,
                platform="shopify",
                name="Ann's",
                state="active",
            )
        )
        adapter = WarehouseAdapterV1(kind="desk")
        await self.deliver(
            WarehouseChangedV1(
                warehouse_id=self.warehouse_id,
                version=1,
                code="W-E",
                name="East",
                country="US",
                time_zone="America/New_York",
                currency="USD",
                active=True,
                adapter=adapter,
            )
        )
        await self.deliver(
            WarehouseBindingChangedV1(
                seller_id=self.seller_id, warehouse_id=self.warehouse_id, version=1, bound=True, changed_at=NOW
            )
        )
        await self.deliver(
            self.channel(self.own_label, "own_label"), self.channel(self.platform_label, "platform_label")
        )
        await self.product("A-1")
        await self.product("B-1")
        await self.map("P", [("A-1", 1)])

    def channel(self, channel_id: UUID, kind: str, *, countries: tuple[str, ...] = (), version: int = 1) -> Message:
        return ChannelChangedV1(
            channel_id=channel_id,
            version=version,
            warehouse_id=self.warehouse_id,
            code=kind.upper(),
            name=kind,
            kind=kind,
            countries=countries,
            active=True,
            upload_tracking=kind != "platform_label",
        )

    async def product(
        self,
        sku: str,
        *,
        status: str = "approved",
        measured: bool = True,
        product_id: UUID | None = None,
        version: int = 1,
    ) -> UUID:
        product_id = product_id or uuid7()
        await self.deliver(
            ProductChangedV1(
                seller_id=self.seller_id,
                product_id=product_id,
                version=version,
                sku=sku,
                title=sku,
                status=status,
                measured=measured,
                weight_grams=500,
            )
        )
        return product_id

    async def map(self, platform_sku: str, items: Sequence[tuple[str, int]]) -> None:
        async with self.runtime.transactions.begin() as uow:
            mapped = tuple(MappedSku(sku, quantity) for sku, quantity in items)
            row = SkuMapping(uuid7(), self.seller_id, self.store_id, platform_sku, mapped, 1, uow.now, uow.now)
            await uow.mappings.upsert([row])

    async def rule(self, *, channel_id: UUID | None = None, auto_review: bool = True, **conditions: Any) -> Rule:
        async with self.runtime.transactions.begin() as uow:
            rules = await uow.rules.lock_all(self.seller_id)
            rule = Rule(
                id=uuid7(),
                seller_id=self.seller_id,
                position=len(rules) + 1,
                name="everything",
                warehouse_id=self.warehouse_id,
                channel_id=channel_id or self.own_label,
                auto_review=auto_review,
                **conditions,
            )
            await uow.rules.insert(rule)
            return rule

    def order(self, key: str = "1", **changes: Any) -> CanonicalOrderV1:
        fields: dict[str, Any] = {
            "platform_order_id": key,
            "number": f"#{key}",
            "status": PlatformStatusV1.AWAITING_FULFILLMENT,
            "raw_status": "OPEN",
            "version": 1,
            "created_at": NOW,
            "updated_at": NOW,
            "paid_at": NOW,
            "currency": "USD",
            "total": "10.00",
            "buyer_name": "Ann Buyer",
            "ship_to": ADDRESS,
            "lines": (OrderLineV1(platform_line_id=f"{key}-1", platform_sku="P", quantity=1, title="Pen"),),
        }
        return CanonicalOrderV1(**{**fields, **changes})

    def page(self, *orders: CanonicalOrderV1) -> OrdersPulledV1:
        return OrdersPulledV1(seller_id=self.seller_id, store_id=self.store_id, platform="shopify", orders=orders)

    async def pull(self, *orders: CanonicalOrderV1) -> list[Message]:
        return await self.deliver(self.page(*orders))

    async def row(self, key: str = "1") -> Any:
        async with self.runtime.transactions.engine.connect() as connection:
            found = await connection.execute(
                text("SELECT * FROM orders WHERE store_id = :store AND platform_order_id = :key"),
                {"store": self.store_id, "key": key},
            )
            return found.one_or_none()

    async def timeline(self, key: str = "1") -> list[Any]:
        async with self.runtime.transactions.engine.connect() as connection:
            row = await self.row(key)
            found = await connection.execute(
                text("SELECT * FROM order_timeline WHERE order_id = :id ORDER BY version"), {"id": row.id}
            )
            return list(found)

    async def said(self) -> list[Message]:
        return await take_outbox(self.runtime.transactions)

    async def check(self) -> None:
        for result in await run_checks(self.runtime.transactions.engine, self.runtime.checks):
            assert not result.broken, f"{result.check.name}: {result.examples}"

    # The other services' answers.

    def reserved(self, row: Any, attempt: int = 1) -> Message:
        return StockReservedV1(
            seller_id=self.seller_id, reference_id=row.id, attempt=attempt, warehouse_id=self.warehouse_id
        )

    def drafted(self, row: Any, attempt: int = 1) -> Message:
        return FulfillmentDraftedV1(
            seller_id=self.seller_id,
            fulfillment_id=fulfillment_id(row, attempt),
            order_id=row.id,
            attempt=attempt,
            number="FO-1",
        )

    def accepted(self, row: Any, attempt: int = 1) -> Message:
        return FulfillmentAcceptedV1(
            seller_id=self.seller_id,
            fulfillment_id=fulfillment_id(row, attempt),
            order_id=row.id,
            attempt=attempt,
            number="FO-1",
            warehouse_id=self.warehouse_id,
            warehouse_reference="W1",
            accepted_at=NOW,
        )

    def shipped(self, row: Any, attempt: int = 1, *, upload_tracking: bool = True) -> Message:
        return FulfillmentShippedV1(
            seller_id=self.seller_id,
            fulfillment_id=fulfillment_id(row, attempt),
            order_id=row.id,
            attempt=attempt,
            number="FO-1",
            submission=1,
            warehouse_id=self.warehouse_id,
            shipped_at=NOW,
            parcels=(ParcelV1(tracking_number="T1", carrier="House"),),
            upload_tracking=upload_tracking,
        )


def fulfillment_id(row: Any, attempt: int) -> UUID:
    return UUID(int=row.id.int ^ attempt)


def kinds(messages: Sequence[Message]) -> list[str]:
    return [message.message_type.split(".")[1] for message in messages]
