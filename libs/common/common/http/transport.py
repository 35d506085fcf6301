"""The transport under our HTTP clients: httpx2's interface on aiohttp's connections.

A call costs less than a third of the processor time of httpx2's own client: aiohttp parses in C, and finds a kept
connection without looking at all of them. Callers see httpx2 alone: its requests, responses and errors. No redirects,
cookies, environment proxies or decoding happen here.

Errors say what is known of the request: ConnectError, ConnectTimeout and UnsupportedProtocol mean that it was never
sent; every other TransportError means that it may have been received.
"""

import asyncio
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import aiohttp
import httpx2
from yarl import URL

KEEP_SECONDS = 20.0
"""For how long an idle connection is kept: shorter than servers do, which would close it under a request."""
PIECE_BYTES = 64 * 1024

_ADDED_BY_AIOHTTP = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class PooledTransport(httpx2.AsyncBaseTransport):
    """Kept connections, up to `connections` at once; whoever comes later waits for as long as its pool timeout.

    Of a request's extensions it reads `timeout` (seconds for connect, read, write and pool, as httpx2 has them) and
    `target` (the path with its query, as bytes, instead of the URL's).
    """

    def __init__(self, *, connections: int) -> None:
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        self._tls: ssl.SSLContext | None = None

    async def aclose(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send, and return once the head of the answer is there; its body streams."""
        bounds: dict[str, float | None] = request.extensions.get("timeout", {})
        body = _Body(request.stream)
        connect = bounds.get("connect")
        timeout = aiohttp.ClientTimeout(
            total=None,
            connect=None if connect is None else connect + (bounds.get("pool") or 0.0),
            sock_connect=connect,
            sock_read=bounds.get("read"),
        )
        with _as_httpx2(request, body):
            async with body.bounded(bounds.get("write")):
                answer = await self._opened().request(
                    request.method,
                    self._url(request),
                    headers=_headers(request),
                    data=body.data(),
                    allow_redirects=False,
                    timeout=timeout,
                    ssl=self._verified() if request.url.scheme == "https" else True,
                )
        return httpx2.Response(
            answer.status,
            headers=list(answer.raw_headers),
            stream=_AnswerStream(answer, request),
            extensions={"reason_phrase": (answer.reason or "").encode("latin-1", "replace")},
        )

    def _opened(self) -> aiohttp.ClientSession:
        # Made on first use: it belongs to the running loop.
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=KEEP_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=_ADDED_BY_AIOHTTP,
                auto_decompress=False,
            )
        return self._session

    def _verified(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = httpx2.create_ssl_context()
        return self._tls

    @staticmethod
    def _url(request: httpx2.Request) -> URL:
        url = request.url
        target: bytes = request.extensions.get("target") or url.raw_path
        return URL(f"{url.scheme}://{url.netloc.decode('ascii')}{target.decode('ascii')}", encoded=True)


class _Body:
    """The body of a request: drawn from its stream, each piece within the write timeout."""

    def __init__(self, stream: httpx2.SyncByteStream | httpx2.AsyncByteStream) -> None:
        self._stream = stream
        self._deadline: asyncio.Timeout | None = None
        self._seconds: float | None = None
        self.error: Exception | None = None
        """What drawing from the stream raised."""

    def data(self) -> bytes | AsyncIterator[bytes] | None:
        """The body as aiohttp takes it; what may have to wait for the other side is handed over in pieces."""
        if isinstance(self._stream, httpx2.ByteStream):
            whole = b"".join(self._stream)
            return self._drawn(_pieces(whole)) if len(whole) > PIECE_BYTES else whole or None
        if not isinstance(self._stream, httpx2.AsyncByteStream):
            raise TypeError(f"a body of type {type(self._stream).__name__} cannot be awaited")
        return self._drawn(self._stream)

    async def _drawn(self, stream: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        try:
            async for piece in stream:
                self._allow(self._seconds)
                yield piece
                # Whoever makes the body may take its time.
                self._allow(None)
        except Exception as error:
            self.error = error
            raise

    @asynccontextmanager
    async def bounded(self, seconds: float | None) -> AsyncIterator[None]:
        """Raise httpx2.WriteTimeout where one piece is not taken within `seconds`."""
        self._seconds = seconds
        try:
            async with asyncio.timeout(None) as self._deadline:
                yield
        except TimeoutError as error:
            if self._deadline is not None and self._deadline.expired():
                raise httpx2.WriteTimeout("the other side does not take the request's body") from error
            raise

    def _allow(self, seconds: float | None) -> None:
        if self._deadline is not None and not self._deadline.expired():
            loop = asyncio.get_running_loop()
            self._deadline.reschedule(None if seconds is None else loop.time() + seconds)


class _AnswerStream(httpx2.AsyncByteStream):
    """The body of an answer; closing it early closes its connection, reading it all keeps that for the next request."""

    def __init__(self, answer: aiohttp.ClientResponse, request: httpx2.Request) -> None:
        self._answer = answer
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx2(self._request):
            async for chunk in self._answer.content.iter_any():
                yield chunk

    async def aclose(self) -> None:
        """Give the connection back, or drop it where something is left to read."""
        if self._answer.content.at_eof():
            self._answer.release()
        else:
            self._answer.close()


def _headers(request: httpx2.Request) -> list[tuple[str, str]]:
    """Those of the request; how its body is framed is aiohttp's to say."""
    return [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in request.headers.raw
        if name.lower() != b"transfer-encoding"
    ]


async def _pieces(whole: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(whole), PIECE_BYTES):
        yield whole[start : start + PIECE_BYTES]


@contextmanager
def _as_httpx2(request: httpx2.Request, body: _Body | None = None) -> Iterator[None]:
    """Turn aiohttp's errors into httpx2's."""
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise httpx2.ConnectTimeout(str(error), request=request) from error
    except aiohttp.ServerTimeoutError as error:
        raise httpx2.ReadTimeout(str(error), request=request) from error
    except aiohttp.ClientConnectorError as error:
        raise httpx2.ConnectError(str(error), request=request) from error
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
        raise httpx2.UnsupportedProtocol(f"{error} is no address to call", request=request) from error
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError, aiohttp.ClientResponseError) as error:
        raise httpx2.RemoteProtocolError(str(error), request=request) from error
    except (aiohttp.ClientError, OSError) as error:
        if body is not None and body.error is not None:
            raise body.error from error
        raise httpx2.ReadError(str(error), request=request) from error
