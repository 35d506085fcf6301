"""No seller sees or changes another's rows, on any route that exists."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from common.http.identity import Role
from common.kernel.ids import uuid7
from fastapi.routing import APIRoute
from inventory.entrypoints.api import ROUTERS

from .harness import Harness

MEASURES = {"weight_grams": 1, "length_mm": 1, "width_mm": 1, "height_mm": 1}
ROUTES = sorted(
    f"{method} {route.path.removeprefix('/api/v1')}"
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute)
    for method in route.methods or ()
)


@dataclass
class World:
    """A victim with one of everything."""

    victim: UUID
    warehouse: str
    product: str
    stock: str
    order: str
    anomaly: str

    def path(self, route: str) -> str:
        path = route.replace("{product_id}", self.product).replace("{warehouse_id}", self.warehouse)
        path = path.replace("{stock_id}", self.stock).replace("{seller_id}", str(self.victim))
        return path.replace("{anomaly_id}", self.anomaly)

    def body(self, route: str) -> Any:
        """What the intruder sends: everything in it is the victim's."""
        names = {"product_ids": [self.product], "skus": ["A"], "seller_id": str(self.victim)}
        row = {"seller_id": str(self.victim), "sku": "A"}
        bodies: dict[str, Any] = {
            "POST /products": {"sku": "A", "title": "stolen", "seller_id": str(self.victim)},
            "POST /products/batch": {"seller_id": str(self.victim), "rows": [{"sku": "A", "title": "stolen"}]},
            "PATCH /products/{product_id}": {"title": "stolen"},
            "PATCH /warehouses/{warehouse_id}": {"name": "stolen"},
            "POST /products/reject": {**names, "reason": "x"},
            "POST /products/{product_id}/reject": {"reason": "x"},
            "POST /products/measure": {"rows": [{**MEASURES, "product_id": self.product}, {**MEASURES, **row}]},
            "POST /products/{product_id}/measure": MEASURES,
            "POST /stock/receive": {"warehouse_id": self.warehouse, "rows": [{**row, "quantity": 1}]},
            "POST /stock/adjust": {"warehouse_id": self.warehouse, "rows": [{**row, "delta": 1, "reason": "x"}]},
            "POST /stock/anomalies/{anomaly_id}/resolve": {"note": "x"},
        }
        return bodies.get(route, names if route.startswith("POST") else None)


async def world_of(harness: Harness) -> World:
    warehouse = await harness.stocked(A=5)
    command = harness.reserve(warehouse, ("A", 1))
    await harness.deliver(command)
    await harness.deliver(harness.shipped(uuid7()))
    (product,) = (await harness.get("/products"))["items"]
    (stock,) = (await harness.get("/stock"))["items"]
    (anomaly,) = (await harness.get("/stock/anomalies"))["items"]
    return World(
        harness.seller_id,
        str(warehouse),
        product["id"],
        stock["id"],
        str(command.reference_id),
        anomaly["id"],
    )


SNAPSHOT = " UNION ALL ".join(
    f"SELECT '{table}', to_jsonb(t)::text FROM {table} t WHERE {owner} = :victim"
    for table, owner in (
        ("products", "seller_id"),
        ("stock", "seller_id"),
        ("movements", "seller_id"),
        ("reservations", "seller_id"),
        ("anomalies", "seller_id"),
        ("warehouse_bindings", "seller_id"),
    )
)


async def snapshot(harness: Harness, victim: UUID) -> list[tuple[Any, ...]]:
    return sorted(tuple(row) for row in await harness.rows(SNAPSHOT, victim=victim))


@pytest.mark.parametrize("bound", [False, True], ids=["stranger", "neighbour"])
async def test_a_seller_neither_sees_nor_changes_anothers_rows(harness: Harness, bound: bool) -> None:
    world = await world_of(harness)
    intruder = uuid7()
    if bound:
        await harness.call("PUT", f"/warehouses/{world.warehouse}/sellers/{intruder}")
    before = await snapshot(harness, world.victim)
    mine = {world.product, world.stock, world.order, world.anomaly, str(world.victim)}
    for route in ROUTES:
        method, path = route.split(" ", 1)
        options: dict[str, Any] = {"headers": {"If-Match": "1"}}
        if route == "POST /products/import":
            options["content"] = b"sku,title\nA,stolen\n"
            options["params"] = {"seller_id": str(world.victim)}
        elif method in {"POST", "PATCH"}:
            options["json"] = world.body(route)
        else:
            options["params"] = {"seller_id": str(world.victim)}
            if path == "/stock/reservations":
                options["params"]["reference_id"] = world.order
        answer = await harness.call(method, world.path(path), seller_id=intruder, **options)
        assert answer.status_code < 500, (route, answer.text)
        if method == "GET" and answer.status_code == 200:
            assert not [secret for secret in mine if secret in answer.text], (route, answer.text)
        assert await snapshot(harness, world.victim) == before, route
    held = await harness.get("/stock/reservations", seller_id=intruder, params={"state": "held"})
    assert held["items"] == []


async def test_what_belongs_to_another_is_not_found(harness: Harness) -> None:
    world = await world_of(harness)
    for path in ("/products/{product_id}", "/products/{product_id}/audit", "/stock/{stock_id}",
                 "/warehouses/{warehouse_id}"):  # fmt: skip
        assert (await harness.call("GET", world.path(path), seller_id=uuid7())).status_code == 404
        assert (await harness.call("GET", world.path(path), seller_id=world.victim)).status_code == 200


async def test_nobody_gets_in_without_an_identity(harness: Harness) -> None:
    for route in ROUTES:
        method, path = route.split(" ", 1)
        for name in ("product_id", "warehouse_id", "stock_id", "seller_id", "anomaly_id"):
            path = path.replace(f"{{{name}}}", str(uuid7()))
        for headers in ({}, {"Orderdock-Identity": "forged"}):
            answer = await harness.client.request(method, f"/api/v1{path}", headers=headers)
            assert answer.status_code == 401, route


@pytest.mark.parametrize("role", [Role.OPERATOR_SUPPORT, Role.OPERATOR_FINANCE])
async def test_support_and_finance_only_read(harness: Harness, role: Role) -> None:
    world = await world_of(harness)
    for route in ROUTES:
        method, path = route.split(" ", 1)
        params = {"state": "held"} if path == "/stock/reservations" else None
        options: dict[str, Any] = {"headers": {"If-Match": "1"}, "params": params}
        if method in {"POST", "PATCH"}:
            options["json"] = world.body(route)
        answer = await harness.call(method, world.path(path), roles=(role,), **options)
        assert answer.status_code == (200 if method == "GET" else 403), (route, answer.text)
