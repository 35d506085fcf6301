"""The control API: what it takes, what it refuses, what it counts."""

from typing import Any

import httpx2
import pytest

from .clients import Town

LINE = {"sku": "A-1", "quantity": 1}


async def refused(http: httpx2.AsyncClient, path: str, body: object) -> Any:
    response = await http.post(f"/control/{path}", json=body)
    assert response.status_code == 422, response.text
    return response.json()["error"]


class TestCreateOrders:
    async def test_defaults_are_overlaid(self, town: Town) -> None:
        body = {
            "defaults": {"shop": town.shopify.shop, "lines": [LINE], "note": "all"},
            "orders": [{}, {"note": "own"}],
        }
        answer = await town.control.post("orders", **body)
        assert answer["created"] == 2
        assert [order["order"] for order in answer["orders"]] == ["#1001", "#1002"]
        notes = await town.shopify.call("{ orders(first: 5, sortKey: ID) { nodes { note } } }")
        assert [node["note"] for node in notes["data"]["orders"]["nodes"]] == ["all", "own"]

    async def test_one_wrong_order_creates_none(self, town: Town) -> None:
        body = {"orders": [{"shop": town.shopify.shop, "lines": [LINE]}, {"shop": "nowhere", "lines": [LINE]}]}
        error = await refused(town.http, "orders", body)
        assert (error["field"], error["value"]) == ("orders.1.shop", "nowhere")
        assert (await town.control.get("summary"))["totals"]["orders"] == 0

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"lines": []}, "lines"),
            ({"lines": [{"sku": "A", "quantity": 0}]}, "lines.0.quantity"),
            ({"lines": [LINE], "surprise": 1}, "surprise"),
            ({"lines": [LINE], "packages": [[0], [0]]}, "packages"),
            ({"lines": [LINE], "created_at": "yesterday"}, "created_at"),
        ],
    )
    async def test_wrong_fields_are_named(self, town: Town, fields: dict[str, Any], field: str) -> None:
        error = await refused(town.http, "orders", {"orders": [{"shop": town.shopify.shop, **fields}]})
        assert error["field"] == f"orders.0.{field}"
        assert error["message"]

    async def test_a_number_is_used_once_in_a_shop(self, town: Town) -> None:
        await town.control.make(town.shopify.shop, order="77")
        error = await refused(
            town.http, "orders", {"orders": [{"shop": town.shopify.shop, "lines": [LINE], "order": "#77"}]}
        )
        assert error["field"] == "orders.0.order"

    async def test_lines_are_dealt_to_packages(self, town: Town) -> None:
        lines = [{"sku": sku, "quantity": 1} for sku in "ABC"]
        name = await town.control.make(town.shopify.shop, lines=lines, packages=2)
        work = await town.shopify.work_of(name)
        assert [len(each["lineItems"]["nodes"]) for each in work] == [2, 1]


class TestChangeOrders:
    async def test_unknown_order_is_named(self, town: Town) -> None:
        change = {"shop": town.shopify.shop, "order": "#9", "action": "cancel"}
        error = await refused(town.http, "orders/change", {"changes": [change]})
        assert (error["field"], error["value"]) == ("changes.0.order", "#9")

    async def test_update_time_moves(self, town: Town, clock: Any) -> None:
        name = await town.control.make(town.shopify.shop)
        before = (await town.shopify.orders())["nodes"][0]["updatedAt"]
        clock.pass_seconds(60)
        await town.control.change(town.shopify.shop, name, "touch")
        after = (await town.shopify.orders())["nodes"][0]
        assert after["updatedAt"] > before
        assert after["createdAt"] == before

    async def test_address_is_edited_in_part(self, town: Town) -> None:
        name = await town.control.make(town.shopify.shop)
        await town.control.change(town.shopify.shop, name, "edit_address", address={"city": "Elko"})
        address = (await town.shopify.orders())["nodes"][0]["shippingAddress"]
        assert (address["city"], address["provinceCode"]) == ("Elko", "NV")

    async def test_order_is_found_by_id_and_bare_number(self, town: Town) -> None:
        await town.control.make(town.shopify.shop)
        gid = (await town.shopify.orders())["nodes"][0]["id"]
        await town.control.change(town.shopify.shop, gid, "edit_note", note="by id")
        await town.control.change(town.shopify.shop, "1001", "edit_note", note="by number")
        answer = await town.shopify.call("query($id: ID!) { order(id: $id) { note } }", id=gid)
        assert answer["data"]["order"]["note"] == "by number"


class TestSetup:
    async def test_shop_needs_its_app(self, town: Town) -> None:
        body = {"platform": "shopify", "shop": "x.myshopify.com", "app": "nobody"}
        assert (await refused(town.http, "shops", body))["field"] == "app"

    async def test_shop_domain_is_checked(self, town: Town) -> None:
        body = {"platform": "shopify", "shop": "x.example.com", "app": "ck"}
        assert (await refused(town.http, "shops", body))["field"] == "shop"

    async def test_warehouse_needs_a_secret_and_keeps_it(self, town: Town) -> None:
        assert (await refused(town.http, "warehouses", {"code": "N"}))["field"] == "secret"
        await town.control.post("warehouses", code="W-W", ship="manual")
        assert (await town.wms.put("FO-1-1")).status_code == 201

    async def test_fault_kinds_are_known(self, town: Town) -> None:
        error = await refused(town.http, "faults", {"faults": [{"kind": "earthquake"}]})
        assert "throttle" in error["message"]

    async def test_unknown_route_says_so(self, town: Town) -> None:
        assert (await town.http.post("/control/nothing", json={})).status_code == 404
        assert (await town.http.get("/nothing")).status_code == 404

    async def test_body_must_be_json(self, town: Town) -> None:
        response = await town.http.post("/control/orders", content=b"{")
        assert response.json()["error"]["field"] == "body"

    async def test_health(self, town: Town) -> None:
        assert (await town.http.get("/health")).json() == {"status": "ok"}


class TestReading:
    async def test_pages(self, town: Town) -> None:
        for _ in range(5):
            await town.control.make(town.shopify.shop)
        seen: list[str] = []
        cursor = ""
        while cursor is not None:
            page = await town.control.get(f"orders?limit=2&cursor={cursor}")
            seen += [item["order"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert seen == ["#1001", "#1002", "#1003", "#1004", "#1005"]
        assert (await town.http.get("/control/orders?limit=0")).status_code == 422

    async def test_reset_forgets_everything(self, town: Town) -> None:
        await town.control.make(town.shopify.shop)
        await town.wms.put("FO-1-1")
        await town.control.post("reset")
        summary = await town.control.get("summary")
        assert summary["orders"] == {}
        assert set(summary["totals"].values()) == {0}
        assert (await town.shopify.raw("{ shop { name } }")).status_code == 404
