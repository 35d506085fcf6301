"""The warehouse's side of the WMS protocol, without its callbacks."""

from typing import Any

import pytest
from sandbox.wms.signing import sign
from standardwebhooks import Webhook

from .clients import Town

PARCEL = {
    "package_number": "",
    "tracking_number": "HC0001",
    "carrier": "House Carrier",
    "label_format": "pdf",
    "label_base64": "JVBERi0xLjM=",
}


class TestSignatures:
    def test_equals_the_library(self) -> None:
        from datetime import UTC, datetime

        moment = datetime.fromtimestamp(1_700_000_000, UTC)
        assert Webhook(b"k" * 32).sign("msg_1", moment, "body") == sign(b"k" * 32, "msg_1", 1_700_000_000, b"body")

    async def test_wrong_ones_are_refused_and_counted(self, town: Town) -> None:
        headers = town.wms.headers(b"")
        path = "/wms/W-W/v1/outbound-orders/FO-1-1"
        bad: list[dict[str, str]] = [
            {},
            headers | {"webhook-signature": "v1,AAAA"},
            headers | {"webhook-timestamp": str(int(town.world.now()) - 301)},
            headers | {"webhook-timestamp": "soon"},
        ]
        for each in bad:
            response = await town.http.get(path, headers=each)
            assert (response.status_code, response.json()["code"]) == (401, "bad_signature")
        assert (await town.http.get(path, headers=headers)).status_code == 404
        assert (await town.control.get("summary"))["signature_failures"]["wms"] == 4


class TestPut:
    async def test_made_and_same_again(self, town: Town) -> None:
        made = await town.wms.put("FO-1-1", parcels=[PARCEL])
        assert (made.status_code, made.json()["status"]) == (201, "accepted")
        assert set(made.json()) == {"reference", "warehouse_reference", "status", "reason", "parcels", "shipped_at"}
        again = await town.wms.put("FO-1-1", parcels=[PARCEL])
        assert (again.status_code, again.json()) == (200, made.json())
        items = (await town.control.get("submissions"))["items"]
        assert [(each["reference"], each["puts"], each["same_again"]) for each in items] == [("FO-1-1", 2, 1)]

    async def test_other_content_under_the_same_reference(self, town: Town) -> None:
        await town.wms.put("FO-1-1")
        response = await town.wms.put("FO-1-1", channel="OTHER")
        assert (response.status_code, response.json()["code"]) == (409, "reference_in_use")
        assert response.headers["content-type"] == "application/problem+json"

    @pytest.mark.parametrize(
        ("fields", "named"),
        [
            ({"colour": "red"}, "colour"),
            ({"lines": []}, "lines"),
            ({"lines": [{"sku": "A", "quantity": "2", "title": ""}]}, "lines.0.quantity"),
            ({"ship_to": None}, "ship_to"),
            ({"warehouse": "OTHER"}, "warehouse"),
            ({"reference": "FO-2-1"}, "reference"),
            ({"parcels": [PARCEL | {"label_base64": "not base64"}]}, "parcels.0.label_base64"),
        ],
    )
    async def test_strict_body(self, town: Town, fields: dict[str, Any], named: str) -> None:
        body = town.wms.body("FO-1-1") | fields
        response = await town.wms.call("PUT", "outbound-orders/FO-1-1", body)
        assert response.status_code == 422
        assert response.json()["detail"].startswith(named)

    async def test_missing_field(self, town: Town) -> None:
        body = town.wms.body("FO-1-1")
        del body["ship_by"]
        response = await town.wms.call("PUT", "outbound-orders/FO-1-1", body)
        assert (response.status_code, response.json()["detail"]) == (422, "ship_by: Field required")

    async def test_two_references_of_one_order_are_a_duplicate(self, town: Town) -> None:
        number = await town.control.make(town.shopify.shop)
        await town.wms.put("FO-1-1", order_number=number)
        await town.wms.put("FO-1-2", order_number=number)
        detail = "FO-1-2 accepted while FO-1-1 is accepted"
        assert (await town.control.order(town.shopify.shop, number))["duplicates"] == [detail]
        duplicates = (await town.control.get("summary"))["duplicates"]
        assert [each["detail"] for each in duplicates] == [detail]
        assert len((await town.control.get("orders?duplicates=true"))["items"]) == 1

    async def test_second_submission_after_a_cancel_is_none(self, town: Town) -> None:
        await town.wms.put("FO-1-1")
        await town.wms.call("POST", "outbound-orders/FO-1-1/cancel")
        await town.wms.put("FO-1-2")
        assert (await town.control.get("summary"))["duplicates"] == []


class TestGetAndCancel:
    async def test_unknown_reference(self, town: Town) -> None:
        for method, path in (("GET", "outbound-orders/FO-9-1"), ("POST", "outbound-orders/FO-9-1/cancel")):
            response = await town.wms.call(method, path)
            assert (response.status_code, response.json()["code"]) == (404, "unknown_reference")

    async def test_cancel_agreed_and_repeated(self, town: Town) -> None:
        await town.wms.put("FO-1-1")
        for _ in range(2):
            response = await town.wms.call("POST", "outbound-orders/FO-1-1/cancel")
            assert (response.status_code, response.json()["status"]) == (200, "canceled")
        got = await town.wms.call("GET", "outbound-orders/FO-1-1")
        assert got.json()["status"] == "canceled"

    async def test_shipped_order_cannot_be_canceled(self, town: Town) -> None:
        await town.wms.put("FO-1-1", parcels=[PARCEL])
        assert await town.control.post("warehouses/W-W/ship", references=["FO-1-1"]) == {"changed": 1}
        response = await town.wms.call("POST", "outbound-orders/FO-1-1/cancel")
        assert (response.status_code, response.json()["code"]) == (409, "cannot_cancel")
        order = (await town.wms.call("GET", "outbound-orders/FO-1-1")).json()
        parcel = {"package_number": "", "tracking_number": "HC0001", "carrier": "House Carrier", "weight_grams": 420}
        assert (order["status"], order["parcels"]) == ("shipped", [parcel])
        assert order["shipped_at"]

    async def test_warehouse_that_refuses_to_cancel(self, town: Town) -> None:
        await town.control.post("warehouses", code="W-W", cancel="refuse")
        await town.wms.put("FO-1-1")
        response = await town.wms.call("POST", "outbound-orders/FO-1-1/cancel")
        assert response.status_code == 409

    async def test_own_label_is_made_when_there_is_none(self, town: Town) -> None:
        await town.wms.put("FO-1-1")
        await town.control.post("warehouses/W-W/ship")
        order = (await town.wms.call("GET", "outbound-orders/FO-1-1")).json()
        assert order["parcels"][0]["tracking_number"].startswith("W-W")

    async def test_shipping_a_platform_label_is_the_carrier_scan(self, town: Town) -> None:
        order_sn = await town.control.make(town.shopee.shop_id)
        await town.shopee.arrange(order_sn)
        parcel = PARCEL | {"tracking_number": await town.shopee.tracking(order_sn)}
        await town.wms.put("FO-1-1", order_number=order_sn, parcels=[parcel])
        await town.control.post("warehouses/W-W/ship")
        report = await town.control.order(town.shopee.shop_id, order_sn)
        assert report["status"] == "SHIPPED"
        assert report["submissions"][0]["shipped"] is True


class TestInventory:
    async def test_pages(self, town: Town) -> None:
        stock = [{"seller": "ACME", "sku": f"S{number}", "on_hand": number} for number in range(3)]
        await town.control.post("warehouses", code="W-W", stock=stock)
        first = (await town.wms.call("GET", "inventory", query="?limit=2")).json()
        rest = (await town.wms.call("GET", "inventory", query=f"?limit=2&cursor={first['next_cursor']}")).json()
        assert first["items"] + rest["items"] == stock
        assert rest["next_cursor"] is None

    @pytest.mark.parametrize("query", ["?limit=1001", "?limit=x", "?colour=1"])
    async def test_wrong_query(self, town: Town, query: str) -> None:
        assert (await town.wms.call("GET", "inventory", query=query)).status_code == 422
