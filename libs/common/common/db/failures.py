"""What a database error means for the one who met it."""

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_RETRY_IN_PLACE = frozenset({"40001", "40P01", "55P03"})
_SERVER_GONE = ("08", "57P", "53")


def sqlstate(error: BaseException) -> str:
    """The SQLSTATE of a database error, or an empty string."""
    if not isinstance(error, DBAPIError):
        return ""
    return str(getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None) or "")


def is_contention(error: BaseException) -> bool:
    """A serialisation failure, a deadlock or a lock that took too long: the same work may be tried again at once."""
    return sqlstate(error) in _RETRY_IN_PLACE


def is_lost(error: BaseException) -> bool:
    """The database cannot be reached or is going down: nothing is wrong with the work itself."""
    if isinstance(error, PoolTimeout | OSError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = sqlstate(error)
    if state:
        return state.startswith(_SERVER_GONE) and state != "57014"
    return error.connection_invalidated or isinstance(error, InterfaceError | OperationalError)


def constraint_of(error: BaseException) -> str:
    """The name of the constraint that refused a row, or an empty string."""
    if not isinstance(error, DBAPIError):
        return ""
    cause = getattr(error.orig, "__cause__", None)
    return str(getattr(cause, "constraint_name", None) or "")
