"""A world with an app and a shop of each platform, a warehouse, and clients that speak to it without a network."""

import base64
import time
from collections.abc import AsyncIterator

import httpx2
import pytest
from sandbox.app import SandboxApp
from sandbox.world import World

from .clients import ControlClient, ShopeeClient, ShopifyClient, Town, WmsClient

SHOPIFY_SHOP = "mugs.myshopify.com"
SHOPEE_SHOP = 322300222
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


class Clock:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        self.at = float(int(time.time()))

    def __call__(self) -> float:
        return self.at

    def pass_seconds(self, seconds: float) -> None:
        self.at += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(clock: Clock) -> World:
    return World(clock=clock, public_url="http://sandbox")


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=SandboxApp(world))
    async with httpx2.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        yield client


@pytest.fixture
async def town(world: World, http: httpx2.AsyncClient) -> Town:
    """Everything set up and granted."""
    control = ControlClient(http)
    await control.post("apps", platform="shopify", client_id="ck", client_secret="cs")
    await control.post("apps", platform="shopee", partner_id=2001887, partner_key="pk")
    mine = await control.post("shops", platform="shopify", shop=SHOPIFY_SHOP, app="ck", grant=True, plan="plus")
    other = await control.post(
        "shops", platform="shopee", shop=SHOPEE_SHOP, app=2001887, region="SG", currency="SGD", grant=True
    )
    await control.post("warehouses", code="W-W", secret=SECRET, callback_url="http://orderdock/hook")
    return Town(
        world=world,
        http=http,
        control=control,
        shopify=ShopifyClient(http, SHOPIFY_SHOP, mine["access_token"], mine["refresh_token"]),
        shopee=ShopeeClient(http, world, 2001887, "pk", SHOPEE_SHOP, other["access_token"], other["refresh_token"]),
        wms=WmsClient(http, world, "W-W", b"k" * 32),
    )
