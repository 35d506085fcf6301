"""The HTTP edge."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx2
import orjson
import pytest
from structlog.testing import capture_logs
from sync.connectors.kit import http
from sync.connectors.kit.canonical import Hooks
from sync.connectors.kit.errors import MalformedAnswer, OutcomeUnknown, Transient
from sync.connectors.kit.http import Answer, Call, HTTPEdge, Meter, Timeouts, json_object, retry_after_seconds

READ = Call(platform="p", name="read", method="GET", url="https://x.example/?token=SECRET")
WRITE = Call(platform="p", name="write", method="POST", url="https://x.example/?token=SECRET", body=b"{}", writes=True)


class Failing(httpx2.AsyncBaseTransport):
    def __init__(self, error: Exception) -> None:
        self.error = error

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        raise self.error


class Never(httpx2.AsyncBaseTransport):
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await asyncio.Event().wait()
        raise AssertionError


class TestSilence:
    @pytest.mark.parametrize(
        "error",
        [
            httpx2.ReadTimeout("x"),
            httpx2.WriteTimeout("x"),
            httpx2.ReadError("x"),
            httpx2.WriteError("x"),
            httpx2.RemoteProtocolError("x"),
        ],
    )
    async def test_after_sending(self, error: Exception) -> None:
        edge = HTTPEdge(transport=Failing(error))
        with pytest.raises(Transient):
            await edge.send(READ, meter=Meter())
        with pytest.raises(OutcomeUnknown):
            await edge.send(WRITE, meter=Meter())

    @pytest.mark.parametrize("error", [httpx2.ConnectError("x"), httpx2.ConnectTimeout("x"), httpx2.PoolTimeout("x")])
    async def test_before_sending_nothing_has_happened(self, error: Exception) -> None:
        with pytest.raises(Transient):
            await HTTPEdge(transport=Failing(error)).send(WRITE, meter=Meter())

    async def test_whole_call_is_bounded(self) -> None:
        edge = HTTPEdge(transport=Never(), timeouts=Timeouts(total=0.01))
        with pytest.raises(OutcomeUnknown):
            await edge.send(WRITE, meter=Meter())

    async def test_cancellation_passes(self) -> None:
        task = asyncio.create_task(HTTPEdge(transport=Never()).send(WRITE, meter=Meter()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_silence_is_logged_once_and_its_end_too() -> None:
    answers: list[httpx2.Response | Exception] = [
        httpx2.ReadTimeout("x"),
        httpx2.ReadTimeout("x"),
        httpx2.Response(200),
        httpx2.Response(200),
    ]

    def answer(request: httpx2.Request) -> httpx2.Response:
        one = answers.pop(0)
        if isinstance(one, Exception):
            raise one
        return one

    edge = HTTPEdge(transport=httpx2.MockTransport(answer))
    with capture_logs() as logs:
        for _ in range(2):
            with pytest.raises(Transient):
                await edge.send(READ, meter=Meter())
        for _ in range(2):
            await edge.send(READ, meter=Meter())
    assert [line["event"] for line in logs] == ["platform_silent", "platform_answers_again"]
    assert "SECRET" not in repr(logs)


class TestAnswer:
    async def test_is_counted_and_reported(self) -> None:
        seen: list[tuple[str, str, str]] = []
        hooks = Hooks(call_made=lambda platform, call, outcome, seconds: seen.append((platform, call, outcome)))
        edge = HTTPEdge(transport=httpx2.MockTransport(lambda request: httpx2.Response(503, text="no")), hooks=hooks)
        meter = Meter()
        answer = await edge.send(READ, meter=meter)
        assert (answer.status, answer.body, meter.calls) == (503, b"no", 1)
        assert seen == [("p", "read", "503")]

    async def test_is_bounded_in_length(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(http, "MAX_BODY_BYTES", 10)

        async def body() -> AsyncIterator[bytes]:
            yield b"x" * 6
            yield b"x" * 6

        edge = HTTPEdge(transport=httpx2.MockTransport(lambda request: httpx2.Response(200, content=body())))
        with pytest.raises(MalformedAnswer, match="longer than 10 bytes"):
            await edge.send(READ, meter=Meter())

    def test_loses_nul_and_nothing_else(self) -> None:
        body = {"a": "x\0y", "b": ["\0", {"c": "\\u0000", "d": 1}], "e": None}
        found = json_object(READ, Answer(200, {}, orjson.dumps(body)))
        assert found == {"a": "xy", "b": ["", {"c": "\\u0000", "d": 1}], "e": None}

    def test_of_a_call_never_shows_its_secrets(self) -> None:
        assert "SECRET" not in repr(READ)


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("text", "seconds"),
        [
            ("7", 7.0),
            ("0.5", 0.5),
            ("-3", 0.0),
            ("", 1.0),
            ("soon", 1.0),
            ("Thu, 15 Jan 2026 12:00:30 GMT", 30.0),
            ("Thu, 15 Jan 2026 11:00:00 GMT", 0.0),
        ],
    )
    def test_forms(self, text: str, seconds: float) -> None:
        now = datetime(2026, 1, 15, 12, tzinfo=UTC)
        assert retry_after_seconds({"retry-after": text}, now=now) == seconds
