"""The routes: what is refused and how, and that nobody sees or touches what is another's."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from common.http.identity import Role
from common.kernel.ids import uuid7
from common.testing.plugin import identity_header

from .world import PDF, World, as_seller, finance, hold, key, seller_registered, warehouse_changed

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


class TestTenants:
    """A seller, and another who tries everything."""

    async def populate(self, world: World) -> Mapping[str, str]:
        await world.top_up("20.00")
        asked = await world.request_topup("5.00")
        await world.deliver(hold(world.seller, world.warehouse))
        own = as_seller(world.seller)
        held = (await world.http.get("/api/v1/holds", headers=own)).json()["items"][0]["id"]
        return {"topup": asked.json()["id"], "hold": held, "seller": str(world.seller)}

    async def test_reads_show_own_rows_only(self, world: World) -> None:
        ids = await self.populate(world)
        own, other = as_seller(world.seller), as_seller(world.other)
        for path in ("accounts", "holds", "topups", "ledger"):
            for query in ("", f"?seller_id={world.seller}"):
                mine = (await world.http.get(f"/api/v1/{path}{query}", headers=own)).json()["items"]
                theirs = (await world.http.get(f"/api/v1/{path}{query}", headers=other)).json()["items"]
                assert mine
                assert {row["seller_id"] for row in mine} == {ids["seller"]}
                assert ids["seller"] not in {row["seller_id"] for row in theirs}
        account = await world.http.get(f"/api/v1/account?seller_id={world.seller}", headers=other)
        assert account.json()["seller_id"] == str(world.other)
        counts = await world.http.get(f"/api/v1/topups/counts?seller_id={world.seller}", headers=other)
        assert counts.json() == {"requested": 0, "approved": 0, "rejected": 0}
        for path in (f"topups/{ids['topup']}", f"topups/{ids['topup']}/proof", f"holds/{ids['hold']}"):
            assert (await world.http.get(f"/api/v1/{path}", headers=own)).status_code == 200
            assert (await world.http.get(f"/api/v1/{path}", headers=other)).status_code == 404

    async def test_the_house_s_accounts_are_not_for_sellers(self, world: World) -> None:
        await self.populate(world)
        answer = await world.http.get("/api/v1/ledger?account=clearing&currency=USD", headers=as_seller(world.other))
        assert answer.json()["items"] == []

    async def test_a_seller_asks_for_itself_whatever_it_names(self, world: World) -> None:
        asked = await world.request_topup("5.00", world.other, seller_id=str(world.seller))
        assert asked.json()["seller_id"] == str(world.other)

    async def test_a_seller_s_prices_are_its_own(self, world: World) -> None:
        await world.schedule(seller_id=str(world.seller), per_order="1.00", bands=[])
        body = {"warehouse_id": str(world.warehouse), "units": 1, "weight_grams": 1, "seller_id": str(world.seller)}
        mine = await world.http.post("/api/v1/fee-schedules/preview", json=body, headers=as_seller(world.seller))
        theirs = await world.http.post("/api/v1/fee-schedules/preview", json=body, headers=as_seller(world.other))
        assert (mine.json()["total"], theirs.json()["total"]) == ("1.00", "6.40")

    @pytest.mark.parametrize("roles", [(Role.SELLER_OWNER,), (Role.OPERATOR_SUPPORT,), (Role.OPERATOR_WAREHOUSE,)])
    async def test_what_only_finance_may_do(self, world: World, roles: tuple[Role, ...]) -> None:
        ids = await self.populate(world)
        seller = roles == (Role.SELLER_OWNER,)
        who = (as_seller(world.seller) if seller else identity_header(*roles)) | key() | {"If-Match": "1"}
        limit = {"seller_id": ids["seller"], "credit_limit": "1.00"}
        schedule = {"warehouse_id": str(world.warehouse), "valid_from": "2026-01-01", "per_order": "1.00"}
        anything = uuid7()
        for method, path, body in (
            ("PUT", "account/credit-limit", limit),
            ("POST", f"topups/{ids['topup']}/approve", {}),
            ("POST", f"topups/{ids['topup']}/reject", {"reason": "no"}),
            ("POST", "fee-schedules", schedule),
            ("PUT", f"fee-schedules/{anything}", schedule),
            ("DELETE", f"fee-schedules/{anything}", None),
            ("POST", f"holds/anomalies/{anything}/close", {"note": "x"}),
        ):
            answer = await world.http.request(method, f"/api/v1/{path}", json=body, headers=who)
            assert answer.status_code == 403, (path, answer.text)
        for path in ("fee-schedules", f"fee-schedules/{anything}", "holds/anomalies"):
            answer = await world.http.get(f"/api/v1/{path}", headers=who)
            assert (answer.status_code == 403) is (roles != (Role.OPERATOR_SUPPORT,)), path

    async def test_nobody_gets_in_without_an_identity(self, world: World) -> None:
        for path in ("account", "accounts", "ledger", "holds", "topups", "fee-schedules"):
            answer = await world.http.get(f"/api/v1/{path}")
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


class TestTopups:
    @pytest.mark.parametrize(
        ("content", "code"),
        [
            (b"", "invalid_input"),
            (b"MZ\x90\0", "file_type_not_allowed"),
            (b"just text", "file_type_not_allowed"),
            (PDF + b" " * (5 * 1024 * 1024), "file_too_large"),
        ],
    )
    async def test_refuses_a_proof_that_is_none(self, world: World, content: bytes, code: str) -> None:
        answer = await world.http.post(
            "/api/v1/topups",
            data={"amount": "5.00", "currency": "USD"},
            files={"proof": ("proof.pdf", content, "application/pdf")},
            headers=as_seller(world.seller) | key(),
        )
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert answer.json()["errors"][0]["remedy"]

    async def test_gives_the_proof_back_as_it_was(self, world: World) -> None:
        asked = await world.http.post(
            "/api/v1/topups",
            data={"amount": "5.00", "currency": "usd"},
            files={"proof": ("evil name.html", PNG, "text/html")},
            headers=as_seller(world.seller) | key(),
        )
        proof = await world.http.get(f"/api/v1/topups/{asked.json()['id']}/proof", headers=finance())
        assert (proof.content, proof.headers["content-type"]) == (PNG, "image/png")
        assert f'filename="{asked.json()["number"]}.png"' in proof.headers["content-disposition"]

    async def test_a_repeated_request_asks_once(self, world: World) -> None:
        headers = as_seller(world.seller) | key()

        async def ask(amount: str) -> tuple[int, dict[str, str]]:
            answer = await world.http.post(
                "/api/v1/topups",
                data={"amount": amount, "currency": "USD"},
                files={"proof": ("p.pdf", PDF, "application/pdf")},
                headers=headers,
            )
            return answer.status_code, answer.json()

        first, second, other = await ask("5.00"), await ask("5.00"), await ask("6.00")
        assert first == second
        assert first[1]["number"].startswith("TU-0000000")
        assert (other[0], other[1]["code"]) == (409, "idempotency_key_reused")

    async def test_needs_an_idempotency_key(self, world: World) -> None:
        answer = await world.http.post(
            "/api/v1/topups",
            data={"amount": "5.00", "currency": "USD"},
            files={"proof": ("p.pdf", PDF, "application/pdf")},
            headers=as_seller(world.seller),
        )
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "Idempotency-Key")

    async def test_what_was_decided_stays_decided(self, world: World) -> None:
        asked = (await world.request_topup("5.00")).json()
        url = f"/api/v1/topups/{asked['id']}"
        stale = await world.http.post(
            f"{url}/reject", json={"reason": "blurred"}, headers=finance() | {"If-Match": "7"}
        )
        assert stale.status_code == 412
        rejected = await world.http.post(f"{url}/reject", json={"reason": "blurred"}, headers=finance())
        assert (rejected.json()["state"], rejected.json()["reason"]) == ("rejected", "blurred")
        approved = await world.approve(asked["id"])
        assert (approved.status_code, approved.json()["code"]) == (409, "illegal_transition")
        assert (await world.account())["balance"] == "0.00"
        assert await world.broken() == {}

    async def test_an_unknown_currency_is_named(self, world: World) -> None:
        answer = await world.request_topup("5.00", currency="ABC")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "currency"
        assert "'ABC' is not an ISO 4217 currency" in answer.json()["detail"]

    async def test_pages_and_filters(self, world: World) -> None:
        for amount in ("1.00", "2.00", "3.00"):
            await world.request_topup(amount)
        await world.top_up("4.00")
        seen = []
        cursor = ""
        while True:
            page = (await world.http.get(f"/api/v1/topups?limit=2&state=requested{cursor}", headers=finance())).json()
            seen += [row["paid_amount"] for row in page["items"]]
            if not page["next_cursor"]:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert seen == ["3.00", "2.00", "1.00"]
        counts = await world.http.get("/api/v1/topups/counts", headers=as_seller(world.seller))
        assert counts.json() == {"requested": 3, "approved": 1, "rejected": 0}
        wrong = await world.http.get("/api/v1/topups?cursor=nonsense", headers=finance())
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "cursor")


class TestCreditLimit:
    async def put(self, world: World, amount: str, **headers: str) -> tuple[int, Any]:
        body = {"seller_id": str(world.seller), "credit_limit": amount}
        answer = await world.http.put("/api/v1/account/credit-limit", json=body, headers=finance() | headers)
        return answer.status_code, answer.json()

    async def test_needs_the_version_that_was_read(self, world: World) -> None:
        assert (await self.put(world, "5.00"))[0] == 428
        assert (await self.put(world, "5.00", **{"If-Match": "9"}))[0] == 412
        status, account = await self.put(world, "5.00", **{"If-Match": '"1"'})
        assert (status, account["credit_limit"], account["version"]) == (200, "5.00", 2)

    @pytest.mark.parametrize("amount", ["-1.00", "1.001"])
    async def test_names_the_wrong_amount(self, world: World, amount: str) -> None:
        status, problem = await self.put(world, amount, **{"If-Match": "1"})
        assert status == 422
        assert problem["errors"][0]["field"] == "credit_limit"

    async def test_an_unknown_seller_is_said(self, world: World) -> None:
        answer = await world.http.get(f"/api/v1/account?seller_id={uuid7()}", headers=finance())
        assert (answer.status_code, answer.json()["code"]) == (404, "seller_not_found")
        unnamed = await world.http.get("/api/v1/account", headers=finance())
        assert (unnamed.status_code, unnamed.json()["errors"][0]["field"]) == (422, "seller_id")


class TestFeeSchedules:
    async def test_edits_need_the_version_and_holds_keep_their_price(self, world: World) -> None:
        await world.top_up("50.00")
        listed = (await world.http.get("/api/v1/fee-schedules", headers=finance())).json()["items"]
        (schedule,) = listed
        command = hold(world.seller, world.warehouse)
        await world.deliver(command)
        body = {"warehouse_id": str(world.warehouse), "valid_from": "2026-01-01", "per_order": "9.00"}
        url = f"/api/v1/fee-schedules/{schedule['id']}"
        assert (await world.http.put(url, json=body, headers=finance())).status_code == 428
        edited = await world.http.put(url, json=body, headers=finance() | {"If-Match": "1"})
        assert (edited.json()["per_order"], edited.json()["version"]) == ("9.00", 2)
        assert (await world.http.put(url, json=body, headers=finance() | {"If-Match": "1"})).status_code == 412
        await world.deliver(hold(world.seller, world.warehouse))
        held = (await world.http.get("/api/v1/holds", headers=as_seller(world.seller))).json()["items"]
        assert [row["amount"] for row in held] == ["9.00", "6.40"]
        one = await world.http.get(url, headers=finance())
        assert one.headers["etag"] == '"2"'

    async def test_two_for_the_same_scope_and_day_are_refused(self, world: World) -> None:
        answer = await world.schedule()
        assert (answer.status_code, answer.json()["code"]) == (409, "fee_schedule_exists")

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"per_order": "-1"}, "per_order"),
            ({"bands": [{"amount": "1"}, {"up_to_grams": 5, "amount": "1"}]}, "bands"),
            ({"bands": [{"up_to_grams": 0, "amount": "1"}]}, "bands.0.up_to_grams"),
            ({"unknown": 1}, "unknown"),
        ],
    )
    async def test_names_the_wrong_field(self, world: World, change: dict[str, object], field: str) -> None:
        answer = await world.schedule(**change)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)

    async def test_an_unknown_warehouse_is_said(self, world: World) -> None:
        answer = await world.schedule(warehouse_id=str(uuid7()))
        assert (answer.status_code, answer.json()["code"]) == (404, "warehouse_not_found")


class TestCopies:
    async def test_an_older_version_of_a_warehouse_changes_nothing(self, world: World) -> None:
        await world.deliver(warehouse_changed(world.warehouse, currency="EUR", version=3))
        await world.deliver(warehouse_changed(world.warehouse, currency="USD", version=2))
        async with world.runtime.transactions.begin() as uow:
            (kept,) = (await uow.directory.warehouses({world.warehouse})).values()
        assert (kept.currency, kept.version) == ("EUR", 3)

    async def test_a_registered_seller_has_an_account(self, world: World) -> None:
        seller: UUID = uuid7()
        await world.deliver(seller_registered(seller, currency="EUR"))
        answer = await world.http.get("/api/v1/account", headers=as_seller(seller))
        assert (answer.json()["currency"], answer.json()["available"]) == ("EUR", "0.00")
