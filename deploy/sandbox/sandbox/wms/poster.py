"""A small HTTP client for callbacks: load runs share their cores with it, and a general one costs ten times as much.

```
PostFailed    no answer: refused, cut, timed out, or not HTTP
```
"""

import asyncio
import ssl
from collections.abc import Mapping
from types import TracebackType
from urllib.parse import urlsplit

import httptools

READ_BYTES = 65_536


class PostFailed(Exception):
    """There was no answer; whether the request was taken is unknown."""


class _Answer:
    """Collects what matters of a response."""

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.complete = False
        self.status = 0
        self.reusable = False

    def on_message_complete(self) -> None:
        """Called by the parser at the end of the response."""
        self.complete = True
        self.status = self.parser.get_status_code()
        self.reusable = self.parser.should_keep_alive()


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, request: bytes) -> tuple[int, bool]:
        """Return the status and whether the connection can be used again."""
        self._writer.write(request)
        answer = _Answer()
        while not answer.complete:
            data = await self._reader.read(READ_BYTES)
            if not data:
                raise PostFailed("the connection was closed before the answer was whole")
            try:
                answer.parser.feed_data(data)
            except httptools.HttpParserError as err:
                raise PostFailed(f"the answer is not HTTP: {err}") from err
        return answer.status, answer.reusable

    def close(self) -> None:
        """Drop the connection."""
        self._writer.close()


class Poster:
    """Posts bodies; idle connections are kept per address."""

    def __init__(self, *, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        self._idle: dict[tuple[str, str, int], list[_Connection]] = {}

    async def __aenter__(self) -> "Poster":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, err: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Drop all idle connections."""
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        self._idle.clear()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Return the status of the answer; raises PostFailed."""
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        lines = [
            f"POST {parts.path or '/'}{'?' + parts.query if parts.query else ''} HTTP/1.1",
            f"host: {parts.netloc}",
        ]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        request = "\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body
        address = (parts.scheme, host, port)
        idle = self._idle.setdefault(address, [])
        try:
            async with asyncio.timeout(self._timeout_seconds):
                while idle:
                    connection = idle.pop()
                    try:
                        return await self._send_on(connection, request, idle)
                    except (PostFailed, OSError):
                        # A kept connection may have been closed meanwhile; callbacks may come twice, so try again.
                        connection.close()
                return await self._send_on(await self._connect(*address), request, idle)
        except TimeoutError as err:
            raise PostFailed(f"no answer within {self._timeout_seconds} seconds") from err
        except OSError as err:
            raise PostFailed(str(err)) from err

    async def _connect(self, scheme: str, host: str, port: int) -> _Connection:
        context = ssl.create_default_context() if scheme == "https" else None
        return _Connection(*await asyncio.open_connection(host, port, ssl=context))

    async def _send_on(self, connection: _Connection, request: bytes, idle: list[_Connection]) -> int:
        reusable = False
        try:
            status, reusable = await connection.send(request)
        finally:
            if not reusable:
                connection.close()
        if reusable:
            idle.append(connection)
        return status
