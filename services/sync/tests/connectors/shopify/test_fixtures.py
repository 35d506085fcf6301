"""The recorded answers of Shopify, each through the code that reads such answers."""

import base64
import copy
import hashlib
import hmac
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from sync.connectors.kit.canonical import NO_HOOKS
from sync.connectors.kit.connector import WebhookKind
from sync.connectors.kit.errors import BadSignature, MalformedAnswer, Refused, Throttled
from sync.connectors.kit.http import Call
from sync.connectors.kit.reading import Fields
from sync.connectors.shopify.auth import callback_signature, check_callback, checked_shop
from sync.connectors.shopify.errors import cost_of, top_level_error, user_error
from sync.connectors.shopify.manifest import ShopifySettings
from sync.connectors.shopify.mapping import to_canonical
from sync.connectors.shopify.webhooks import read_webhook
from sync.connectors.shopify.wire import next_cursor, read_fulfillment_order, read_order

HERE = Path(__file__).parent
SETTINGS = ShopifySettings(client_id="c", client_secret="hush")
CALL = Call(platform="shopify", name="CreateFulfillment", method="POST", url="", writes=True)


def recorded(name: str) -> Any:
    return orjson.loads((HERE / "response" / name).read_bytes())


def whole_order() -> Any:
    """An order with every field of our query, under which recorded orders with other selections are laid."""
    scenario = orjson.loads((HERE / "request" / "pull_first_page.json").read_bytes())
    return copy.deepcopy(scenario["steps"][0]["response"]["json"]["data"]["orders"]["nodes"][0])


def laid_over(base: Any, over: Any) -> Any:
    if isinstance(base, dict) and isinstance(over, dict):
        return {**base, **{key: laid_over(base.get(key), value) for key, value in over.items()}}
    if isinstance(base, list) and isinstance(over, list) and base and over and isinstance(over[0], dict):
        return [laid_over(base[min(index, len(base) - 1)], value) for index, value in enumerate(over)]
    return over


def test_every_fixture_is_listed_and_every_listed_one_is_here() -> None:
    listed = {line.split("\t")[0] for line in (HERE / "index.tsv").read_text().splitlines() if line}
    assert listed == {path.name for path in (HERE / "response").iterdir()}


@pytest.mark.parametrize("name", ["orders-unfulfilled-page1.json", "orders-paid-unfulfilled-by-status.json"])
def test_order_pages(name: str) -> None:
    body = recorded(name)
    connection = Fields(body).child("data").child("orders")
    assert next_cursor(connection) == body["data"]["orders"]["pageInfo"]["endCursor"]
    cost = cost_of(body)
    assert cost is not None
    assert (cost.requested, cost.available, cost.restore_rate, cost.maximum) == (69.0, 1928.0, 100.0, 2000.0)
    assert top_level_error(CALL, body, cost=cost, request_id="") is None
    for node in connection.items("nodes"):
        order = to_canonical(
            read_order(laid_over(whole_order(), node), hooks=NO_HOOKS), ship_authorized=False, hooks=NO_HOOKS
        )
        assert order is not None
        assert isinstance(node, dict)
        assert (order.platform_order_id, order.number) == (node["id"], node["name"])
        assert (order.status, order.raw_status) == ("awaiting_fulfillment", "PAID/UNFULFILLED")


def test_paid_order_with_two_lines() -> None:
    node = recorded("order-paid-two-lines.json")["data"]["order"]
    order = read_order(laid_over(whole_order(), node), hooks=NO_HOOKS)
    assert [(line.sku, line.ordered) for line in order.lines] == [("CUSTOM-INSTALL", 2), ("sku-untracked-1", 1)]
    assert order.lines[0].variant_id == ""
    assert (order.address and order.address.postal_code, str(order.total)) == ("M5V 1L9", "988.2")


def test_open_fulfillment_order() -> None:
    body = recorded("fulfillmentOrder-open.json")
    body["data"]["fulfillmentOrder"]["lineItems"]["pageInfo"] = {"hasNextPage": False, "endCursor": None}
    seen: list[str] = []
    hooks = type(NO_HOOKS)(unlisted_field=lambda platform, path: seen.append(path))
    read = read_fulfillment_order(Fields(body).child("data").child("fulfillmentOrder"), hooks=hooks)
    assert (read.status, read.remaining, read.fulfill_by, read.elsewhere) == ("OPEN", 2, None, False)
    assert read.lines[0].id == "gid://shopify/FulfillmentOrderLineItem/20096549323058"
    assert "CREATE_FULFILLMENT" in read.actions
    assert seen == []


def test_recorded_fulfilment_requests_are_ours() -> None:
    # test_contract plays the recorded answers; here the recorded variables are held against what is sent for them.
    ours = orjson.loads((HERE / "request" / "upload_whole.json").read_bytes())["steps"][1]["request"]["body"]
    theirs = recorded("fulfillmentCreate-single-request.json")
    assert ours["variables"]["fulfillment"] == theirs["fulfillment"]
    again = orjson.loads((HERE / "request" / "upload_closed_meanwhile.json").read_bytes())["steps"][1]["request"][
        "body"
    ]
    closed = recorded("fulfillmentCreate-repeat-closed-request.json")["fulfillment"]
    order = "lineItemsByFulfillmentOrder"
    assert again["variables"]["fulfillment"][order] == closed[order]


def test_recorded_work_list_query_asks_for_nothing_that_we_cannot_read() -> None:
    request = recorded("fulfillmentOrder-open-request.json")
    assert request["variables"]["id"] == recorded("fulfillmentOrder-open.json")["data"]["fulfillmentOrder"]["id"]


def test_recorded_refusal_of_a_closed_order() -> None:
    payload = Fields(recorded("fulfillmentCreate-repeat-closed.json")).child("data").child("fulfillmentCreate")
    refusal = user_error(CALL, payload.children("userErrors"), request_id="r")
    assert refusal is not None
    assert (refusal.code, refusal.final) == ("fulfillment_order_closed", False)
    assert "9825095909682" in refusal.reason


def test_recorded_stock_answer_has_no_refusals() -> None:
    recording = recorded("inventorySetQuantities-negative-ok.json")
    answer = Fields(recording["response"]).child("data").child("inventorySetQuantities")
    assert user_error(CALL, answer.children("userErrors"), request_id="") is None
    sent = orjson.loads((HERE / "request" / "push_stock.json").read_bytes())["steps"][1]["request"]["body"]["variables"]
    assert sent["input"].keys() == recording["request_variables"]["input"].keys()
    assert sent["input"]["quantities"][0].keys() == recording["request_variables"]["input"]["quantities"][0].keys()


def test_throttled_body() -> None:
    error = top_level_error(CALL, recorded("error-throttled.json"), cost=None, request_id="")
    assert isinstance(error, Throttled)


def test_denied_field_of_an_order_is_no_error_of_the_page() -> None:
    body = recorded("error-access-denied.json")
    body["errors"][0]["path"] = ["orders", "nodes", 0, "customer"]
    assert top_level_error(CALL, body, cost=None, request_id="") is None


class TestCallback:
    vector = recorded("oauth-callback-hmac-vector.json")

    def test_official_vector(self) -> None:
        assert callback_signature(self.vector["params"], secret=self.vector["secret"]) == self.vector["hmac"]

    def params(self, **changes: str) -> dict[str, str]:
        return {**self.vector["params"], "hmac": self.vector["hmac"], "signature": "ignored", **changes}

    def at(self, seconds: int) -> datetime:
        return datetime.fromtimestamp(1337178173 + seconds, UTC)

    def test_taken_within_ninety_seconds(self) -> None:
        assert check_callback(SETTINGS, self.params(), now=self.at(90))[0] == "some-shop.myshopify.com"

    @pytest.mark.parametrize("seconds", [91, -91])
    def test_refused_when_old_or_early(self, seconds: int) -> None:
        with pytest.raises(BadSignature, match="clock"):
            check_callback(SETTINGS, self.params(), now=self.at(seconds))

    @pytest.mark.parametrize("changes", [{"hmac": ""}, {"hmac": "é"}, {"code": "other"}, {"extra": "1"}])
    def test_refused_when_changed(self, changes: dict[str, str]) -> None:
        with pytest.raises(BadSignature):
            check_callback(SETTINGS, self.params(**changes), now=self.at(0))


@pytest.mark.parametrize(
    "shop", ["", "evil.com", "a.myshopify.com.evil.com", "a.myshopify.com/x", "-a.myshopify.com", "a@b.myshopify.com"]
)
def test_foreign_shops_never_reach_a_url(shop: str) -> None:
    with pytest.raises(Refused, match=r"example\.myshopify\.com"):
        checked_shop(shop)


class TestWebhook:
    body = orjson.dumps(recorded("webhook-order-rest-shape.json")["order"])

    def headers(self, topic: str, body: bytes) -> dict[str, str]:
        digest = hmac.new(b"hush", body, hashlib.sha256).digest()
        return {
            "x-shopify-hmac-sha256": base64.b64encode(digest).decode(),
            "x-shopify-topic": topic,
            "x-shopify-shop-domain": "some-shop.myshopify.com",
            "x-shopify-webhook-id": "w",
        }

    @pytest.mark.parametrize(
        ("topic", "kind", "ids"),
        [
            ("orders/cancelled", WebhookKind.ORDERS_TOUCHED, ("gid://shopify/Order/450789469",)),
            ("app/uninstalled", WebhookKind.ACCESS_ENDED, ()),
            ("fulfillment_orders/moved", WebhookKind.ORDERS_TOUCHED, ()),
            ("shop/update", WebhookKind.OTHER, ()),
        ],
    )
    def test_topics(self, topic: str, kind: WebhookKind, ids: tuple[str, ...]) -> None:
        event = read_webhook(SETTINGS, headers=self.headers(topic, self.body), body=self.body)
        assert (event.kind, event.order_ids) == (kind, ids)

    def test_changed_body_is_refused(self) -> None:
        with pytest.raises(BadSignature):
            read_webhook(SETTINGS, headers=self.headers("orders/paid", self.body), body=self.body + b" ")

    def test_unreadable_body_is_malformed(self) -> None:
        with pytest.raises(MalformedAnswer):
            read_webhook(SETTINGS, headers=self.headers("orders/paid", b"{}"), body=b"{}")
