"""Cursor pages: `?limit=&cursor=` in, `{items, next_cursor}` out. A cursor is the sort key of the last row, opaque."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

import orjson
from fastapi import Query
from pydantic import BaseModel, Field

from common.errors import InvalidInput

T = TypeVar("T")
R = TypeVar("R")

Limit = Annotated[int, Query(ge=1, le=200, description="Rows of a page.")]
CursorParameter = Annotated[str | None, Query(description="`next_cursor` of the page before.")]


class Page(BaseModel, Generic[T]):
    """A page of rows; `next_cursor` is absent on the last one."""

    items: list[T]
    next_cursor: str | None = Field(None, description="Give it as `cursor` to get the next page.")


def encode_cursor(*key: object) -> str:
    """The cursor of a sort key."""
    return base64.urlsafe_b64encode(orjson.dumps([str(part) for part in key])).decode().rstrip("=")


def decode_cursor(cursor: str | None, parts: int) -> list[str] | None:
    """The sort key of a cursor with that many parts; raises InvalidInput."""
    if not cursor:
        return None
    try:
        key = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        key = None
    if not isinstance(key, list) or len(key) != parts or not all(isinstance(part, str) for part in key):
        raise InvalidInput.of("cursor", cursor, "is not a cursor of this list", "Start again without a cursor.")
    return key


def page_of(
    rows: Sequence[R], *, limit: int, key: Callable[[R], Sequence[object]], item: Callable[[R], T]
) -> dict[str, Any]:
    """The page of `rows`, of which one more than `limit` was read to see whether there is a next page."""
    shown = rows[:limit]
    more = len(rows) > limit
    return {"items": [item(row) for row in shown], "next_cursor": encode_cursor(*key(shown[-1])) if more else None}
