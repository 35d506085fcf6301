"""The errors that cross an edge, each with a stable code, what happened and what to do next.

AppError
├── InvalidInput        422  a field, its value, the remedy
├── Unauthenticated     401
├── Forbidden           403
├── NotFound            404
├── Conflict            409
│   └── IllegalTransition    the state it was in
├── StaleVersion        412  If-Match did not match
├── PreconditionMissing 428  If-Match or Idempotency-Key is required
├── TooManyRequests     429
└── Unavailable         503  try again
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field: its path (`lines.2.quantity`), the value as given, what is wrong and how to put it right."""

    field: str
    value: object
    message: str
    remedy: str = ""


class AppError(Exception):
    """An expected failure. `message` says what happened, `remedy` what to do next, `params` the ids involved."""

    code: ClassVar[str] = "error"
    http_status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, remedy: str = "", code: str = "", **params: object) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.error_code = code or self.code
        self.params = params


class InvalidInput(AppError):
    """A value that cannot be taken; nothing was done."""

    code = "invalid_input"
    http_status = 422

    def __init__(self, fields: Sequence[FieldError], *, code: str = "") -> None:
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in fields), code=code)
        self.fields = tuple(fields)

    @classmethod
    def of(cls, field: str, value: object, message: str, remedy: str = "", *, code: str = "") -> "InvalidInput":
        """The error of one field."""
        return cls([FieldError(field, value, message, remedy)], code=code)


class Unauthenticated(AppError):
    """Nobody knows who is asking."""

    code = "unauthenticated"
    http_status = 401


class Forbidden(AppError):
    """Known, but not allowed."""

    code = "forbidden"
    http_status = 403


class NotFound(AppError):
    """No such thing, or not the asker's."""

    code = "not_found"
    http_status = 404


class Conflict(AppError):
    """Not possible as things stand."""

    code = "conflict"
    http_status = 409


class IllegalTransition(Conflict):
    """A move that the state table does not have."""

    code = "illegal_transition"

    def __init__(self, kind: str, key: object, current: str, target: str, *, remedy: str = "") -> None:
        super().__init__(
            f"{kind} {key} is {current} and cannot become {target}",
            remedy=remedy,
            state=current,
            target=target,
            id=str(key),
        )
        self.current, self.target = current, target


class StaleVersion(AppError):
    """Somebody else changed it since it was read."""

    code = "stale_version"
    http_status = 412

    def __init__(self, kind: str, key: object, *, expected: int, current: int) -> None:
        super().__init__(
            f"{kind} {key} is at version {current}, not {expected}",
            remedy="Read it again, apply your change to what it is now, and send the new version in If-Match.",
            current_version=current,
        )


class PreconditionMissing(AppError):
    """A header that this call needs is absent."""

    code = "precondition_required"
    http_status = 428


class TooManyRequests(AppError):
    """Slow down."""

    code = "too_many_requests"
    http_status = 429
    retryable = True


class Unavailable(AppError):
    """Something that is needed does not answer now."""

    code = "unavailable"
    http_status = 503
    retryable = True
