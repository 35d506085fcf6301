"""Signatures, consent and tokens of Shopee."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from .clients import Town

FIXTURES = Path(__file__).parent / "fixtures" / "shopee"
PATH = "/api/v2/logistics/get_channel_list"


class TestSignatures:
    async def test_signed_call_is_answered(self, town: Town) -> None:
        answer = await town.shopee.get("logistics/get_channel_list")
        assert (answer["error"], answer["message"]) == ("", "")
        capabilities = [row["logistics_capability"] for row in answer["response"]["logistics_channel_list"]]
        assert capabilities == [{"seller_logistics": False}, {"seller_logistics": True}]

    @pytest.mark.parametrize(
        ("change", "error", "message"),
        [
            ({"sign": "0" * 64}, "error_sign", "Wrong sign."),
            ({"sign": ""}, "error_param", "There is no sign in query."),
            ({"partner_id": "7"}, "error_param", "Invalid partner_id."),
            ({"access_token": ""}, "error_param", "There is no access_token in query."),
            ({"shop_id": "9"}, "error_sign", "Wrong sign."),
        ],
    )
    async def test_wrong_identity(self, town: Town, change: dict[str, str], error: str, message: str) -> None:
        response = await town.http.get(PATH, params=town.shopee.signed(PATH) | change)
        assert response.status_code == 403
        assert (response.json()["error"], response.json()["message"]) == (error, message)
        assert response.json()["request_id"]

    async def test_failed_signatures_are_counted(self, town: Town) -> None:
        await town.http.get(PATH, params=town.shopee.signed(PATH) | {"sign": "0"})
        summary = await town.control.get("summary")
        assert summary["signature_failures"]["shopee"] == 1
        assert summary["errors"]["shopee.error_sign"] == 1

    async def test_timestamp_is_good_for_five_minutes(self, town: Town) -> None:
        now = town.world.now()
        for age, error in ((299, ""), (301, "error_param"), (-301, "error_param")):
            answer = (await town.http.get(PATH, params=town.shopee.signed(PATH, at=now - age))).json()
            assert answer["error"] == error

    async def test_unknown_path_and_method(self, town: Town) -> None:
        assert (await town.shopee.get("order/no_such_call"))["error"] == "error_not_found"
        assert (await town.shopee.post("logistics/get_channel_list"))["error"] == "error_param"


class TestConsent:
    async def consent(self, town: Town, **query: str) -> httpx2.Response:
        base = {
            "partner_id": "2001887",
            "auth_type": "seller",
            "redirect_uri": "https://app/cb",
            "response_type": "code",
        }
        return await town.http.get("/auth", params=base | {"state": "s1"} | query)

    async def test_grants_the_named_shop(self, town: Town) -> None:
        response = await self.consent(town, shop_id="322300222")
        back = parse_qs(urlsplit(response.headers["location"]).query)
        assert (back["shop_id"], back["state"]) == (["322300222"], ["s1"])
        body = {"code": back["code"][0], "partner_id": 2001887, "shop_id": 322300222}
        answer = await town.shopee.post_public("auth/token/get", **body)
        assert (answer["error"], answer["expire_in"], answer["shop_id_list"]) == ("", 14_400, [322300222])
        assert (await town.shopee.post_public("auth/token/get", **body))["error"] == "error_param"

    async def test_grants_the_queued_and_then_the_next_new_shop(self, town: Town) -> None:
        for shop in (11, 12, 13):
            await town.control.post("shops", platform="shopee", shop=shop, app=2001887)
        await town.control.post("consent", shop=13)
        granted = [
            parse_qs(urlsplit((await self.consent(town)).headers["location"]).query)["shop_id"] for _ in range(3)
        ]
        assert granted == [["13"], ["11"], ["12"]]
        assert (await self.consent(town)).status_code == 400

    async def test_wrong_links_are_refused(self, town: Town) -> None:
        assert (await self.consent(town, partner_id="1")).status_code == 400
        assert (await self.consent(town, redirect_uri="")).status_code == 400


class TestTokens:
    async def refresh(self, town: Town, token: str) -> Any:
        body = {"refresh_token": token, "partner_id": 2001887, "shop_id": 322300222}
        return await town.shopee.post_public("auth/access_token/get", **body)

    async def test_refresh_answers_as_documented_and_works_once(self, town: Town) -> None:
        wanted = json.loads((FIXTURES / "auth_access_token_get-refresh-response.json").read_text())
        answer = await self.refresh(town, town.shopee.refresh_token)
        assert list(answer) == list(wanted)
        assert (await self.refresh(town, town.shopee.refresh_token))["error"] == "error_auth"
        town.shopee.token = answer["access_token"]
        assert (await town.shopee.get("logistics/get_channel_list"))["error"] == ""

    async def test_access_ends_after_four_hours(self, town: Town, clock: Any) -> None:
        clock.pass_seconds(14_400)
        answer = await town.shopee.get("logistics/get_channel_list")
        assert (answer["error"], answer["message"]) == ("error_auth", "Invalid access_token.")

    async def test_lifetime_is_configurable(self, town: Town, clock: Any) -> None:
        shop = {"platform": "shopee", "shop": 322300222, "app": 2001887, "access_seconds": 60, "refresh_seconds": 90}
        granted = await town.control.post("shops", **shop, grant=True)
        clock.pass_seconds(100)
        assert (await self.refresh(town, granted["refresh_token"]))["error"] == "refresh_token_expired"

    async def test_revoked(self, town: Town) -> None:
        await town.control.fault("revoke_token", shop="322300222")
        assert (await town.shopee.get("logistics/get_channel_list"))["error"] == "error_auth"
        assert (await self.refresh(town, town.shopee.refresh_token))["error"] == "error_auth"


class TestConsentQueue:
    async def test_a_named_shop_leaves_the_queue_alone(self, town: Town) -> None:
        for shop in (11, 12):
            await town.control.post("shops", platform="shopee", shop=shop, app=2001887)
        await town.control.post("consent", shop=12)
        query = {
            "partner_id": "2001887",
            "auth_type": "seller",
            "response_type": "code",
            "redirect_uri": "https://app/",
        }
        await town.http.get("/auth", params=query | {"shop_id": "11"})
        assert town.world.consents == ["12"]
