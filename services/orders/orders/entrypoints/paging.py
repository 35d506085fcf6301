"""Cursors of lists that are sorted by id."""

from uuid import UUID

from common.errors import InvalidInput


def id_cursor(key: list[str] | None, cursor: str | None) -> UUID | None:
    """The id in a cursor; raises InvalidInput."""
    if key is None:
        return None
    try:
        return UUID(key[0])
    except ValueError:
        raise InvalidInput.of(
            "cursor", cursor, "is not a cursor of this list", "Start again without a cursor."
        ) from None
