"""Times as the control API takes and gives them, and an index of orders by time."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache

Key = tuple[float, int]


@lru_cache(maxsize=16384)
def rfc3339(seconds: int) -> str:
    """Return whole Unix seconds as `2026-01-01T00:00:00Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso(seconds: float | None) -> str | None:
    """Return a time as text, cut to seconds, or None."""
    return None if seconds is None else rfc3339(int(seconds))


def parse_time(value: str | float) -> float:
    """Return Unix seconds of an RFC 3339 text (no zone means UTC), a date, or a number; raises ValueError."""
    if isinstance(value, int | float):
        return float(value)
    moment = datetime.fromisoformat(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


class TimeIndex:
    """Ids ordered by (time, id)."""

    def __init__(self) -> None:
        self._keys: list[Key] = []

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, time: float, order_id: int) -> None:
        """Insert an id; cheap at the end, where nearly all go."""
        insort(self._keys, (time, order_id))

    def move(self, old: float, new: float, order_id: int) -> None:
        """Give an id another time."""
        position = bisect_left(self._keys, (old, order_id))
        del self._keys[position]
        insort(self._keys, (new, order_id))

    def ascending(self, start: Key) -> Iterator[Key]:
        """Return the keys from `start` (included) upwards."""
        keys = self._keys
        for position in range(bisect_left(keys, start), len(keys)):
            yield keys[position]

    def descending(self, start: Key) -> Iterator[Key]:
        """Return the keys below `start` (excluded) downwards."""
        keys = self._keys
        for position in range(bisect_left(keys, start) - 1, -1, -1):
            yield keys[position]
