"""OAuth and tokens of Shopify."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from sandbox.shopify.oauth import query_hmac

from .clients import Town

FIXTURES = Path(__file__).parent / "fixtures" / "shopify"
AUTHORIZE = {"client_id": "ck", "scope": "read_orders", "redirect_uri": "https://app/cb", "state": "s1"}
APP = {"client_id": "ck", "client_secret": "cs"}


async def consent(town: Town, **query: str) -> httpx2.Response:
    return await town.http.get(f"/shopify/{town.shopify.shop}/admin/oauth/authorize", params=AUTHORIZE | query)


async def code(town: Town) -> str:
    back = parse_qs(urlsplit((await consent(town)).headers["location"]).query)
    return back["code"][0]


class TestAuthorize:
    def test_hmac_of_the_official_vector(self) -> None:
        vector = json.loads((FIXTURES / "oauth-callback-hmac-vector.json").read_text())
        assert query_hmac(vector["params"], vector["secret"]) == vector["hmac"]

    async def test_sends_back_signed(self, town: Town) -> None:
        response = await consent(town)
        assert response.status_code == 302
        target = urlsplit(response.headers["location"])
        back = {key: values[0] for key, values in parse_qs(target.query).items()}
        assert set(back) == {"code", "hmac", "shop", "state", "timestamp", "host"}
        assert (target.netloc, back["state"], back["shop"]) == ("app", "s1", town.shopify.shop)
        assert query_hmac(back, "cs") == back["hmac"]

    @pytest.mark.parametrize("query", [{"client_id": "other"}, {"state": ""}, {"redirect_uri": ""}])
    async def test_incomplete_links_are_refused(self, town: Town, query: dict[str, str]) -> None:
        assert (await consent(town, **query)).status_code == 400


class TestTokens:
    async def test_code_is_exchanged_once(self, town: Town) -> None:
        given = await code(town)
        answer = (await town.shopify.oauth(**APP, code=given, expiring="1")).json()
        assert set(answer) == {"access_token", "scope", "expires_in", "refresh_token", "refresh_token_expires_in"}
        assert (answer["scope"], answer["expires_in"]) == ("read_orders", 3600)
        assert (await town.shopify.oauth(**APP, code=given, expiring="1")).status_code == 400

    async def test_code_ends_after_ten_minutes(self, town: Town, clock: Any) -> None:
        given = await code(town)
        clock.pass_seconds(601)
        assert (await town.shopify.oauth(**APP, code=given, expiring="1")).status_code == 400

    async def test_wrong_secret_is_refused_and_counted(self, town: Town) -> None:
        response = await town.shopify.oauth(client_id="ck", client_secret="no", code="x")
        assert response.status_code == 401
        assert (await town.control.get("summary"))["signature_failures"]["shopify"] == 1

    async def test_access_ends_after_an_hour(self, town: Town, clock: Any) -> None:
        assert (await town.shopify.raw("{ shop { name } }")).status_code == 200
        clock.pass_seconds(3600)
        response = await town.shopify.raw("{ shop { name } }")
        assert response.status_code == 401
        assert "Invalid API key or access token" in response.json()["errors"]

    async def test_old_refresh_token_lives_until_the_new_one_is_used(self, town: Town) -> None:
        async def refresh(token: str) -> httpx2.Response:
            return await town.shopify.oauth(**APP, grant_type="refresh_token", refresh_token=token)

        first = town.shopify.refresh_token
        lost = await refresh(first)
        assert lost.status_code == 200
        second = (await refresh(first)).json()["refresh_token"]
        third = (await refresh(second)).json()
        assert (await refresh(first)).status_code == 400
        town.shopify.token = third["access_token"]
        assert (await town.shopify.raw("{ shop { name } }")).status_code == 200

    async def test_revoked_tokens_need_a_new_consent(self, town: Town) -> None:
        await town.control.fault("revoke_token", shop=town.shopify.shop)
        assert (await town.shopify.raw("{ shop { name } }")).status_code == 401
        refused = await town.shopify.oauth(**APP, grant_type="refresh_token", refresh_token=town.shopify.refresh_token)
        assert refused.status_code == 400
        answer = (await town.shopify.oauth(**APP, code=await code(town), expiring="1")).json()
        town.shopify.token = answer["access_token"]
        assert (await town.shopify.raw("{ shop { name } }")).status_code == 200

    async def test_expired_token_is_refreshed(self, town: Town) -> None:
        await town.control.fault("expire_token", shop=town.shopify.shop)
        assert (await town.shopify.raw("{ shop { name } }")).status_code == 401
        answer = await town.shopify.oauth(**APP, grant_type="refresh_token", refresh_token=town.shopify.refresh_token)
        town.shopify.token = answer.json()["access_token"]
        assert (await town.shopify.raw("{ shop { name } }")).status_code == 200


class TestScopes:
    async def test_missing_scope_answers_access_denied(self, town: Town) -> None:
        answer = (await town.shopify.oauth(**APP, code=await code(town), expiring="1")).json()
        town.shopify.token = answer["access_token"]
        body = await town.shopify.call('{ fulfillmentOrder(id: "gid://shopify/FulfillmentOrder/1") { id } }')
        recorded = json.loads((FIXTURES / "error-access-denied.json").read_text())
        assert body["errors"][0]["extensions"]["code"] == recorded["errors"][0]["extensions"]["code"]
        assert set(body["errors"][0]) == set(recorded["errors"][0])
        assert body["data"] == {"fulfillmentOrder": None}
        assert "data" in await town.shopify.call("{ orders(first: 1) { nodes { id } } }")
