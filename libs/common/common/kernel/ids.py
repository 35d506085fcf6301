"""Identifiers: time-ordered UUIDs for rows, derived ones for what must come out the same when it is made again."""

import os
import time
from uuid import UUID, uuid5

_NAMESPACE = UUID("5f0d2c1e-8f4b-5d0a-9c57-0a4de7d0c001")


class _Sequence:
    """The last timestamp with its counter: ids of one process are strictly increasing."""

    __slots__ = ("counter", "millis")

    def __init__(self) -> None:
        self.millis = 0
        self.counter = 0


_last = _Sequence()


def uuid7() -> UUID:
    """A UUIDv7 after RFC 9562: 48 bits of Unix milliseconds, a 12-bit counter within them, 62 random bits."""
    millis = time.time_ns() // 1_000_000
    if millis > _last.millis:
        _last.millis, _last.counter = millis, 0
    else:
        _last.counter += 1
        if _last.counter > 0xFFF:
            _last.millis, _last.counter = _last.millis + 1, 0
    tail = int.from_bytes(os.urandom(8), "big") & 0x3FFF_FFFF_FFFF_FFFF
    value = (_last.millis & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76 | _last.counter << 64 | 0x2 << 62 | tail
    return UUID(int=value)


def derived_id(*parts: object) -> UUID:
    """The UUIDv5 of the parts: the same parts give the same id, in every process and for ever."""
    return uuid5(_NAMESPACE, ":".join(str(part) for part in parts))
