"""Reading a Shopify shop."""

import json
from pathlib import Path
from typing import Any

import pytest
from sandbox.times import rfc3339

from .clients import Town

FIXTURES = Path(__file__).parent / "fixtures" / "shopify"
CONNECTIONS = frozenset({"lineItems", "merchantRequests", "fulfillmentLineItems", "orders"})
EMPTY_LISTS = {"taxLines": "title", "fulfillmentHolds": "reason", "nodes": "message"}


def recorded(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text())


def selection(value: dict[str, Any]) -> str:
    """Return the GraphQL text that asks for what an answer holds."""
    parts = []
    for key, each in value.items():
        text = f"{key}(first: 3)" if key in CONNECTIONS else key
        inner = each[0] if isinstance(each, list) and each else each
        if isinstance(inner, dict):
            text += f" {{ {selection(inner)} }}"
        elif isinstance(each, list) and key in EMPTY_LISTS:
            text += f" {{ {EMPTY_LISTS[key]} }}"
        elif each is None and key == "variant":
            text += " { id }"
        parts.append(text)
    return " ".join(parts)


def shape(value: Any) -> Any:
    """Return keys and kinds; what may be null is of no kind."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def assert_fits(got: Any, wanted: Any) -> None:
    if isinstance(wanted, dict) and isinstance(got, dict):
        assert list(got) == list(wanted)
        for key in wanted:
            assert_fits(got[key], wanted[key])
    elif isinstance(wanted, list) and isinstance(got, list):
        if wanted and got:
            assert_fits(got[0], wanted[0])
    elif wanted is not None and got is not None:
        assert shape(got) == shape(wanted)


class TestRecordedShapes:
    async def test_order_with_two_lines(self, town: Town) -> None:
        await town.control.make(
            town.shopify.shop, lines=[{"sku": "A", "quantity": 2}, {"sku": "B", "quantity": 1}], email="b@example.com"
        )
        order_id = (await town.shopify.orders())["nodes"][0]["id"]
        wanted = recorded("order-paid-two-lines")
        text = f"query($id: ID!) {{ order(id: $id) {{ {selection(wanted['data']['order'])} }} }}"
        assert_fits(await town.shopify.call(text, id=order_id), wanted)

    @pytest.mark.parametrize("name", ["orders-unfulfilled-page1", "orders-paid-unfulfilled-by-status"])
    async def test_order_lists(self, town: Town, name: str) -> None:
        await town.control.make(town.shopify.shop)
        wanted = recorded(name)
        assert_fits(await town.shopify.call(f"{{ {selection(wanted['data'])} }}"), wanted)

    async def test_fulfillment_order_by_its_recorded_query(self, town: Town) -> None:
        name = await town.control.make(town.shopify.shop)
        request = recorded("fulfillmentOrder-open-request")
        work = (await town.shopify.work_of(name))[0]["id"]
        answer = await town.shopify.call(request["query"], id=work)
        assert_fits(answer, recorded("fulfillmentOrder-open"))
        assert abs(answer["extensions"]["cost"]["requestedQueryCost"] - 25) <= 5


class TestPages:
    async def test_pages_follow_each_other(self, town: Town, clock: Any) -> None:
        for _ in range(5):
            await town.control.make(town.shopify.shop)
            clock.pass_seconds(1)
        seen: list[str] = []
        after = None
        while True:
            page = await town.shopify.orders(first=2, after=after)
            seen += [node["name"] for node in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        assert seen == ["#1001", "#1002", "#1003", "#1004", "#1005"]

    async def test_order_updated_between_pages_comes_again_at_the_end(self, town: Town, clock: Any) -> None:
        for _ in range(3):
            await town.control.make(town.shopify.shop)
            clock.pass_seconds(1)
        first = await town.shopify.orders(first=1)
        await town.control.change(town.shopify.shop, "#1001", "touch")
        rest = await town.shopify.orders(first=9, after=first["pageInfo"]["endCursor"])
        assert [node["name"] for node in rest["nodes"]] == ["#1002", "#1003", "#1001"]

    async def test_reverse(self, town: Town, clock: Any) -> None:
        for _ in range(3):
            await town.control.make(town.shopify.shop)
            clock.pass_seconds(1)
        text = """query($after: String) { orders(first: 2, after: $after, reverse: true) {
            nodes { name } pageInfo { endCursor } } }"""
        page = (await town.shopify.call(text, after=None))["data"]["orders"]
        rest = (await town.shopify.call(text, after=page["pageInfo"]["endCursor"]))["data"]["orders"]
        assert [node["name"] for node in page["nodes"] + rest["nodes"]] == ["#1003", "#1002", "#1001"]

    async def test_inner_connections_page_on_their_own(self, town: Town) -> None:
        await town.control.make(town.shopify.shop, lines=[{"sku": sku, "quantity": 1} for sku in "ABC"])
        text = """query($after: String) { orders(first: 1) { nodes {
            lineItems(first: 2, after: $after) { nodes { sku } pageInfo { hasNextPage endCursor } } } } }"""
        lines = (await town.shopify.call(text, after=None))["data"]["orders"]["nodes"][0]["lineItems"]
        assert lines["pageInfo"]["hasNextPage"] is True
        rest = await town.shopify.call(text, after=lines["pageInfo"]["endCursor"])
        assert rest["data"]["orders"]["nodes"][0]["lineItems"]["nodes"] == [{"sku": "C"}]

    @pytest.mark.parametrize("arguments", ["first: 251", "reverse: true", 'first: 1, after: "nonsense"'])
    async def test_wrong_pages_are_refused(self, town: Town, arguments: str) -> None:
        answer = await town.shopify.call(f"{{ orders({arguments}) {{ nodes {{ id }} }} }}")
        assert answer["data"] is None
        assert answer["errors"][0]["path"] == ["orders"]


class TestSearch:
    async def test_updated_at(self, town: Town, clock: Any) -> None:
        await town.control.make(town.shopify.shop)
        clock.pass_seconds(100)
        since = rfc3339(int(clock()))
        await town.control.make(town.shopify.shop)
        page = await town.shopify.orders(query=f"updated_at:>='{since}'")
        assert [node["name"] for node in page["nodes"]] == ["#1002"]

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("financial_status:paid fulfillment_status:unfulfilled", ["#1001"]),
            ("financial_status:pending", ["#1002"]),
            ("status:cancelled", ["#1003"]),
            ("status:open AND financial_status:paid", ["#1001"]),
            ("-status:cancelled", ["#1001", "#1002"]),
            ("name:#1002", ["#1002"]),
            ("no_such_term:1", ["#1001", "#1002", "#1003"]),
        ],
    )
    async def test_terms(self, town: Town, query: str, names: list[str]) -> None:
        await town.control.make(town.shopify.shop)
        await town.control.make(town.shopify.shop, paid=False)
        await town.control.make(town.shopify.shop)
        await town.control.change(town.shopify.shop, "#1003", "cancel")
        page = await town.shopify.orders(query=query)
        assert sorted(node["name"] for node in page["nodes"]) == names


class TestStates:
    async def test_cancelled_order(self, town: Town) -> None:
        name = await town.control.make(town.shopify.shop)
        await town.control.change(town.shopify.shop, name, "cancel", reason="fraud")
        text = """{ orders(first: 1) { nodes { cancelledAt cancelReason displayFinancialStatus
            lineItems(first: 1) { nodes { quantity currentQuantity } }
            fulfillmentOrders(first: 1) { nodes { status supportedActions { action } } } } } }"""
        order = (await town.shopify.call(text))["data"]["orders"]["nodes"][0]
        assert order["cancelledAt"]
        assert (order["cancelReason"], order["displayFinancialStatus"]) == ("FRAUD", "REFUNDED")
        assert order["lineItems"]["nodes"] == [{"quantity": 2, "currentQuantity": 0}]
        assert order["fulfillmentOrders"]["nodes"] == [{"status": "CLOSED", "supportedActions": []}]

    async def test_hold_and_release(self, town: Town) -> None:
        name = await town.control.make(town.shopify.shop, hold="INCORRECT_ADDRESS")
        text = """{ orders(first: 1) { nodes { displayFulfillmentStatus fulfillmentOrders(first: 1) {
            nodes { status fulfillmentHolds { reason } } } } } }"""
        order = (await town.shopify.call(text))["data"]["orders"]["nodes"][0]
        assert order["displayFulfillmentStatus"] == "ON_HOLD"
        assert order["fulfillmentOrders"]["nodes"][0]["fulfillmentHolds"] == [{"reason": "INCORRECT_ADDRESS"}]
        await town.control.change(town.shopify.shop, name, "release_hold")
        assert (await town.shopify.work_of(name))[0]["status"] == "OPEN"

    async def test_platform_fulfilled_order_is_at_another_location(self, town: Town) -> None:
        await town.control.make(town.shopify.shop, fulfilled_by="platform")
        text = """{ orders(first: 1) { nodes { fulfillmentOrders(first: 1) { nodes { requestStatus
            assignedLocation { location { isFulfillmentService } } } } } } }"""
        work = (await town.shopify.call(text))["data"]["orders"]["nodes"][0]["fulfillmentOrders"]["nodes"][0]
        assert work["assignedLocation"]["location"]["isFulfillmentService"] is True

    async def test_digital_lines_have_no_work_and_an_address_may_be_missing(self, town: Town) -> None:
        lines = [{"sku": "GIFT", "quantity": 1, "requires_shipping": False}]
        name = await town.control.make(town.shopify.shop, lines=lines, address=None)
        assert await town.shopify.work_of(name) == []
        assert (await town.shopify.orders())["nodes"][0]["shippingAddress"] is None

    async def test_edited_quantity(self, town: Town) -> None:
        name = await town.control.make(town.shopify.shop)
        await town.control.change(town.shopify.shop, name, "edit_quantity", line=0, quantity=1)
        work = (await town.shopify.work_of(name))[0]
        assert work["lineItems"]["nodes"][0]["remainingQuantity"] == 1

    async def test_what_is_not_there_is_null(self, town: Town) -> None:
        answer = await town.shopify.call('{ order(id: "gid://shopify/Order/1") { id } }')
        assert answer["data"] == {"order": None}


class TestStrictness:
    @pytest.mark.parametrize(
        ("text", "message", "code"),
        [
            (
                "{ orders(first: 1) { nodes { colour } } }",
                "Field 'colour' doesn't exist on type 'Order'",
                "undefinedField",
            ),
            (
                "{ orders(count: 1) { nodes { id } } }",
                "Field 'orders' doesn't accept argument 'count'",
                "argumentNotAccepted",
            ),
            ("{ order { id } }", "Field 'order' is missing required arguments: id", "missingRequiredArguments"),
        ],
    )
    async def test_unknown_fields_and_arguments(self, town: Town, text: str, message: str, code: str) -> None:
        answer = await town.shopify.call(text)
        assert "data" not in answer
        assert (answer["errors"][0]["message"], answer["errors"][0]["extensions"]["code"]) == (message, code)

    async def test_wrong_variable(self, town: Town) -> None:
        answer = await town.shopify.call("query($n: Int!) { orders(first: $n) { nodes { id } } }", n="two")
        assert answer["errors"][0]["extensions"]["code"] == "INVALID_VARIABLE"

    async def test_other_versions_and_shops_are_not_served(self, town: Town) -> None:
        headers = {"X-Shopify-Access-Token": town.shopify.token}
        for path in ("mugs.myshopify.com/admin/api/2026-04", "other.myshopify.com/admin/api/2026-07"):
            response = await town.http.post(f"/shopify/{path}/graphql.json", json={"query": "{x}"}, headers=headers)
            assert response.status_code == 404

    async def test_body_without_query(self, town: Town) -> None:
        headers = {"X-Shopify-Access-Token": town.shopify.token}
        path = f"/shopify/{town.shopify.shop}/admin/api/2026-07/graphql.json"
        assert (await town.http.post(path, json={}, headers=headers)).status_code == 400

    async def test_aliases_fragments_and_directives(self, town: Town) -> None:
        await town.control.make(town.shopify.shop)
        text = """query($with: Boolean!) {
            mine: orders(first: 1) { nodes { ...Head number @include(if: $with) } }
            all: orders(first: 1) { edges { cursor node { __typename ... on Order { name } } } } }
            fragment Head on Order { title: name lineItems(first: 1) { nodes { id } }
                lineItems(first: 1) { nodes { sku } } }"""
        off = (await town.shopify.call(text, **{"with": False}))["data"]
        on = (await town.shopify.call(text, **{"with": True}))["data"]
        assert list(off["mine"]["nodes"][0]) == ["title", "lineItems"]
        assert list(off["mine"]["nodes"][0]["lineItems"]["nodes"][0]) == ["id", "sku"]
        assert on["mine"]["nodes"][0]["number"] == 1001
        assert off["all"]["edges"][0]["node"] == {"__typename": "Order", "name": "#1001"}

    async def test_node_by_interface(self, town: Town) -> None:
        name = await town.control.make(town.shopify.shop)
        work = (await town.shopify.work_of(name))[0]["id"]
        text = "query($id: ID!) { node(id: $id) { id ... on FulfillmentOrder { status } ... on Order { name } } }"
        answer = await town.shopify.call(text, id=work)
        assert answer["data"]["node"] == {"id": work, "status": "OPEN"}


class TestPoints:
    async def test_cost_is_told_and_taken(self, town: Town) -> None:
        first = (await town.shopify.call("{ orders(first: 10) { nodes { id } } }"))["extensions"]["cost"]
        assert first["throttleStatus"]["maximumAvailable"] == 20_000
        assert first["throttleStatus"]["currentlyAvailable"] == 20_000 - first["actualQueryCost"]

    async def test_empty_bucket_is_throttled_and_refills(self, town: Town, clock: Any) -> None:
        await town.control.post("shops", platform="shopify", shop=town.shopify.shop, app="ck", restore_rate=1)
        text = "{ orders(first: 250) { nodes { id lineItems(first: 50) { nodes { id } } } } }"
        answer = await town.shopify.call(text)
        needed = answer["extensions"]["cost"]["requestedQueryCost"]
        wanted = json.loads((FIXTURES / "error-throttled.json").read_text())
        assert answer["errors"][0]["message"] == wanted["errors"][0]["message"]
        assert answer["errors"][0]["extensions"]["code"] == "THROTTLED"
        assert "data" not in answer
        await town.control.post("shops", platform="shopify", shop=town.shopify.shop, app="ck", restore_rate=needed / 10)
        assert "data" in await town.shopify.call(text)

    async def test_too_dear_query_is_refused(self, town: Town) -> None:
        lines = "lineItems(first: 250) { nodes { product { id } variant { id } taxLines { title } } }"
        work = "fulfillmentOrders(first: 250) { nodes { order { id } lineItems(first: 250) { nodes { id } } } }"
        text = f"{{ orders(first: 250) {{ nodes {{ id {lines} {work} }} }} }}"
        answer = await town.shopify.call(text)
        assert answer["errors"][0]["extensions"]["code"] == "MAX_COST_EXCEEDED"
