import pytest
from common.checks import run_checks
from common.kernel.ids import uuid7
from common.testing.delivery import take_outbox
from contracts.gateway.v1 import SellerChangedV1, SellerRegisteredV1

from .world import PASSWORD, World, key


async def user_id(world: World, email: str) -> str:
    users = (await world.http.get("/api/v1/users?limit=200", headers=world.admin)).json()["items"]
    return next(str(user["id"]) for user in users if user["email"] == email)


class TestSellers:
    async def test_the_services_hear_of_a_seller_and_of_its_changes(self, world: World) -> None:
        seller = await world.make_seller()
        url = f"/api/v1/sellers/{seller}"
        edit = {"name": "Renamed"}
        assert (await world.http.patch(url, json=edit, headers=world.admin)).status_code == 428
        stale = await world.http.patch(url, json=edit, headers=world.admin | {"If-Match": "2"})
        assert stale.status_code == 412
        done = await world.http.patch(url, json=edit, headers=world.admin | {"If-Match": '"1"'})
        assert (done.json()["name"], done.json()["version"]) == ("Renamed", 2)
        said = await take_outbox(world.runtime.transactions)
        assert [type(message) for message in said] == [SellerRegisteredV1, SellerChangedV1]
        changed = said[1]
        assert isinstance(changed, SellerChangedV1)
        assert (changed.seller_id, changed.version, changed.name, changed.active) == (seller, 2, "Renamed", True)

    async def test_a_repeated_request_makes_one_and_a_taken_code_is_said(self, world: World) -> None:
        body = {"code": "ACME", "name": "Acme", "currency": "USD"}
        headers = world.admin | key()
        first = await world.http.post("/api/v1/sellers", json=body, headers=headers)
        again = await world.http.post("/api/v1/sellers", json=body, headers=headers)
        assert first.json() == again.json()
        taken = await world.http.post("/api/v1/sellers", json=body, headers=world.admin | key())
        assert (taken.status_code, taken.json()["code"]) == (409, "seller_code_taken")

    async def test_closing_a_seller_signs_its_users_out(self, world: World) -> None:
        seller = await world.make_seller()
        email = await world.make_user("seller_owner", seller_id=seller)
        owner = await world.bearer(email)
        headers = world.admin | {"If-Match": "1"}
        closed = await world.http.patch(f"/api/v1/sellers/{seller}", json={"active": False}, headers=headers)
        assert closed.status_code == 200
        assert (await world.http.get("/api/v1/session", headers=owner)).status_code == 401
        assert (await world.sign_in(email)).status_code == 401

    async def test_a_seller_sees_itself_only(self, world: World) -> None:
        mine, other = await world.make_seller(), await world.make_seller()
        owner = await world.user("seller_owner", seller_id=mine)
        listed = (await world.http.get("/api/v1/sellers", headers=owner)).json()["items"]
        assert [seller["id"] for seller in listed] == [str(mine)]
        assert (await world.http.get(f"/api/v1/sellers/{mine}", headers=owner)).status_code == 200
        assert (await world.http.get(f"/api/v1/sellers/{other}", headers=owner)).status_code == 404
        body = {"code": "NEW", "name": "x", "currency": "USD"}
        assert (await world.http.post("/api/v1/sellers", json=body, headers=owner | key())).status_code == 403
        headers = owner | {"If-Match": "1"}
        edit = await world.http.patch(f"/api/v1/sellers/{mine}", json={"name": "y"}, headers=headers)
        assert edit.status_code == 403


class TestUsers:
    async def test_an_owner_manages_its_own_seller_s_users_only(self, world: World) -> None:
        mine, other = await world.make_seller(), await world.make_seller()
        owner = await world.user("seller_owner", seller_id=mine)
        theirs = await user_id(world, await world.make_user("seller_staff", seller_id=other))
        operator = await user_id(world, world.settings.admin_email)
        body = {"email": f"{uuid7().hex}@example.com", "name": "Staff", "password": PASSWORD, "roles": ["seller_staff"]}
        made = await world.http.post("/api/v1/users", json=body, headers=owner | key())
        assert (made.status_code, made.json()["seller_id"]) == (201, str(mine))
        stolen = await world.http.post("/api/v1/users", json=body | {"seller_id": str(other)}, headers=owner | key())
        assert stolen.status_code == 403
        raised = await world.http.post(
            "/api/v1/users", json=body | {"email": "z@example.com", "roles": ["operator_admin"]}, headers=owner | key()
        )
        assert (raised.status_code, raised.json()["errors"][0]["field"]) == (422, "roles")
        listed = (await world.http.get(f"/api/v1/users?seller_id={other}", headers=owner)).json()["items"]
        assert {user["seller_id"] for user in listed} == {str(mine)}
        for stranger in (theirs, operator):
            url = f"/api/v1/users/{stranger}"
            headers = owner | {"If-Match": "1"}
            assert (await world.http.get(url, headers=owner)).status_code == 404
            assert (await world.http.patch(url, json={"name": "x"}, headers=headers)).status_code == 404
            password = await world.http.put(f"{url}/password", json={"password": PASSWORD}, headers=owner)
            assert password.status_code == 404

    async def test_staff_manages_nobody(self, world: World) -> None:
        staff = await world.user("seller_staff", seller_id=await world.make_seller())
        for headers in (staff, await world.user("operator_finance")):
            assert (await world.http.get("/api/v1/users", headers=headers)).status_code == 403

    async def test_other_roles_sign_a_user_out(self, world: World) -> None:
        email = await world.make_user("operator_support")
        headers = await world.bearer(email)
        url = f"/api/v1/users/{await user_id(world, email)}"
        edited = await world.http.patch(
            url, json={"roles": ["operator_finance"]}, headers=world.admin | {"If-Match": "1"}
        )
        assert edited.json()["roles"] == ["operator_finance"]
        assert (await world.http.get("/api/v1/session", headers=headers)).status_code == 401

    async def test_the_last_administrator_stays(self, world: World) -> None:
        url = f"/api/v1/users/{await user_id(world, world.settings.admin_email)}"
        headers = world.admin | {"If-Match": "1"}
        for change in ({"active": False}, {"roles": ["operator_support"]}):
            answer = await world.http.patch(url, json=change, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (409, "last_admin")
        await world.make_user("operator_admin")
        assert (await world.http.patch(url, json={"active": False}, headers=headers)).status_code == 200

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"email": "no address"}, "email"),
            ({"password": "short"}, "password"),
            ({"roles": ["seller_owner"]}, "roles"),
            ({"roles": ["king"]}, "roles.0"),
        ],
    )
    async def test_names_the_wrong_field_and_never_the_password(
        self, world: World, change: dict[str, object], field: str
    ) -> None:
        body = {"email": "new@example.com", "name": "x", "password": PASSWORD, "roles": ["operator_support"]}
        answer = await world.http.post("/api/v1/users", json=body | change, headers=world.admin | key())
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
        assert "short" not in answer.text.replace("shorter", "")

    async def test_a_taken_address_and_an_unknown_seller_are_said(self, world: World) -> None:
        email = await world.make_user("operator_support")
        body = {"email": email.upper(), "name": "x", "password": PASSWORD, "roles": ["operator_support"]}
        taken = await world.http.post("/api/v1/users", json=body, headers=world.admin | key())
        assert (taken.status_code, taken.json()["code"]) == (409, "email_taken")
        body |= {"email": "q@example.com", "roles": ["seller_owner"], "seller_id": str(uuid7())}
        unknown = await world.http.post("/api/v1/users", json=body, headers=world.admin | key())
        assert (unknown.status_code, unknown.json()["code"]) == (404, "seller_not_found")

    async def test_a_password_set_by_another_signs_out(self, world: World) -> None:
        email = await world.make_user("operator_support")
        headers = await world.bearer(email)
        url = f"/api/v1/users/{await user_id(world, email)}/password"
        done = await world.http.put(url, json={"password": "quite another one"}, headers=world.admin)
        assert done.status_code == 204
        assert (await world.http.get("/api/v1/session", headers=headers)).status_code == 401
        assert (await world.sign_in(email, "quite another one")).status_code == 200


async def test_the_invariants_hold(world: World) -> None:
    await world.user("seller_owner", seller_id=await world.make_seller())
    results = await run_checks(world.runtime.transactions.engine, world.runtime.checks)
    assert [result.check.name for result in results if result.broken] == []
