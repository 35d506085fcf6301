"""The access table against every route that any service has: none is forgotten, and none is open by accident."""

import base64
import os
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from common.http.app import build_app
from common.http.identity import IdentityVerifier
from common.service import Service
from common.testing.plugin import PRIVATE_KEY, PUBLIC_KEY, settings_environment
from gateway.domain.access import PUBLIC, SELLERS, AccessTable, service_of

SERVICES = ("gateway", "sync", "orders", "inventory", "fulfillment", "billing")
PREFIX = "/api/v1/"
TABLE = AccessTable()

# What a seller can never do, said a second time and in other words than the table's.
OPERATORS_ONLY = (
    "credit-limit", "approve", "measure", "receive", "adjust", "ship", "refuse", "close", "resolve", "anomalies",
    "warehouse-connections", "sign-ins", "fee-schedules", "audit",
)  # fmt: skip
SELLERS_TOO = {
    ("POST", "fee-schedules/preview"),
    ("GET", "products/{product_id}/audit"),
    ("GET", "stock/anomalies"),
}
"""Each shows a seller its own rows only: the services' tests of tenants say so."""


def environment(folder: Path) -> dict[str, str]:
    key = base64.b64encode(bytes(32)).decode()
    return settings_environment("postgresql://nobody@127.0.0.1:1/nothing", str(folder)) | {
        "ORDERDOCK_IDENTITY_PRIVATE_KEY": PRIVATE_KEY,
        "ORDERDOCK_CREDENTIAL_KEYS": f"k1:{key}",
        "ORDERDOCK_PUBLIC_URL": "http://127.0.0.1:8400",
        "ORDERDOCK_SHOPIFY_CLIENT_ID": "id",
        "ORDERDOCK_SHOPIFY_CLIENT_SECRET": "secret",
        "ORDERDOCK_SHOPEE_PARTNER_ID": "1",
        "ORDERDOCK_SHOPEE_PARTNER_KEY": "key",
        **{f"ORDERDOCK_{name.upper()}_URL": f"http://{name}.test" for name in SERVICES},
    }


async def routes_of(name: str) -> list[tuple[str, str]]:
    """The routes of a service that its OpenAPI document shows: method, and path below /api/v1."""
    service: Service[Any] = import_module(f"{name}.__main__").SERVICE
    runtime = service.bootstrap(service.settings())
    app = build_app(
        name,
        description="",
        routers=runtime.routers,
        state=runtime.root,
        verifier=IdentityVerifier(PUBLIC_KEY),
        engine=runtime.transactions.engine,
    )
    paths = app.openapi()["paths"]
    if runtime.close:
        await runtime.close()
    await runtime.transactions.engine.dispose()
    return [(method.upper(), path.removeprefix(PREFIX)) for path, methods in paths.items() for method in methods]


@pytest.fixture(params=SERVICES)
async def routes(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, list[tuple[str, str]]]:
    for name in [name for name in os.environ if name.startswith("ORDERDOCK_")]:
        monkeypatch.delenv(name)
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    return request.param, await routes_of(request.param)


async def test_every_route_is_reached_and_has_a_rule(routes: tuple[str, list[tuple[str, str]]]) -> None:
    service, found = routes
    assert found
    signed_in = [(method, path) for method, path in found if path.partition("/")[0] != PUBLIC]
    unruled = [route for route in signed_in if not TABLE.roles(*route) and route != ("POST", "session")]
    assert unruled == [], "add them to RULES in gateway/domain/access.py"
    lost = [path for _, path in found if (service_of(path) or "gateway") != service]
    assert lost == [], "add them to SERVICE_OF in gateway/domain/access.py"


async def test_a_seller_never_reaches_what_is_the_operators(routes: tuple[str, list[tuple[str, str]]]) -> None:
    _, found = routes
    open_to_sellers = [
        (method, path)
        for method, path in found
        if set(path.split("/")) & set(OPERATORS_ONLY) and TABLE.roles(method, path) & SELLERS
    ]
    assert set(open_to_sellers) <= SELLERS_TOO
