"""A request and an answer; an answer may ask the connection to wait first, or to close unanswered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson

JSON_TYPE = b"application/json; charset=utf-8"


class Malformed(Exception):
    """The body is not the JSON object it has to be; the text says why."""


@dataclass(slots=True)
class Request:
    """One request with its body; `path` starts with a slash and is decoded, header names are lower case."""

    method: str
    path: str
    raw_query: bytes
    headers: Mapping[str, str]
    body: bytes

    def query(self) -> dict[str, str]:
        """Return the query parameters; of a repeated one the last."""
        return dict(parse_qsl(self.raw_query.decode("utf-8", "replace"), keep_blank_values=True))

    def json_object(self) -> dict[str, Any]:
        """Return the body as an object; raises Malformed."""
        try:
            value = orjson.loads(self.body)
        except orjson.JSONDecodeError as err:
            raise Malformed(f"the body is not JSON: {err}") from err
        if not isinstance(value, dict):
            raise Malformed(f"the body must be a JSON object, not {type(value).__name__}")
        return value


@dataclass(slots=True)
class Response:
    """An answer; `delay_seconds` holds it back, `cut` closes the connection instead of sending it."""

    status: int
    body: bytes
    content_type: bytes = JSON_TYPE
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    delay_seconds: float = 0.0
    cut: bool = False


def json_response(value: object, *, status: int = 200) -> Response:
    """Answer with JSON."""
    return Response(status, orjson.dumps(value))


def redirect(location: str) -> Response:
    """Send the browser on to `location`."""
    return Response(302, b"", b"text/plain", [(b"location", location.encode())])
