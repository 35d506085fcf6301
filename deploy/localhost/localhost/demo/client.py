"""HTTP clients of the demo: people signed in at the gateway, and the sandbox's control API."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Self
from uuid import uuid4

import httpx2

from localhost.errors import LocalhostError

TIMEOUT_SECONDS = 60
PATIENCE_SECONDS = 90
"""How long a request is repeated while services are being killed under it."""

Json = Any


class Refused(LocalhostError):
    """The API said no; carries its problem."""

    def __init__(self, method: str, path: str, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(
            f"{method} {path} -> {status} {body.get('code')}: {body.get('detail')} {body.get('remedy', '')}"
        )
        self.status = status
        self.code = str(body.get("code", ""))


class Person:
    """A user of the gateway. Requests are repeated while nobody answers them: all of them are safe to repeat."""

    def __init__(self, gateway_url: str) -> None:
        self._http = httpx2.AsyncClient(base_url=gateway_url, timeout=TIMEOUT_SECONDS)
        self._credentials: dict[str, str] = {}

    async def sign_in(self, email: str, password: str) -> Self:
        """Open a session."""
        self._credentials = {"email": email, "password": password}
        answer = await self.call("POST", "/api/v1/session", json=self._credentials)
        self._http.headers["Authorization"] = f"Bearer {answer['token']}"
        return self

    async def get(self, path: str, **query: Any) -> Json:
        """Read."""
        return await self.call("GET", path, params={key: value for key, value in query.items() if value is not None})

    async def post(self, path: str, body: Any = None, *, key: str = "", **more: Any) -> Json:
        """Do, once however often the request is repeated; `key` is the Idempotency-Key, made up where none is given."""
        headers = {"Idempotency-Key": key or str(uuid4())}
        return await self.call("POST", path, json=body, headers=headers, **more)

    async def put(self, path: str, body: Any = None, *, version: int | None = None) -> Json:
        """Set; `version` goes into If-Match."""
        headers = {"If-Match": f'"{version}"'} if version is not None else {}
        return await self.call("PUT", path, json=body, headers=headers)

    async def patch(self, path: str, body: Any, *, version: int) -> Json:
        """Edit the version that was read."""
        return await self.call("PATCH", path, json=body, headers={"If-Match": f'"{version}"'})

    async def pages(self, path: str, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """Every row of a list."""
        cursor: str | None = None
        while True:
            page = await self.get(path, limit=200, cursor=cursor, **query)
            for item in page["items"]:
                yield item
            cursor = page.get("next_cursor")
            if not cursor:
                return

    async def call(self, method: str, path: str, **request: Any) -> Json:
        """One request, repeated while nobody can answer it; raises Refused."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        wait = 0.2
        while True:
            try:
                answer = await self._http.request(method, path, **request)
            except httpx2.TransportError as error:
                if asyncio.get_running_loop().time() > deadline:
                    raise LocalhostError(f"{method} {path} got no answer: {error!r}") from error
            else:
                if answer.status_code < 400:
                    return answer.json() if answer.content else None
                if answer.status_code not in {502, 503, 504} or asyncio.get_running_loop().time() > deadline:
                    raise Refused(method, path, answer.status_code, _problem(answer))
            await asyncio.sleep(wait)
            wait = min(wait * 1.5, 2)

    async def aclose(self) -> None:
        """Let the connections go."""
        await self._http.aclose()


def _problem(answer: httpx2.Response) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        body = None
    return body if isinstance(body, dict) else {"detail": answer.text[:300]}


class Outside:
    """The sandbox's control API."""

    def __init__(self, sandbox_url: str) -> None:
        self._http = httpx2.AsyncClient(base_url=sandbox_url, timeout=TIMEOUT_SECONDS)
        self.url = sandbox_url

    async def post(self, path: str, body: Mapping[str, Any]) -> Json:
        """Change the world outside; raises LocalhostError with the sandbox's reason."""
        return self._checked(await self._repeat("POST", path, json=body))

    async def get(self, path: str, **query: Any) -> Json:
        """Read what it received."""
        return self._checked(await self._repeat("GET", path, params=query))

    async def faults(self, *faults: Mapping[str, Any]) -> None:
        """Have something go wrong."""
        await self.post("/control/faults", {"faults": list(faults)})

    async def orders(self) -> list[dict[str, Any]]:
        """Every order, with what arrived for it."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = await self.get("/control/orders", limit=1000, cursor=cursor)
            found.extend(page["items"])
            cursor = page.get("next_cursor") or ""
            if not cursor:
                return found

    async def _repeat(self, method: str, path: str, **request: Any) -> httpx2.Response:
        for _ in range(60):
            try:
                return await self._http.request(method, path, **request)
            except httpx2.TransportError:
                await asyncio.sleep(0.5)
        raise LocalhostError(f"the sandbox at {self.url} does not answer {method} {path}")

    @staticmethod
    def _checked(answer: httpx2.Response) -> Json:
        if answer.status_code >= 400:
            raise LocalhostError(f"sandbox: {answer.request.method} {answer.request.url.path} -> {answer.text[:500]}")
        return answer.json()

    async def aclose(self) -> None:
        """Let the connections go."""
        await self._http.aclose()


def all_rows_ok(answer: Mapping[str, Any], what: str) -> None:
    """Raise unless every row of a batch was done."""
    bad: Sequence[Mapping[str, Any]] = [row for row in answer["results"] if not row["ok"]]
    if bad:
        raise LocalhostError(f"{what}: {len(bad)} rows were refused, the first: {bad[0]}")
