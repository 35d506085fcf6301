from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from common.kernel.ids import uuid7
from common.testing.postgres import TemplateDatabase
from gateway.app.gateway import Gateway
from gateway.app.sign_in import token_hash
from gateway.bootstrap import bootstrap, make_first_operator
from sqlalchemy import text

from .world import ADMIN_PASSWORD, PASSWORD, Services, World, client_of, key, settings_of


async def run(world: World, statement: str, **values: object) -> None:
    async with world.runtime.transactions.engine.begin() as connection:
        await connection.execute(text(statement), values)


class TestSignIn:
    async def test_answers_a_token_and_a_cookie(self, world: World) -> None:
        seller = await world.make_seller()
        email = await world.make_user("seller_owner", seller_id=seller)
        answer = await world.sign_in(f" {email.upper()} ")
        assert answer.status_code == 200
        user = answer.json()["user"]
        assert (user["email"], user["kind"], user["seller_id"]) == (email, "seller", str(seller))
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(f"orderdock_session={answer.json()['token']}; HttpOnly; Max-Age=")
        assert "SameSite=lax" in cookie
        assert len(answer.json()["token"]) == 43

    async def test_keeps_only_the_hash_of_a_token(self, world: World) -> None:
        token = world.admin["Authorization"].removeprefix("Bearer ")
        async with world.runtime.transactions.engine.connect() as connection:
            rows = [str(tuple(row)) for row in await connection.execute(text("SELECT * FROM sessions"))]
        assert any(token_hash(token) in row for row in rows)
        assert not any(token in row for row in rows)

    async def test_says_the_same_whatever_was_wrong(self, world: World) -> None:
        email = await world.make_user("operator_support")
        closed = await world.make_user("operator_support")
        await run(world, "UPDATE users SET active = false WHERE email = :email", email=closed)
        wrong = await world.sign_in(email, "not the password")
        unknown = await world.sign_in("nobody@example.com")
        inactive = await world.sign_in(closed)
        assert {answer.status_code for answer in (wrong, unknown, inactive)} == {401}
        assert wrong.json() == unknown.json() == inactive.json()
        records = await world.http.get("/api/v1/sign-ins?limit=3", headers=world.admin)
        outcomes = [record["outcome"] for record in records.json()["items"]]
        assert outcomes == ["inactive", "unknown_email", "wrong_password"]

    async def test_limits_attempts_for_one_address(self, world: World) -> None:
        email = await world.make_user("operator_support")
        answers = [await world.sign_in(email, "wrong password") for _ in range(10)]
        assert {answer.status_code for answer in answers} == {401}
        limited = await world.sign_in(email)
        assert (limited.status_code, limited.json()["code"]) == (429, "too_many_sign_ins")
        assert 0 < int(limited.headers["retry-after"]) <= 300
        other = await world.make_user("operator_support")
        assert (await world.sign_in(other)).status_code == 200

    async def test_a_success_starts_the_count_again(self, world: World) -> None:
        email = await world.make_user("operator_support")
        for _ in range(2):
            for _ in range(9):
                await world.sign_in(email, "wrong password")
            assert (await world.sign_in(email)).status_code == 200

    async def test_limits_attempts_from_one_place(self, world: World, tmp_path: Path) -> None:
        url = world.settings.database_url.get_secret_value()
        settings = settings_of(url, tmp_path, sign_ins_per_address="2/minute")
        runtime = bootstrap(settings, transport=httpx2.ASGITransport(Services()))
        async with client_of(runtime, uuid7().hex) as http:
            statuses = [
                (await http.post("/api/v1/session", json={"email": f"{number}@x.org", "password": "x"})).status_code
                for number in range(3)
            ]
        assert statuses == [401, 401, 429]
        assert runtime.close
        await runtime.close()
        await runtime.transactions.engine.dispose()

    async def test_without_redis_nobody_gets_in_and_is_told_so(self, world: World, tmp_path: Path) -> None:
        url = world.settings.database_url.get_secret_value()
        runtime = bootstrap(settings_of(url, tmp_path, redis_url="redis://127.0.0.1:1/0"))
        async with client_of(runtime, uuid7().hex) as http:
            answer = await http.post("/api/v1/session", json={"email": "a@x.org", "password": "x"})
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert runtime.close
        await runtime.close()
        await runtime.transactions.engine.dispose()


class TestSession:
    async def test_says_who_is_signed_in_and_signs_out(self, world: World) -> None:
        answer = await world.http.get("/api/v1/session", headers=world.admin)
        assert answer.json()["user"]["email"] == world.settings.admin_email
        assert answer.json()["user"]["roles"] == ["operator_admin"]
        assert (await world.http.delete("/api/v1/session", headers=world.admin)).status_code == 204
        gone = await world.http.get("/api/v1/session", headers=world.admin)
        assert (gone.status_code, gone.json()["code"]) == (401, "no_session")

    async def test_nobody_is_nobody(self, world: World) -> None:
        for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic YTpi"}):
            for path in ("session", "sellers", "users", "orders", "stores"):
                assert (await world.http.get(f"/api/v1/{path}", headers=headers)).status_code == 401

    @pytest.mark.parametrize(
        "change", ["expires_at = now() - interval '1 second'", "seen_at = now() - interval '121 minutes'"]
    )
    async def test_ends_when_it_has_run_out_or_was_left_unused(self, world: World, change: str) -> None:
        await run(world, f"UPDATE sessions SET {change}")
        world.root.sessions.forget()
        assert (await world.http.get("/api/v1/session", headers=world.admin)).status_code == 401

    async def test_use_keeps_it_alive(self, world: World) -> None:
        await run(world, "UPDATE sessions SET seen_at = now() - interval '90 minutes'")
        world.root.sessions.forget()
        assert (await world.http.get("/api/v1/session", headers=world.admin)).status_code == 200
        async with world.runtime.transactions.engine.connect() as connection:
            age = (await connection.execute(text("SELECT now() - max(seen_at) FROM sessions"))).scalar_one()
        assert age < timedelta(minutes=1)

    async def test_a_cookie_does_for_reading_and_needs_a_header_for_changes(self, world: World) -> None:
        token = world.admin["Authorization"].removeprefix("Bearer ")
        cookie = {"Cookie": f"other=1; orderdock_session={token}"}
        body = {"code": "COOKIE", "name": "x", "currency": "USD"}
        assert (await world.http.get("/api/v1/sellers", headers=cookie)).status_code == 200
        refused = await world.http.post("/api/v1/sellers", json=body, headers=cookie | key())
        assert (refused.status_code, refused.json()["code"]) == (403, "csrf_header_missing")
        forwarded = await world.http.post("/api/v1/orders/1/cancel", headers=cookie)
        assert forwarded.status_code == 403
        assert world.services.seen == []
        headers = cookie | key() | {"X-Orderdock-CSRF": "1"}
        assert (await world.http.post("/api/v1/sellers", json=body, headers=headers)).status_code == 201

    async def test_a_session_ended_elsewhere_is_believed_for_seconds_only(self, world: World) -> None:
        sessions = world.root.sessions
        sessions._cache_seconds = 600
        assert (await world.http.get("/api/v1/session", headers=world.admin)).status_code == 200
        await run(world, "DELETE FROM sessions")
        assert (await world.http.get("/api/v1/session", headers=world.admin)).status_code == 200
        sessions._cache_seconds = 0
        assert (await world.http.get("/api/v1/session", headers=world.admin)).status_code == 401

    async def test_changing_one_s_password_ends_all_sessions(self, world: World) -> None:
        email = await world.make_user("operator_support")
        first, second = await world.bearer(email), await world.bearer(email)
        body = {"current": "wrong", "new": "another long password"}
        url = "/api/v1/session/password"
        wrong = await world.http.put(url, json=body, headers=first)
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "current")
        assert "wrong" not in wrong.json()["errors"][0]
        short = await world.http.put(url, json={"current": PASSWORD, "new": "short"}, headers=first)
        assert (short.status_code, short.json()["errors"][0]["field"]) == (422, "new")
        done = await world.http.put(url, json=body | {"current": PASSWORD}, headers=first)
        assert done.status_code == 204
        for headers in (first, second):
            assert (await world.http.get("/api/v1/session", headers=headers)).status_code == 401
        assert (await world.sign_in(email)).status_code == 401
        assert (await world.sign_in(email, "another long password")).status_code == 200


class TestFirstOperator:
    async def test_is_made_once(self, world: World) -> None:
        await make_first_operator(world.root, world.settings)
        users = await world.http.get("/api/v1/users", headers=world.admin)
        assert [user["email"] for user in users.json()["items"]] == [world.settings.admin_email]

    async def test_after_migrate_makes_it(self, template: TemplateDatabase, tmp_path: Path) -> None:
        async with template.clone() as url:
            settings = settings_of(url, tmp_path)
            first = bootstrap(settings)
            assert first.after_migrate
            await first.after_migrate()
            second = bootstrap(settings)
            async with client_of(second, uuid7().hex) as http:
                body = {"email": settings.admin_email, "password": ADMIN_PASSWORD}
                assert (await http.post("/api/v1/session", json=body)).status_code == 200
            assert isinstance(second.root, Gateway)
            assert second.close
            await second.close()
            await second.transactions.engine.dispose()
