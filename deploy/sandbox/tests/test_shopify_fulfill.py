"""Shipping, labels and stock at Shopify."""

import json
from pathlib import Path
from typing import Any

import pytest
from sandbox.times import rfc3339

from .clients import CREATE, Town

FIXTURES = Path(__file__).parent / "fixtures" / "shopify"
UPDATE = """mutation($id: ID!, $info: FulfillmentTrackingInput!) {
  fulfillmentTrackingInfoUpdate(fulfillmentId: $id, trackingInfoInput: $info) {
    fulfillment { trackingInfo { number } } userErrors { message } } }"""
CANCEL = (
    "mutation($id: ID!) { fulfillmentCancel(id: $id) { fulfillment { status displayStatus } userErrors { message } } }"
)
PURCHASE = """mutation($input: ShippingLabelPurchaseInput!) { shippingLabelPurchase(shippingLabelPurchase: $input) {
  shippingLabelPurchaseResult { id done status } userErrors { field message code } } }"""
POLL = """query($id: ID!) { node(id: $id) { ... on ShippingLabelPurchaseResult { done status errors { code }
  shippingLabels { trackingInfo { number } shippingDocuments { documentType format url } } } } }"""
STOCK = """mutation($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { reason referenceDocumentUri changes { name delta item { id } location { id name } } }
    userErrors { field message code } } }"""


def recorded(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text())


async def first_work(town: Town, **fields: Any) -> tuple[str, Any]:
    name = await town.control.make(town.shopify.shop, **fields)
    return name, (await town.shopify.work_of(name))[0]


class TestFulfillmentCreate:
    async def test_recorded_request_and_answer(self, town: Town) -> None:
        _, work = await first_work(town)
        request, wanted = recorded("fulfillmentCreate-single-request"), recorded("fulfillmentCreate-single")
        request["fulfillment"]["lineItemsByFulfillmentOrder"][0]["fulfillmentOrderId"] = work["id"]
        got = (await town.shopify.call(CREATE, **request))["data"]["fulfillmentCreate"]
        like = wanted["data"]["fulfillmentCreate"]["fulfillment"]
        assert set(got["fulfillment"]) == set(like)
        assert (got["fulfillment"]["status"], got["fulfillment"]["displayStatus"]) == ("SUCCESS", "FULFILLED")
        assert got["fulfillment"]["trackingInfo"] == like["trackingInfo"]
        assert got["userErrors"] == []

    async def test_repeat_is_refused_in_the_recorded_words(self, town: Town) -> None:
        name, work = await first_work(town)
        await town.shopify.fulfill(work["id"], "T1")
        got = await town.shopify.fulfill(work["id"], "T1")
        wanted = recorded("fulfillmentCreate-repeat-closed")["data"]["fulfillmentCreate"]
        number = work["id"].rsplit("/", 1)[1]
        message = wanted["userErrors"][0]["message"].replace("9825095909682", number)
        assert got == {"fulfillment": None, "userErrors": [{"field": ["fulfillment"], "message": message}]}
        report = await town.control.order(town.shopify.shop, name)
        assert (report["tracking_stored"], len(report["fulfillments"]), report["duplicates"]) == (["T1"], 1, [])

    async def test_partial_call_repeated_ships_more_and_is_a_duplicate(self, town: Town) -> None:
        name, work = await first_work(town)
        line = work["lineItems"]["nodes"][0]["id"]
        for _ in range(2):
            got = await town.shopify.fulfill(work["id"], "T1", fulfillmentOrderLineItems=[{"id": line, "quantity": 1}])
            assert got["userErrors"] == []
        assert (await town.shopify.work_of(name))[0]["status"] == "CLOSED"
        report = await town.control.order(town.shopify.shop, name)
        assert report["duplicates"] == ["tracking number T1 stored in 2 fulfillments"]
        assert (await town.control.get("summary"))["duplicates"][0]["order"] == name

    async def test_partial_leaves_the_rest(self, town: Town) -> None:
        name, work = await first_work(town)
        line = work["lineItems"]["nodes"][0]["id"]
        await town.shopify.fulfill(work["id"], "T1", fulfillmentOrderLineItems=[{"id": line, "quantity": 1}])
        left = (await town.shopify.work_of(name))[0]
        assert (left["status"], left["lineItems"]["nodes"][0]["remainingQuantity"]) == ("IN_PROGRESS", 1)
        assert (await town.shopify.orders())["nodes"][0]["displayFulfillmentStatus"] == "PARTIALLY_FULFILLED"

    @pytest.mark.parametrize(
        ("quantity", "message"),
        [(3, "Invalid fulfillment order line item quantity requested."), (0, "Quantity must be greater than 0")],
    )
    async def test_wrong_quantities(self, town: Town, quantity: int, message: str) -> None:
        _, work = await first_work(town)
        line = work["lineItems"]["nodes"][0]["id"]
        got = await town.shopify.fulfill(
            work["id"], "T1", fulfillmentOrderLineItems=[{"id": line, "quantity": quantity}]
        )
        assert got["userErrors"][0]["message"] == message

    async def test_unknown_and_foreign_orders(self, town: Town) -> None:
        got = await town.shopify.fulfill("gid://shopify/FulfillmentOrder/1", "T1")
        assert got["userErrors"][0]["message"] == "Fulfillment order does not exist."
        _, first = await first_work(town)
        _, second = await first_work(town)
        parts = [{"fulfillmentOrderId": first["id"]}, {"fulfillmentOrderId": second["id"]}]
        answer = await town.shopify.call(CREATE, fulfillment={"lineItemsByFulfillmentOrder": parts})
        message = answer["data"]["fulfillmentCreate"]["userErrors"][0]["message"]
        assert message.startswith("All fulfillment orders must belong to the same order.")

    async def test_held_order_is_not_shipped(self, town: Town) -> None:
        _, work = await first_work(town, hold="OTHER")
        got = await town.shopify.fulfill(work["id"], "T1")
        assert got["userErrors"][0]["message"].endswith("unfulfillable status= on_hold.")

    async def test_refused_by_fault(self, town: Town) -> None:
        name, work = await first_work(town)
        await town.control.fault("fulfillment_refused", order=name, message="No.")
        assert (await town.shopify.fulfill(work["id"], "T1"))["userErrors"][0]["message"] == "No."
        assert (await town.shopify.fulfill(work["id"], "T1"))["userErrors"] == []


class TestTrackingAndCancel:
    async def test_tracking_is_corrected(self, town: Town) -> None:
        name, work = await first_work(town)
        made = await town.shopify.fulfill(work["id"], "T1")
        answer = await town.shopify.call(UPDATE, id=made["fulfillment"]["id"], info={"numbers": ["T2", "T3"]})
        infos = answer["data"]["fulfillmentTrackingInfoUpdate"]["fulfillment"]["trackingInfo"]
        assert infos == [{"number": "T2"}, {"number": "T3"}]
        assert (await town.control.order(town.shopify.shop, name))["tracking_stored"] == ["T1", "T2", "T3"]

    async def test_cancel_makes_new_work_and_may_be_repeated(self, town: Town) -> None:
        name, work = await first_work(town)
        made = await town.shopify.fulfill(work["id"], "T1")
        for _ in range(2):
            answer = await town.shopify.call(CANCEL, id=made["fulfillment"]["id"])
            assert answer["data"]["fulfillmentCancel"]["fulfillment"] == {
                "status": "CANCELLED",
                "displayStatus": "CANCELED",
            }
        everything = await town.shopify.work_of(name)
        assert [each["status"] for each in everything] == ["CLOSED", "OPEN"]

    async def test_unknown_fulfillment(self, town: Town) -> None:
        answer = await town.shopify.call(CANCEL, id="gid://shopify/Fulfillment/1")
        assert answer["data"]["fulfillmentCancel"]["userErrors"] == [{"message": "Fulfillment not found."}]


class TestLabels:
    async def purchase(self, town: Town, work_id: str, **fields: Any) -> Any:
        given = {"fulfillmentOrderId": work_id, "shippingDatetime": rfc3339(int(town.world.now()) + 3600)} | fields
        return (await town.shopify.call(PURCHASE, input=given))["data"]["shippingLabelPurchase"]

    async def test_label_is_there_after_a_poll(self, town: Town) -> None:
        name, work = await first_work(town)
        result = (await self.purchase(town, work["id"]))["shippingLabelPurchaseResult"]
        assert (result["done"], result["status"]) == (False, "PENDING_PURCHASE")
        polls = [(await town.shopify.call(POLL, id=result["id"]))["data"]["node"] for _ in range(2)]
        assert [poll["status"] for poll in polls] == ["PENDING_PURCHASE", "PURCHASED"]
        url = polls[1]["shippingLabels"][0]["shippingDocuments"][0]["url"]
        assert (await town.http.get(url)).content.startswith(b"%PDF")
        assert (await town.control.order(town.shopify.shop, name))["labels_purchased"] == 1

    async def test_second_purchase_is_a_duplicate(self, town: Town) -> None:
        name, work = await first_work(town)
        await self.purchase(town, work["id"])
        await self.purchase(town, work["id"])
        report = await town.control.order(town.shopify.shop, name)
        assert report["duplicates"][0].startswith("2 labels bought for fulfillment order")

    async def test_refused_for_good(self, town: Town) -> None:
        name, work = await first_work(town)
        await town.control.fault("label_refused", order=name, code="CARRIER_NOT_AVAILABLE")
        result = (await self.purchase(town, work["id"]))["shippingLabelPurchaseResult"]
        polls = [(await town.shopify.call(POLL, id=result["id"]))["data"]["node"] for _ in range(2)]
        assert polls[1]["status"] == "PURCHASE_FAILED"
        assert polls[1]["errors"] == [{"code": "CARRIER_NOT_AVAILABLE"}]

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"shippingDatetime": "2020-01-01T00:00:00Z"}, "SHIPPING_DATE_IN_THE_PAST"),
            ({"totalWeight": {"value": 0.0, "unit": "GRAMS"}}, "TOTAL_WEIGHT_ZERO"),
            ({"fulfillmentOrderId": "gid://shopify/FulfillmentOrder/1"}, "FULFILLMENT_ORDER_INVALID"),
        ],
    )
    async def test_faulty_input(self, town: Town, fields: dict[str, Any], code: str) -> None:
        _, work = await first_work(town)
        assert (await self.purchase(town, work["id"], **fields))["userErrors"][0]["code"] == code


class TestInventory:
    async def variables(self, town: Town, **fields: Any) -> dict[str, Any]:
        text = (
            '{ inventoryItems(first: 1, query: "sku:A-1") { nodes { id sku } } locations(first: 1) { nodes { id } } }'
        )
        data = (await town.shopify.call(text))["data"]
        item, place = data["inventoryItems"]["nodes"][0]["id"], data["locations"]["nodes"][0]["id"]
        row = {"inventoryItemId": item, "locationId": place, "quantity": -5, "changeFromQuantity": 0} | fields
        request = recorded("inventorySetQuantities-negative-ok")["request_variables"]
        request["input"]["quantities"] = [{key: value for key, value in row.items() if value != "absent"}]
        return {"input": request["input"], "key": request["idempotencyKey"]}

    async def test_recorded_call_and_its_repeat(self, town: Town) -> None:
        await town.control.make(town.shopify.shop)
        variables = await self.variables(town)
        answer = (await town.shopify.call(STOCK, **variables))["data"]["inventorySetQuantities"]
        wanted = recorded("inventorySetQuantities-negative-ok")["response"]["data"]["inventorySetQuantities"]
        assert answer["userErrors"] == wanted["userErrors"]
        changes = answer["inventoryAdjustmentGroup"]["changes"]
        assert [(each["name"], each["delta"]) for each in changes] == [("available", -5), ("on_hand", -5)]
        assert list(changes[0]) == list(wanted["inventoryAdjustmentGroup"]["changes"][0])

    async def test_stale_compare(self, town: Town) -> None:
        await town.control.make(town.shopify.shop)
        answer = await town.shopify.call(STOCK, **await self.variables(town, changeFromQuantity=9))
        assert answer["data"]["inventorySetQuantities"]["userErrors"][0]["code"] == "CHANGE_FROM_QUANTITY_STALE"

    async def test_compare_must_be_given_even_as_null(self, town: Town) -> None:
        await town.control.make(town.shopify.shop)
        assert "errors" in await town.shopify.call(STOCK, **await self.variables(town, changeFromQuantity="absent"))
        answer = await town.shopify.call(STOCK, **await self.variables(town, changeFromQuantity=None))
        assert answer["data"]["inventorySetQuantities"]["userErrors"] == []

    async def test_directive_is_required(self, town: Town) -> None:
        await town.control.make(town.shopify.shop)
        text = STOCK.replace(" @idempotent(key: $key)", "").replace(", $key: String!", "")
        answer = await town.shopify.call(text, input=(await self.variables(town))["input"])
        assert "@idempotent" in answer["errors"][0]["message"]
