"""Kept connections."""

import httpx2
import pytest
from sync.connectors.kit.lanes import Lanes

A, B = httpx2.URL("https://a.example/x"), httpx2.URL("https://b.example/x")


class Lane(httpx2.AsyncBaseTransport):
    """Stands for a transport with one connection."""

    def __init__(self, **_: object) -> None:
        self.closed = False

    async def aclose(self) -> None:
        self.closed = True


@pytest.fixture(autouse=True)
def _no_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(httpx2, "AsyncHTTPTransport", Lane)


async def borrowed(lanes: Lanes, url: httpx2.URL) -> Lane:
    async with lanes.lane(url, wait_seconds=1) as lane:
        assert isinstance(lane, Lane)
        return lane


async def test_lane_is_used_again_for_its_origin_only() -> None:
    lanes = Lanes(most=4)
    first = await borrowed(lanes, A)
    assert await borrowed(lanes, httpx2.URL("https://a.example/other")) is first
    assert await borrowed(lanes, B) is not first


async def test_two_at_once_have_a_lane_each() -> None:
    lanes = Lanes(most=4)
    async with lanes.lane(A, wait_seconds=1) as one, lanes.lane(A, wait_seconds=1) as two:
        assert one is not two


async def test_lane_comes_back_after_a_failure() -> None:
    lanes = Lanes(most=1)
    first = await borrowed(lanes, A)
    with pytest.raises(httpx2.ReadError):
        async with lanes.lane(A, wait_seconds=1):
            raise httpx2.ReadError("x")
    assert await borrowed(lanes, A) is first


async def test_too_many_wait_and_then_give_up() -> None:
    lanes = Lanes(most=1)
    async with lanes.lane(A, wait_seconds=1):
        with pytest.raises(httpx2.PoolTimeout):
            await borrowed_at_once(lanes)
    assert await borrowed(lanes, A)


async def borrowed_at_once(lanes: Lanes) -> None:
    async with lanes.lane(A, wait_seconds=0):
        raise AssertionError


async def test_idle_lanes_are_bounded_and_the_oldest_origin_goes_first() -> None:
    lanes = Lanes(most=2)
    hosts = [httpx2.URL(f"https://h{index}.example/") for index in range(4)]
    used = [await borrowed(lanes, url) for url in hosts]
    assert [lane.closed for lane in used] == [True, True, False, False]
    await lanes.aclose()
    assert all(lane.closed for lane in used)
