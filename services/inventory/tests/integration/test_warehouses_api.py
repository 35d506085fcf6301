"""Warehouses over HTTP, and the copy of the sellers."""

from typing import Any

import pytest
from common.http.identity import Role
from common.kernel.ids import uuid7
from common.testing.delivery import take_outbox
from contracts.gateway.v1 import SellerChangedV1, SellerRegisteredV1
from contracts.inventory.v1 import WarehouseBindingChangedV1, WarehouseChangedV1

from .harness import STAFF, Harness, of_type

BODY = {"code": "W-E", "name": "East", "country": "US", "time_zone": "America/New_York", "currency": "USD"}
HTTP = {"kind": "http", "base_url": "https://wms.example.com/orderdock"}


class TestCreate:
    async def test_says_what_it_is(self, harness: Harness) -> None:
        answer = await harness.call("POST", "/warehouses", json={**BODY, "adapter": HTTP})
        assert answer.status_code == 201
        (event,) = of_type(await take_outbox(harness.runtime.transactions), WarehouseChangedV1)
        assert event.model_dump(mode="json") == {
            "warehouse_id": answer.json()["id"],
            "version": 1,
            **BODY,
            "active": True,
            "adapter": HTTP,
        }

    @pytest.mark.parametrize(
        ("field", "change"),
        [
            ("country", {"country": "XX"}),
            ("country", {"country": "us"}),
            ("time_zone", {"time_zone": "Mars/Olympus"}),
            ("time_zone", {"time_zone": "../etc/passwd"}),
            ("currency", {"currency": "DOLLAR"}),
            ("code", {"code": "w e"}),
            ("name", {"name": ""}),
            ("adapter.base_url", {"adapter": {"kind": "http"}}),
            ("adapter.base_url", {"adapter": {"kind": "http", "base_url": "ftp://x"}}),
            ("adapter.base_url", {"adapter": {"kind": "http", "base_url": "http://["}}),
            ("adapter.base_url", {"adapter": {"kind": "desk", "base_url": "https://x"}}),
            ("adapter.kind", {"adapter": {"kind": "fax"}}),
        ],
    )
    async def test_wrong_values_name_field_and_remedy(
        self, harness: Harness, field: str, change: dict[str, Any]
    ) -> None:
        answer = await harness.call("POST", "/warehouses", json={**BODY, **change})
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert error["field"] == field
        assert error["remedy"]

    async def test_a_code_is_taken_once(self, harness: Harness) -> None:
        await harness.call("POST", "/warehouses", json=BODY)
        answer = await harness.call("POST", "/warehouses", json=BODY)
        assert (answer.status_code, answer.json()["code"]) == (409, "code_exists")

    @pytest.mark.parametrize("role", [role for role in Role if role is not Role.OPERATOR_ADMIN])
    async def test_only_admins(self, harness: Harness, role: Role) -> None:
        seller_id = uuid7() if role.value.startswith("seller") else None
        answer = await harness.call("POST", "/warehouses", roles=(role,), seller_id=seller_id, json=BODY)
        assert answer.status_code == 403


class TestEdit:
    async def test_changes_what_is_given(self, harness: Harness) -> None:
        made = (await harness.call("POST", "/warehouses", json={**BODY, "adapter": HTTP})).json()
        path, match = f"/warehouses/{made['id']}", {"If-Match": "1"}
        assert (await harness.call("PATCH", path, json={"name": "x"})).status_code == 428
        edited = (await harness.call("PATCH", path, json={"name": "Far East", "currency": "EUR"}, headers=match)).json()
        assert (edited["name"], edited["currency"], edited["version"]) == ("Far East", "EUR", 2)
        assert edited["adapter"] == HTTP
        assert (await harness.call("PATCH", path, json={"name": "x"}, headers=match)).status_code == 412
        await harness.call("PUT", f"{path}/sellers/{uuid7()}")
        for body in ({"code": "W-X"}, {"currency": "USD"}):
            locked = await harness.call("PATCH", path, json=body, headers={"If-Match": "2"})
            assert (locked.status_code, locked.json()["code"]) == (409, "warehouse_locked")
        audit = (await harness.get(f"{path}/audit"))["items"]
        assert [row["target"] for row in audit] == ["created", "active", "bound"]
        assert audit[1]["reason"] == "name=Far East, currency=EUR"
        events = of_type(await take_outbox(harness.runtime.transactions), WarehouseChangedV1)
        assert [event.version for event in events] == [1, 2]

    async def test_an_unknown_one(self, harness: Harness) -> None:
        match = {"If-Match": "1"}
        assert (await harness.call("PATCH", f"/warehouses/{uuid7()}", json={}, headers=match)).status_code == 404
        assert (await harness.call("PUT", f"/warehouses/{uuid7()}/sellers/{uuid7()}")).status_code == 404


class TestBind:
    async def test_is_said_once_with_a_version(self, harness: Harness) -> None:
        warehouse = await harness.warehouse()
        path = f"/warehouses/{warehouse}/sellers/{harness.seller_id}"
        for method in ("PUT", "DELETE", "DELETE", "PUT"):
            assert (await harness.call(method, path)).status_code == 204
        assert (await harness.call("DELETE", f"/warehouses/{warehouse}/sellers/{uuid7()}")).status_code == 204
        events = of_type(await take_outbox(harness.runtime.transactions), WarehouseBindingChangedV1)
        assert [(event.bound, event.version) for event in events] == [(True, 1), (False, 2), (True, 3)]

    async def test_sellers_see_the_ones_that_they_are_bound_to(self, harness: Harness) -> None:
        mine, other = await harness.warehouse(), await harness.warehouse("W-W", uuid7())
        await harness.call("PATCH", f"/warehouses/{mine}", json={"adapter": HTTP}, headers={"If-Match": "1"})
        seller = harness.seller_id
        rows = (await harness.get("/warehouses", seller_id=seller))["items"]
        assert [(row["code"], row["adapter"]) for row in rows] == [("W-E", {"kind": "http", "base_url": ""})]
        assert (await harness.call("GET", f"/warehouses/{other}", seller_id=seller)).status_code == 404
        assert (await harness.call("GET", f"/warehouses/{mine}", seller_id=seller)).status_code == 200
        assert len((await harness.get("/warehouses"))["items"]) == 2
        assert [r["code"] for r in (await harness.get("/warehouses", params={"code": "W-W"}))["items"]] == ["W-W"]
        await harness.call("DELETE", f"/warehouses/{mine}/sellers/{seller}")
        assert (await harness.get("/warehouses", seller_id=seller))["items"] == []

    async def test_shows_the_newest_name_of_a_seller_in_whatever_order_it_comes(self, harness: Harness) -> None:
        warehouse = await harness.warehouse()

        async def shown() -> Any:
            (row,) = (await harness.get(f"/warehouses/{warehouse}/sellers", roles=STAFF))["items"]
            return row["seller_code"], row["seller_name"]

        assert await shown() == (None, None)
        facts = {"seller_id": harness.seller_id, "code": "ACME", "currency": "USD", "active": True}
        await harness.deliver(SellerChangedV1(version=3, name="Acme 3", **facts))
        await harness.deliver(SellerRegisteredV1(version=1, name="Acme 1", **facts))
        changes = [SellerChangedV1(version=version, name=f"Acme {version}", **facts) for version in (5, 4)]
        await harness.deliver(*changes)
        assert await shown() == ("ACME", "Acme 5")
