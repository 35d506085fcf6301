"""Who is asking: a bearer token, or the cookie of a browser, which has to prove that its page is ours."""

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Annotated

from common.errors import Forbidden, Unauthenticated
from common.http.identity import Identity
from fastapi import Depends, Request

from gateway.app.gateway import Gateway
from gateway.app.sign_in import Caller
from gateway.domain.access import AccessTable

COOKIE = "orderdock_session"
CSRF_HEADER = "x-orderdock-csrf"
PREFIX = "/api/v1/"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def token_of(method: str, headers: Mapping[str, str]) -> str:
    """The session token of a request; headers have lower-case names. Raises Unauthenticated, Forbidden.

    A page of somebody else can make a browser send our cookie, but not a header of ours: a cookie alone does not do
    for what changes something.
    """
    authorization = headers.get("authorization", "")
    if authorization:
        kind, _, token = authorization.partition(" ")
        if kind.lower() != "bearer" or not token.strip():
            raise Unauthenticated(
                "the Authorization header is not a bearer token", remedy="Send Authorization: Bearer <token>."
            )
        return token.strip()
    token = _cookie(headers.get("cookie", ""))
    if not token:
        raise Unauthenticated(
            "nobody is signed in",
            remedy="Sign in with POST /api/v1/session, then send Authorization: Bearer <token>.",
        )
    if method not in _SAFE and headers.get(CSRF_HEADER) != "1":
        raise Forbidden(
            "a change with the session cookie needs the header X-Orderdock-CSRF",
            remedy="Send X-Orderdock-CSRF: 1 with it.",
            code="csrf_header_missing",
        )
    return token


def _cookie(header: str) -> str:
    if COOKIE not in header:
        return ""
    cookies: SimpleCookie = SimpleCookie()
    try:
        cookies.load(header)
    except CookieError:
        return ""
    found = cookies.get(COOKIE)
    return found.value if found else ""


def check_access(access: AccessTable, identity: Identity, method: str, path: str) -> None:
    """Raise Forbidden unless one of the identity's roles may send `method` to `path` (below /api/v1)."""
    allowed = access.roles(method, path)
    if not allowed & identity.roles:
        wanted = f"needs one of the roles {', '.join(sorted(allowed))}" if allowed else "is nobody's to use"
        raise Forbidden(
            f"{method} {PREFIX}{path} {wanted}",
            remedy="Ask an administrator for the role, or check the path against /api/v1/openapi.json.",
        )


def gateway_of(request: Request) -> Gateway:
    """The composition root."""
    root: Gateway = request.app.state.service
    return root


Root = Annotated[Gateway, Depends(gateway_of)]


def caller_of(request: Request) -> Caller:
    """Where a request comes from."""
    address = request.client.host if request.client else ""
    return Caller(address, request.headers.get("user-agent", "")[:300])


def current_token(request: Request) -> str:
    """The token of a request."""
    return token_of(request.method, request.headers)


async def signed_in(request: Request, root: Root, token: Annotated[str, Depends(current_token)]) -> Identity:
    """Who is asking, if the access table lets them."""
    identity, _ = await root.sessions.signed(token)
    check_access(root.access, identity, request.method, request.url.path.removeprefix(PREFIX))
    return identity


CallerOf = Annotated[Caller, Depends(caller_of)]
Token = Annotated[str, Depends(current_token)]
SignedIn = Annotated[Identity, Depends(signed_in)]
