"""The way to the services: plain ASGI, because everything passes here.

A request is authenticated, checked against the access table, and sent on with a signed identity; bodies stream both
ways. Nothing that a client sends can look like an identity: that header is taken off, always. It uses the HTTP
client's transport without the client around it (cookies, redirects, authentication), which would double its cost.
"""

from collections.abc import AsyncIterator

import httpx2
import structlog
from common.errors import NotFound, Unavailable
from common.http import problem
from common.http.identity import HEADER
from common.kernel.ids import uuid7
from prometheus_client import Counter
from starlette.responses import Response
from starlette.routing import Match, Mount
from starlette.types import Message, Receive, Scope, Send

from gateway.app.gateway import Gateway
from gateway.domain.access import PUBLIC, service_of
from gateway.entrypoints.callers import PREFIX, check_access, token_of

log = structlog.get_logger(__name__)

MAX_BODY_BYTES = 10 * 1024 * 1024
FORWARDED = Counter("orderdock_gateway_forwarded_total", "Requests sent on.", ["service", "status"])

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_OURS = frozenset({HEADER.lower(), "authorization", "cookie", "host", "x-request-id", "x-orderdock-csrf", "expect"})
_NOT_FORWARDED = _HOP_BY_HOP | _OURS


class TooLarge(Exception):
    """The body has more bytes than are allowed."""


class Proxy:
    """Sends requests on to the service that answers for their path."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; AppErrors are answered by the application around."""
        root: Gateway = scope["app"].state.service
        method: str = scope["method"]
        path: str = scope["path"].removeprefix(PREFIX)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        service = service_of(path)
        if service is None or not _plain(path):
            raise NotFound(
                f"there is nothing at {scope['path']}",
                remedy="Check the path against /api/v1/openapi.json.",
                code="no_such_route",
            )
        outgoing = _forwarded(headers)
        if path.partition("/")[0] != PUBLIC:
            identity, signed = await root.sessions.signed(token_of(method, headers))
            check_access(root.access, identity, method, path)
            outgoing[HEADER] = signed
        if int(headers.get("content-length") or 0) > MAX_BODY_BYTES:
            await _too_large()(scope, receive, send)
            return
        request_id = _request_id(headers.get("x-request-id", ""))
        outgoing["x-request-id"] = request_id
        request = httpx2.Request(
            method,
            _target(root.services[service], scope),
            headers=outgoing,
            content=_body(headers, receive),
            extensions={"timeout": root.timeout},
        )
        await _exchange(root.transport, request, service, request_id, scope=scope, receive=receive, send=send)


class ForwardingRoute(Mount):
    """Takes the paths of the services, before any route of the gateway's own is looked at. A mount, because that is
    the only kind of route that FastAPI keeps as it is when a router is included.
    """

    def __init__(self) -> None:
        super().__init__(PREFIX.rstrip("/"), app=Proxy())

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a service answers for the path."""
        path: str = scope.get("path", "")
        if scope["type"] == "http" and path.startswith(PREFIX) and service_of(path[len(PREFIX) :]):
            return Match.FULL, {}
        return Match.NONE, {}


async def _exchange(
    transport: httpx2.AsyncBaseTransport,
    request: httpx2.Request,
    service: str,
    request_id: str,
    *,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    try:
        response = await transport.handle_async_request(request)
    except TooLarge:
        await _too_large()(scope, receive, send)
        return
    except httpx2.TransportError as error:
        FORWARDED.labels(service, "none").inc()
        log.warning("service_silent", service=service, request_id=request_id, error=repr(error))
        sent = "It may have been done: look before you repeat it" if request.method != "GET" else "Try again"
        raise Unavailable(
            f"the {service} service does not answer now",
            remedy=f"{sent}, or repeat it with the same Idempotency-Key.",
            service=service,
        ) from error
    FORWARDED.labels(service, f"{response.status_code // 100}xx").inc()
    try:
        await _relay(response, request_id, send)
    finally:
        await response.aclose()


async def _relay(response: httpx2.Response, request_id: str, send: Send) -> None:
    headers = [(name, value) for name, value in response.headers.raw if name.lower().decode() not in _HOP_BY_HOP]
    headers.append((b"x-request-id", request_id.encode()))
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    stream = response.stream
    if not isinstance(stream, httpx2.AsyncByteStream):
        raise TypeError(f"the transport answered with {type(stream).__name__}, which cannot be awaited")
    async for chunk in stream:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _forwarded(headers: dict[str, str]) -> dict[str, str]:
    """What of a request's headers is sent on: all that is neither of one connection nor ours."""
    named = {name.strip().lower() for name in headers.get("connection", "").split(",")}
    return {name: value for name, value in headers.items() if name not in _NOT_FORWARDED and name not in named}


def _body(headers: dict[str, str], receive: Receive) -> AsyncIterator[bytes] | None:
    if "content-length" not in headers and "transfer-encoding" not in headers:
        return None
    return _chunks(receive)


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    size = 0
    while True:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise TooLarge
        if chunk:
            yield chunk
        if not message.get("more_body", False):
            return


class ClientGone(httpx2.TransportError):
    """The client left before it had sent everything."""

    def __init__(self) -> None:
        super().__init__("the client left before it had sent its body")


def _plain(path: str) -> bool:
    """Whether the services will read the path as the access table did: no dots to climb, no empty segments."""
    return not any(segment in {"", ".", ".."} for segment in path.split("/")) and "\\" not in path


def _target(base: str, scope: Scope) -> str:
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return base.rstrip("/") + raw.decode("latin-1").partition("?")[0] + (f"?{query.decode('latin-1')}" if query else "")


def _request_id(given: str) -> str:
    return given if 0 < len(given) <= 64 and given.isascii() and given.isprintable() else uuid7().hex


def _too_large() -> Response:
    return problem.problem(
        413,
        "too_large",
        f"the body has more than the {MAX_BODY_BYTES} bytes that are allowed",
        remedy="Send it in parts, or a smaller file.",
    )
