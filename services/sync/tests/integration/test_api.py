"""The API: connecting, listing, editing, stopping; and a seller never sees another's."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlparse
from uuid import UUID

import pytest
from common.http.identity import Role
from common.testing.plugin import identity_header
from contracts.sync.v1 import StoreChangedV1
from dirty_equals import IsPartialDict
from sync.connectors.kit.connector import Grant, OrderPage, ParkedOrder
from sync.connectors.kit.errors import BadSignature, TokenExpired

from ..fakes import World, credentials, key, order, page

SELLER, OTHER = UUID(int=7), UUID(int=8)


def seller(seller_id: UUID = SELLER) -> dict[str, str]:
    return identity_header(Role.SELLER_OWNER, seller_id=seller_id)


def operator() -> dict[str, str]:
    return identity_header(Role.OPERATOR_ADMIN)


async def connect(world: World, **fields: Any) -> dict[str, Any]:
    body = {"platform": "shopify", "name": "Mugs", **fields}
    answer = await world.client.post("/api/v1/stores", json=body, headers=seller() | key())
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def come_back(world: World, state: str, *grants: Grant) -> Any:
    world.market.grants = [grants]
    return await world.client.get("/api/v1/hooks/authorize/shopify", params={"state": state, "code": "c"})


def grant(account: str, *, token: str = "t-1") -> Grant:
    return Grant(account, "", credentials(account, token=token))


class TestConnect:
    async def test_a_shop_is_authorised_and_pulled(self, world: World) -> None:
        store = await connect(world, shop="mugs.example")
        assert store == IsPartialDict({"state": "authorizing", "account": None, "version": 1})
        query = parse_qs(urlparse(store["authorize_url"]).query)
        assert query["state"] == [store["authorize_state"]]
        assert query["back"] == ["https://oms.example/api/v1/hooks/authorize/shopify"]
        answer = await come_back(world, store["authorize_state"], grant("mugs.example"))
        assert answer.status_code == 200
        assert answer.json()["stores"][0] == IsPartialDict(
            {"id": store["id"], "state": "active", "account": "mugs.example"}
        )
        await world.work()
        assert len(world.market.said("pull_page")) == 1
        changes = [(m.state, m.version) for m in await world.said() if isinstance(m, StoreChangedV1)]
        assert changes == [("authorizing", 1), ("active", 2)]

    async def test_a_browser_is_shown_a_page_with_everything_escaped(self, world: World) -> None:
        store = await connect(world, shop="mugs.example", name="<script>")
        world.market.grants = [(grant("mugs.example"),)]
        answer = await world.client.get(
            "/api/v1/hooks/authorize/shopify",
            params={"state": store["authorize_state"]},
            headers={"accept": "text/html"},
        )
        assert "&lt;script&gt;" in answer.text
        assert "<script>" not in answer.text

    async def test_a_state_is_good_once(self, world: World) -> None:
        store = await connect(world, shop="mugs.example")
        await come_back(world, store["authorize_state"], grant("mugs.example"))
        answer = await come_back(world, store["authorize_state"], grant("mugs.example"))
        assert (answer.status_code, answer.json()["code"]) == (422, "state_invalid")
        assert len(world.market.said("exchange_code")) == 1

    async def test_a_state_is_good_for_ten_minutes(self, world: World) -> None:
        store = await connect(world, shop="mugs.example")
        await world.sql("UPDATE authorizations SET expires_at = now()")
        answer = await come_back(world, store["authorize_state"], grant("mugs.example"))
        assert answer.json()["code"] == "state_invalid"
        expires_at = datetime.fromisoformat(store["authorize_expires_at"])
        assert expires_at - datetime.now(UTC) <= timedelta(minutes=10)

    async def test_a_made_up_state_is_refused_before_the_platform_is_called(self, world: World) -> None:
        assert (await come_back(world, "made-up", grant("mugs.example"))).status_code == 422
        assert world.market.calls == []

    async def test_a_callback_that_the_platform_did_not_sign_is_refused(self, world: World) -> None:
        store = await connect(world, shop="mugs.example")
        world.market.grants = [BadSignature("hmac is wrong")]
        answer = await world.client.get("/api/v1/hooks/authorize/shopify", params={"state": store["authorize_state"]})
        assert (answer.status_code, answer.json()["code"]) == (401, "signature_invalid")
        assert await world.state(UUID(store["id"])) == "authorizing"

    async def test_another_shop_than_the_one_asked_for_is_refused(self, world: World) -> None:
        store = await connect(world, shop="mugs.example")
        answer = await come_back(world, store["authorize_state"], grant("cups.example"))
        assert (answer.status_code, answer.json()["code"]) == (409, "other_shop_authorized")
        assert await world.state(UUID(store["id"])) == "authorizing"

    async def test_several_granted_shops_become_a_store_each(self, world: World) -> None:
        store = await connect(world)
        answer = await come_back(world, store["authorize_state"], grant("1.example"), grant("2.example"))
        shown = answer.json()["stores"]
        assert [row["account"] for row in shown] == ["1.example", "2.example"]
        assert shown[0]["id"] == store["id"]
        assert {row["seller_id"] for row in shown} == {str(SELLER)}
        await world.work()
        assert len(world.market.said("pull_page")) == 2

    async def test_a_shop_of_another_seller_is_not_taken_over(self, world: World) -> None:
        theirs = await world.store(OTHER)
        answer = await world.client.post(
            "/api/v1/stores",
            json={"platform": "shopify", "name": "x", "shop": "Mugs.example"},
            headers=seller() | key(),
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "shop_taken")
        store = await connect(world)
        answer = await come_back(world, store["authorize_state"], grant("mugs.example", token="evil"))
        assert (answer.status_code, answer.json()["code"]) == (409, "shop_taken")
        await world.access().open(theirs)
        access = world.access()
        assert (await access.open(theirs)).credentials.access_token == "t-1"
        await access.aclose()

    async def test_a_shop_that_is_connected_already_is_authorised_again(self, world: World) -> None:
        first = await world.store(SELLER)
        store = await connect(world)
        answer = await come_back(world, store["authorize_state"], grant("mugs.example", token="t-5"))
        assert [row["id"] for row in answer.json()["stores"]] == [str(first)]
        assert await world.state(UUID(store["id"])) == "disabled"
        access = world.access()
        assert (await access.open(first)).credentials.access_token == "t-5"
        await access.aclose()

    async def test_a_token_given_by_hand_is_tried_and_the_store_active_at_once(self, world: World) -> None:
        store = await connect(world, shop="Mugs.example", access_token="shpat")
        assert store == IsPartialDict({"state": "active", "account": "mugs.example", "authorize_url": None})
        assert world.market.tokens == ["shpat"]
        assert "shpat" not in str(await world.sql("SELECT * FROM idempotency_keys"))

    async def test_a_token_that_opens_nothing_is_refused(self, world: World) -> None:
        world.market.pages = [TokenExpired("401")]
        body = {"platform": "shopify", "name": "Mugs", "shop": "mugs.example", "access_token": "bad-secret"}
        answer = await world.client.post("/api/v1/stores", json=body, headers=seller() | key())
        assert (answer.status_code, answer.json()["code"]) == (422, "token_refused")
        assert "bad-secret" not in answer.text
        assert await world.sql("SELECT 1 FROM stores") == []

    async def test_the_same_key_connects_once(self, world: World) -> None:
        headers = key()
        body = {"platform": "shopify", "name": "Mugs", "shop": "mugs.example"}
        first = await world.client.post("/api/v1/stores", json=body, headers=seller() | headers)
        again = await world.client.post("/api/v1/stores", json=body, headers=seller() | headers)
        assert first.json() == again.json()
        assert len(await world.sql("SELECT 1 FROM stores")) == 1

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"platform": "amazon", "name": "x"}, "platform"),
            ({"platform": "shopify", "name": " "}, "name"),
            ({"platform": "shopify", "name": "x", "shop": "elsewhere.org"}, "shop"),
            ({"platform": "shopify", "name": "x", "access_token": "t"}, "shop"),
            ({"platform": "shopify", "name": "x", "colour": "red"}, "colour"),
        ],
    )
    async def test_a_wrong_field_is_named(self, world: World, body: dict[str, Any], field: str) -> None:
        answer = await world.client.post("/api/v1/stores", json=body, headers=seller() | key())
        assert answer.status_code == 422
        assert answer.json()["errors"][0] == IsPartialDict({"field": field})
        assert answer.json()["remedy"]

    async def test_an_operator_names_the_seller(self, world: World) -> None:
        body = {"platform": "shopify", "name": "Mugs", "shop": "mugs.example"}
        answer = await world.client.post("/api/v1/stores", json=body, headers=operator() | key())
        assert answer.json()["errors"][0]["field"] == "seller_id"
        body["seller_id"] = str(OTHER)
        answer = await world.client.post("/api/v1/stores", json=body, headers=operator() | key())
        assert answer.json()["seller_id"] == str(OTHER)


class TestLife:
    async def test_renaming_needs_the_version_that_was_read(self, world: World) -> None:
        store_id = await world.store(SELLER)
        url = f"/api/v1/stores/{store_id}"
        assert (await world.client.patch(url, json={"name": "Cups"}, headers=seller())).status_code == 428
        stale = await world.client.patch(url, json={"name": "Cups"}, headers=seller() | {"If-Match": '"1"'})
        assert stale.status_code == 412
        done = await world.client.patch(url, json={"name": "Cups"}, headers=seller() | {"If-Match": '"2"'})
        assert done.json() == IsPartialDict({"name": "Cups", "version": 3})
        (said,) = await world.said()
        assert isinstance(said, StoreChangedV1)
        assert (said.name, said.version) == ("Cups", 3)

    async def test_disabling_forgets_credentials_and_stops_calls(self, world: World) -> None:
        store_id = await world.store(SELLER, settled=False)
        answer = await world.client.post(
            f"/api/v1/stores/{store_id}/disable", json={"reason": "sold"}, headers=seller()
        )
        assert answer.json() == IsPartialDict({"state": "disabled", "state_reason": "sold"})
        await world.work()
        assert world.market.calls == []
        assert await world.sql("SELECT 1 FROM credentials") == []
        again = await world.client.post(f"/api/v1/stores/{store_id}/disable", headers=seller())
        assert again.json()["state_reason"] == "sold"

    async def test_an_authorisation_under_way_ends_when_the_store_is_disabled(self, world: World) -> None:
        store = await connect(world, shop="mugs.example")
        await world.client.post(f"/api/v1/stores/{store['id']}/disable", headers=seller())
        answer = await come_back(world, store["authorize_state"], grant("mugs.example"))
        assert answer.json()["code"] == "state_invalid"

    async def test_a_disabled_store_comes_back_with_its_row(self, world: World) -> None:
        store_id = await world.store(SELLER)
        await world.client.post(f"/api/v1/stores/{store_id}/disable", headers=seller())
        answer = await world.client.post(f"/api/v1/stores/{store_id}/reauthorize", headers=seller())
        assert answer.json()["state"] == "disabled"
        answer = await come_back(world, answer.json()["authorize_state"], grant("mugs.example"))
        assert answer.json()["stores"][0] == IsPartialDict({"id": str(store_id), "state": "active"})
        history = (await world.client.get(f"/api/v1/stores/{store_id}/history", headers=seller())).json()["items"]
        assert [move["to_state"] for move in history] == ["active", "disabled", "active", "authorizing"]

    async def test_reauthorising_with_a_token(self, world: World) -> None:
        store_id = await world.store(SELLER)
        answer = await world.client.post(
            f"/api/v1/stores/{store_id}/reauthorize", json={"access_token": "shpat-2"}, headers=seller()
        )
        assert answer.json() == IsPartialDict({"state": "active", "authorize_url": None})
        assert world.market.tokens == ["shpat-2"]


class TestSync:
    async def test_a_manual_sync_runs_now(self, world: World) -> None:
        store_id = await world.store(SELLER)
        answer = await world.client.post(f"/api/v1/stores/{store_id}/sync", headers=seller())
        assert answer.status_code == 202
        await world.work()
        shown = await world.client.get(
            f"/api/v1/stores/{store_id}/sync-runs/{answer.json()['run_id']}", headers=seller()
        )
        assert shown.json() == IsPartialDict({"trigger": "manual", "state": "complete", "pages": 1})

    async def test_a_window_of_ones_own_waits_for_the_run_under_way(self, world: World) -> None:
        store_id = await world.store(SELLER)
        url = f"/api/v1/stores/{store_id}/sync"
        run_id = (await world.client.post(url, headers=seller())).json()["run_id"]
        body = {"since": (datetime.now(UTC) - timedelta(days=7)).isoformat()}
        refused = await world.client.post(url, headers=seller(), json=body)
        assert (refused.status_code, refused.json()["code"], refused.json()["run_id"]) == (
            409,
            "sync_under_way",
            run_id,
        )
        await world.work()
        taken = await world.client.post(url, headers=seller(), json=body)
        assert taken.status_code == 202
        run = await world.one("SELECT until - since AS reach FROM sync_runs WHERE id = :id", id=taken.json()["run_id"])
        assert run.reach > timedelta(days=6)

    async def test_asking_twice_gives_the_same_run(self, world: World) -> None:
        store_id = await world.store(SELLER)
        url = f"/api/v1/stores/{store_id}/sync"
        first = (await world.client.post(url, headers=seller())).json()
        assert (await world.client.post(url, headers=seller())).json() == first

    async def test_since_narrows_the_window_and_hides_no_gap(self, world: World) -> None:
        store_id = await world.store(SELLER)
        await world.sql("UPDATE stores SET last_complete_until = now() - interval '3 days'")
        before = (await world.one("SELECT last_complete_until FROM stores")).last_complete_until
        since = datetime.now(UTC) - timedelta(minutes=5)
        await world.client.post(f"/api/v1/stores/{store_id}/sync", json={"since": since.isoformat()}, headers=seller())
        await world.work()
        ((window, _),) = world.market.said("pull_page")
        assert window.since == since
        assert (await world.one("SELECT last_complete_until FROM stores")).last_complete_until == before

    @pytest.mark.parametrize("state", ["auth_expired", "disabled"])
    async def test_only_an_active_store_can_be_synchronised(self, world: World, state: str) -> None:
        store_id = await world.store(SELLER)
        await world.sql("UPDATE stores SET state = :state", state=state)
        answer = await world.client.post(f"/api/v1/stores/{store_id}/sync", headers=seller())
        assert (answer.status_code, answer.json()["code"]) == (409, "store_not_active")
        assert "/reauthorize" in answer.json()["remedy"]

    async def test_a_parked_order_is_retried_by_hand(self, world: World) -> None:
        store_id = await world.store(SELLER, settled=False)
        world.market.pages = [page(parked=[ParkedOrder("o-1", "quantity is 'abc'", b'{"q": "abc"}')])]
        await world.work()
        base = f"/api/v1/stores/{store_id}/parked-orders"
        (parked,) = (await world.client.get(base, headers=seller())).json()["items"]
        assert parked == IsPartialDict({"state": "parked", "reason": "quantity is 'abc'", "raw": '{"q": "abc"}'})
        world.market.by_id = [OrderPage(orders=(order(1),))]
        answer = await world.client.post(f"{base}/{parked['id']}/retry", headers=seller())
        assert (answer.status_code, answer.json()["state"]) == (202, "retrying")
        await world.work()
        assert world.market.said("pull_orders") == [["o-1"]]
        (resolved,) = (await world.client.get(base, params={"state": "resolved"}, headers=seller())).json()["items"]
        assert resolved["raw"] is None
        again = await world.client.post(f"{base}/{parked['id']}/retry", headers=seller())
        assert (again.status_code, again.json()["code"]) == (409, "order_resolved")


class TestLists:
    async def test_pages_filters_and_counts(self, world: World) -> None:
        ids = [await world.store(SELLER, account=f"{n}.example") for n in range(3)]
        await world.sql("UPDATE stores SET state = 'auth_expired' WHERE id = :id", id=ids[0])
        url = "/api/v1/stores"
        first = (await world.client.get(url, params={"limit": 2}, headers=seller())).json()
        second = (
            await world.client.get(url, params={"limit": 2, "cursor": first["next_cursor"]}, headers=seller())
        ).json()
        assert [row["id"] for row in first["items"] + second["items"]] == [str(i) for i in reversed(ids)]
        assert second["next_cursor"] is None
        expired = (await world.client.get(url, params={"state": "auth_expired"}, headers=seller())).json()
        assert [row["id"] for row in expired["items"]] == [str(ids[0])]
        counts = (await world.client.get(f"{url}/counts", headers=seller())).json()["counts"]
        assert counts == {"authorizing": 0, "active": 2, "auth_expired": 1, "disabled": 0}
        assert (await world.client.get(url, params={"cursor": "x"}, headers=seller())).status_code == 422


class TestTenants:
    """A seller never sees or changes another's: every route that exists is tried."""

    async def test_every_route_of_a_store_says_that_it_does_not_exist(self, world: World) -> None:
        store_id = await world.store(OTHER, settled=False)
        world.market.pages = [page(parked=[ParkedOrder("o-1", "bad", b"{}")])]
        await world.work()
        run = (await world.one("SELECT id FROM sync_runs")).id
        parked = (await world.one("SELECT id FROM parked_orders")).id
        base = f"/api/v1/stores/{store_id}"
        before = (await world.sql("SELECT * FROM stores"), await world.sql("SELECT * FROM jobs"))
        tries: list[tuple[str, str, dict[str, Any] | None]] = [
            ("GET", base, None),
            ("PATCH", base, {"name": "x"}),
            ("POST", f"{base}/disable", {}),
            ("POST", f"{base}/reauthorize", {}),
            ("POST", f"{base}/reauthorize", {"access_token": "t"}),
            ("POST", f"{base}/sync", {}),
            ("GET", f"{base}/sync-runs", None),
            ("GET", f"{base}/sync-runs/{run}", None),
            ("GET", f"{base}/parked-orders", None),
            ("POST", f"{base}/parked-orders/{parked}/retry", None),
            ("GET", f"{base}/history", None),
        ]
        for method, url, body in tries:
            answer = await world.client.request(method, url, json=body, headers=seller() | {"If-Match": '"2"'})
            assert (method, url, answer.status_code) == (method, url, 404)
            assert (await world.client.request(method, url, json=body)).status_code == 401
        assert before == (await world.sql("SELECT * FROM stores"), await world.sql("SELECT * FROM jobs"))
        tried = {
            (
                method,
                url.replace(str(store_id), "{store_id}")
                .replace(str(run), "{run_id}")
                .replace(str(parked), "{parked_id}"),
            )
            for method, url, _ in tries
        }
        exist = {
            (method.upper(), path)
            for path, item in (await world.client.get("/openapi.json")).json()["paths"].items()
            for method in item
            if "/hooks/" not in path and "{store_id}" in path
        }
        assert tried == exist

    async def test_lists_and_counts_show_a_sellers_own_and_nothing_else(self, world: World) -> None:
        await world.store(OTHER)
        mine = await world.store(SELLER, account="cups.example")
        listed = await world.client.get("/api/v1/stores", params={"seller_id": str(OTHER)}, headers=seller())
        assert [row["id"] for row in listed.json()["items"]] == [str(mine)]
        counted = await world.client.get("/api/v1/stores/counts", params={"seller_id": str(OTHER)}, headers=seller())
        assert counted.json()["counts"]["active"] == 1
        everything = await world.client.get("/api/v1/stores", headers=operator())
        assert len(everything.json()["items"]) == 2
        theirs = await world.client.get("/api/v1/stores", params={"seller_id": str(OTHER)}, headers=operator())
        assert len(theirs.json()["items"]) == 1

    async def test_a_store_is_made_for_nobody_else(self, world: World) -> None:
        store = await connect(world, shop="mugs.example", seller_id=str(OTHER))
        assert store["seller_id"] == str(SELLER)

    async def test_ids_of_another_store_of_the_same_seller_do_not_fit(self, world: World) -> None:
        await world.store(SELLER)
        other = await world.store(SELLER, account="cups.example")
        run = (await world.one("SELECT id FROM sync_runs WHERE store_id <> :id", id=other)).id
        answer = await world.client.get(f"/api/v1/stores/{other}/sync-runs/{run}", headers=seller())
        assert answer.status_code == 404
