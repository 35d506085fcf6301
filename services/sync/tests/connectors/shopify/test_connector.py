"""What the golden scenarios of Shopify do not show: learning costs, pages that are too dear, policies."""

from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from sync.connectors.kit.canonical import NO_HOOKS
from sync.connectors.kit.connector import Window
from sync.connectors.kit.errors import MalformedAnswer
from sync.connectors.shopify.connector import ShopifyConnector
from sync.connectors.shopify.manifest import ShopifySettings
from sync.connectors.shopify.mapping import status_of, to_canonical
from sync.connectors.shopify.wire import read_order

from ..playing import World

WORLD = World(ShopifyConnector, Path(__file__).parent)
FIRST = WORLD.scenarios["pull_first_page"]
PAGE: dict[str, Any] = FIRST["steps"][0]["response"]["json"]
WINDOW = Window(*(WORLD.now.fromisoformat(moment) for moment in FIRST["arguments"]["window"]))


def node(**changes: object) -> dict[str, Any]:
    return {**PAGE["data"]["orders"]["nodes"][0], **changes}


def throttle_status(available: int, maximum: int, restore: int) -> dict[str, Any]:
    status = {"maximumAvailable": maximum, "currentlyAvailable": available, "restoreRate": restore}
    return {"cost": {"requestedQueryCost": 321, "actualQueryCost": 121, "throttleStatus": status}}


class TestPages:
    async def test_too_dear_a_page_is_halved_and_stays_so(self) -> None:
        asked: list[int] = []

        def answer(request: httpx2.Request) -> httpx2.Response:
            first = orjson.loads(request.content)["variables"]["first"]
            asked.append(first)
            if first > 20:
                error = {"message": "Query cost is 2104", "extensions": {"code": "MAX_COST_EXCEEDED"}}
                return httpx2.Response(200, json={"errors": [error]})
            return httpx2.Response(200, json=PAGE)

        connector, _, _ = WORLD.connector(httpx2.MockTransport(answer))
        await connector.pull_page(WORLD.credentials(), window=WINDOW)
        await connector.pull_page(WORLD.credentials(), window=WINDOW)
        assert asked == [50, 25, 12, 12]

    async def test_cursor_that_stands_still_is_malformed(self) -> None:
        connector, _, _ = WORLD.connector(httpx2.MockTransport(lambda request: httpx2.Response(200, json=PAGE)))
        page = await connector.pull_page(WORLD.credentials(), window=WINDOW)
        with pytest.raises(MalformedAnswer, match="cursor"):
            await connector.pull_page(WORLD.credentials(), window=WINDOW, cursor=page.next_cursor)

    async def test_orders_before_the_window_are_dropped(self) -> None:
        old = node(updatedAt="2025-01-01T00:00:00Z")
        body = {"data": {"orders": {"pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": [old]}}}
        connector, _, _ = WORLD.connector(httpx2.MockTransport(lambda request: httpx2.Response(200, json=body)))
        assert (await connector.pull_page(WORLD.credentials(), window=WINDOW)).orders == ()


class TestCost:
    @pytest.mark.parametrize(
        ("status", "corrected"),
        [
            (throttle_status(1950, 2000, 100), []),
            (throttle_status(500, 2000, 100), [(500.0, 100.0, 2000.0)]),
            (throttle_status(19000, 20000, 1000), [(19000.0, 1000.0, 20000.0)]),
        ],
        ids=["near", "emptier", "other plan"],
    )
    async def test_bucket_follows_the_shop(self, status: dict[str, Any], corrected: list[Any]) -> None:
        body = {**PAGE, "extensions": status}
        connector, _, limiter = WORLD.connector(httpx2.MockTransport(lambda request: httpx2.Response(200, json=body)))
        await connector.pull_page(WORLD.credentials(), window=WINDOW)
        assert limiter.corrected == corrected
        assert connector._client._costs["PullOrders"] == pytest.approx(300 + 0.3 * (121 - 300))


class TestPolicy:
    def test_authorised_payment_ships_only_by_policy(self) -> None:
        order = read_order(node(displayFinancialStatus="AUTHORIZED"), hooks=NO_HOOKS)
        assert status_of(order, ship_authorized=False, hooks=NO_HOOKS) == "unpaid"
        assert status_of(order, ship_authorized=True, hooks=NO_HOOKS) == "awaiting_fulfillment"

    @pytest.mark.parametrize("word", ["RETURNED", "INSPECTION_COMPLETE"])
    def test_returned(self, word: str) -> None:
        order = read_order(node(returnStatus=word, displayFulfillmentStatus="FULFILLED"), hooks=NO_HOOKS)
        assert status_of(order, ship_authorized=False, hooks=NO_HOOKS) == "returned"

    def test_hidden_fulfillment_orders_are_a_fault_of_the_order(self) -> None:
        empty = {"pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": []}
        order = read_order(node(fulfillmentOrders=empty), hooks=NO_HOOKS)
        with pytest.raises(ValueError, match="read_merchant_managed_fulfillment_orders"):
            to_canonical(order, ship_authorized=False, hooks=NO_HOOKS)

    def test_digital_order_is_left_out(self) -> None:
        lines = {**node()["lineItems"], "nodes": [{**node()["lineItems"]["nodes"][0], "requiresShipping": False}]}
        order = read_order(node(lineItems=lines), hooks=NO_HOOKS)
        assert to_canonical(order, ship_authorized=False, hooks=NO_HOOKS) is None

    @pytest.mark.parametrize("changes", [{"base_url": "https://x"}, {"page_orders": 51}, {"page_orders": 0}])
    def test_wrong_settings_are_named(self, changes: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=next(iter(changes))):
            ShopifySettings(client_id="c", client_secret="s", **changes)
