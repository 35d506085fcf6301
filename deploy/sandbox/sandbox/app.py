"""The ASGI application: hands a request to the part of the world it is for, and answers or cuts the connection."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import unquote

from sandbox.control.server import ControlServer
from sandbox.http import Request, Response, json_response
from sandbox.shopee.server import ShopeeServer
from sandbox.shopify.server import ShopifyServer
from sandbox.wms.callbacks import Callbacks
from sandbox.wms.server import WmsServer
from sandbox.world import World

log = logging.getLogger("sandbox")
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
TRANSPORT = "sandbox.transport"
MAX_BODY_BYTES = 32 * 1024 * 1024


class ConnectionCut(Exception):
    """The connection is closed without an answer; seen by clients that call the application with no network between."""


class SandboxApp:
    """Everything the process serves."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.callbacks = Callbacks(world)
        control = ControlServer(world, self.callbacks)
        shopee = ShopeeServer(world)
        self._routes: tuple[tuple[str, Callable[[Request], Response]], ...] = (
            ("/api/v2/", shopee.handle),
            ("/shopify/", ShopifyServer(world).handle),
            ("/wms/", WmsServer(world).handle),
            ("/control/", control.handle),
            ("/auth", shopee.handle),
        )

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one connection's request, or the process's start and stop."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await self.callbacks.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.callbacks.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        raw = scope.get("raw_path")
        path = unquote(raw.partition(b"?")[0].decode("latin-1")) if raw else scope["path"]
        response = self._answer(Request(scope["method"], path, scope.get("query_string", b""), headers, body))
        if response.delay_seconds:
            await asyncio.sleep(response.delay_seconds)
        if response.cut:
            await _cut(scope, receive)
            return
        names = [
            (b"content-type", response.content_type),
            (b"content-length", str(len(response.body)).encode()),
            *response.headers,
        ]
        await send({"type": "http.response.start", "status": response.status, "headers": names})
        await send({"type": "http.response.body", "body": response.body})

    def _answer(self, request: Request) -> Response:
        if request.path == "/health":
            return json_response({"status": "ok"})
        for prefix, handle in self._routes:
            if request.path.startswith(prefix):
                try:
                    return handle(request)
                except Exception:
                    # A mistake of the sandbox itself must not look like one of the platform.
                    log.exception("sandbox_failed %s %s", request.method, request.path)
                    return json_response(
                        {"error": "sandbox_failed", "message": "the sandbox itself failed, see its log"}, status=599
                    )
        return json_response({"error": "not_found", "message": f"nothing is served at {request.path}"}, status=404)


async def _body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    parts = [body]
    size = len(body)
    while message.get("more_body") and size <= MAX_BODY_BYTES:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
    return b"".join(parts)


async def _cut(scope: Message, receive: Receive) -> None:
    """Close the connection as a crash would; with no connection at hand raise ConnectionCut."""
    transport = scope.get("extensions", {}).get(TRANSPORT)
    if transport is None:
        raise ConnectionCut(f"{scope['method']} {scope['path']}")
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
