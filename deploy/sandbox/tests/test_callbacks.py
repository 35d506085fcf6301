"""Callbacks to a receiver on a real socket: signed, in time, and until they are taken."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest
from sandbox.app import SandboxApp
from sandbox.wms.poster import Poster, PostFailed
from sandbox.world import World
from standardwebhooks import Webhook

from .clients import ControlClient, Town, WmsClient


class Receiver:
    """Answers with the statuses it is given, then 200; keeps what it got."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], Any]] = []
        self.statuses: list[int] = []
        self.news = asyncio.Event()
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readline():
                headers: dict[str, str] = {}
                while (line := (await reader.readline()).decode().strip()) != "":
                    name, _, value = line.partition(": ")
                    headers[name.lower()] = value
                body = await reader.readexactly(int(headers["content-length"]))
                status = self.statuses.pop(0) if self.statuses else 200
                self.got.append((headers, json.loads(body)))
                writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n".encode())
                self.news.set()
        finally:
            writer.close()

    async def wait_for(self, enough: Callable[[], bool]) -> None:
        while not enough():
            self.news.clear()
            async with asyncio.timeout(20):
                await self.news.wait()

    def types(self) -> list[str]:
        return [body["type"] for _, body in self.got]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    receiver.url = f"http://127.0.0.1:{port}/api/v1/hooks/wms/1"
    yield receiver
    server.close()


@pytest.fixture
def world() -> World:
    return World(public_url="http://sandbox")


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx2.AsyncClient]:
    app = SandboxApp(world)
    await app.callbacks.start()
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://sandbox") as client:
        yield client
    await app.callbacks.stop()


@pytest.fixture
async def warehouse(town: Town, receiver: Receiver) -> WmsClient:
    await set_up(town.control, receiver)
    return town.wms


async def set_up(control: ControlClient, receiver: Receiver, **fields: Any) -> None:
    quick = {"accept_in_answer": False, "accept_seconds": 0, "ship_seconds": 0, "cancel_seconds": 0}
    await control.post("warehouses", code="W-W", callback_url=receiver.url, **(quick | fields))


class TestOrderOfThings:
    async def test_accepted_then_shipped_signed_and_as_documented(
        self, town: Town, warehouse: WmsClient, receiver: Receiver
    ) -> None:
        assert (await warehouse.put("FO-1-1")).json()["status"] == "received"
        await receiver.wait_for(lambda: len(receiver.got) == 2)
        assert sorted(receiver.types()) == ["accepted", "shipped"]
        for headers, body in receiver.got:
            Webhook(b"k" * 32).verify(json.dumps(body, separators=(",", ":")), headers)
            assert set(body) == {"type", "reference", "warehouse_reference", "occurred_at", "reason", "parcels"}
        shipped = next(body for _, body in receiver.got if body["type"] == "shipped")
        assert set(shipped["parcels"][0]) == {"package_number", "tracking_number", "carrier", "weight_grams"}
        assert next(body for _, body in receiver.got if body["type"] == "accepted")["parcels"] == []

    async def test_accepted_in_the_answer_needs_no_callback(self, town: Town, receiver: Receiver) -> None:
        await set_up(town.control, receiver, accept_in_answer=True)
        await town.wms.put("FO-1-1")
        await receiver.wait_for(lambda: len(receiver.got) == 1)
        assert receiver.types() == ["shipped"]

    async def test_manual_warehouse_ships_when_told(self, town: Town, receiver: Receiver) -> None:
        await set_up(town.control, receiver, ship="manual")
        await town.wms.put("FO-1-1")
        await receiver.wait_for(lambda: receiver.types() == ["accepted"])
        await town.control.post("warehouses/W-W/ship")
        await receiver.wait_for(lambda: receiver.types() == ["accepted", "shipped"])


class TestRedelivery:
    async def test_until_it_is_taken_with_the_same_id(
        self, town: Town, warehouse: WmsClient, receiver: Receiver
    ) -> None:
        await set_up(town.control, receiver, ship="manual")
        receiver.statuses = [503, 500]
        await warehouse.put("FO-1-1")
        await receiver.wait_for(lambda: len(receiver.got) == 3)
        assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
        items = (await town.control.get("submissions"))["items"]
        while items[0]["open_callbacks"]:
            await asyncio.sleep(0)
            items = (await town.control.get("submissions"))["items"]
        assert items[0]["callbacks"] == {"accepted": 1}
        summary = await town.control.get("summary")
        assert summary["totals"]["callbacks_failed"] == 2
        assert summary["errors"]["wms.callback.503"] == 1


class TestFaults:
    async def test_refused_later(self, town: Town, warehouse: WmsClient, receiver: Receiver) -> None:
        await town.control.fault("wms_refuse_later", reason="No space.")
        assert (await warehouse.put("FO-1-1")).json()["status"] == "received"
        await receiver.wait_for(lambda: len(receiver.got) == 1)
        assert (receiver.got[0][1]["type"], receiver.got[0][1]["reason"]) == ("refused", "No space.")

    async def test_everything_twice(self, town: Town, receiver: Receiver) -> None:
        await set_up(town.control, receiver)
        await town.control.fault("wms_twice")
        await town.wms.put("FO-1-1")
        await receiver.wait_for(lambda: len(receiver.got) == 4)
        assert sorted(receiver.types()) == ["accepted", "accepted", "shipped", "shipped"]
        assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 4

    async def test_late(self, town: Town, receiver: Receiver) -> None:
        await set_up(town.control, receiver, accept_in_answer=True)
        await town.control.fault("wms_late", delay=0.01)
        assert (await town.wms.put("FO-1-1")).json()["status"] == "received"
        await receiver.wait_for(lambda: "accepted" in receiver.types())

    @pytest.mark.parametrize(("refuse", "kind"), [(False, "canceled"), (True, "cancel_refused")])
    async def test_cancel_decided_later(self, town: Town, receiver: Receiver, refuse: bool, kind: str) -> None:
        await set_up(town.control, receiver, accept_in_answer=True, ship="manual")
        await town.wms.put("FO-1-1")
        await town.control.fault("cancel_pending", refuse=refuse)
        answer = await town.wms.call("POST", "outbound-orders/FO-1-1/cancel")
        assert answer.json()["status"] == "cancel_pending"
        await receiver.wait_for(lambda: receiver.types() == [kind])
        status = (await town.wms.call("GET", "outbound-orders/FO-1-1")).json()["status"]
        assert status == ("accepted" if refuse else "canceled")


class TestPoster:
    async def test_no_answer_is_a_failure(self) -> None:
        async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        async with Poster(timeout_seconds=5) as poster:
            with pytest.raises(PostFailed):
                await poster.post(url, b"{}", {})
            server.close()
            with pytest.raises(PostFailed):
                await poster.post(url, b"{}", {})

    async def test_connection_is_kept(self, receiver: Receiver) -> None:
        async with Poster(timeout_seconds=5) as poster:
            assert [await poster.post(receiver.url, b"{}", {}) for _ in range(2)] == [200, 200]
            assert [len(idle) for idle in poster._idle.values()] == [1]
