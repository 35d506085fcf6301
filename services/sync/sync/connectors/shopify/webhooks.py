"""Shopify's webhooks: bodies in REST shape, signed in base64 over the raw bytes (not in hex as the OAuth callback)."""

import base64
import hashlib
import hmac
from collections.abc import Mapping

import orjson

from sync.connectors.kit.connector import WebhookEvent, WebhookKind
from sync.connectors.kit.errors import BadSignature, MalformedAnswer
from sync.connectors.kit.reading import FieldFault, Fields
from sync.connectors.shopify.auth import checked_shop
from sync.connectors.shopify.manifest import PLATFORM, ShopifySettings

_ORDER_TOPICS = ("orders/",)
_TOPICS_WITH_ORDER_ID = ("fulfillments/", "returns/", "refunds/", "order_transactions/")


def read_webhook(settings: ShopifySettings, *, headers: Mapping[str, str], body: bytes) -> WebhookEvent:
    """Check and read one webhook."""
    given = {name.lower(): value for name, value in headers.items()}
    digest = hmac.new(settings.client_secret.encode(), body, hashlib.sha256).digest()
    signature = given.get("x-shopify-hmac-sha256", "")
    if not hmac.compare_digest(base64.b64encode(digest), signature.encode()):
        raise BadSignature("the webhook's hmac is wrong; it was not sent by Shopify for this app", platform=PLATFORM)
    topic = given.get("x-shopify-topic", "")
    try:
        fields = Fields(orjson.loads(body))
        kind, order_ids = _touched(topic, fields)
    except (FieldFault, orjson.JSONDecodeError) as error:
        raise MalformedAnswer(f"the webhook cannot be read: {error}", platform=PLATFORM, call=topic) from error
    return WebhookEvent(
        kind=kind,
        topic=topic,
        account=checked_shop(given.get("x-shopify-shop-domain", "")),
        delivery_id=given.get("x-shopify-webhook-id") or given.get("x-shopify-event-id") or "",
        order_ids=order_ids,
    )


def _touched(topic: str, fields: Fields) -> tuple[WebhookKind, tuple[str, ...]]:
    if topic == "app/uninstalled":
        return WebhookKind.ACCESS_ENDED, ()
    if topic.startswith(_ORDER_TOPICS):
        inner = fields.optional_child("order_edit") or fields
        key = "order_id" if inner is not fields else "id"
        return WebhookKind.ORDERS_TOUCHED, (f"gid://shopify/Order/{inner.whole(key, least=1)}",)
    if topic.startswith(_TOPICS_WITH_ORDER_ID):
        number = fields.optional_whole("order_id", least=1)
        return WebhookKind.ORDERS_TOUCHED, () if number is None else (f"gid://shopify/Order/{number}",)
    if topic.startswith("fulfillment_orders/"):
        # These name the fulfillment order only; the next pull by update time brings its order.
        return WebhookKind.ORDERS_TOUCHED, ()
    return WebhookKind.OTHER, ()
