"""What the golden scenarios of Shopee do not show: long lists, long windows, channels kept."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from sync.connectors.kit.connector import OrderPage, Window
from sync.connectors.shopee.connector import ShopeeConnector

from ..playing import World, sent_url

WORLD = World(ShopeeConnector, Path(__file__).parent)
ORDER: dict[str, Any] = WORLD.scenarios["pull_orders"]["steps"][0]["response"]["json"]["response"]["order_list"][0]


class Shop:
    """Answers lists of a hundred and any details."""

    def __init__(self, orders: int, *, channel: int | None = None) -> None:
        self.numbers = [f"N{index}" for index in range(orders)]
        self.channel = channel
        self.calls: list[tuple[str, dict[str, list[str]]]] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        name = request.url.path.rpartition("/")[2]
        query = parse_qs(urlsplit(sent_url(request)).query)
        self.calls.append((name, query))
        return httpx2.Response(200, json={"error": "", "message": "", "response": getattr(self, name)(query)})

    def get_order_list(self, query: dict[str, list[str]]) -> dict[str, Any]:
        start = int(query.get("cursor", ["0"])[0])
        part = self.numbers[start : start + 100]
        more = start + 100 < len(self.numbers)
        return {
            "more": more,
            "next_cursor": str(start + 100) if more else "",
            "order_list": [{"order_sn": number} for number in part],
        }

    def get_order_detail(self, query: dict[str, list[str]]) -> dict[str, Any]:
        packages = [{"package_number": "P", "logistics_channel_id": self.channel}] if self.channel else []
        numbers = query["order_sn_list"][0].split(",")
        assert len(numbers) <= 50
        return {"order_list": [{**ORDER, "order_sn": number, "package_list": packages} for number in numbers]}

    def get_channel_list(self, query: dict[str, list[str]]) -> dict[str, Any]:
        return {"logistics_channel_list": [{"logistics_channel_id": 1, "logistics_capability": {}}]}

    def count(self, name: str) -> int:
        return sum(1 for called, _ in self.calls if called == name)


def window(days: int) -> Window:
    return Window(WORLD.now - timedelta(days=days), WORLD.now)


async def pull_all(shop: Shop, within: Window, *, resume: bool) -> list[OrderPage]:
    """Every page, each by a connector of its own where `resume` is set."""
    pages: list[OrderPage] = []
    cursor: str | None = None
    connector, _, _ = WORLD.connector(httpx2.MockTransport(shop))
    while True:
        if resume:
            connector, _, _ = WORLD.connector(httpx2.MockTransport(shop))
        page = await connector.pull_page(WORLD.credentials(), window=within, cursor=cursor)
        pages.append(page)
        cursor = page.next_cursor
        if cursor is None:
            return pages


async def test_one_list_feeds_two_pages() -> None:
    shop = Shop(230)
    pages = await pull_all(shop, window(2), resume=True)
    assert [len(page.orders) for page in pages] == [50, 50, 50, 50, 30]
    assert [order.platform_order_id for page in pages for order in page.orders] == shop.numbers
    assert (shop.count("get_order_list"), shop.count("get_order_detail")) == (3, 5)


async def test_long_window_is_cut_into_fifteen_days() -> None:
    shop = Shop(1)
    await pull_all(shop, window(40), resume=False)
    spans = [
        int(query["time_to"][0]) - int(query["time_from"][0]) for name, query in shop.calls if name == "get_order_list"
    ]
    assert spans == [15 * 86400, 15 * 86400, 10 * 86400]


async def test_empty_shop_has_one_empty_page() -> None:
    shop = Shop(0)
    (page,) = await pull_all(shop, window(2), resume=False)
    assert (page.orders, page.calls) == ((), 1)


async def test_channels_are_asked_for_once() -> None:
    shop = Shop(120, channel=1)
    await pull_all(shop, window(2), resume=False)
    assert shop.count("get_channel_list") == 1


async def test_channel_that_the_shop_does_not_list_is_not_asked_for_again() -> None:
    shop = Shop(120, channel=7)
    pages = await pull_all(shop, window(2), resume=False)
    assert shop.count("get_channel_list") == 1
    assert all(order.platform_label for page in pages for order in page.orders)
