from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from common.http.identity import Identity, IdentitySigner, Kind
from common.kernel.ids import uuid7
from common.testing.plugin import identity_header
from gateway.entrypoints.proxy import MAX_BODY_BYTES

from .world import World


class TestIdentity:
    async def test_is_always_the_session_s(self, world: World) -> None:
        seller = await world.make_seller()
        headers = await world.user("seller_owner", seller_id=seller)
        forged = identity_header(seller_id=uuid7())
        for extra in ({}, forged, {name.lower(): value for name, value in forged.items()}):
            await world.http.get(f"/api/v1/orders?seller_id={uuid7()}", headers=headers | extra)
        assert [seen.identity.seller_id for seen in world.services.seen] == [seller] * 3
        identity = world.services.seen[0].identity
        assert (identity.kind, identity.roles, identity.is_operator) == (
            Kind.SELLER,
            frozenset({"seller_owner"}),
            False,
        )

    async def test_two_sellers_never_share_one(self, world: World) -> None:
        sellers: list[UUID] = [await world.make_seller() for _ in range(2)]
        headers = [await world.user("seller_staff", seller_id=seller) for seller in sellers]
        for number in (0, 1, 0, 1, 1, 0):
            await world.http.get("/api/v1/stores", headers=headers[number])
            assert world.services.seen[-1].identity.seller_id == sellers[number]

    async def test_is_signed_once_for_many_requests(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        signed: list[Identity] = []
        sign = IdentitySigner.sign

        def counted(self: IdentitySigner, who: Identity) -> str:
            signed.append(who)
            return sign(self, who)

        monkeypatch.setattr(IdentitySigner, "sign", counted)
        for _ in range(5):
            await world.http.get("/api/v1/orders", headers=world.admin)
        assert len(signed) == 1

    async def test_hooks_pass_without_any(self, world: World) -> None:
        headers = identity_header() | {"webhook-signature": "v1,abc"}
        answer = await world.http.post("/api/v1/hooks/wms/7", content=b'{"a":1}', headers=headers)
        await world.http.post("/api/v1/hooks/shopify/7", content=b"x")
        assert answer.status_code == 200
        wms, shopify = world.services.seen
        assert (wms.service, shopify.service) == ("fulfillment", "sync")
        assert "orderdock-identity" not in wms.headers
        assert (wms.headers["webhook-signature"], wms.body) == ("v1,abc", b'{"a":1}')


class TestForwarding:
    async def test_carries_what_the_service_needs_and_nothing_of_ours(self, world: World) -> None:
        headers = world.admin | {
            "Idempotency-Key": "k1",
            "If-Match": '"3"',
            "X-Request-ID": "r1",
            "Connection": "close, X-Private",
            "X-Private": "1",
            "Cookie": "orderdock_session=x",
        }
        answer = await world.http.put("/api/v1/account/credit-limit?a=%20b&c=d", content=b'{"x":1}', headers=headers)
        (seen,) = world.services.seen
        assert (seen.service, seen.method, seen.path) == ("billing", "PUT", "/api/v1/account/credit-limit")
        assert seen.query == "a=%20b&c=d"
        assert seen.body == b'{"x":1}'
        assert (seen.headers["idempotency-key"], seen.headers["if-match"]) == ("k1", '"3"')
        assert seen.headers["x-request-id"] == answer.headers["x-request-id"] == "r1"
        assert {"authorization", "cookie", "x-private"}.isdisjoint(seen.headers)

    async def test_answers_as_the_service_did(self, world: World) -> None:
        raw = [(b"content-type", b"application/pdf"), (b"etag", b'"7"'), (b"connection", b"close"), (b"x-a", b"1")]
        world.services.answer = (409, raw, [b"one", b"two"])
        answer = await world.http.get("/api/v1/fulfillments/7/label", headers=world.admin)
        assert (answer.status_code, answer.content) == (409, b"onetwo")
        assert (answer.headers["etag"], answer.headers["x-a"]) == ('"7"', "1")
        assert "connection" not in answer.headers

    async def test_a_service_that_does_not_answer_is_named(self, world: World) -> None:
        world.services.silent = True
        answer = await world.http.post("/api/v1/orders/7/cancel", headers=world.admin)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert answer.json()["service"] == "orders"
        assert "Idempotency-Key" in answer.json()["remedy"]

    @pytest.mark.parametrize("declared", [True, False])
    async def test_a_body_that_is_too_large_goes_nowhere(self, world: World, declared: bool) -> None:
        size = MAX_BODY_BYTES + 1

        async def chunks() -> AsyncIterator[bytes]:
            for start in range(0, size, 1024 * 1024):
                yield b"x" * min(1024 * 1024, size - start)

        content = b"x" * size if declared else chunks()
        answer = await world.http.post("/api/v1/topups", content=content, headers=world.admin)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        assert world.services.seen == []

    async def test_a_streamed_body_arrives_whole(self, world: World) -> None:
        async def chunks() -> AsyncIterator[bytes]:
            for letter in (b"a", b"b", b"c"):
                yield letter * 1000

        await world.http.post("/api/v1/topups", content=chunks(), headers=world.admin)
        assert world.services.seen[0].body == b"a" * 1000 + b"b" * 1000 + b"c" * 1000


class TestAccess:
    async def test_a_role_that_may_not_gets_no_further(self, world: World) -> None:
        headers = await world.user("seller_owner", seller_id=await world.make_seller())
        for method, path in (
            ("POST", "topups/7/approve"),
            ("PUT", "account/credit-limit"),
            ("POST", "stock/receive"),
            ("POST", "fulfillments/ship"),
            ("POST", "warehouses"),
            ("GET", "warehouse-connections/7"),
        ):
            answer = await world.http.request(method, f"/api/v1/{path}", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), path
        assert world.services.seen == []

    @pytest.mark.parametrize(
        "path", ["nothing", "metrics", "orders/../topups", "orders/7/..", "orders//7", "orders/./7", "orders/a\\b", ""]
    )
    async def test_what_is_not_there_goes_nowhere(self, world: World, path: str) -> None:
        """Straight to the application, because a client tidies such paths up before it sends them."""
        status, code = await world.raw("POST", f"/api/v1/{path}")
        assert (status, code) == (404, "no_such_route")
        assert world.services.seen == []


class TestDocument:
    async def test_is_merged_from_all_services_and_shown(self, world: World) -> None:
        world.services.documents["billing"] = (
            b'{"openapi":"3.1.0","paths":{"/api/v1/account":{"get":{"operationId":"get_account","summary":"<b>Money",'
            b'"tags":["account"]}}},"components":{"schemas":{"Page":{"title":"Page"}}}}'
        )
        document = (await world.http.get("/api/v1/openapi.json")).json()
        assert document["paths"]["/api/v1/account"]["get"]["operationId"] == "billing_get_account"
        assert "billing_Page" in document["components"]["schemas"]
        assert "/api/v1/session" in document["paths"]
        page = (await world.http.get("/docs")).text
        assert "&lt;b&gt;Money" in page
        assert "<script" not in page
        assert sum(seen.path == "/openapi.json" for seen in world.services.seen) == 5

    async def test_leaves_out_a_service_that_does_not_answer(self, world: World) -> None:
        world.services.silent = True
        document = (await world.http.get("/api/v1/openapi.json")).json()
        assert document["x-unavailable"] == ["billing", "fulfillment", "inventory", "orders", "sync"]
