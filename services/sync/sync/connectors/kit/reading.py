"""Reading foreign JSON: every field is asked for by name and type, and what nobody asked for is counted.

`Fields` wraps one JSON object. A field of the wrong type raises FieldFault, which names the path and the value, so that
the order it belongs to can be parked with a reason that a person understands.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from sync.connectors.kit.canonical import Hooks

MAX_ITEMS = 5_000
_SHOWN_CHARACTERS = 60
_MAX_DIGITS = 18


def listed(names: str) -> frozenset[str]:
    """Field names written as one text with blanks between them."""
    return frozenset(names.split())


class FieldFault(ValueError):
    """A field that cannot be read: where it is, what it holds, what it should hold."""

    def __init__(self, path: str, value: object, expected: str) -> None:
        shown = "absent" if value is _ABSENT else f"{value!r:.{_SHOWN_CHARACTERS}}"
        super().__init__(f"{path} is {shown}, expected {expected}")
        self.path = path


@dataclass(frozen=True, slots=True)
class _Absent:
    pass


_ABSENT = _Absent()


class Fields:
    """One JSON object under way; `parent` and `key` only serve to name it when something is wrong."""

    __slots__ = ("_index", "_key", "_parent", "raw")

    def __init__(self, raw: object, *, parent: "Fields | None" = None, key: str = "", index: int | None = None) -> None:
        self._parent, self._key, self._index = parent, key, index
        if not isinstance(raw, dict):
            raise FieldFault(self.path or "the answer", raw, "an object")
        self.raw: dict[str, object] = raw

    @property
    def path(self) -> str:
        """Where this object is, as `orders.nodes[3].customer`."""
        own = self._key if self._index is None else f"{self._key}[{self._index}]"
        above = self._parent.path if self._parent is not None else ""
        return f"{above}.{own}" if above and own else above or own

    @property
    def shape(self) -> str:
        """The path without indexes, for counting."""
        above = self._parent.shape if self._parent is not None else ""
        return f"{above}.{self._key}" if above and self._key else above or self._key

    def fault(self, key: str, expected: str) -> FieldFault:
        """The error of one field of this object."""
        path = self.path
        return FieldFault(f"{path}.{key}" if path else key, self.raw.get(key, _ABSENT), expected)

    def count_unlisted(self, listed: frozenset[str], *, platform: str, hooks: Hooks) -> None:
        """Tell the hook of each field that the connector neither reads nor names as ignored."""
        if not self.raw.keys() <= listed:
            for key in self.raw.keys() - listed:
                hooks.unlisted_field(platform, f"{self.shape}.{key}" if self.shape else key)

    def text(self, key: str) -> str:
        """A text that is not empty."""
        value = self.raw.get(key)
        if isinstance(value, str) and value:
            return value
        raise self.fault(key, "a text")

    def optional_text(self, key: str) -> str:
        """A text; empty when absent or null."""
        value = self.raw.get(key)
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        raise self.fault(key, "a text or nothing")

    def whole(self, key: str, *, least: int = 0) -> int:
        """A whole number of at least `least`."""
        value = self.raw.get(key)
        if type(value) is int and value >= least:
            return value
        raise self.fault(key, f"a whole number from {least} up")

    def optional_whole(self, key: str, *, least: int = 0) -> int | None:
        """A whole number, or None when absent or null."""
        return None if self.raw.get(key) is None else self.whole(key, least=least)

    def flag(self, key: str) -> bool:
        """True or false; false when absent or null."""
        value = self.raw.get(key)
        if value is None:
            return False
        if isinstance(value, bool):
            return value
        raise self.fault(key, "true or false")

    def decimal(self, key: str) -> Decimal:
        """An exact amount from a decimal text or a JSON number (whose shortest form is what the platform wrote)."""
        value = self.raw.get(key)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            try:
                amount = Decimal(value if isinstance(value, str) else repr(value))
            except InvalidOperation:
                raise self.fault(key, "an amount") from None
            if amount.is_finite() and abs(amount.adjusted()) < _MAX_DIGITS:
                return amount
        raise self.fault(key, "an amount")

    def optional_decimal(self, key: str) -> Decimal | None:
        """An amount, or None when absent or null."""
        return None if self.raw.get(key) is None else self.decimal(key)

    def iso_moment(self, key: str) -> datetime:
        """An ISO 8601 time with its zone, as UTC."""
        value = self.raw.get(key)
        if isinstance(value, str):
            try:
                moment = datetime.fromisoformat(value)
            except ValueError:
                raise self.fault(key, "an ISO 8601 time") from None
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
        raise self.fault(key, "an ISO 8601 time with its zone")

    def optional_iso_moment(self, key: str) -> datetime | None:
        """A time, or None when absent or null."""
        return None if self.raw.get(key) is None else self.iso_moment(key)

    def unix_moment(self, key: str) -> datetime:
        """A time in whole Unix seconds."""
        value = self.raw.get(key)
        if type(value) is int and 0 < value < 10_000_000_000:
            return datetime.fromtimestamp(value, UTC)
        raise self.fault(key, "a time in Unix seconds")

    def optional_unix_moment(self, key: str) -> datetime | None:
        """A time, or None when absent, null or zero."""
        return None if self.raw.get(key) in (None, 0) else self.unix_moment(key)

    def child(self, key: str) -> "Fields":
        """The object under `key`."""
        return Fields(self.raw.get(key), parent=self, key=key)

    def optional_child(self, key: str) -> "Fields | None":
        """The object under `key`, or None when absent or null."""
        value = self.raw.get(key)
        return None if value is None else Fields(value, parent=self, key=key)

    def children(self, key: str) -> Iterator["Fields"]:
        """The objects of the list under `key`."""
        for index, item in enumerate(self._list(key, self.raw.get(key))):
            yield Fields(item, parent=self, key=key, index=index)

    def optional_children(self, key: str) -> Iterator["Fields"]:
        """The objects of the list under `key`; none when it is absent or null."""
        value = self.raw.get(key)
        for index, item in enumerate(() if value is None else self._list(key, value)):
            yield Fields(item, parent=self, key=key, index=index)

    def items(self, key: str) -> list[object]:
        """The list under `key` with its items unread, for items that are read one by one later."""
        return self._list(key, self.raw.get(key))

    def texts(self, key: str) -> tuple[str, ...]:
        """The texts of the list under `key`; none when it is absent or null."""
        value = self.raw.get(key)
        if value is None:
            return ()
        items = self._list(key, value)
        if all(isinstance(item, str) for item in items):
            return tuple(str(item) for item in items)
        raise self.fault(key, "a list of texts")

    def _list(self, key: str, value: object) -> list[object]:
        if isinstance(value, list) and len(value) <= MAX_ITEMS:
            return value
        raise self.fault(key, f"a list of at most {MAX_ITEMS}")
