"""The HTTP edge: one place that sends, bounds and translates. It never logs URLs, headers or bodies: they hold secrets.

It stands on an httpx2 transport rather than on a client: redirects, cookies and environment proxies are never wanted
here, and the client logs whole URLs, in which some platforms want the token.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

import httpx2
import orjson
import structlog
from common.http.transport import PooledTransport

from sync.connectors.kit.canonical import NO_HOOKS, Hooks
from sync.connectors.kit.errors import (
    ConnectorError,
    MalformedAnswer,
    OutcomeUnknown,
    PermissionDenied,
    Refused,
    Throttled,
    TokenExpired,
    Transient,
)

log = structlog.get_logger(__name__)

MAX_BODY_BYTES = 32 * 1024 * 1024
DEFAULT_RETRY_AFTER_SECONDS = 1.0
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_PERMISSION_STATUSES = frozenset({402, 403, 423})
_NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `name` is what logs and metrics show; `writes` decides what silence means."""

    platform: str
    name: str
    method: Literal["GET", "POST"]
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=lambda: _NO_HEADERS, repr=False)
    body: bytes | None = field(default=None, repr=False)
    writes: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole, whatever its status."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def is_json(self) -> bool:
        """Whether the body looks like a JSON object."""
        return self.body[:64].lstrip()[:1] == b"{"


@dataclass(slots=True)
class Meter:
    """What one method of the port has cost so far."""

    calls: int = 0
    throttled_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Bounds in seconds; `total` ends a call that trickles."""

    connect: float = 5.0
    read: float = 20.0
    write: float = 10.0
    pool: float = 10.0
    total: float = 45.0


@lru_cache(maxsize=4096)
def _url(address: str) -> httpx2.URL:
    return httpx2.URL(address)


class HTTPEdge:
    """Sends calls over kept connections; one for a process, closed with `aclose`."""

    def __init__(
        self,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        max_connections: int = 100,
        timeouts: Timeouts | None = None,
        hooks: Hooks = NO_HOOKS,
    ) -> None:
        timeouts = timeouts or Timeouts()
        self._transport = transport or PooledTransport(connections=max_connections)
        self._timeouts = {
            "connect": timeouts.connect,
            "read": timeouts.read,
            "write": timeouts.write,
            "pool": timeouts.pool,
        }
        self._total_seconds = timeouts.total
        self._hooks = hooks
        self._silent: set[str] = set()

    async def aclose(self) -> None:
        """Close every connection."""
        await self._transport.aclose()

    async def send(self, call: Call, *, meter: Meter) -> Answer:
        """Send once and return any answer; silence is Transient for a read and OutcomeUnknown for a write."""
        meter.calls += 1
        started = time.perf_counter()
        outcome = "no_answer"
        try:
            async with asyncio.timeout(self._total_seconds):
                answer = await self._exchange(call)
            outcome = str(answer.status)
        except _NEVER_SENT as error:
            self._say_silent(call, error)
            reason = f"{call.platform} cannot be reached ({type(error).__name__}); it is tried again"
            raise Transient(reason, code="unreachable", platform=call.platform, call=call.name) from error
        except (httpx2.TransportError, TimeoutError) as error:
            self._say_silent(call, error)
            raise silence(call, type(error).__name__) from error
        finally:
            self._hooks.call_made(call.platform, call.name, outcome, time.perf_counter() - started)
        if call.platform in self._silent:
            self._silent.discard(call.platform)
            log.info("platform_answers_again", platform=call.platform, call=call.name)
        return answer

    def _say_silent(self, call: Call, error: Exception) -> None:
        """Once until it answers again: a platform that is down would fill the log."""
        if call.platform not in self._silent:
            self._silent.add(call.platform)
            log.warning("platform_silent", platform=call.platform, call=call.name, error=type(error).__name__)

    async def _exchange(self, call: Call) -> Answer:
        address, _, query = call.url.partition("?")
        url = _url(address)
        target = f"{url.path}?{query}".encode() if query else url.raw_path
        # The query goes by the extension: parsing a whole address costs more than signing it, and it differs each time.
        extensions = {"timeout": self._timeouts, "target": target}
        request = httpx2.Request(call.method, url, headers=dict(call.headers), content=call.body, extensions=extensions)
        response = await self._transport.handle_async_request(request)
        body = await self._read(call, response)
        return Answer(response.status_code, response.headers, body)

    async def _read(self, call: Call, response: httpx2.Response) -> bytes:
        try:
            chunks: list[bytes] = []
            size = 0
            async for chunk in response.aiter_bytes():
                size += len(chunk)
                if size > MAX_BODY_BYTES:
                    reason = f"the answer is longer than {MAX_BODY_BYTES} bytes"
                    if call.writes:
                        raise silence(call, reason)
                    raise MalformedAnswer(reason, code="answer_too_long", platform=call.platform, call=call.name)
                chunks.append(chunk)
        finally:
            await response.aclose()
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def silence(call: Call, why: str, *, request_id: str = "") -> ConnectorError:
    """What it means that a sent call got no usable answer: a read is repeated, a write may have happened."""
    if call.writes:
        reason = f"the write was sent but not answered ({why}); what the platform has is read before it is sent again"
        return OutcomeUnknown(reason, platform=call.platform, call=call.name, request_id=request_id)
    reason = f"no answer ({why}); it is tried again"
    return Transient(reason, code="no_answer", platform=call.platform, call=call.name, request_id=request_id)


def status_error(call: Call, answer: Answer, *, request_id: str = "", detail: str = "") -> ConnectorError | None:
    """The error that an HTTP status means by itself, or None below 400. `detail` is the platform's own text."""
    status = answer.status
    if status < 400:
        return None
    where = {"platform": call.platform, "call": call.name, "request_id": request_id}
    said = f"HTTP {status}{': ' + detail[:300] if detail else ''}"
    if status == 401:
        return TokenExpired(f"{said}; the credentials are refreshed", **where)
    if status == 429:
        return Throttled(
            f"{said}; too many calls", retry_after=retry_after_seconds(answer.headers), code="http_429", **where
        )
    if status in _PERMISSION_STATUSES:
        return PermissionDenied(
            f"{said}; check the shop's state and the app's rights there", code=f"http_{status}", **where
        )
    if status >= 500:
        return silence(call, said, request_id=request_id)
    return Refused(f"{said}; the request is not taken", code=f"http_{status}", final=True, **where)


def retry_after_seconds(headers: Mapping[str, str], *, now: datetime | None = None) -> float:
    """Retry-After in seconds, given as a number or a date; one second when it is absent or unreadable."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return DEFAULT_RETRY_AFTER_SECONDS
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return DEFAULT_RETRY_AFTER_SECONDS
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


def json_object(call: Call, answer: Answer) -> dict[str, object]:
    """The body as a JSON object, its texts without NUL, which no PostgreSQL text holds; a write that was answered with
    anything else may have happened.
    """
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError as error:
        body = error
    if isinstance(body, dict):
        return {key: _without_nul(value) for key, value in body.items()} if b"\\u0000" in answer.body else body
    if call.writes:
        raise silence(call, f"HTTP {answer.status} with a body that is no JSON object")
    reason = f"HTTP {answer.status} with a body of {len(answer.body)} bytes that is no JSON object"
    raise MalformedAnswer(reason, platform=call.platform, call=call.name)


def _without_nul(value: object) -> object:
    match value:
        case str():
            return value.replace("\0", "")
        case list():
            return [_without_nul(item) for item in value]
        case dict():
            return {key: _without_nul(item) for key, item in value.items()}
        case _:
            return value
