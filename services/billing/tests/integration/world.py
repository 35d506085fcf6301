"""A running billing for tests, and what is sent to it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
from billing.settings import BillingSettings
from common.checks import run_checks
from common.http.identity import Role
from common.kernel.ids import uuid7
from common.service import Runtime
from common.testing.delivery import Deliverer
from common.testing.plugin import identity_header, settings_environment
from contracts.billing.v1 import HoldFundsV1
from contracts.fulfillment.v1 import FulfillmentShippedV1
from contracts.gateway.v1 import SellerRegisteredV1
from contracts.inventory.v1 import WarehouseAdapterV1, WarehouseChangedV1

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
CHANNEL = uuid7()


def settings_of(url: str, folder: Path) -> BillingSettings:
    environment = settings_environment(url, str(folder))
    names = BillingSettings.model_fields
    values = {key.removeprefix("ORDERDOCK_").lower(): value for key, value in environment.items()}
    return BillingSettings.model_validate({name: value for name, value in values.items() if name in names})


def finance() -> dict[str, str]:
    return identity_header(Role.OPERATOR_FINANCE)


def as_seller(seller_id: UUID, *roles: Role) -> dict[str, str]:
    return identity_header(*(roles or (Role.SELLER_OWNER,)), seller_id=seller_id)


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid7().hex}


def hold(seller_id: UUID, warehouse_id: UUID, /, **changes: object) -> HoldFundsV1:
    fulfillment_id = uuid7()
    values: dict[str, object] = {
        "seller_id": seller_id,
        "fulfillment_id": fulfillment_id,
        "submission": 1,
        "order_id": uuid7(),
        "number": f"FO-{fulfillment_id.int % 10**9:09d}",
        "warehouse_id": warehouse_id,
        "channel_id": CHANNEL,
        "units": 1,
        "parcels": 1,
        "weight_grams": 500,
        "country": "US",
        "postal_code": "10001",
    }
    return HoldFundsV1(**(values | changes))


def shipped(command: HoldFundsV1) -> FulfillmentShippedV1:
    return FulfillmentShippedV1(
        seller_id=command.seller_id,
        fulfillment_id=command.fulfillment_id,
        order_id=command.order_id,
        attempt=1,
        number=command.number,
        submission=command.submission,
        warehouse_id=command.warehouse_id,
        shipped_at="2026-11-20T10:00:00Z",
        parcels=(),
        upload_tracking=True,
    )


def warehouse_changed(warehouse_id: UUID, *, currency: str = "USD", version: int = 1) -> WarehouseChangedV1:
    return WarehouseChangedV1(
        warehouse_id=warehouse_id,
        version=version,
        code="W-E",
        name="East",
        country="US",
        time_zone="America/New_York",
        currency=currency,
        active=True,
        adapter=WarehouseAdapterV1(kind="desk"),
    )


def seller_registered(seller_id: UUID, *, currency: str = "USD") -> SellerRegisteredV1:
    return SellerRegisteredV1(
        seller_id=seller_id, version=1, code=seller_id.hex[-6:].upper(), name="Seller", currency=currency
    )


@dataclass
class World:
    """A running billing with two sellers, a USD warehouse, and a fee of 6.40 for an order of one light unit."""

    runtime: Runtime
    http: httpx2.AsyncClient
    deliver: Deliverer
    seller: UUID
    other: UUID
    warehouse: UUID

    async def account(self, seller_id: UUID | None = None, currency: str = "USD") -> dict[str, Any]:
        params = {"seller_id": str(seller_id or self.seller), "currency": currency}
        answer = await self.http.get("/api/v1/account", params=params, headers=finance())
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def available(self) -> Decimal:
        return Decimal(str((await self.account())["available"]))

    async def request_topup(self, amount: str, seller_id: UUID | None = None, /, **fields: str) -> httpx2.Response:
        return await self.http.post(
            "/api/v1/topups",
            data={"amount": amount, "currency": "USD", **fields},
            files={"proof": ("receipt.pdf", PDF, "application/pdf")},
            headers=as_seller(seller_id or self.seller) | key(),
        )

    async def approve(self, topup_id: str) -> httpx2.Response:
        return await self.http.post(f"/api/v1/topups/{topup_id}/approve", headers=finance())

    async def top_up(self, amount: str, seller_id: UUID | None = None) -> None:
        asked = await self.request_topup(amount, seller_id)
        assert asked.status_code == 201, asked.text
        assert (await self.approve(asked.json()["id"])).status_code == 200

    async def limit(self, amount: str) -> None:
        version = (await self.account())["version"]
        body = {"seller_id": str(self.seller), "credit_limit": amount}
        headers = finance() | {"If-Match": f'"{version}"'}
        answer = await self.http.put("/api/v1/account/credit-limit", json=body, headers=headers)
        assert answer.status_code == 200, answer.text

    async def schedule(self, **changes: object) -> httpx2.Response:
        body = {
            "warehouse_id": str(self.warehouse),
            "valid_from": date(2026, 1, 1).isoformat(),
            "per_order": "5.00",
            "per_further_unit": "0.75",
            "bands": [{"up_to_grams": 1000, "amount": "1.40"}, {"amount": "4.00"}],
        }
        return await self.http.post("/api/v1/fee-schedules", json=body | changes, headers=finance() | key())

    async def broken(self) -> dict[str, int]:
        results = await run_checks(self.runtime.transactions.engine, self.runtime.checks)
        return {result.check.name: result.broken for result in results if result.broken}
