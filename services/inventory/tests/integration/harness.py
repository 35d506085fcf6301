"""Inventory on a database of its own, for tests of its HTTP API and its handlers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from common.checks import run_checks
from common.http.app import build_app
from common.http.identity import IdentityVerifier, Role
from common.kernel.ids import uuid7
from common.service import Runtime
from common.testing.delivery import Deliverer
from common.testing.plugin import PUBLIC_KEY, identity_header, settings_environment
from contracts.base import Message
from contracts.fulfillment.v1 import FulfillmentCanceledV1, FulfillmentShippedV1
from contracts.inventory.v1 import ReleaseStockV1, ReserveLineV1, ReserveStockV1, StockRefusedV1
from httpx2 import ASGITransport, AsyncClient, Response
from inventory.adapters.checks import CHECKS
from inventory.bootstrap import bootstrap
from inventory.settings import InventorySettings
from sqlalchemy import text

ADMIN = (Role.OPERATOR_ADMIN,)
STAFF = (Role.OPERATOR_WAREHOUSE,)


@dataclass
class Harness:
    """Inventory on a database of its own: its HTTP API, its handlers, its invariants."""

    runtime: Runtime
    client: AsyncClient
    deliver: Deliverer
    seller_id: UUID = field(default_factory=uuid7)

    async def call(
        self, method: str, path: str, *, roles: tuple[Role, ...] = ADMIN, seller_id: UUID | None = None, **options: Any
    ) -> Response:
        """Call a route as an operator, or as a user of the seller given."""
        roles = (Role.SELLER_OWNER,) if seller_id else roles
        headers = {**identity_header(*roles, seller_id=seller_id), **options.pop("headers", {})}
        if method == "POST" and path.startswith("/stock/"):
            headers.setdefault("Idempotency-Key", str(uuid7()))
        return await self.client.request(method, f"/api/v1{path}", headers=headers, **options)

    async def get(self, path: str, **options: Any) -> Any:
        """The body of a GET that succeeds."""
        response = await self.call("GET", path, **options)
        assert response.status_code == 200, response.text
        return response.json()

    async def warehouse(self, code: str = "W-E", *sellers: UUID) -> UUID:
        """A warehouse that the sellers, or else the harness's own, are bound to."""
        body = {"code": code, "name": code, "country": "US", "time_zone": "America/New_York", "currency": "USD"}
        made = await self.call("POST", "/warehouses", json=body)
        assert made.status_code == 201, made.text
        warehouse_id = UUID(made.json()["id"])
        for seller_id in sellers or (self.seller_id,):
            bound = await self.call("PUT", f"/warehouses/{warehouse_id}/sellers/{seller_id}")
            assert bound.status_code == 204, bound.text
        return warehouse_id

    async def approved(self, *skus: str, seller_id: UUID | None = None) -> None:
        """Approved products."""
        owner = str(seller_id or self.seller_id)
        rows = [{"sku": sku, "title": f"Product {sku}"} for sku in skus]
        for path, body in (
            ("/products/batch", {"seller_id": owner, "rows": rows}),
            ("/products/submit", {"seller_id": owner, "skus": skus}),
            ("/products/approve", {"seller_id": owner, "skus": skus}),
        ):
            answer = await self.call("POST", path, json=body)
            assert answer.json()["failed"] == 0, answer.text

    async def receive(self, warehouse_id: UUID, seller_id: UUID | None = None, /, **quantities: int) -> Any:
        """Take in units; `_` in a keyword stands for `-` in the SKU."""
        rows = [
            {"seller_id": str(seller_id or self.seller_id), "sku": sku.replace("_", "-"), "quantity": quantity}
            for sku, quantity in quantities.items()
        ]
        body = {"warehouse_id": str(warehouse_id), "rows": rows}
        answer = await self.call("POST", "/stock/receive", roles=STAFF, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def refused(self, command: ReserveStockV1) -> StockRefusedV1:
        """The refusal of a command, which is all that is said about it."""
        (message,) = await self.deliver(command)
        assert isinstance(message, StockRefusedV1)
        return message

    async def stocked(self, **quantities: int) -> UUID:
        """A warehouse with these approved products in stock."""
        warehouse_id = await self.warehouse()
        await self.approved(*(sku.replace("_", "-") for sku in quantities))
        answer = await self.receive(warehouse_id, **quantities)
        assert answer["failed"] == 0, answer
        return warehouse_id

    async def stock(self, sku: str) -> tuple[int, int]:
        """(on hand, reserved) of a SKU's good product stock, over all warehouses."""
        rows = (await self.get("/stock", params={"sku": sku, "stock_type": "product", "condition": "good"}))["items"]
        return sum(row["on_hand"] for row in rows), sum(row["reserved"] for row in rows)

    async def broken(self) -> dict[str, tuple[str, ...]]:
        """The invariants that do not hold, with examples."""
        results = await run_checks(self.runtime.transactions.engine, CHECKS)
        return {result.check.name: result.examples for result in results if result.broken}

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        """What a statement finds in the database."""
        async with self.runtime.transactions.engine.connect() as connection:
            return list((await connection.execute(text(statement), values)).fetchall())

    def reserve(
        self, warehouse_id: UUID, *lines: tuple[str, int], order_id: UUID | None = None, attempt: int = 1
    ) -> ReserveStockV1:
        """A command to reserve (SKU, quantity) lines."""
        return ReserveStockV1(
            seller_id=self.seller_id,
            reference_id=order_id or uuid7(),
            attempt=attempt,
            warehouse_id=warehouse_id,
            lines=tuple(
                ReserveLineV1(line_id=f"L{number}", sku=sku, quantity=quantity)
                for number, (sku, quantity) in enumerate(lines)
            ),
        )

    def release(self, order_id: UUID, attempt: int = 1) -> ReleaseStockV1:
        """A command to release."""
        return ReleaseStockV1(
            seller_id=self.seller_id, reference_id=order_id, attempt=attempt, reason="moved to pending"
        )

    def canceled(self, order_id: UUID, attempt: int = 1) -> FulfillmentCanceledV1:
        """The cancellation of the fulfilment order."""
        return FulfillmentCanceledV1(
            seller_id=self.seller_id,
            fulfillment_id=uuid7(),
            order_id=order_id,
            attempt=attempt,
            submission=1,
            reason="canceled by the platform",
        )

    def shipped(self, order_id: UUID, attempt: int = 1) -> FulfillmentShippedV1:
        """The shipment of the fulfilment order."""
        return FulfillmentShippedV1.model_validate(
            {
                "seller_id": self.seller_id,
                "fulfillment_id": uuid7(),
                "order_id": order_id,
                "attempt": attempt,
                "number": "FO-1",
                "submission": 1,
                "warehouse_id": uuid7(),
                "shipped_at": "2026-01-02T03:04:05Z",
                "parcels": [],
                "upload_tracking": False,
            }
        )


def of_type(messages: list[Message], kind: type[Message]) -> list[Any]:
    """The messages of one type."""
    return [message for message in messages if isinstance(message, kind)]


@asynccontextmanager
async def running(url: str, folder: str) -> AsyncIterator[Harness]:
    """Inventory on the database at `url`."""
    environment = settings_environment(url, folder)
    settings = InventorySettings.model_validate(
        {name.removeprefix("ORDERDOCK_").lower(): value for name, value in environment.items()} | {"pool_size": 24}
    )
    runtime = bootstrap(settings)
    app = build_app(
        "inventory",
        description=runtime.description,
        routers=runtime.routers,
        state=runtime.root,
        verifier=IdentityVerifier(PUBLIC_KEY),
        engine=runtime.transactions.engine,
    )
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://inventory") as client:
        yield Harness(runtime, client, Deliverer(runtime.consumers, runtime.transactions))
    await runtime.transactions.engine.dispose()
