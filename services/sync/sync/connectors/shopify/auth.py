"""Authorisation of a Shopify store: the consent page, the callback's signature, tokens and their rotation."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

import orjson

from sync.connectors.kit.connector import Credentials
from sync.connectors.kit.errors import BadSignature, MalformedAnswer, ReauthorizationNeeded, Refused
from sync.connectors.kit.http import Call
from sync.connectors.kit.reading import FieldFault, Fields
from sync.connectors.shopify.manifest import PLATFORM, ShopifySettings

_SHOP = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_]*\.myshopify\.com")
_MAX_SHOP_CHARACTERS = 100


def checked_shop(shop: str) -> str:
    """The shop's domain in lower case, safe to put in a URL; anything else is refused for good."""
    if len(shop) <= _MAX_SHOP_CHARACTERS and _SHOP.fullmatch(shop):
        return shop.lower()
    raise Refused(
        f"{shop[:60]!r} is not a shop; give its domain as in example.myshopify.com",
        code="shop_invalid",
        final=True,
        platform=PLATFORM,
    )


def shop_url(settings: ShopifySettings, shop: str, path: str) -> str:
    """The address of `path` in a shop."""
    return settings.base_url.replace("{shop}", checked_shop(shop)) + path


def authorize_url(settings: ShopifySettings, *, shop: str, state: str, redirect_url: str) -> str:
    """Where the merchant grants the app."""
    query = urlencode(
        {
            "client_id": settings.client_id,
            "scope": ",".join(settings.scopes),
            "redirect_uri": redirect_url,
            "state": state,
        }
    )
    return shop_url(settings, shop, f"/admin/oauth/authorize?{query}")


def callback_signature(params: Mapping[str, str], *, secret: str) -> str:
    """HMAC-SHA256 over the sorted, percent-encoded query without `hmac` and `signature`, in lower-case hex."""
    pairs = sorted((key, value) for key, value in params.items() if key not in ("hmac", "signature"))
    message = "&".join(f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in pairs)
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def check_callback(settings: ShopifySettings, params: Mapping[str, str], *, now: datetime) -> tuple[str, str]:
    """The shop and the code of a callback that Shopify signed a moment ago."""
    expected = callback_signature(params, secret=settings.client_secret)
    if not hmac.compare_digest(expected.encode(), params.get("hmac", "").encode()):
        raise BadSignature("the callback's hmac is wrong; start the authorisation again", platform=PLATFORM)
    stamp = params.get("timestamp", "")
    age = abs(now.timestamp() - int(stamp)) if stamp.isascii() and stamp.isdigit() and len(stamp) < 12 else None
    if age is None or age > settings.max_callback_age_seconds:
        raise BadSignature(
            f"the callback's timestamp {stamp[:20]!r} is not of the last {settings.max_callback_age_seconds} seconds; "
            "start the authorisation again and check this machine's clock",
            code="callback_too_old",
            platform=PLATFORM,
        )
    code = params.get("code", "")
    if not code:
        raise Refused("the callback carries no code; start again", code="code_missing", final=True, platform=PLATFORM)
    return checked_shop(params.get("shop", "")), code


def _token_call(settings: ShopifySettings, shop: str, name: str, form: dict[str, str]) -> Call:
    return Call(
        platform=PLATFORM,
        name=name,
        method="POST",
        url=shop_url(settings, shop, "/admin/oauth/access_token"),
        headers={"content-type": "application/json", "accept": "application/json"},
        body=orjson.dumps({"client_id": settings.client_id, "client_secret": settings.client_secret, **form}),
        writes=True,
    )


def exchange_call(settings: ShopifySettings, *, shop: str, code: str) -> Call:
    """Turns the code of a callback into tokens."""
    form = {"code": code, "expiring": "1"} if settings.expiring_tokens else {"code": code}
    return _token_call(settings, shop, "oauth/exchange", form)


def refresh_call(settings: ShopifySettings, credentials: Credentials) -> Call:
    """Turns a refresh token into the next pair; the old one stays usable until the new one is used."""
    if credentials.refresh_token is None:
        reason = "this store's token cannot be renewed; authorise the store again"
        raise ReauthorizationNeeded(reason, code="no_refresh_token", platform=PLATFORM, call="oauth/refresh")
    form = {"refresh_token": credentials.refresh_token, "grant_type": "refresh_token"}
    return _token_call(settings, credentials.account, "oauth/refresh", form)


def credentials_from(body: dict[str, object], *, shop: str, now: datetime) -> Credentials:
    """The tokens of an answer; lifetimes are in seconds from now."""
    fields = Fields(body)
    try:
        life = fields.optional_whole("expires_in", least=1)
        refresh_life = fields.optional_whole("refresh_token_expires_in", least=1)
        return Credentials(
            account=shop,
            access_token=fields.text("access_token"),
            expires_at=None if life is None else now + timedelta(seconds=life),
            refresh_token=fields.optional_text("refresh_token") or None,
            refresh_expires_at=None if refresh_life is None else now + timedelta(seconds=refresh_life),
            scopes=tuple(part for part in fields.optional_text("scope").split(",") if part),
        )
    except FieldFault as error:
        # The value may be a token, so only the field's name is told.
        reason = f"the token answer holds an unreadable {error.path}"
        raise MalformedAnswer(reason, platform=PLATFORM, call="oauth") from None
