"""The recorded answers of Shopee, each through the code that reads such answers, and the signatures."""

import hashlib
import hmac
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from sync.connectors.kit.canonical import NO_HOOKS, Hooks
from sync.connectors.kit.connector import Credentials, WebhookKind
from sync.connectors.kit.errors import BadSignature, NotReady, Refused
from sync.connectors.kit.reading import Fields
from sync.connectors.shopee.arranging import platform_way
from sync.connectors.shopee.auth import public_base, refreshed, shop_base, signature
from sync.connectors.shopee.errors import seconds_to_midnight
from sync.connectors.shopee.manifest import ShopeeSettings
from sync.connectors.shopee.mapping import to_canonical
from sync.connectors.shopee.webhooks import read_webhook
from sync.connectors.shopee.wire import ShippingParameter, read_order, read_shipping_parameter

HERE = Path(__file__).parent
SETTINGS = ShopeeSettings(partner_id=2001887, partner_key="SECRET-partner-key")
CREDENTIALS = Credentials(account="322300222", access_token="SECRET-access")
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


def recorded(name: str) -> Any:
    return orjson.loads((HERE / "response" / name).read_bytes())


def test_every_fixture_is_listed_and_every_listed_one_is_here() -> None:
    listed = {line.split("\t")[0] for line in (HERE / "index.tsv").read_text().splitlines()[1:] if line}
    assert listed == {path.name for path in (HERE / "response").iterdir()}


class TestSignature:
    """The digests were made apart from this code: printf '%s' BASE | openssl dgst -sha256 -hmac KEY."""

    def test_public(self) -> None:
        base = public_base(SETTINGS, "/api/v2/auth/access_token/get", 1768478400)
        assert base == "2001887/api/v2/auth/access_token/get1768478400"
        assert signature(SETTINGS, base) == "ffb8ddd5a5f3999947fa65cd35c7a889be9cb0a2c7e315a09e2a33fe6869c311"

    def test_shop(self) -> None:
        base = shop_base(SETTINGS, "/api/v2/order/get_order_list", 1768478400, CREDENTIALS)
        assert base == "2001887/api/v2/order/get_order_list1768478400SECRET-access322300222"
        assert signature(SETTINGS, base) == "7177440995277dc0b3c7b113a3b076722bca13d721ea7d4ebfd13e88324d1ef0"


def test_token_refresh() -> None:
    body = Fields(recorded("auth_access_token_get-refresh-response.json"))
    pair = refreshed(body, credentials=CREDENTIALS, now=NOW)
    assert (pair.access_token, pair.refresh_token) == ("EXAMPLE-ACCESS-TOKEN", "EXAMPLE-REFRESH-TOKEN")
    assert pair.expires_at == datetime(2026, 1, 15, 16, tzinfo=UTC)


def test_order_in_vnd() -> None:
    (raw,) = recorded("get_order_detail-ready-to-ship-vnd.json")["order_list"]
    seen: list[str] = []
    order = read_order(raw, hooks=Hooks(unlisted_field=lambda platform, path: seen.append(path)))
    found = to_canonical(order, own_channels={}, hooks=NO_HOOKS)
    assert found is not None
    assert (found.platform_order_id, found.status, str(found.total), found.currency) == (
        "O123456789",
        "awaiting_fulfillment",
        "170",
        "VND",
    )
    assert [(line.platform_line_id, line.quantity, str(line.unit_price)) for line in found.lines] == [
        ("111111:222222:111111", 4, "40")
    ]
    assert found.packages[0].package_number == "A123456789"
    assert (found.paid_at, found.ship_by, found.platform_label) == (None, None, True)
    assert seen == []


def test_order_in_sgd_is_fulfilled_by_shopee_in_capitals() -> None:
    (raw,) = recorded("get_order_detail-ready-to-ship-sgd.json")["response"]["order_list"]
    seen: list[str] = []
    hooks = Hooks(unlisted_field=lambda platform, path: seen.append(path))
    assert to_canonical(read_order(raw, hooks=hooks), own_channels={}, hooks=hooks) is None
    assert seen == []
    raw["fulfillment_flag"] = "FULFILLED_BY_LOCAL_SELLER"
    found = to_canonical(read_order(raw, hooks=hooks), own_channels={}, hooks=hooks)
    assert found is not None
    assert (str(found.total), found.ship_to and found.ship_to.postal_code) == ("25.5", "123456")
    assert found.lines[0].title == "Test Product - Red-Large"


def test_unlisted_way_of_fulfilment_is_unknown() -> None:
    (raw,) = recorded("get_order_detail-ready-to-ship-vnd.json")["order_list"]
    raw["fulfillment_flag"] = "fulfilled_by_martians"
    found = to_canonical(read_order(raw, hooks=NO_HOOKS), own_channels={}, hooks=NO_HOOKS)
    assert found is not None
    assert found.status == "unknown"


def test_lines_of_one_item_keep_apart() -> None:
    (raw,) = recorded("get_order_detail-ready-to-ship-vnd.json")["order_list"]
    raw["item_list"] *= 3
    found = to_canonical(read_order(raw, hooks=NO_HOOKS), own_channels={}, hooks=NO_HOOKS)
    assert found is not None
    ids = [line.platform_line_id for line in found.lines]
    assert ids == ["111111:222222:111111", "111111:222222:111111#2", "111111:222222:111111#3"]


class TestShippingWay:
    def test_official_example(self) -> None:
        response = Fields(recorded("get_shipping_parameter-pickup.json")).child("response")
        parameter = read_shipping_parameter(response)
        assert parameter.address_id == 123
        assert parameter.ways == {"pickup": ("address_id", "pickup_time_id"), "dropoff": ()}
        assert platform_way(parameter) == {"dropoff": {}}

    def test_request_has_the_form_of_the_official_skeleton(self) -> None:
        way = platform_way(ShippingParameter({"pickup": ("address_id", "pickup_time_id")}, 123, ("slot",), None))
        skeleton = recorded("ship_order-request-pickup.json")
        assert {"order_sn", *way} <= skeleton.keys()
        pickup = way["pickup"]
        assert isinstance(pickup, dict)
        assert pickup.keys() <= skeleton["pickup"].keys()
        assert pickup == {"address_id": 123, "pickup_time_id": "slot"}

    def test_pickup_without_any_slot(self) -> None:
        way = platform_way(ShippingParameter({"pickup": ("address_id", "pickup_time_id")}, 123, (), None))
        assert way == {"pickup": {"address_id": 123}}

    def test_branch(self) -> None:
        assert platform_way(ShippingParameter({"dropoff": ("branch_id",)}, None, (), 7)) == {
            "dropoff": {"branch_id": 7}
        }

    def test_needs_that_we_cannot_meet_are_named(self) -> None:
        with pytest.raises(Refused, match="sender_real_name"):
            platform_way(ShippingParameter({"dropoff": ("sender_real_name",)}, None, (), None))

    def test_nothing_offered_is_a_wait(self) -> None:
        with pytest.raises(NotReady):
            platform_way(ShippingParameter({}, None, (), None))


def test_daily_quota_starts_anew_at_midnight_in_singapore() -> None:
    assert seconds_to_midnight(datetime(2026, 1, 15, 15, 59, 30, tzinfo=UTC)) == 30.0
    assert seconds_to_midnight(datetime(2026, 1, 15, 16, 0, tzinfo=UTC)) == 86400.0


class TestPush:
    url = "https://app.example.com/hooks/shopee"

    def signed(self, body: bytes) -> dict[str, str]:
        digest = hmac.new(b"SECRET-partner-key", self.url.encode() + b"|" + body, hashlib.sha256).hexdigest()
        return {"Authorization": digest}

    @pytest.mark.parametrize(
        ("body", "kind", "ids"),
        [
            (b'{"code":3,"shop_id":1,"data":{"ordersn":"S1"}}', WebhookKind.ORDERS_TOUCHED, ("S1",)),
            (b'{"code":2,"shop_id":1,"data":{}}', WebhookKind.ACCESS_ENDED, ()),
            (b'{"code":12,"data":{}}', WebhookKind.ACCESS_ENDING, ()),
            (b'{"code":99,"shop_id":1}', WebhookKind.OTHER, ()),
        ],
    )
    def test_codes(self, body: bytes, kind: WebhookKind, ids: tuple[str, ...]) -> None:
        event = read_webhook(SETTINGS, headers=self.signed(body), body=body, url=self.url)
        assert (event.kind, event.order_ids) == (kind, ids)

    @pytest.mark.parametrize("url", ["https://app.example.com/hooks/shopee/", "http://app.example.com/hooks/shopee"])
    def test_other_address_is_refused(self, url: str) -> None:
        with pytest.raises(BadSignature):
            read_webhook(SETTINGS, headers=self.signed(b"{}"), body=b"{}", url=url)
