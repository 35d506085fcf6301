"""Whatever the times of orders are, pages hold each exactly once and in sequence."""

import json
from typing import Any
from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st
from sandbox.control import effects
from sandbox.http import Request
from sandbox.orders import Order
from sandbox.shopee.auth import signature
from sandbox.shopee.server import ShopeeServer
from sandbox.shopify.server import ShopifyServer
from sandbox.world import World

NOW = 1_800_000_000.0
TIMES = st.lists(st.floats(min_value=0, max_value=5).map(lambda ago: round(ago, 3)), max_size=12)
TEXT = """query($first: Int!, $after: String, $reverse: Boolean!) {
  orders(first: $first, after: $after, reverse: $reverse, sortKey: UPDATED_AT) {
    nodes { name } pageInfo { hasNextPage endCursor } } }"""


def world_with(shop: dict[str, Any], times: list[float]) -> tuple[World, list[Order]]:
    world = World(clock=lambda: NOW)
    effects.set_app(world, spec={"platform": "shopify", "client_id": "ck", "client_secret": "cs"})
    effects.set_app(world, spec={"platform": "shopee", "partner_id": 1, "partner_key": "pk"})
    effects.set_shop(world, spec=shop, access="token", refresh="refresh")
    lines = [{"sku": "A", "quantity": 1}]
    orders = [{"shop": shop["shop"], "lines": lines, "created_at": NOW - 9, "updated_at": NOW - ago} for ago in times]
    return world, effects.create_orders(world, orders=orders)


@given(times=TIMES, size=st.integers(1, 5), reverse=st.booleans())
def test_shopify(times: list[float], size: int, reverse: bool) -> None:
    world, orders = world_with(
        {"platform": "shopify", "shop": "a.myshopify.com", "app": "ck", "plan": "enterprise"}, times
    )
    server = ShopifyServer(world)
    seen: list[str] = []
    after = None
    while True:
        body = json.dumps({"query": TEXT, "variables": {"first": size, "after": after, "reverse": reverse}})
        headers = {"x-shopify-access-token": "token"}
        path = "/shopify/a.myshopify.com/admin/api/2026-07/graphql.json"
        answer = json.loads(server.handle(Request("POST", path, b"", headers, body.encode())).body)
        page = answer["data"]["orders"]
        seen += [node["name"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == [
        order.number for order in sorted(orders, key=lambda order: (order.updated, order.id), reverse=reverse)
    ]


@given(times=TIMES, size=st.integers(1, 5))
def test_shopee(times: list[float], size: int) -> None:
    world, orders = world_with({"platform": "shopee", "shop": "5", "app": "1"}, times)
    server = ShopeeServer(world)
    path, seen, cursor = "/api/v2/order/get_order_list", [], ""
    while True:
        query = {
            "partner_id": 1,
            "timestamp": int(NOW),
            "access_token": "token",
            "shop_id": 5,
            "sign": signature("pk", f"1{path}{int(NOW)}token5"),
            "time_range_field": "update_time",
            "time_from": int(NOW) - 10,
            "time_to": int(NOW),
            "page_size": size,
            "cursor": cursor,
        }
        answer = json.loads(server.handle(Request("GET", path, urlencode(query).encode(), {}, b"")).body)["response"]
        seen += [row["order_sn"] for row in answer["order_list"]]
        cursor = answer["next_cursor"]
        if not answer["more"]:
            break
    assert seen == [order.number for order in sorted(orders, key=lambda order: (order.updated, order.id), reverse=True)]
