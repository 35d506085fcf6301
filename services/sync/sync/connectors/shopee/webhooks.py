"""Shopee's pushes: signed over the address they were sent to and the raw body."""

import hashlib
import hmac
from collections.abc import Mapping

import orjson

from sync.connectors.kit.connector import WebhookEvent, WebhookKind
from sync.connectors.kit.errors import BadSignature, MalformedAnswer
from sync.connectors.kit.reading import FieldFault, Fields
from sync.connectors.shopee.manifest import PLATFORM, ShopeeSettings

_KINDS = {
    2: WebhookKind.ACCESS_ENDED,
    3: WebhookKind.ORDERS_TOUCHED,
    4: WebhookKind.ORDERS_TOUCHED,
    12: WebhookKind.ACCESS_ENDING,
    15: WebhookKind.ORDERS_TOUCHED,
    29: WebhookKind.ORDERS_TOUCHED,
    30: WebhookKind.ORDERS_TOUCHED,
    47: WebhookKind.ORDERS_TOUCHED,
}


def read_webhook(settings: ShopeeSettings, *, headers: Mapping[str, str], body: bytes, url: str) -> WebhookEvent:
    """Check and read one push; `url` is the callback address exactly as registered."""
    given = {name.lower(): value for name, value in headers.items()}.get("authorization", "")
    expected = hmac.new(settings.partner_key.encode(), url.encode() + b"|" + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise BadSignature("the push's signature is wrong; it was not sent by Shopee for this app", platform=PLATFORM)
    try:
        fields = Fields(orjson.loads(body))
        code = fields.whole("code")
        data = fields.optional_child("data")
        number = data.optional_text("ordersn") if data is not None else ""
        shop = fields.optional_whole("shop_id") or 0
    except (FieldFault, orjson.JSONDecodeError) as error:
        raise MalformedAnswer(f"the push cannot be read: {error}", platform=PLATFORM, call="push") from error
    return WebhookEvent(
        kind=_KINDS.get(code, WebhookKind.OTHER),
        topic=str(code),
        account=str(shop) if shop else "",
        # Pushes carry no id; the same body is the same push.
        delivery_id=hashlib.sha256(body).hexdigest(),
        order_ids=(number,) if number else (),
    )
