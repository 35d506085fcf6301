"""Parts of cursors, read strictly: whoever makes one up gets a clear answer."""

from uuid import UUID

from common.errors import InvalidInput


def uuid_of(part: str) -> UUID:
    """The UUID in a part of a cursor; raises InvalidInput."""
    try:
        return UUID(part)
    except ValueError:
        raise _not_ours(part) from None


def number_of(part: str) -> int:
    """The number in a part of a cursor; raises InvalidInput."""
    if not part.isascii() or not part.isdecimal() or len(part) > 18:
        raise _not_ours(part)
    return int(part)


def _not_ours(part: str) -> InvalidInput:
    return InvalidInput.of("cursor", part, "is not a cursor of this list", "Start again without a cursor.")
