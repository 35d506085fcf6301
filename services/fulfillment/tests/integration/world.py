import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

import httpx2
import orjson
from common.checks import run_checks
from common.http.identity import Role
from common.kernel.ids import uuid7
from common.messaging.job_runner import JobRunner
from common.messaging.jobs import TIMER
from common.service import Runtime
from common.testing.delivery import Deliverer
from common.testing.plugin import identity_header
from contracts.base import Message
from contracts.billing.v1 import FundsHeldV1, FundsRefusedV1, HoldFundsV1
from contracts.common_parts import AddressV1, ParcelV1
from contracts.fulfillment.v1 import CancelFulfillmentV1, CreateFulfillmentV1, FulfillmentDraftedV1, FulfillmentLineV1
from contracts.gateway.v1 import SellerRegisteredV1
from contracts.inventory.v1 import ProductChangedV1, WarehouseAdapterV1, WarehouseChangedV1
from sqlalchemy import text
from standardwebhooks.webhooks import Webhook

SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n%%EOF\n"

M = TypeVar("M", bound=Message)


def of(messages: Sequence[Message], kind: type[M]) -> list[M]:
    """The messages of one type."""
    return [message for message in messages if isinstance(message, kind)]


def one(messages: Sequence[Message], kind: type[M]) -> M:
    """The only message of one type."""
    (found,) = of(messages, kind)
    return found


def admin() -> dict[str, str]:
    """An administrator; identities live for a minute, so each call gets a new one."""
    return identity_header(Role.OPERATOR_ADMIN)


def desk_staff() -> dict[str, str]:
    return identity_header(Role.OPERATOR_WAREHOUSE)


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid7().hex}


def seller_header(seller_id: UUID) -> dict[str, str]:
    return identity_header(Role.SELLER_OWNER, seller_id=seller_id)


@dataclass
class World:
    """Fulfillment on a database of its own: its handlers, its HTTP API, its jobs, its invariants."""

    runtime: Runtime
    http: httpx2.AsyncClient
    deliver: Deliverer
    seller: UUID = field(default_factory=uuid7)
    other: UUID = field(default_factory=uuid7)
    desk: UUID = field(default_factory=uuid7)
    wms: UUID = field(default_factory=uuid7)
    channels: dict[tuple[UUID, str], UUID] = field(default_factory=dict)

    async def begin(self, base_url: str = "http://127.0.0.1:9") -> None:
        for number, seller_id in enumerate((self.seller, self.other)):
            await self.deliver(
                SellerRegisteredV1(seller_id=seller_id, version=1, code=f"S{number}", name="S", currency="USD")
            )
        await self.deliver(
            self.warehouse_changed(self.desk, "W-E", "desk"), self.warehouse_changed(self.wms, "W-W", "http", base_url)
        )
        await self.deliver(self.product("A-1", 500), self.product("B-1", 1200), self.product("A-1", 700, self.other))

    def warehouse_changed(
        self, warehouse_id: UUID, code: str, kind: str, base_url: str = "", version: int = 1
    ) -> WarehouseChangedV1:
        return WarehouseChangedV1(
            warehouse_id=warehouse_id,
            version=version,
            code=code,
            name=f"Warehouse {code}",
            country="US",
            time_zone="America/New_York",
            currency="USD",
            active=True,
            adapter=WarehouseAdapterV1(kind=kind, base_url=base_url),
        )

    def product(
        self, sku: str, weight: int | None, seller_id: UUID | None = None, version: int = 1
    ) -> ProductChangedV1:
        seller = seller_id or self.seller
        return ProductChangedV1(
            seller_id=seller,
            product_id=UUID(int=(seller.int ^ hash(sku)) % 2**128),
            version=version,
            sku=sku,
            title=sku,
            status="approved",
            measured=True,
            weight_grams=weight,
        )

    async def channel(self, kind: str = "platform_label", warehouse_id: UUID | None = None, **fields: Any) -> UUID:
        warehouse = warehouse_id or self.desk
        found = self.channels.get((warehouse, kind))
        if found and not fields:
            return found
        code = f"{kind.upper()}-{len(self.channels)}"
        body = {"warehouse_id": str(warehouse), "code": code, "name": code, "kind": kind, **fields}
        made = await self.http.post("/api/v1/channels", json=body, headers=admin() | key())
        assert made.status_code == 201, made.text
        self.channels[warehouse, kind] = UUID(made.json()["id"])
        await self.deliver.said()
        return self.channels[warehouse, kind]

    async def switch(self, delay_seconds: int = 0, *, on: bool = True, seller_id: UUID | None = None) -> None:
        answer = await self.http.put(
            "/api/v1/submission-settings",
            json={"auto_submit": on, "delay_seconds": delay_seconds},
            headers=seller_header(seller_id or self.seller),
        )
        assert answer.status_code == 200, answer.text

    async def connect(self, base_url: str) -> None:
        answer = await self.http.put(
            f"/api/v1/warehouse-connections/{self.wms}", json={"secret": SECRET, "base_url": base_url}, headers=admin()
        )
        assert answer.status_code == 200, answer.text

    def create(
        self, channel_id: UUID, warehouse_id: UUID | None = None, *, seller_id: UUID | None = None, **changes: Any
    ) -> CreateFulfillmentV1:
        order_id = uuid7()
        values: dict[str, Any] = {
            "seller_id": seller_id or self.seller,
            "order_id": order_id,
            "attempt": 1,
            "store_id": uuid7(),
            "platform": "shopify",
            "platform_order_id": order_id.hex,
            "platform_order_number": f"#{order_id.hex[-6:]}",
            "warehouse_id": warehouse_id or self.desk,
            "channel_id": channel_id,
            "ship_to": AddressV1(
                name="A. Buyer", line1="1 Main St", city="Reno", region="NV", postal_code="01501", country="US"
            ),
            "lines": (FulfillmentLineV1(line_id="1", sku="A-1", quantity=2, title="Mug"),),
            "parcels": (ParcelV1(tracking_number=f"T{order_id.hex[-9:]}", carrier="Post"),),
        }
        return CreateFulfillmentV1(**(values | changes))

    def cancel(self, command: CreateFulfillmentV1, reason: str = "the buyer changed his mind") -> CancelFulfillmentV1:
        return CancelFulfillmentV1(
            seller_id=command.seller_id, order_id=command.order_id, attempt=command.attempt, reason=reason
        )

    def held(self, hold: HoldFundsV1) -> FundsHeldV1:
        return FundsHeldV1(
            seller_id=hold.seller_id,
            fulfillment_id=hold.fulfillment_id,
            submission=hold.submission,
            hold_id=uuid7(),
            amount=Decimal("6.40"),
            currency="USD",
        )

    def refused(self, hold: HoldFundsV1) -> FundsRefusedV1:
        return FundsRefusedV1(
            seller_id=hold.seller_id,
            fulfillment_id=hold.fulfillment_id,
            submission=hold.submission,
            code="insufficient_funds",
            reason="the available amount is too small",
            amount=Decimal("6.40"),
            available=Decimal("5.00"),
            currency="USD",
        )

    async def drafted(self, command: CreateFulfillmentV1) -> UUID:
        return one(await self.deliver(command), FulfillmentDraftedV1).fulfillment_id

    async def submitted(self, fulfillment_id: UUID) -> HoldFundsV1:
        """Submit by hand; returns the command to billing."""
        answer = await self.post(f"/fulfillments/{fulfillment_id}/submit")
        assert answer.status_code == 200, answer.text
        return one(await self.deliver.said(), HoldFundsV1)

    async def at_desk(self, **changes: Any) -> tuple[CreateFulfillmentV1, UUID]:
        """A fulfilment order that the desk works on."""
        command = self.create(await self.channel(), **changes)
        fulfillment_id = await self.drafted(command)
        await self.deliver(self.held(await self.submitted(fulfillment_id)))
        return command, fulfillment_id

    async def at_wms(self, **changes: Any) -> tuple[CreateFulfillmentV1, UUID]:
        """A fulfilment order whose funds are held, and of which the WMS is about to be told."""
        channel = await self.channel("platform_label", self.wms)
        command = self.create(channel, self.wms, **changes)
        fulfillment_id = await self.drafted(command)
        await self.deliver(self.held(await self.submitted(fulfillment_id)))
        return command, fulfillment_id

    async def post(self, path: str, body: Any = None, *, headers: dict[str, str] | None = None) -> httpx2.Response:
        sent = (headers or admin()) | key()
        return await self.http.post(f"/api/v1{path}", json=body, headers=sent)

    async def show(self, fulfillment_id: UUID) -> dict[str, Any]:
        answer = await self.http.get(f"/api/v1/fulfillments/{fulfillment_id}", headers=admin())
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def state(self, fulfillment_id: UUID) -> str:
        shown = await self.show(fulfillment_id)
        return f"{shown['status']}/{shown['draft_status']}" if shown["draft_status"] else str(shown["status"])

    async def callback(
        self, kind: str, reference: str, *, secret: str = SECRET, call_id: str = "", **fields: Any
    ) -> httpx2.Response:
        body = {
            "type": kind,
            "reference": reference,
            "warehouse_reference": "X-77",
            "occurred_at": "2026-05-01T10:00:00Z",
            "reason": "",
            "parcels": [],
            **fields,
        }
        content = orjson.dumps(body)
        now = datetime.now(UTC)
        identifier = call_id or uuid7().hex
        headers = {
            "webhook-id": identifier,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign(identifier, now, content.decode()),
            "content-type": "application/json",
        }
        return await self.http.post(f"/api/v1/hooks/wms/{self.wms}", content=content, headers=headers)

    async def run_jobs(self, *kinds: str, rounds: int = 20) -> None:
        """Run what is due of these kinds, as if no time had to pass between its tries, until nothing is."""
        runner = JobRunner(self.runtime.jobs, self.runtime.transactions)
        runner._kinds = {name: kind for name, kind in runner._kinds.items() if name in kinds and name != TIMER}
        for _ in range(rounds):
            await self.sql("UPDATE jobs SET next_at = now() - interval '1 second' WHERE NOT leased AND state = 'open'")
            if not await runner.lease_due():
                break
            for running in list(runner._running.values()):
                for task in list(running):
                    await task
        for batcher in runner._settling.values():
            await batcher.close()

    async def tick(self, timer: str) -> list[Message]:
        """Run a timer once; returns what it said."""
        await self.deliver.said()
        async with self.runtime.transactions.begin() as uow:
            await self.runtime.jobs.timers[timer].tick(uow)
        return await self.deliver.said()

    async def sql(self, statement: str, **values: Any) -> list[Any]:
        async with self.runtime.transactions.engine.begin() as connection:
            result = await connection.execute(text(statement), values)
            return list(result.fetchall()) if result.returns_rows else []

    async def broken(self) -> dict[str, tuple[str, ...]]:
        """The invariants that do not hold, with examples."""
        results = await run_checks(self.runtime.transactions.engine, self.runtime.checks)
        return {result.check.name: result.examples for result in results if result.broken}
