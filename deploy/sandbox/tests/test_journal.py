"""What a journal brings back."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sandbox.app import SandboxApp
from sandbox.journal import BrokenJournal, Journal
from sandbox.world import World

from .clients import ControlClient, ShopeeClient, ShopifyClient, Town, WmsClient


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


@pytest.fixture
def world(path: Path, clock: Any) -> Iterator[World]:
    with from_journal(path, clock) as world:
        yield world


@contextmanager
def from_journal(path: Path, clock: Any) -> Iterator[World]:
    journal = Journal(path)
    world = World(clock=clock, public_url="http://sandbox", journal=journal)
    try:
        journal.replay(world)
        yield world
    finally:
        journal.close()


@asynccontextmanager
async def reborn(path: Path, clock: Any) -> AsyncIterator[tuple[World, httpx2.AsyncClient]]:
    with from_journal(path, clock) as world:
        transport = httpx2.ASGITransport(app=SandboxApp(world))
        async with httpx2.AsyncClient(transport=transport, base_url="http://sandbox") as http:
            yield world, http


async def live(town: Town) -> None:
    """A day with something of everything."""
    name = await town.control.make(town.shopify.shop)
    work = (await town.shopify.work_of(name))[0]["id"]
    await town.shopify.fulfill(work, "T1")
    order_sn = await town.control.make(town.shopee.shop_id)
    await town.shopee.arrange(order_sn)
    tracking = await town.shopee.tracking(order_sn)
    row = {"order_sn": order_sn, "tracking_number": tracking}
    await town.shopee.post("logistics/create_shipping_document", order_list=[row])
    held = await town.control.make(town.shopee.shop_id)
    await town.control.change(town.shopee.shop_id, held, "cancel")
    await town.wms.put("FO-1-1", order_number=name)
    await town.wms.put("FO-2-1", order_number=order_sn)
    await town.control.post("warehouses/W-W/ship", references=["FO-1-1"])
    await town.wms.call("POST", "outbound-orders/FO-2-1/cancel")
    await town.control.fault("throttle", platform="shopee", count=3)


class TestReplay:
    async def test_world_is_as_it_was(self, town: Town, path: Path, clock: Any) -> None:
        await live(town)
        before = await town.control.get("orders")
        clock.pass_seconds(30)
        async with reborn(path, clock) as (_, http):
            control = ControlClient(http)
            assert await control.get("orders") == before
            assert await control.get("submissions") == await town.control.get("submissions")
            assert (await control.get("summary"))["totals"] == (await town.control.get("summary"))["totals"]

    async def test_tokens_and_secrets_still_work_and_ids_go_on(self, town: Town, path: Path, clock: Any) -> None:
        await live(town)
        async with reborn(path, clock) as (world, http):
            shopify = ShopifyClient(http, town.shopify.shop, town.shopify.token, "")
            assert (await shopify.orders())["nodes"][0]["name"] == "#1001"
            shopee = ShopeeClient(http, world, 2001887, "pk", 322300222, town.shopee.token, "")
            assert (await shopee.list())["error"] == "error_rate_limit"
            wms = WmsClient(http, world, "W-W", b"k" * 32)
            assert (await wms.put("FO-1-1", order_number="#1001")).status_code == 200
            number = await ControlClient(http).make(town.shopify.shop)
            assert number == "#1004"

    async def test_spent_fault_stays_spent(self, town: Town, path: Path, clock: Any) -> None:
        await town.control.fault("wms_refuse", order="#1001", reason="unreadable")
        assert (await town.wms.put("FO-1-1", order_number="#1001")).status_code == 422
        async with reborn(path, clock) as (world, http):
            wms = WmsClient(http, world, "W-W", b"k" * 32)
            assert (await wms.put("FO-1-2", order_number="#1001")).status_code == 201
            assert world.faults.struck == {"wms_refuse": 1}

    async def test_second_replay_includes_what_came_after_the_first(self, town: Town, path: Path, clock: Any) -> None:
        await town.control.make(town.shopify.shop)
        async with reborn(path, clock) as (_, http):
            await ControlClient(http).make(town.shopify.shop)
        with from_journal(path, clock) as world:
            assert [order.number for order in world.orders.values()] == ["#1001", "#1002"]

    async def test_torn_last_line_is_dropped(self, town: Town, path: Path, clock: Any) -> None:
        await town.control.make(town.shopify.shop)
        with path.open("ab") as file:
            file.write(b'["sandbox.control.effects.create_or')
        async with reborn(path, clock) as (_, http):
            await ControlClient(http).make(town.shopify.shop)
        with from_journal(path, clock) as world:
            assert len(world.orders) == 2

    async def test_reset_empties_it(self, town: Town, path: Path) -> None:
        await town.control.post("reset")
        with from_journal(path, town.world.now) as empty:
            assert (empty.orders, empty.shopify_apps) == ({}, {})

    def test_foreign_file_is_refused(self, path: Path) -> None:
        path.write_text('["no_such_effect", 1, {}]\n')
        with pytest.raises(BrokenJournal, match="line 1"):
            Journal(path).replay(World())
