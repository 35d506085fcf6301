"""Identity at Shopee: signatures, consent, tokens."""

import hashlib
import hmac
import secrets
from typing import Any
from urllib.parse import urlencode

from sandbox.http import Request, Response, redirect
from sandbox.journal import effect
from sandbox.shopee.call import Refused
from sandbox.shopee.model import ShopeeShop
from sandbox.shopee.requests import TokenGet, TokenRefresh
from sandbox.world import World

CODE_SECONDS = 600
CLOCK_SECONDS = 300
COMMON = ("partner_id", "timestamp", "sign", "access_token", "shop_id")


def signature(key: str, base: str) -> str:
    """Return the lower-case hex HMAC-SHA256 of a base string."""
    return hmac.new(key.encode(), base.encode(), hashlib.sha256).hexdigest()


def check_partner(world: World, path: str, query: dict[str, str], suffix: str) -> str:
    """Check partner, clock and signature; `suffix` is access token and shop id of shop calls. Return the partner id."""
    for name in ("partner_id", "timestamp", "sign"):
        if not query.get(name):
            raise Refused(
                "error_param",
                "no timestamp" if name == "timestamp" else f"There is no {name} in query.",
                http_status=403,
            )
    key = world.shopee_partners.get(query["partner_id"])
    if key is None:
        raise Refused("error_param", "Invalid partner_id.", http_status=403)
    if not query["timestamp"].isdigit():
        raise Refused("error_param", "Invalid timestamp", http_status=403)
    if abs(world.now() - int(query["timestamp"])) > CLOCK_SECONDS:
        raise Refused("error_param", "Timestamp is expired.", http_status=403)
    expected = signature(key, f"{query['partner_id']}{path}{query['timestamp']}{suffix}")
    if not hmac.compare_digest(expected, query["sign"]):
        raise Refused("error_sign", "Wrong sign.", http_status=403)
    return query["partner_id"]


def check_shop(world: World, path: str, query: dict[str, str]) -> ShopeeShop:
    """Check a shop call and return the shop."""
    for name in ("access_token", "shop_id"):
        if not query.get(name):
            raise Refused("error_param", f"There is no {name} in query.", http_status=403)
    partner = check_partner(world, path, query, query["access_token"] + query["shop_id"])
    shop = world.shopee_shops.get(query["shop_id"])
    if shop is None or shop.app != partner:
        raise Refused("error_shop", "shopid is invalid", http_status=403)
    if not shop.granted:
        raise Refused("shop_no_linked", "The shop is not linked to this partner.", http_status=403)
    grant = shop.access.get(query["access_token"])
    if grant is None or (grant.expires is not None and grant.expires <= world.now()):
        raise Refused("error_auth", "Invalid access_token.", http_status=403)
    return shop


@effect
def issue_code(world: World, *, shop: str, code: str, queued: bool) -> None:
    """Keep a code that can be exchanged once; `queued` takes the shop off the queue of consents."""
    if queued:
        world.consents.pop(0)
    world.shopee_shops[shop].codes[code] = world.now() + CODE_SECONDS


@effect
def grant_tokens(world: World, *, shop: str, access: str, refresh: str, code: str = "", used: str = "") -> None:
    """Give out a pair of tokens; code and refresh token are of use once."""
    target = world.shopee_shops[shop]
    target.codes.pop(code, None)
    target.refresh.pop(used, None)
    target.granted = True
    target.give_access(access, world.now())
    target.refresh[refresh] = world.now() + target.refresh_seconds


def new_tokens() -> tuple[str, str]:
    """Return a fresh pair."""
    return secrets.token_hex(16), secrets.token_hex(16)


def consent(world: World, request: Request) -> Response:
    """The consent page: the seller agrees at once."""
    query = request.query()
    missing = [name for name in ("partner_id", "auth_type", "redirect_uri", "response_type") if not query.get(name)]
    if (
        missing
        or query["partner_id"] not in world.shopee_partners
        or query["response_type"] != "code"
        or query["auth_type"] != "seller"
    ):
        text = (
            f"The link is not valid: missing {', '.join(missing)}"
            if missing
            else "The link is not valid: unknown partner_id, auth_type or response_type"
        )
        return Response(400, text.encode(), b"text/plain; charset=utf-8")
    shop = _shop_to_grant(world, query)
    if shop is None:
        return Response(
            400,
            b"There is no shop of this partner to grant; make one with POST /control/shops",
            b"text/plain; charset=utf-8",
        )
    code = secrets.token_hex(16)
    issue_code(world, shop=shop.key, code=code, queued=bool(world.consents) and "shop_id" not in query)
    back = {"code": code, "shop_id": shop.key} | ({"state": query["state"]} if "state" in query else {})
    joint = "&" if "?" in query["redirect_uri"] else "?"
    return redirect(f"{query['redirect_uri']}{joint}{urlencode(back)}")


def _shop_to_grant(world: World, query: dict[str, str]) -> ShopeeShop | None:
    named = query.get("shop_id", "") or (world.consents[0] if world.consents else "")
    mine = [shop for shop in world.shopee_shops.values() if shop.app == query["partner_id"]]
    if named:
        return next((shop for shop in mine if shop.key == named), None)
    return next((shop for shop in mine if not shop.granted and not shop.codes), None)


def token_get(world: World, partner: str, given: TokenGet) -> dict[str, Any]:
    """auth/token/get: exchange a code."""
    shop = _public_shop(world, partner, given.partner_id, given.shop_id)
    ends = shop.codes.get(given.code)
    if ends is None or ends <= world.now():
        raise Refused("error_param", "Invalid code.", http_status=403)
    access, refresh = new_tokens()
    grant_tokens(world, shop=shop.key, access=access, refresh=refresh, code=given.code)
    return {
        "access_token": access,
        "refresh_token": refresh,
        "expire_in": int(shop.access_seconds),
        "shop_id_list": [shop.shop_id],
        "merchant_id_list": [],
    }


def token_refresh(world: World, partner: str, given: TokenRefresh) -> dict[str, Any]:
    """auth/access_token/get: exchange a refresh token, which is then of no more use."""
    shop = _public_shop(world, partner, given.partner_id, given.shop_id)
    ends = shop.refresh.get(given.refresh_token)
    if ends is not None and ends <= world.now():
        raise Refused("refresh_token_expired", "Your refresh_token expired.", http_status=403)
    if ends is None:
        raise Refused("error_auth", "Invalid refresh_token.", http_status=403)
    access, refresh = new_tokens()
    grant_tokens(world, shop=shop.key, access=access, refresh=refresh, used=given.refresh_token)
    return {
        "partner_id": given.partner_id,
        "shop_id": shop.shop_id,
        "access_token": access,
        "refresh_token": refresh,
        "expire_in": int(shop.access_seconds),
    }


def _public_shop(world: World, partner: str, partner_id: int, shop_id: int | None) -> ShopeeShop:
    if str(partner_id) != partner:
        raise Refused("error_param", "Invalid partner_id.", http_status=403)
    if shop_id is None:
        raise Refused("error_param", "There is no shop_id in body.")
    shop = world.shopee_shops.get(str(shop_id))
    if shop is None or shop.app != partner:
        raise Refused("error_shop", "shopid is invalid", http_status=403)
    return shop
