"""Authorisation of Shopee shops: the consent page, signatures, one-use refresh tokens."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from sync.connectors.kit.connector import Credentials
from sync.connectors.kit.errors import MalformedAnswer, ReauthorizationNeeded, Refused
from sync.connectors.kit.reading import FieldFault, Fields
from sync.connectors.shopee.manifest import MANIFEST, PLATFORM, ShopeeSettings

EXCHANGE = "/api/v2/auth/token/get"
REFRESH = "/api/v2/auth/access_token/get"
_ABSOLUTE = 1_000_000_000
"""One official sample prints an expiry as a point in time; a lifetime can never be this long."""


def signature(settings: ShopeeSettings, base: str) -> str:
    """HMAC-SHA256 of the base string with the partner key, in lower-case hex."""
    return hmac.new(settings.partner_key.encode(), base.encode(), hashlib.sha256).hexdigest()


def public_base(settings: ShopeeSettings, path: str, stamp: int) -> str:
    """The base string of a call without a token."""
    return f"{settings.partner_id}{path}{stamp}"


def shop_base(settings: ShopeeSettings, path: str, stamp: int, credentials: Credentials) -> str:
    """The base string of a call for one shop."""
    return f"{settings.partner_id}{path}{stamp}{credentials.access_token}{credentials.account}"


def authorize_url(settings: ShopeeSettings, *, state: str, redirect_url: str) -> str:
    """The consent page; the shop is chosen there. It is not signed."""
    query = urlencode(
        {
            "partner_id": settings.partner_id,
            "auth_type": "seller",
            "redirect_uri": redirect_url,
            "response_type": "code",
            "state": state,
        }
    )
    return f"{settings.auth_url}?{query}"


def exchange_form(settings: ShopeeSettings, params: Mapping[str, str]) -> dict[str, object]:
    """What turns a callback's code into tokens, for one shop or for all shops of a main account."""
    code = params.get("code", "")
    if not code:
        raise _refused("code_missing", "the callback carries no code; start the authorisation again")
    for key in ("shop_id", "main_account_id"):
        if params.get(key):
            return {"code": code, "partner_id": settings.partner_id, key: _number(params[key], key)}
    raise _refused("shop_missing", "the callback names neither shop_id nor main_account_id; start again")


def refresh_form(settings: ShopeeSettings, credentials: Credentials) -> dict[str, object]:
    """What turns a refresh token into the next pair; the token can be used once."""
    if credentials.refresh_token is None:
        reason = "this shop's token cannot be renewed; authorise the shop again"
        raise ReauthorizationNeeded(reason, code="no_refresh_token", platform=PLATFORM, call=REFRESH)
    return {
        "refresh_token": credentials.refresh_token,
        "partner_id": settings.partner_id,
        "shop_id": _number(credentials.account, "shop_id"),
    }


def granted(body: Fields, *, params: Mapping[str, str], now: datetime) -> tuple[Credentials, ...]:
    """One pair of tokens for each granted shop; from now on each shop is refreshed on its own."""
    try:
        shops = body.raw.get("shop_id_list")
        if isinstance(shops, list) and shops and all(type(shop) is int for shop in shops):
            accounts = [str(shop) for shop in shops]
        else:
            accounts = [str(_number(params.get("shop_id", ""), "shop_id"))]
        return tuple(_credentials(body, account=account, now=now) for account in dict.fromkeys(accounts))
    except FieldFault as fault:
        raise _unreadable(fault, EXCHANGE) from None


def refreshed(body: Fields, *, credentials: Credentials, now: datetime) -> Credentials:
    """The next pair."""
    try:
        return _credentials(body, account=credentials.account, now=now)
    except FieldFault as fault:
        raise _unreadable(fault, REFRESH) from None


def _credentials(body: Fields, *, account: str, now: datetime) -> Credentials:
    life = body.whole("expire_in", least=1)
    expires_at = datetime.fromtimestamp(life, UTC) if life > _ABSOLUTE else now + timedelta(seconds=life)
    refresh_life = MANIFEST.refresh_token_life
    return Credentials(
        account=account,
        access_token=body.text("access_token"),
        expires_at=expires_at,
        refresh_token=body.text("refresh_token"),
        refresh_expires_at=None if refresh_life is None else now + refresh_life,
    )


def _number(text: str, name: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    raise _refused("shop_invalid", f"{name} is {text[:40]!r}, expected a number; start the authorisation again")


def _refused(code: str, reason: str) -> Refused:
    return Refused(reason, code=code, final=True, platform=PLATFORM, call="auth")


def _unreadable(fault: FieldFault, call: str) -> MalformedAnswer:
    # The value may be a token, so only the field's name is told.
    return MalformedAnswer(f"the token answer holds an unreadable {fault.path}", platform=PLATFORM, call=call)
