"""Connections: pages of lists, with Shopify's limits and cursors."""

import base64
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from sandbox.shopify.execute import FieldError

MAX_PAGE = 250
IdOf = Callable[[Any], int]
ValueOf = Callable[[Any], float]


@dataclass(slots=True)
class Connection:
    """One page; `cursor_of` makes the cursor of an item."""

    items: Sequence[Any]
    has_next: bool
    has_previous: bool
    cursor_of: Callable[[Any], str]

    def page_info(self) -> dict[str, Any]:
        """Return pageInfo."""
        first, last = (self.items[0], self.items[-1]) if self.items else (None, None)
        return {
            "hasNextPage": self.has_next,
            "hasPreviousPage": self.has_previous,
            "startCursor": None if first is None else self.cursor_of(first),
            "endCursor": None if last is None else self.cursor_of(last),
        }

    def edges(self) -> list[dict[str, Any]]:
        """Return items with their cursors."""
        return [{"cursor": self.cursor_of(item), "node": item} for item in self.items]


def page_size(arguments: dict[str, Any], field: str) -> int:
    """Return how many items are asked for; raises FieldError for none, both or too many."""
    first, last = arguments.get("first"), arguments.get("last")
    if first is None and last is None:
        raise FieldError("you must provide one of first or last", "BAD_REQUEST")
    if first is not None and last is not None:
        raise FieldError("providing both first and last is not supported", "BAD_REQUEST")
    name, size = ("first", first) if first is not None else ("last", last)
    if size is None or size < 0 or size > MAX_PAGE:
        message = f"Argument '{name}' on Field '{field}' has an invalid value ({size}). Must be from 0 to {MAX_PAGE}."
        raise FieldError(message, "argumentLiteralsIncompatible", typeName="Field", argumentName=name)
    return int(size)


def write_cursor(item_id: int, value: float) -> str:
    """Return the cursor of an item: its id and, in milliseconds where it is a time, the value it is sorted by."""
    return base64.b64encode(orjson.dumps({"last_id": item_id, "last_value": int(value * 1000)})).decode()


def read_cursor(cursor: str) -> tuple[int, int]:
    """Return (id, value in milliseconds); raises FieldError."""
    try:
        content = orjson.loads(base64.b64decode(cursor, validate=True))
        return int(content["last_id"]), int(content["last_value"])
    except (ValueError, KeyError, TypeError) as err:
        raise FieldError("Invalid cursor for current pagination sort.", "INVALID_CURSOR") from err


def connect(
    items: Iterable[Any], arguments: dict[str, Any], field: str, id_of: IdOf, value_of: ValueOf | None = None
) -> Connection:
    """Return the page of a short list that the arguments ask for."""
    size = page_size(arguments, field)
    value = value_of or id_of
    rows = list(items)
    if arguments.get("reverse"):
        rows.reverse()
    ids = [id_of(row) for row in rows]
    start, end = 0, len(rows)
    if arguments.get("after"):
        start = _position(ids, arguments["after"]) + 1
    if arguments.get("before"):
        end = _position(ids, arguments["before"])
    if arguments.get("first") is not None:
        end = min(end, start + size)
    else:
        start = max(start, end - size)
    return Connection(rows[start:end], end < len(rows), start > 0, lambda item: write_cursor(id_of(item), value(item)))


def _position(ids: list[int], cursor: str) -> int:
    item_id, _ = read_cursor(cursor)
    try:
        return ids.index(item_id)
    except ValueError as err:
        raise FieldError("Invalid cursor for current pagination sort.", "INVALID_CURSOR") from err
