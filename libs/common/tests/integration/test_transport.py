"""The transport against real sockets: what it sends, what it reads, and what each failure is called."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import httpx2
import pytest
from common.http.transport import PooledTransport

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
BOUNDS = {"connect": 2.0, "read": 2.0, "write": 2.0, "pool": 2.0}


class Peer:
    """A server of one script for each connection; remembers what it read."""

    def __init__(self) -> None:
        self.url = ""
        self.received: list[bytes] = []
        self.connections = 0
        self.called = asyncio.Event()

    async def head(self, reader: asyncio.StreamReader) -> bytes:
        """Read one request's head."""
        head = await reader.readuntil(b"\r\n\r\n")
        self.received.append(head)
        self.called.set()
        return head


@asynccontextmanager
async def serving(script: Callable[[Peer], Serve]) -> AsyncIterator[Peer]:
    peer = Peer()
    serve = script(peer)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer.connections += 1
        try:
            await serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    peer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield peer
    finally:
        server.close()


@asynccontextmanager
async def opened(connections: int = 4) -> AsyncIterator[PooledTransport]:
    transport = PooledTransport(connections=connections)
    try:
        yield transport
    finally:
        await transport.aclose()


async def call(
    transport: PooledTransport,
    url: str,
    *,
    method: str = "GET",
    content: bytes | AsyncIterator[bytes] | None = None,
    headers: Mapping[str, str] | None = None,
    target: bytes = b"",
    **bounds: float,
) -> tuple[int, bytes, httpx2.Headers]:
    """Send, and read the whole answer; `bounds` are timeouts in seconds by phase."""
    extensions = {"timeout": {**BOUNDS, **bounds}, "target": target}
    request = httpx2.Request(method, url, content=content, headers=headers, extensions=extensions)
    response = await transport.handle_async_request(request)
    try:
        return response.status_code, await response.aread(), response.headers
    finally:
        await response.aclose()


def answers(body: bytes = b"yes", *, more: bytes = b"") -> Callable[[Peer], Serve]:
    """Every request, read whole, is answered alike."""

    def script(peer: Peer) -> Serve:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                head = (await peer.head(reader)).lower()
                if b"content-length: " in head:
                    length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
                    peer.received.append(await reader.readexactly(length))
                elif b"transfer-encoding: chunked" in head:
                    peer.received.append(await reader.readuntil(b"0\r\n\r\n"))
                writer.write(b"HTTP/1.1 200 OK\r\n" + more + b"content-length: %d\r\n\r\n" % len(body) + body)
                await writer.drain()

        return serve

    return script


class TestRequest:
    async def test_goes_out_as_it_was_made_and_nothing_is_added(self) -> None:
        async with serving(answers()) as peer, opened() as transport:
            headers = {"x-token": "T", "content-type": "application/json"}
            status, body, _ = await call(
                transport, f"{peer.url}/a%20b?c=%2F", method="POST", content=b"{}", headers=headers
            )
        assert (status, body) == (200, b"yes")
        lines = peer.received[0].decode().split("\r\n")
        assert lines[0] == "POST /a%20b?c=%2F HTTP/1.1"
        names = {line.partition(":")[0].lower() for line in lines[1:] if line}
        assert names == {"host", "x-token", "content-type", "content-length"}
        assert peer.received[1] == b"{}"

    async def test_takes_its_target_from_the_extension(self) -> None:
        async with serving(answers()) as peer, opened() as transport:
            await call(transport, f"{peer.url}/path", target=b"/path?sign=1%2B")
        assert peer.received[0].startswith(b"GET /path?sign=1%2B HTTP/1.1")

    async def test_large_and_streamed_bodies_arrive_whole(self) -> None:
        large = bytes(range(256)) * 4096

        async def made() -> AsyncIterator[bytes]:
            yield b"one"
            yield b"two"

        async with serving(answers()) as peer, opened() as transport:
            await call(transport, peer.url, method="PUT", content=large)
            await call(transport, peer.url, method="PUT", content=made())
        assert peer.received[1] == large
        assert peer.received[3] == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"

    async def test_connections_are_used_again(self) -> None:
        async with serving(answers()) as peer, opened() as transport:
            for _ in range(5):
                await call(transport, peer.url)
        assert peer.connections == 1

    async def test_no_more_connections_than_allowed(self) -> None:
        async with serving(answers()) as peer, opened(connections=2) as transport:
            await asyncio.gather(*(call(transport, peer.url) for _ in range(20)))
        assert peer.connections <= 2


class TestAnswer:
    async def test_keeps_headers_and_encoding_as_sent(self) -> None:
        more = b"Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Encoding: x-ours\r\n"
        async with serving(answers(more=more)) as peer, opened() as transport:
            _, body, headers = await call(transport, peer.url)
            await call(transport, peer.url)
        assert body == b"yes"
        assert headers.get_list("set-cookie") == ["a=1", "b=2"]
        assert b"cookie" not in peer.received[1].lower()

    async def test_of_a_redirect_is_handed_on(self) -> None:
        def script(peer: Peer) -> Serve:
            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await peer.head(reader)
                writer.write(b"HTTP/1.1 307 Elsewhere\r\nlocation: /b\r\ncontent-length: 0\r\n\r\n")

            return serve

        async with serving(script) as peer, opened() as transport:
            status, _, headers = await call(transport, peer.url, method="POST", content=b"x")
        assert (status, headers["location"], len(peer.received)) == (307, "/b", 1)

    async def test_closed_early_drops_its_connection(self) -> None:
        async with serving(answers(b"x" * 5_000_000)) as peer, opened() as transport:
            request = httpx2.Request("GET", peer.url, extensions={"timeout": BOUNDS})
            response = await transport.handle_async_request(request)
            await response.aclose()
            await call(transport, peer.url)
        assert peer.connections == 2


def silent(peer: Peer) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await peer.head(reader)
        await reader.read()

    return serve


def hangs_up(after: bytes) -> Callable[[Peer], Serve]:
    def script(peer: Peer) -> Serve:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await peer.head(reader)
            writer.write(after)
            await writer.drain()

        return serve

    return script


def never_reads(peer: Peer) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    return serve


class TestFailure:
    async def test_nobody_listens(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{taken.getsockname()[1]}"
            async with opened() as transport:
                with pytest.raises(httpx2.ConnectError):
                    await call(transport, url, method="POST", content=b"x")

    @pytest.mark.parametrize("url", ["ftp://example.com/x", "http:///nowhere"])
    async def test_no_address_of_http(self, url: str) -> None:
        async with opened() as transport:
            with pytest.raises(httpx2.UnsupportedProtocol):
                await call(transport, url)

    async def test_silence(self) -> None:
        async with serving(silent) as peer, opened() as transport:
            with pytest.raises(httpx2.ReadTimeout):
                await call(transport, peer.url, read=0.05)

    async def test_waiting_for_a_connection_was_never_sent(self) -> None:
        async with serving(silent) as peer, opened(connections=1) as transport:
            first = asyncio.create_task(call(transport, peer.url))
            await peer.called.wait()
            with pytest.raises(httpx2.ConnectTimeout):
                await call(transport, peer.url, connect=0.02, pool=0.03)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
        assert len(peer.received) == 1

    @pytest.mark.parametrize("method", ["POST", "PATCH"])
    async def test_hanging_up_without_an_answer_is_not_repeated(self, method: str) -> None:
        async with serving(hangs_up(b"")) as peer, opened() as transport:
            with pytest.raises(httpx2.RemoteProtocolError):
                await call(transport, peer.url, method=method, content=b"x")
        assert len(peer.received) == 1

    @pytest.mark.parametrize(
        "half",
        [b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", b"HTTP/1.1 200 OK\r\ncontent-le", b"nonsense\r\n\r\n"],
    )
    async def test_half_an_answer(self, half: bytes) -> None:
        async with serving(hangs_up(half)) as peer, opened() as transport:
            with pytest.raises(httpx2.RemoteProtocolError):
                await call(transport, peer.url, method="POST", content=b"x")

    async def test_a_body_that_nobody_takes(self) -> None:
        async with serving(never_reads) as peer, opened() as transport:
            with pytest.raises(httpx2.WriteTimeout):
                await call(transport, peer.url, method="PUT", content=b"x" * 30_000_000, write=0.1)

    async def test_a_body_that_breaks_raises_its_own_error(self) -> None:
        class TooMuch(Exception):
            pass

        async def broken() -> AsyncIterator[bytes]:
            yield b"one"
            raise TooMuch

        async with serving(answers()) as peer, opened() as transport:
            with pytest.raises(TooMuch):
                await call(transport, peer.url, method="POST", content=broken())

    async def test_cancellation_passes(self) -> None:
        async with serving(silent) as peer, opened() as transport:
            task = asyncio.create_task(call(transport, peer.url))
            await peer.called.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
