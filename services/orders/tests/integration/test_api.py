"""The API, in process: every route, and that no seller sees or changes another's rows."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx2
import pytest
import pytest_asyncio
from common.http.app import build_app
from common.http.identity import IdentityVerifier, Role
from common.kernel.ids import uuid7
from common.service import Runtime
from common.testing.delivery import Deliverer
from common.testing.plugin import PUBLIC_KEY, identity_header
from contracts.base import Message
from contracts.inventory.v1 import ShortageV1, StockRefusedV1
from contracts.sync.v1 import TrackingUploadFailedV1

from .world import World, kinds


@pytest_asyncio.fixture
async def api(runtime: Runtime) -> AsyncIterator[httpx2.AsyncClient]:
    app = build_app(
        "orders",
        description=runtime.description,
        routers=runtime.routers,
        state=runtime.root,
        verifier=IdentityVerifier(PUBLIC_KEY),
        engine=runtime.transactions.engine,
    )
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://orders") as client:
        yield client


@pytest.fixture
def owner(world: World) -> dict[str, str]:
    return identity_header(Role.SELLER_OWNER, seller_id=world.seller_id)


@pytest.fixture
def stranger() -> dict[str, str]:
    return identity_header(Role.SELLER_OWNER, seller_id=uuid7())


async def imported(world: World, *keys: str) -> list[UUID]:
    await world.pull(*(world.order(key) for key in keys))
    return [(await world.row(key)).id for key in keys]


def assignment(world: World) -> dict[str, str]:
    return {"warehouse_id": str(world.warehouse_id), "channel_id": str(world.own_label)}


class TestReading:
    async def test_lists_newest_first_in_pages(
        self, world: World, api: httpx2.AsyncClient, owner: dict[str, str]
    ) -> None:
        await imported(world, "1", "2", "3")
        first = (await api.get("/api/v1/orders?limit=2", headers=owner)).json()
        assert [item["number"] for item in first["items"]] == ["#3", "#2"]
        rest = (await api.get(f"/api/v1/orders?limit=2&cursor={first['next_cursor']}", headers=owner)).json()
        assert [item["number"] for item in rest["items"]] == ["#1"]
        assert rest["next_cursor"] is None
        assert first["items"][0]["ship_to"]["postal_code"] == "02108"

    @pytest.mark.parametrize(
        ("query", "count"),
        [
            ("status=pending", 2),
            ("status=shipped", 0),
            ("status=pending&status=canceled", 3),
            ("platform=shopify", 3),
            ("platform=shopee", 0),
            ("review_error=no_warehouse", 1),
            ("sku=P", 3),
            ("sku=p", 0),
            ("search=%232", 1),
            ("search=3", 1),
            ("search=4", 0),
            ("tracking_upload=failed", 0),
            ("tracking_upload=not_required", 3),
            ("created_from=2020-01-01T00:00:00Z", 3),
            ("created_to=2020-01-01T00:00:00Z", 0),
        ],
    )
    async def test_filters(
        self, world: World, api: httpx2.AsyncClient, owner: dict[str, str], query: str, count: int
    ) -> None:
        ids = await imported(world, "1", "2", "3")
        await api.post(f"/api/v1/orders/{ids[0]}/review", headers=owner)
        await api.post(f"/api/v1/orders/{ids[1]}/cancel", headers=owner)
        for headers in (owner, identity_header(Role.OPERATOR_ADMIN)):
            found = await api.get(f"/api/v1/orders?{query}", headers=headers)
            assert len(found.json()["items"]) == count, found.text

    async def test_counts_export_and_timeline(
        self, world: World, api: httpx2.AsyncClient, owner: dict[str, str]
    ) -> None:
        await world.pull(world.order("1", number="=cmd()"), world.order("2"))
        row = await world.row("2")
        await api.post(f"/api/v1/orders/{row.id}/cancel", headers=owner, json={"reason": "wish"})
        counts = (await api.get("/api/v1/orders/counts", headers=owner)).json()
        assert (counts["total"], counts["by_status"]["pending"], counts["by_status"]["canceled"]) == (2, 1, 1)
        exported = await api.get("/api/v1/orders/export", headers=owner)
        assert exported.headers["content-type"].startswith("text/csv")
        assert "'=cmd()" in exported.text
        assert len(exported.text.splitlines()) == 3
        timeline = (await api.get(f"/api/v1/orders/{row.id}/timeline", headers=owner)).json()["items"]
        assert [entry["event"] for entry in timeline] == ["imported", "status"]
        assert timeline[1]["actor"].startswith("seller:")
        assert (timeline[1]["from_status"], timeline[1]["to_status"], timeline[1]["reason"]) == (
            "pending", "canceled", "wish"
        )  # fmt: skip


class TestActions:
    async def test_assign_review_and_refusals_row_by_row(
        self, world: World, api: httpx2.AsyncClient, owner: dict[str, str]
    ) -> None:
        ids = [str(order_id) for order_id in await imported(world, "1", "2")]
        refused = (await api.post(f"/api/v1/orders/{ids[0]}/review", headers=owner)).json()
        assert [error["code"] for error in refused["review_errors"]] == ["no_warehouse", "no_channel"]
        answer = await api.post(f"/api/v1/orders/{ids[0]}/assign", headers=owner, json=assignment(world))
        assert (answer.json()["warehouse"], answer.json()["assigned_by"]) == ("W-E", "user")
        await world.said()
        body = {"order_ids": [*ids, str(uuid7())]}
        batch = (await api.post("/api/v1/orders/review", headers=owner, json=body)).json()
        assert (batch["ok"], batch["failed"]) == (1, 2)
        assert [row["code"] for row in batch["results"]] == ["", "no_warehouse, no_channel", "not_found"]
        assert kinds(await world.said()) == ["reserve_stock"]
        again = await api.post(f"/api/v1/orders/{ids[0]}/review", headers=owner)
        assert again.json()["step"] == "reserve_stock"
        assert await world.said() == []
        late = await api.post(f"/api/v1/orders/{ids[0]}/assign", headers=owner, json=assignment(world))
        assert late.status_code == 409
        await world.check()

    async def test_one_action_reviews_all_that_waited_for_a_sku(
        self, world: World, api: httpx2.AsyncClient, owner: dict[str, str], deliver: Deliverer
    ) -> None:
        await world.rule()
        ids = await imported(world, "1", "2")

        def refusal(order_id: UUID) -> Message:
            return StockRefusedV1(
                seller_id=world.seller_id,
                reference_id=order_id,
                attempt=1,
                warehouse_id=world.warehouse_id,
                code="insufficient_stock",
                shortages=(ShortageV1(sku="A-1", need=1, have=0),),
            )

        await deliver(*(refusal(order_id) for order_id in ids))
        wanted = {"filter": {"review_error": "insufficient_stock", "sku": "A-1"}}
        batch = (await api.post("/api/v1/orders/review", headers=owner, json=wanted)).json()
        assert (batch["ok"], batch["failed"]) == (2, 0)
        assert kinds(await world.said()) == ["reserve_stock"] * 2
        await world.check()

    async def test_hold_release_cancel_and_back(
        self, world: World, api: httpx2.AsyncClient, owner: dict[str, str]
    ) -> None:
        (order_id,) = await imported(world, "1")
        path = f"/api/v1/orders/{order_id}"
        held = await api.post(f"{path}/hold", headers=owner, json={"reason": "call the buyer"})
        assert held.json()["holds"] == [{"source": "user", "reason": "call the buyer"}]
        refused = (await api.post(f"{path}/review", headers=owner)).json()
        assert "on_hold" in [error["code"] for error in refused["review_errors"]]
        assert (await api.post(f"{path}/release", headers=owner)).json()["holds"] == []
        stale = await api.post(f"{path}/cancel", headers={**owner, "If-Match": '"1"'})
        assert stale.status_code == 412
        assert (await api.post(f"{path}/cancel", headers=owner)).json()["status"] == "canceled"
        assert (await api.post(f"{path}/cancel", headers=owner)).json()["status"] == "canceled"
        assert (await api.post(f"{path}/hold", headers=owner, json={"reason": "x"})).status_code == 409
        assert (await api.post(f"{path}/move-to-pending", headers=owner)).json()["status"] == "pending"
        for action in ("cancel", "move-to-pending", "release", "hold"):
            body = {"order_ids": [str(order_id)], **({"reason": "r"} if action == "hold" else {})}
            assert (await api.post(f"/api/v1/orders/{action}", headers=owner, json=body)).json()["ok"] == 1
        batch = {"order_ids": [str(order_id)], **assignment(world)}
        answer = (await api.post("/api/v1/orders/assign", headers=owner, json=batch)).json()
        assert answer["ok"] == 1
        await world.check()

    async def test_tracking_is_tried_again_by_hand(
        self, world: World, api: httpx2.AsyncClient, owner: dict[str, str], deliver: Deliverer
    ) -> None:
        await world.rule()
        (order_id,) = await imported(world, "1")
        row = await world.row()
        for message in (world.reserved(row), world.drafted(row), world.accepted(row), world.shipped(row)):
            await deliver(message)
        path = f"/api/v1/orders/{order_id}/retry-tracking"
        assert (await api.post(path, headers=owner)).json()["tracking_upload"]["state"] == "waiting"
        await deliver(
            TrackingUploadFailedV1(
                seller_id=world.seller_id, order_id=row.id, attempt=1, final=True, tries=1, code="c", reason="closed"
            )
        )
        shown = (await api.get(f"/api/v1/orders/{order_id}", headers=owner)).json()["tracking_upload"]
        assert (shown["state"], shown["reason"]) == ("failed", "closed")
        assert len((await api.get("/api/v1/orders?tracking_upload=failed", headers=owner)).json()["items"]) == 1
        again = (await api.post(path, headers=owner)).json()["tracking_upload"]
        assert (again["state"], again["attempt"]) == ("waiting", 2)
        assert kinds(await world.said()) == ["upload_tracking"]
        body = {"order_ids": [str(order_id)]}
        assert (await api.post("/api/v1/orders/retry-tracking", headers=owner, json=body)).json()["ok"] == 1
        cancel = await api.post(f"/api/v1/orders/{order_id}/cancel", headers=owner)
        assert cancel.status_code == 409
        assert cancel.json()["state"] == "shipped"

    async def test_readers_may_not_change_and_input_is_checked(
        self, world: World, api: httpx2.AsyncClient, owner: dict[str, str]
    ) -> None:
        (order_id,) = await imported(world, "1")
        support = identity_header(Role.OPERATOR_SUPPORT)
        assert (await api.post(f"/api/v1/orders/{order_id}/cancel", headers=support)).status_code == 403
        assert (await api.get(f"/api/v1/orders/{order_id}", headers=support)).status_code == 200
        assert (await api.get("/api/v1/orders")).status_code == 401
        for query in ("created_from=2020-01-01T00:00:00", "search=%00", "status=lost", "cursor=x"):
            assert (await api.get(f"/api/v1/orders?{query}", headers=owner)).status_code == 422
        nul = await api.post(f"/api/v1/orders/{order_id}/hold", headers=owner, json={"reason": "a\x00b"})
        assert nul.status_code == 422
        both = await api.post("/api/v1/orders/review", headers=owner, json={})
        assert both.status_code == 422
        wrong = {"warehouse_id": str(uuid7()), "channel_id": str(world.own_label)}
        answer = await api.post(f"/api/v1/orders/{order_id}/assign", headers=owner, json=wrong)
        assert answer.json()["errors"][0]["field"] == "warehouse_id"


class TestMappings:
    async def test_make_change_find_and_remove(
        self, world: World, api: httpx2.AsyncClient, owner: dict[str, str]
    ) -> None:
        body = {"store_id": str(world.store_id), "platform_sku": "Q", "items": [{"sku": "A-1", "quantity": 2}]}
        headers = {**owner, "Idempotency-Key": "one"}
        made = await api.post("/api/v1/mappings", headers=headers, json=body)
        assert made.status_code == 201
        assert (await api.post("/api/v1/mappings", headers=headers, json=body)).json() == made.json()
        other = await api.post("/api/v1/mappings", headers={**owner, "Idempotency-Key": "two"}, json=body)
        assert (other.status_code, other.json()["code"]) == (409, "mapping_exists")
        path = f"/api/v1/mappings/{made.json()['id']}"
        bundle = {"items": [{"sku": "A-1", "quantity": 1}, {"sku": "B-1", "quantity": 1}]}
        assert (await api.put(path, headers=owner, json=bundle)).status_code == 428
        changed = await api.put(path, headers={**owner, "If-Match": '"1"'}, json=bundle)
        assert (changed.json()["version"], len(changed.json()["items"])) == (2, 2)
        assert (await api.put(path, headers={**owner, "If-Match": '"1"'}, json=bundle)).status_code == 412
        found = (await api.get("/api/v1/mappings?search=B-1", headers=owner)).json()["items"]
        assert [item["platform_sku"] for item in found] == ["Q"]
        assert (await api.delete(path, headers={**owner, "If-Match": '"2"'})).status_code == 204
        assert (await api.get(path, headers=owner)).status_code == 404

    async def test_a_batch_does_the_valid_rows(
        self, world: World, api: httpx2.AsyncClient, owner: dict[str, str]
    ) -> None:
        item = [{"sku": "A-1", "quantity": 1}]
        rows = [
            {"store_id": str(world.store_id), "platform_sku": "P", "items": item},
            {"store_id": str(uuid7()), "platform_sku": "R", "items": item},
        ]
        batch = (await api.post("/api/v1/mappings/batch", headers=owner, json={"mappings": rows})).json()
        assert [(row["ref"], row["ok"]) for row in batch["results"]] == [("P", True), ("R", False)]
        wrong = {"mappings": [{**rows[0], "items": [{"sku": "A-1", "quantity": 0}]}]}
        refused = await api.post("/api/v1/mappings/batch", headers=owner, json=wrong)
        assert refused.json()["errors"][0]["field"] == "mappings.0.items.0.quantity"


class TestRules:
    async def test_make_order_try_change_and_remove(
        self, world: World, api: httpx2.AsyncClient, owner: dict[str, str]
    ) -> None:
        rules = []
        for name, ranges in (("east", [{"first": "01000", "last": "02999"}]), ("all", [])):
            body = {"name": name, "countries": ["us"], "postal_ranges": ranges, **assignment(world)}
            made = await api.post("/api/v1/routing-rules", headers={**owner, "Idempotency-Key": name}, json=body)
            assert made.status_code == 201, made.text
            rules.append(made.json())
        (order_id,) = await imported(world, "1")
        for question in ({"order_id": str(order_id)}, {"country": "USA", "postal_code": "2108"}):
            tried = (await api.post("/api/v1/routing-rules/preview", headers=owner, json=question)).json()
            assert (tried["rule"]["name"], tried["postal_code"]) == ("east", "02108")
        wanted = {"rule_ids": [rules[1]["id"], rules[0]["id"]]}
        ordered = (await api.post("/api/v1/routing-rules/reorder", headers=owner, json=wanted)).json()["items"]
        assert [(rule["name"], rule["position"]) for rule in ordered] == [("all", 1), ("east", 2)]
        short = await api.post("/api/v1/routing-rules/reorder", headers=owner, json={"rule_ids": []})
        assert short.status_code == 422
        path = f"/api/v1/routing-rules/{rules[0]['id']}"
        body = {"name": "east", "postal_ranges": [{"first": "9", "last": "1"}], **assignment(world)}
        wrong = await api.put(path, headers={**owner, "If-Match": '"2"'}, json=body)
        assert wrong.json()["errors"][0]["field"] == "postal_ranges.0"
        body["postal_ranges"] = []
        assert (await api.put(path, headers={**owner, "If-Match": '"2"'}, json=body)).json()["version"] == 3
        assert (await api.get(path, headers=owner)).json()["postal_ranges"] == []
        assert (await api.delete(path, headers={**owner, "If-Match": '"3"'})).status_code == 204
        left = (await api.get("/api/v1/routing-rules", headers=owner)).json()["items"]
        assert [rule["name"] for rule in left] == ["all"]


async def test_no_route_shows_or_changes_what_is_another_sellers(
    world: World, api: httpx2.AsyncClient, owner: dict[str, str], stranger: dict[str, str]
) -> None:
    rule = await world.rule(auto_review=False)
    (order_id,) = await imported(world, "1")
    mapping = (await api.get("/api/v1/mappings", headers=owner)).json()["items"][0]["id"]
    before = [await world.row(), (await api.get("/api/v1/routing-rules", headers=owner)).json()]
    item, names = [{"sku": "X", "quantity": 1}], {"order_ids": [str(order_id)]}
    target, foreign = assignment(world), f"?seller_id={world.seller_id}"
    versions = {"If-Match": '"1"', "Idempotency-Key": "k"}
    tried = set()

    async def ask(method: str, route: str, body: Any = None, **ids: object) -> httpx2.Response:
        tried.add((method, route.partition("?")[0]))
        return await api.request(method, route.format(**ids), headers={**stranger, **versions}, json=body)

    for route in ("/api/v1/orders", "/api/v1/mappings", "/api/v1/routing-rules"):
        assert (await ask("GET", route + foreign)).json()["items"] == []
    assert (await ask("GET", "/api/v1/orders/counts" + foreign)).json()["total"] == 0
    assert len((await ask("GET", "/api/v1/orders/export" + foreign)).text.splitlines()) == 1
    body: Any
    for suffix, body in (
        ("", None), ("/timeline", None), ("/review", None), ("/assign", target), ("/cancel", None),
        ("/move-to-pending", None), ("/hold", {"reason": "r"}), ("/release", None), ("/retry-tracking", None),
    ):  # fmt: skip
        method = "GET" if suffix in {"", "/timeline"} else "POST"
        answer = await ask(method, "/api/v1/orders/{order_id}" + suffix, body, order_id=order_id)
        assert answer.status_code in {404, 422}, (suffix, answer.text)
    for action, body in (
        ("review", names), ("cancel", names), ("move-to-pending", names), ("hold", {**names, "reason": "r"}),
        ("release", names), ("retry-tracking", names),
    ):  # fmt: skip
        answer = await ask("POST", f"/api/v1/orders/{action}", body)
        assert [row["code"] for row in answer.json()["results"]] == ["not_found"], action
    everything = {"filter": {"seller_id": str(world.seller_id)}}
    assert (await ask("POST", "/api/v1/orders/review", everything)).json()["results"] == []
    assert (await ask("POST", "/api/v1/orders/assign", {**names, **target})).status_code == 422
    row = {"store_id": str(world.store_id), "platform_sku": "P", "items": item}
    assert (await ask("POST", "/api/v1/mappings", row)).status_code == 422
    assert (await ask("POST", "/api/v1/mappings/batch", {"mappings": [row]})).json()["failed"] == 1
    for method, body in (("GET", None), ("PUT", {"items": item}), ("DELETE", None)):
        assert (await ask(method, "/api/v1/mappings/{mapping_id}", body, mapping_id=mapping)).status_code == 404
    for method, body in (("GET", None), ("PUT", {"name": "n", **target}), ("DELETE", None)):
        assert (await ask(method, "/api/v1/routing-rules/{rule_id}", body, rule_id=rule.id)).status_code == 404
    assert (await ask("POST", "/api/v1/routing-rules", {"name": "n", **target})).status_code == 422
    mine = {"rule_ids": [str(rule.id)], "seller_id": str(world.seller_id)}
    assert (await ask("POST", "/api/v1/routing-rules/reorder", mine)).status_code == 422
    assert (await ask("POST", "/api/v1/routing-rules/preview", {"order_id": str(order_id)})).status_code == 404
    assert before == [await world.row(), (await api.get("/api/v1/routing-rules", headers=owner)).json()]

    paths = (await api.get("/openapi.json")).json()["paths"]
    assert {(method.upper(), path) for path, methods in paths.items() for method in methods} == tried
