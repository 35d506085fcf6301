"""Cursors that survive a restart, and following a platform's own pages within bounds."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

import orjson

from sync.connectors.kit.connector import Window
from sync.connectors.kit.errors import MalformedAnswer, Refused

MAX_INNER_PAGES = 40


def encode_cursor(state: Mapping[str, object]) -> str:
    """An opaque text that `decode_cursor` reads back in any process."""
    return base64.urlsafe_b64encode(orjson.dumps(dict(state))).decode().rstrip("=")


def decode_cursor(cursor: str, *, platform: str) -> dict[str, object]:
    """What was encoded; a cursor that we did not write is refused for good."""
    try:
        state = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise unreadable_cursor(platform) from error
    if not isinstance(state, dict):
        raise unreadable_cursor(platform)
    return state


def unreadable_cursor(platform: str) -> Refused:
    """The refusal of a cursor that is not ours."""
    return Refused(
        "the stored cursor cannot be read; start the run again without one",
        code="cursor_unreadable",
        final=True,
        platform=platform,
    )


def slices(window: Window, *, longest: timedelta) -> tuple[Window, ...]:
    """The window cut into parts that the platform takes, oldest first."""
    parts: list[Window] = []
    since = window.since
    while since < window.until:
        until: datetime = min(since + longest, window.until)
        parts.append(Window(since, until))
        since = until
    return tuple(parts)


async def follow(
    cursor: str | None, *, fetch: Callable[[str], Awaitable[tuple[list[object], str | None]]], platform: str, what: str
) -> list[object]:
    """The items of every further page; a platform that never ends, or repeats a cursor, is MalformedAnswer."""
    items: list[object] = []
    for _ in range(MAX_INNER_PAGES):
        if cursor is None:
            return items
        before = cursor
        more, cursor = await fetch(before)
        items += more
        if cursor == before:
            break
    if cursor is None:
        return items
    raise MalformedAnswer(f"{what} goes on for more than {MAX_INNER_PAGES} pages, or in a circle", platform=platform)
