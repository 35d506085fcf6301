"""The process as it is run: uvicorn on a socket, connections that are really cut, and a start from a journal."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from sandbox.app import SandboxApp
from sandbox.serve import make_server
from sandbox.world import World

from .clients import ControlClient, ShopifyClient

SHOP = "mugs.myshopify.com"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    port = free_port()
    server = make_server(SandboxApp(World()), host="127.0.0.1", port=port)
    task = asyncio.create_task(server.serve())
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        await until_healthy(client)
        yield client
    server.should_exit = True
    await task


async def until_healthy(client: httpx2.AsyncClient) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                if (await client.get("/health")).status_code == 200:
                    return
            except httpx2.HTTPError:
                await asyncio.sleep(0.02)


async def shop_of(http: httpx2.AsyncClient) -> ShopifyClient:
    control = ControlClient(http)
    await control.post("apps", platform="shopify", client_id="ck", client_secret="cs")
    granted = await control.post("shops", platform="shopify", shop=SHOP, app="ck", grant=True)
    return ShopifyClient(http, SHOP, granted["access_token"], granted["refresh_token"])


async def test_cut_connection_has_no_answer_but_its_effect(http: httpx2.AsyncClient) -> None:
    control, shop = ControlClient(http), await shop_of(http)
    name = await control.make(SHOP)
    work = (await shop.work_of(name))[0]["id"]
    await control.fault("cut", operation="fulfillmentCreate")
    with pytest.raises(httpx2.TransportError):
        await shop.fulfill(work, "T1")
    assert (await control.order(SHOP, name))["tracking_stored"] == ["T1"]
    assert (await shop.fulfill(work, "T1"))["fulfillment"] is None


async def test_kill_loses_nothing_with_a_journal(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--journal", str(tmp_path / "journal")]
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        first = await asyncio.create_subprocess_exec(*command, env=dict(os.environ))
        await until_healthy(client)
        shop = await shop_of(client)
        name = await ControlClient(client).make(SHOP)
        await shop.fulfill((await shop.work_of(name))[0]["id"], "T1")
        first.send_signal(signal.SIGKILL)
        await first.wait()
        second = await asyncio.create_subprocess_exec(*command, env=dict(os.environ))
        await until_healthy(client)
        assert (await ControlClient(client).order(SHOP, name))["tracking_stored"] == ["T1"]
        assert (await shop.orders())["nodes"][0]["name"] == name
        second.terminate()
        await second.wait()
