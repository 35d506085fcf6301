"""Every fault, on every platform that has it."""

from typing import Any

import pytest
from sandbox.app import ConnectionCut

from .clients import Town

ORDERS = "{ orders(first: 5) { nodes { id name createdAt lineItems(first: 5) { nodes { currentQuantity } } } } }"


class TestAddressing:
    async def test_strikes_count_times_and_only_where_it_is_meant(self, town: Town, clock: Any) -> None:
        await town.control.fault("throttle", platform="shopify", shop=town.shopify.shop, operation="orders", count=2)
        assert "errors" not in await town.shopify.call("{ shop { name } }")
        answers = []
        for _ in range(3):
            answers.append(await town.shopify.call(ORDERS))
            clock.pass_seconds(1)
        assert ["errors" in answer for answer in answers] == [True, True, False]
        fault = (await town.control.get("faults"))["faults"][0]
        assert (fault["left"], fault["struck"]) == (0, 2)
        assert (await town.control.get("summary"))["faults"] == {"throttle": 2}

    async def test_strikes_for_seconds(self, town: Town, clock: Any) -> None:
        await town.control.fault("throttle", platform="shopee", seconds=10)
        for _ in range(3):
            assert (await town.shopee.list())["error"] == "error_rate_limit"
        clock.pass_seconds(11)
        assert (await town.shopee.list())["error"] == ""

    async def test_is_ended(self, town: Town) -> None:
        await town.control.fault("error", count=None)
        assert (await town.shopify.raw(ORDERS)).status_code == 503
        assert (await town.http.delete("/control/faults")).json() == {"removed": 1}
        assert (await town.shopify.raw(ORDERS)).status_code == 200

    async def test_one_order_of_many(self, town: Town) -> None:
        first, second = [await town.control.make(town.shopee.shop_id) for _ in range(2)]
        await town.control.fault("tracking_not_ready", order=second, count=None)
        for order_sn, empty in ((first, False), (second, True)):
            await town.shopee.arrange(order_sn)
            assert (await town.shopee.tracking(order_sn) == "") is empty

    async def test_mutation_is_found_by_its_order(self, town: Town) -> None:
        name = await town.control.make(town.shopify.shop)
        work = (await town.shopify.work_of(name))[0]["id"]
        await town.control.fault("error", order=name, operation="fulfillmentCreate", status=502)
        response = await town.shopify.raw(
            "mutation($f: FulfillmentInput!) { fulfillmentCreate(fulfillment: $f) { userErrors { message } } }",
            f={"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": work}]},
        )
        assert response.status_code == 502
        assert (await town.control.order(town.shopify.shop, name))["fulfillments"] == []


class TestThrottle:
    async def test_shopify_empties_the_bucket(self, town: Town) -> None:
        await town.control.fault("throttle", shop=town.shopify.shop)
        answer = await town.shopify.call(ORDERS)
        assert answer["errors"][0]["extensions"]["code"] == "THROTTLED"
        assert answer["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"] == 0

    async def test_shopify_by_http(self, town: Town) -> None:
        await town.control.fault("throttle", shop=town.shopify.shop, http=429, retry_after=2)
        response = await town.shopify.raw(ORDERS)
        assert (response.status_code, response.headers["retry-after"]) == (429, "2")

    async def test_shopee_day_quota(self, town: Town) -> None:
        await town.control.fault("throttle", shop="322300222", code="error_limit")
        assert (await town.shopee.list())["error"] == "error_limit"

    async def test_wms(self, town: Town) -> None:
        await town.control.fault("throttle", warehouse="W-W")
        response = await town.wms.put("FO-1-1")
        assert (response.status_code, response.headers["retry-after"]) == (429, "1")


class TestCut:
    async def test_after_the_effect(self, town: Town) -> None:
        name = await town.control.make(town.shopify.shop)
        work = (await town.shopify.work_of(name))[0]["id"]
        await town.control.fault("cut", operation="fulfillmentCreate")
        with pytest.raises(ConnectionCut):
            await town.shopify.fulfill(work, "T1")
        assert (await town.control.order(town.shopify.shop, name))["tracking_stored"] == ["T1"]

    async def test_before_the_effect(self, town: Town) -> None:
        order_sn = await town.control.make(town.shopee.shop_id)
        await town.control.fault("cut_before", operation="logistics/ship_order")
        with pytest.raises(ConnectionCut):
            await town.shopee.arrange(order_sn)
        assert (await town.control.order(town.shopee.shop_id, order_sn))["arrangements"] == 0

    async def test_wms_put(self, town: Town) -> None:
        await town.control.fault("cut", platform="wms", operation="put", order="FO-1-1")
        with pytest.raises(ConnectionCut):
            await town.wms.put("FO-1-1")
        assert (await town.wms.call("GET", "outbound-orders/FO-1-1")).json()["status"] == "accepted"

    async def test_token_call(self, town: Town) -> None:
        await town.control.fault("cut", operation="auth/access_token/get")
        body = {"refresh_token": town.shopee.refresh_token, "partner_id": 2001887, "shop_id": 322300222}
        with pytest.raises(ConnectionCut):
            await town.shopee.post_public("auth/access_token/get", **body)
        # The one-use token is spent although nobody saw the new one: the seller has to authorise again.
        assert (await town.shopee.post_public("auth/access_token/get", **body))["error"] == "error_auth"


class TestErrorsAndDelay:
    async def test_error_has_no_effect(self, town: Town) -> None:
        order_sn = await town.control.make(town.shopee.shop_id)
        await town.control.fault("error", operation="logistics/ship_order", status=500)
        assert (await town.shopee.arrange(order_sn))["error"] == "error_server"
        assert (await town.shopee.arrange(order_sn))["error"] == ""

    async def test_slow_answer_still_comes(self, town: Town) -> None:
        await town.control.fault("slow", delay=0.01)
        assert "data" in await town.shopify.call(ORDERS)
        assert (await town.control.get("summary"))["faults"] == {"slow": 1}


class TestMalformed:
    async def test_order_made_broken_until_it_is_repaired(self, town: Town) -> None:
        name = await town.control.make(town.shopify.shop, malformed="quantity")
        order = (await town.shopify.call(ORDERS))["data"]["orders"]["nodes"][0]
        assert order["lineItems"]["nodes"][0]["currentQuantity"] == "abc"
        await town.control.change(town.shopify.shop, name, "repair")
        order = (await town.shopify.call(ORDERS))["data"]["orders"]["nodes"][0]
        assert order["lineItems"]["nodes"][0]["currentQuantity"] == 2

    async def test_shopify_page_with_one_missing_field(self, town: Town) -> None:
        for _ in range(3):
            await town.control.make(town.shopify.shop)
        await town.control.fault("malformed", shop=town.shopify.shop, path="createdAt", remove=True, order="#1002")
        nodes = (await town.shopify.call(ORDERS))["data"]["orders"]["nodes"]
        assert {node["name"]: "createdAt" in node for node in nodes} == {"#1001": True, "#1002": False, "#1003": True}
        nodes = (await town.shopify.call(ORDERS))["data"]["orders"]["nodes"]
        assert all("createdAt" in node for node in nodes)

    async def test_shopee_detail(self, town: Town) -> None:
        order_sn = await town.control.make(town.shopee.shop_id, malformed="created_at")
        query = {"order_sn_list": order_sn, "response_optional_fields": "item_list"}
        await town.control.fault("malformed", platform="shopee")
        order = (await town.shopee.get("order/get_order_detail", **query))["response"]["order_list"][0]
        assert "create_time" not in order
        assert order["item_list"][0]["model_quantity_purchased"] == "abc"


class TestLabels:
    async def test_refused_at_each_step(self, town: Town) -> None:
        order_sn = await town.control.make(town.shopee.shop_id)
        await town.control.fault("label_refused", operation="logistics/ship_order", code="logistics.error_cutoff_time")
        assert (await town.shopee.arrange(order_sn))["error"] == "logistics.error_cutoff_time"
        await town.shopee.arrange(order_sn)
        row = {"order_sn": order_sn, "tracking_number": await town.shopee.tracking(order_sn)}
        await town.control.fault("label_refused", operation="logistics/create_shipping_document")
        answer = await town.shopee.post("logistics/create_shipping_document", order_list=[row])
        assert answer["response"]["result_list"][0]["fail_error"] == "logistics.package_can_not_print"
        await town.shopee.post("logistics/create_shipping_document", order_list=[row])
        await town.control.fault("label_refused", operation="logistics/get_shipping_document_result")
        failed = await town.shopee.post("logistics/get_shipping_document_result", order_list=[{"order_sn": order_sn}])
        assert (failed["error"], failed["response"]["result_list"][0]["status"]) == ("", "FAILED")

    async def test_not_ready_some_times(self, town: Town) -> None:
        order_sn = await town.control.make(town.shopee.shop_id)
        await town.shopee.arrange(order_sn)
        row = {"order_sn": order_sn, "tracking_number": await town.shopee.tracking(order_sn)}
        await town.shopee.post("logistics/create_shipping_document", order_list=[row])
        await town.control.fault("label_not_ready", order=order_sn, count=2)
        body = {"order_list": [{"order_sn": order_sn}]}
        states = []
        for _ in range(3):
            answer = await town.shopee.post("logistics/get_shipping_document_result", **body)
            states.append(answer["response"]["result_list"][0]["status"])
        assert states == ["PROCESSING", "PROCESSING", "READY"]


class TestWarehouse:
    async def test_refused_in_the_answer(self, town: Town) -> None:
        await town.control.fault("wms_refuse", order="#1001", reason="Closed for stocktaking.")
        response = await town.wms.put("FO-1-1")
        assert (response.status_code, response.json()["detail"]) == (422, "Closed for stocktaking.")
        assert (await town.wms.put("FO-1-2")).status_code == 201

    async def test_silent_until_somebody_accepts(self, town: Town) -> None:
        await town.control.fault("wms_silent")
        assert (await town.wms.put("FO-1-1")).json()["status"] == "received"
        await town.control.post("warehouses/W-W/accept", references=["FO-1-1"])
        assert (await town.wms.call("GET", "outbound-orders/FO-1-1")).json()["status"] == "accepted"

    async def test_cancel_refused(self, town: Town) -> None:
        await town.wms.put("FO-1-1")
        await town.control.fault("cancel_refused", order="FO-1-1")
        assert (await town.wms.call("POST", "outbound-orders/FO-1-1/cancel")).status_code == 409
        assert (await town.wms.call("POST", "outbound-orders/FO-1-1/cancel")).status_code == 200
