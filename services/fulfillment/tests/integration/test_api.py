from typing import Any

import pytest
from common.http.identity import Role
from common.testing.plugin import identity_header
from contracts.fulfillment.v1 import ChannelChangedV1

from .world import PDF, SECRET, World, admin, key, one, seller_header

UPLOAD = {
    "files": {"file": ("label.pdf", PDF, "application/pdf")},
    "data": {"tracking_number": "1Z999", "carrier": "UPS"},
}
EDIT = {"json": {"ship_to": {"line1": "Mine now", "country": "US"}}, "headers": {"If-Match": '"1"'}}
OF_ONE: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "", {}),
    ("GET", "/timeline", {}),
    ("GET", "/label", {}),
    ("PATCH", "", EDIT),
    ("POST", "/submit", {}),
    ("POST", "/move-to-draft", {}),
    ("POST", "/retry-label", {}),
    ("POST", "/cancel", {}),
    ("POST", "/label", UPLOAD),
]
STAFF_ONLY = [
    ("POST", "/api/v1/fulfillments/ship"),
    ("POST", "/api/v1/fulfillments/{id}/ship"),
    ("POST", "/api/v1/fulfillments/{id}/refuse"),
    ("POST", "/api/v1/channels"),
    ("PATCH", "/api/v1/channels/{id}"),
    ("GET", "/api/v1/warehouse-connections/{id}"),
    ("PUT", "/api/v1/warehouse-connections/{id}"),
]
BODIES: dict[str, Any] = {
    "/api/v1/fulfillments/ship": {"items": [{"ref": "FO-000000001"}]},
    "/api/v1/fulfillments/{id}/ship": {},
    "/api/v1/fulfillments/{id}/refuse": {"reason": "mine"},
    "/api/v1/channels/{id}": {"name": "mine"},
    "/api/v1/warehouse-connections/{id}": {"secret": SECRET},
}


class TestIsolation:
    @pytest.mark.parametrize(("method", "path", "options"), OF_ONE)
    async def test_a_stranger_finds_nothing_and_changes_nothing(
        self, world: World, method: str, path: str, options: dict[str, Any]
    ) -> None:
        fulfillment_id = await world.drafted(world.create(await world.channel("own_label"), parcels=()))
        before = await world.show(fulfillment_id)
        headers = seller_header(world.other) | key() | options.get("headers", {})
        rest = {name: value for name, value in options.items() if name != "headers"}
        url = f"/api/v1/fulfillments/{fulfillment_id}{path}"
        answer = await world.http.request(method, url, headers=headers, **rest)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), answer.text
        assert await world.show(fulfillment_id) == before
        assert await world.deliver.said() == []

    async def test_lists_and_counters_are_the_sellers_own_whatever_is_asked(self, world: World) -> None:
        channel = await world.channel()
        mine = await world.drafted(world.create(channel))
        await world.drafted(world.create(channel, seller_id=world.other))
        for params in ({}, {"seller_id": str(world.other)}):
            headers = seller_header(world.seller)
            listed = await world.http.get("/api/v1/fulfillments", params=params, headers=headers)
            assert [row["id"] for row in listed.json()["items"]] == [str(mine)]
            counts = await world.http.get("/api/v1/fulfillments/counts", params=params, headers=headers)
            assert counts.json()["items"] == [{"status": "draft", "draft_status": "pending_submit", "number": 1}]
        everything = await world.http.get("/api/v1/fulfillments/counts", headers=admin())
        assert everything.json()["items"][0]["number"] == 2

    async def test_a_batch_leaves_another_sellers_rows_alone(self, world: World) -> None:
        channel = await world.channel()
        mine = await world.drafted(world.create(channel))
        other = await world.drafted(world.create(channel, seller_id=world.other))
        body = {"ids": [str(mine), str(other)]}
        answer = (await world.post("/fulfillments/submit", body, headers=seller_header(world.seller))).json()
        assert [(row["ok"], row["code"]) for row in answer["results"]] == [(True, ""), (False, "not_found")]
        assert await world.state(other) == "draft/pending_submit"

    async def test_the_switch_is_the_sellers_own(self, world: World) -> None:
        headers = seller_header(world.other)
        params = {"seller_id": str(world.seller)}
        body = {"auto_submit": True, "delay_seconds": 5}
        put = await world.http.put("/api/v1/submission-settings", params=params, json=body, headers=headers)
        assert put.json()["seller_id"] == str(world.other)
        mine = await world.http.get("/api/v1/submission-settings", headers=seller_header(world.seller))
        assert mine.json()["auto_submit"] is False

    @pytest.mark.parametrize(("method", "path"), STAFF_ONLY)
    async def test_sellers_are_kept_from_the_operators_routes(self, world: World, method: str, path: str) -> None:
        body = {"warehouse_id": str(world.desk), "code": "X", "name": "X", "kind": "carrier"}
        json = None if method == "GET" else BODIES.get(path, body)
        answer = await world.http.request(
            method, path.format(id=world.wms), json=json, headers=seller_header(world.seller) | key()
        )
        assert answer.status_code == 403, answer.text

    @pytest.mark.parametrize("role", [Role.OPERATOR_SUPPORT, Role.OPERATOR_FINANCE])
    async def test_support_and_finance_only_read(self, world: World, role: Role) -> None:
        fulfillment_id = await world.drafted(world.create(await world.channel()))
        headers = identity_header(role)
        assert (await world.http.get(f"/api/v1/fulfillments/{fulfillment_id}", headers=headers)).status_code == 200
        assert (await world.post(f"/fulfillments/{fulfillment_id}/submit", headers=headers)).status_code == 403

    async def test_every_route_wants_an_identity(self, world: World) -> None:
        open_paths = {"/api/v1/hooks/wms/{warehouse_id}"}
        for router in world.runtime.routers:
            for route in router.routes:
                path: str = route.path  # type: ignore[attr-defined]
                if path not in open_paths:
                    url = path.format(fulfillment_id=world.desk, channel_id=world.desk, warehouse_id=world.desk)
                    for method in route.methods:  # type: ignore[attr-defined]
                        answer = await world.http.request(method, url)
                        assert answer.status_code == 401, (method, path, answer.text)


class TestLists:
    async def test_pages_and_filters(self, world: World) -> None:
        channel = await world.channel()
        commands = [world.create(channel) for _ in range(5)]
        ids = [str(await world.drafted(command)) for command in commands]
        seen: list[str] = []
        cursor: str | None = None
        while True:
            params: dict[str, Any] = {"limit": 2, **({"cursor": cursor} if cursor else {})}
            page = (await world.http.get("/api/v1/fulfillments", params=params, headers=admin())).json()
            seen += [row["id"] for row in page["items"]]
            cursor = page["next_cursor"]
            if not cursor:
                break
        assert seen == ids[::-1]
        for params in (
            {"order_id": str(commands[2].order_id)},
            {"platform_order_number": commands[2].platform_order_number[:5]},
            {"number": "FO-000000003"},
        ):
            found = (await world.http.get("/api/v1/fulfillments", params=params, headers=admin())).json()["items"]
            assert [row["id"] for row in found] == [ids[2]], params
        none = await world.http.get("/api/v1/fulfillments", params={"status": "shipped"}, headers=admin())
        assert none.json() == {"items": [], "next_cursor": None}
        wild = await world.http.get("/api/v1/fulfillments", params={"platform_order_number": "%"}, headers=admin())
        assert wild.json()["items"] == []

    async def test_an_edit_of_an_older_version_is_refused(self, world: World) -> None:
        fulfillment_id = await world.drafted(world.create(await world.channel()))
        path = f"/api/v1/fulfillments/{fulfillment_id}"
        body = {"ship_to": {"line1": "2", "country": "US"}}
        assert (await world.http.patch(path, json=body, headers=admin())).status_code == 428
        assert (await world.http.patch(path, json=body, headers=admin() | {"If-Match": '"1"'})).status_code == 200
        stale = await world.http.patch(path, json=body, headers=admin() | {"If-Match": '"1"'})
        assert (stale.status_code, stale.json()["current_version"]) == (412, 2)

    async def test_a_platform_order_is_canceled_through_its_order(self, world: World) -> None:
        command = world.create(await world.channel())
        fulfillment_id = await world.drafted(command)
        answer = await world.post(f"/fulfillments/{fulfillment_id}/cancel", headers=seller_header(world.seller))
        assert (answer.status_code, answer.json()["code"]) == (409, "cancel_through_order")
        assert str(command.order_id) in answer.json()["remedy"]


class TestChannels:
    async def test_defaults_follow_the_kind(self, world: World) -> None:
        expected = {
            "platform_label": (False, False), "carrier": (False, True), "own_label": (True, True),
        }  # fmt: skip
        for kind, (label_required, upload_tracking) in expected.items():
            body = {"warehouse_id": str(world.desk), "code": kind.upper(), "name": kind, "kind": kind}
            made = await world.post("/channels", body)
            assert (made.status_code, made.json()["label_required"]) == (201, label_required), made.text
            changed = one(await world.deliver.said(), ChannelChangedV1)
            assert (changed.version, changed.upload_tracking, changed.kind) == (1, upload_tracking, kind)

    async def test_an_edit_is_told_with_its_version(self, world: World) -> None:
        channel = await world.channel()
        body = {"countries": ["US", "CA"], "active": False}
        path = f"/api/v1/channels/{channel}"
        edited = await world.http.patch(path, json=body, headers=admin() | {"If-Match": '"1"'})
        assert edited.json()["countries"] == ["CA", "US"], edited.text
        changed = one(await world.deliver.said(), ChannelChangedV1)
        assert (changed.version, changed.countries, changed.active) == (2, ("CA", "US"), False)
        stale = await world.http.patch(path, json=body, headers=admin() | {"If-Match": '"1"'})
        assert stale.status_code == 412
        shown = await world.http.get(path, headers=seller_header(world.seller))
        assert shown.json()["version"] == 2

    @pytest.mark.parametrize(
        ("changes", "status", "code"),
        [
            ({"code": "lower"}, 422, "invalid_input"),
            ({"countries": ["USA"]}, 422, "invalid_input"),
            ({"warehouse_id": "01a20166-0000-7000-8000-000000000000"}, 422, "warehouse_not_found"),
            ({"carrier": {"prefix": "HC"}}, 422, "invalid_input"),
            ({"colour": "red"}, 422, "invalid_input"),
            ({"code": "TAKEN"}, 409, "channel_exists"),
        ],
    )
    async def test_what_is_wrong_is_said(self, world: World, changes: dict[str, Any], status: int, code: str) -> None:
        body = {"warehouse_id": str(world.desk), "code": "TAKEN", "name": "X", "kind": "platform_label"}
        await world.post("/channels", body)
        answer = await world.post("/channels", body | {"code": "NEW"} | changes)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert answer.json()["remedy"]


class TestConnections:
    @pytest.fixture(autouse=True)
    async def connected(self, world: World) -> None:
        await world.connect("http://wms.test/base/")

    async def test_the_secret_never_comes_out(self, world: World) -> None:
        shown = await world.http.get(f"/api/v1/warehouse-connections/{world.wms}", headers=admin())
        assert shown.json() | {"updated_at": ""} == {
            "warehouse_id": str(world.wms), "adapter": "http", "base_url": "http://wms.test/base",
            "has_secret": True, "version": 1, "updated_at": "",
        }  # fmt: skip
        (row,) = await world.sql("SELECT secret, key_id FROM warehouse_connections")
        assert SECRET.encode() not in bytes(row.secret)
        assert row.key_id == "k1"

    async def test_a_secret_is_of_the_protocols_form_and_of_a_warehouse_with_a_system(self, world: World) -> None:
        path = f"/api/v1/warehouse-connections/{world.wms}"
        assert (await world.http.put(path, json={"secret": "hello"}, headers=admin())).status_code == 422
        desk = f"/api/v1/warehouse-connections/{world.desk}"
        assert (await world.http.put(desk, json={"secret": SECRET}, headers=admin())).status_code == 422

    async def test_a_secret_of_an_older_key_is_sealed_again(self, world: World) -> None:
        connections: Any = world.runtime.root.connections  # type: ignore[attr-defined]
        connections._keyring.current_id = "k0"
        connections._keyring._ciphers = {"k0": connections._keyring._ciphers["k1"], **connections._keyring._ciphers}
        await world.tick("reseal_secrets")
        (row,) = await world.sql("SELECT key_id FROM warehouse_connections")
        assert row.key_id == "k0"
        connections._cache.clear()
        assert (await connections.get(world.wms)).secret == SECRET


async def test_copies_keep_the_newest(world: World) -> None:
    await world.deliver(world.warehouse_changed(world.desk, "NEW", "desk", version=5))
    await world.deliver(world.warehouse_changed(world.desk, "OLD", "desk", version=4))
    await world.deliver(world.product("A-1", 900, version=3), world.product("A-1", 800, version=2))
    rows = await world.sql("SELECT code FROM warehouses WHERE id = :id", id=world.desk)
    assert [row.code for row in rows] == ["NEW"]
    weights = await world.sql("SELECT weight_grams FROM products WHERE seller_id = :s AND sku = 'A-1'", s=world.seller)
    assert [row.weight_grams for row in weights] == [900]
