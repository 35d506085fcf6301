"""A running gateway for tests, and what is sent to it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import orjson
from common.http.app import build_app
from common.http.identity import Identity, IdentityVerifier
from common.kernel.ids import uuid7
from common.service import Runtime
from common.testing.plugin import PRIVATE_KEY, PUBLIC_KEY, settings_environment
from fastapi import FastAPI
from gateway.app.gateway import Gateway
from gateway.settings import GatewaySettings

ADMIN_PASSWORD = "correct horse battery"
PASSWORD = "a long enough password"
SERVICES = ("sync", "orders", "inventory", "fulfillment", "billing")


def settings_of(url: str, folder: Path, **changes: Any) -> GatewaySettings:
    environment = settings_environment(url, str(folder))
    values: dict[str, Any] = {key.removeprefix("ORDERDOCK_").lower(): value for key, value in environment.items()}
    values |= {f"{name}_url": f"http://{name}.test" for name in SERVICES}
    values |= {
        "identity_private_key": PRIVATE_KEY,
        "admin_email": f"admin-{uuid7().hex}@example.com",
        "admin_password": ADMIN_PASSWORD,
        **changes,
    }
    return GatewaySettings(**values)


@dataclass
class Seen:
    """A request as a service saw it."""

    service: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def identity(self) -> Identity:
        return IdentityVerifier(PUBLIC_KEY).verify(self.headers["orderdock-identity"])


@dataclass
class Services:
    """All services behind one ASGI application that remembers what it was asked."""

    seen: list[Seen] = field(default_factory=list)
    answer: tuple[int, list[tuple[bytes, bytes]], list[bytes]] = (200, [(b"content-type", b"text/plain")], [b"ok"])
    documents: dict[str, bytes] = field(default_factory=dict)
    silent: bool = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.silent:
            raise httpx2.ConnectError("nobody listens")
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        service = headers["host"].removesuffix(".test")
        self.seen.append(Seen(service, scope["method"], scope["path"], scope["query_string"].decode(), headers, body))
        status, out, chunks = self.answer
        if scope["path"] == "/openapi.json":
            chunks = [self.documents.get(service, b'{"openapi":"3.1.0","paths":{}}')]
        await send({"type": "http.response.start", "status": status, "headers": out})
        for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


@dataclass
class World:
    """A running gateway with its first operator, and services behind it that remember."""

    runtime: Runtime
    root: Gateway
    http: httpx2.AsyncClient
    services: Services
    settings: GatewaySettings
    admin: dict[str, str]
    app: FastAPI

    async def sign_in(self, email: str, password: str = PASSWORD) -> httpx2.Response:
        self.http.cookies.clear()
        answer = await self.http.post("/api/v1/session", json={"email": email, "password": password})
        self.http.cookies.clear()
        return answer

    async def bearer(self, email: str, password: str = PASSWORD) -> dict[str, str]:
        answer = await self.sign_in(email, password)
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['token']}"}

    async def raw(self, method: str, path: str) -> tuple[int, str]:
        """Status and code of a request whose path is sent as it is, by the administrator."""
        sent: list[dict[str, Any]] = []
        scope = {
            "type": "http",
            "http_version": "1.1",
            "scheme": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(b"authorization", self.admin["Authorization"].encode())],
            "client": ("test", 1),
            "server": ("gateway", 80),
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return sent[0]["status"], str(orjson.loads(body)["code"])

    async def make_seller(self) -> UUID:
        body = {"code": f"S-{uuid7().hex[-10:].upper()}", "name": "Seller", "currency": "USD"}
        made = await self.http.post("/api/v1/sellers", json=body, headers=self.admin | key())
        assert made.status_code == 201, made.text
        return UUID(made.json()["id"])

    async def make_user(self, *roles: str, seller_id: UUID | None = None) -> str:
        email = f"{uuid7().hex}@example.com"
        body = {
            "email": email,
            "name": "User",
            "password": PASSWORD,
            "roles": roles,
            "seller_id": str(seller_id) if seller_id else None,
        }
        made = await self.http.post("/api/v1/users", json=body, headers=self.admin | key())
        assert made.status_code == 201, made.text
        return email

    async def user(self, *roles: str, seller_id: UUID | None = None) -> dict[str, str]:
        return await self.bearer(await self.make_user(*roles, seller_id=seller_id))


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid7().hex}


def app_of(runtime: Runtime) -> FastAPI:
    return build_app(
        "gateway",
        description=runtime.description,
        routers=runtime.routers,
        state=runtime.root,
        verifier=IdentityVerifier(PUBLIC_KEY),
        engine=runtime.transactions.engine,
    )


def client_of(runtime: Runtime, address: str, app: FastAPI | None = None) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app or app_of(runtime), client=(address, 1))
    return httpx2.AsyncClient(transport=transport, base_url="http://gateway")
