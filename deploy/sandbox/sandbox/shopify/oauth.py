"""OAuth of a Shopify shop: consent, exchange of the code, rotation of the refresh token."""

import base64
import hashlib
import hmac
import secrets
from typing import Any
from urllib.parse import quote, urlencode

from sandbox.http import Malformed, Request, Response, json_response, redirect
from sandbox.journal import effect
from sandbox.shopify.model import ShopifyShop
from sandbox.world import World

CODE_SECONDS = 600


def query_hmac(parameters: dict[str, str], secret: str) -> str:
    """Return the lower-case hex HMAC-SHA256 over the sorted parameters, without hmac and signature."""
    pairs = sorted((key, value) for key, value in parameters.items() if key not in ("hmac", "signature"))
    text = "&".join(f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in pairs)
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


@effect
def issue_code(world: World, *, shop: str, code: str) -> None:
    """Keep a code that can be exchanged once."""
    world.shopify_shops[shop].codes[code] = world.now() + CODE_SECONDS


@effect
def grant(
    world: World, *, shop: str, access: str, refresh: str, scopes: list[str] | None, replaces: str = "", code: str = ""
) -> None:
    """Give out a pair of tokens; the refresh token that it replaces works until the new one is used."""
    target = world.shopify_shops[shop]
    target.codes.pop(code, None)
    target.granted = True
    target.granted_scopes = None if scopes is None else frozenset(scopes)
    target.give_access(access, world.now(), None if scopes is None else frozenset(scopes), expiring=target.expiring)
    if refresh:
        target.refresh[refresh] = world.now() + target.refresh_seconds
    if replaces:
        # The token that came before the one now used has served its time.
        target.refresh.pop(target.pending_refresh.pop(replaces, ""), None)
        target.pending_refresh[refresh] = replaces


def new_tokens(shop: ShopifyShop) -> tuple[str, str]:
    """Return a fresh access token and, for expiring ones, a refresh token."""
    return f"shpua_{secrets.token_hex(16)}", f"shprt_{secrets.token_hex(16)}" if shop.expiring else ""


def token_fields(world: World, shop: ShopifyShop, access: str, refresh: str) -> dict[str, Any]:
    """Return the answer of a token call."""
    grant_ = shop.access[access]
    fields: dict[str, Any] = {"access_token": access, "scope": ",".join(sorted(grant_.scopes or ()))}
    if refresh:
        fields |= {
            "expires_in": int(shop.access_seconds),
            "refresh_token": refresh,
            "refresh_token_expires_in": int(shop.refresh_seconds),
        }
    return fields


def authorize(world: World, shop: ShopifyShop, request: Request) -> Response:
    """Send the browser back at once: the merchant always agrees."""
    given = request.query()
    secret = world.shopify_apps.get(given.get("client_id", ""))
    missing = [name for name in ("client_id", "scope", "redirect_uri", "state") if not given.get(name)]
    if missing or secret is None or given["client_id"] != shop.app:
        text = f"Oauth error invalid_request: missing or unknown {', '.join(missing) or 'client_id'}"
        return Response(400, text.encode(), b"text/plain; charset=utf-8")
    code = secrets.token_hex(16)
    issue_code(world, shop=shop.key, code=f"{code}:{given['scope']}")
    host = base64.b64encode(f"admin.shopify.com/store/{shop.key.split('.')[0]}".encode()).decode().rstrip("=")
    back = {"code": code, "host": host, "shop": shop.key, "state": given["state"], "timestamp": str(int(world.now()))}
    back["hmac"] = query_hmac(back, secret)
    joint = "&" if "?" in given["redirect_uri"] else "?"
    return redirect(f"{given['redirect_uri']}{joint}{urlencode(back)}")


def access_token(world: World, shop: ShopifyShop, request: Request) -> Response:
    """Exchange a code, or a refresh token, for a new pair."""
    try:
        given = request.json_object()
    except Malformed as err:
        return _refused("invalid_request", str(err))
    if (
        world.shopify_apps.get(str(given.get("client_id"))) != given.get("client_secret")
        or given.get("client_id") != shop.app
    ):
        world.signature_failures["shopify"] += 1
        return _refused("invalid_client", "client_id and client_secret do not belong together", status=401)
    if given.get("grant_type") == "refresh_token":
        return _refresh(world, shop, str(given.get("refresh_token")))
    if "code" not in given:
        return _refused("invalid_request", "code or grant_type=refresh_token is required")
    return _exchange(world, shop, str(given["code"]), expiring=str(given.get("expiring", "0")) == "1")


def _exchange(world: World, shop: ShopifyShop, code: str, *, expiring: bool) -> Response:
    found = next(
        (each for each, ends in shop.codes.items() if each.partition(":")[0] == code and ends > world.now()), None
    )
    if found is None:
        return _refused("invalid_request", "The authorization code was not found or was already used")
    if shop.expiring and not expiring:
        return _refused(
            "invalid_request", "Apps created since 2026-04-01 must ask for expiring offline tokens (expiring=1)"
        )
    access, refresh = new_tokens(shop)
    scopes = [scope.strip() for scope in found.partition(":")[2].split(",") if scope.strip()]
    grant(world, shop=shop.key, access=access, refresh=refresh, scopes=scopes, code=found)
    return json_response(token_fields(world, shop, access, refresh))


def _refresh(world: World, shop: ShopifyShop, token: str) -> Response:
    ends = shop.refresh.get(token)
    if ends is None or ends <= world.now():
        world.errors["shopify.refresh_refused"] += 1
        return _refused("invalid_grant", "This request requires an active refresh_token")
    access, refresh = new_tokens(shop)
    scopes = None if shop.granted_scopes is None else sorted(shop.granted_scopes)
    grant(world, shop=shop.key, access=access, refresh=refresh, scopes=scopes, replaces=token)
    return json_response(token_fields(world, shop, access, refresh))


def _refused(error: str, description: str, *, status: int = 400) -> Response:
    return json_response({"error": error, "error_description": description}, status=status)
