"""What can go wrong between us and a platform. Every connector raises these, and nothing else.

::

    ConnectorError                  code, reason, platform, call, request_id; `progress` where a label was under way
     |- Transient                   nothing happened there; try again later (retry_after where known)
     |   |- Throttled               too many calls; not before `retry_after`
     |   `- NotReady                the platform has not finished its own work yet; a wait, not an error
     |- TokenExpired                refresh the credentials, then repeat the call
     |- ReauthorizationNeeded       only the seller can help: authorise the store again; make no further calls
     |- PermissionDenied            the app or the store may not do this; the seller or the operator must grant it
     |- Refused                     the platform said no: `final` (never repeat) or not (repeat once something changed)
     |- OutcomeUnknown              a write got no answer; calling the same method again reads back before it writes
     |- MalformedAnswer             the answer is not what the platform documents; alert, then treat as transient
     |- BadSignature                a callback or webhook that the platform did not sign; answer 401
     `- Unsupported                 the manifest lacks this capability, so the call is our own mistake

Messages never hold tokens, signatures or URLs with a query.
"""

from collections.abc import Mapping
from typing import assert_never

from sync.connectors.kit.manifest import Meaning


class ConnectorError(Exception):
    """The root. `code` is stable, the platform's own where it gave one; `reason` is for people, with what to do."""

    retryable = False

    def __init__(
        self, reason: str, *, code: str = "", platform: str = "", call: str = "", request_id: str = ""
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code or self.default_code()
        self.platform = platform
        self.call = call
        self.request_id = request_id
        self.progress: Mapping[str, object] | None = None

    @classmethod
    def default_code(cls) -> str:
        """The class name in snake case."""
        return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in cls.__name__).lstrip("_")

    def __str__(self) -> str:
        where = " ".join(part for part in (self.platform, self.call) if part)
        trace = f" (request {self.request_id})" if self.request_id else ""
        return f"{where}: {self.code}: {self.reason}{trace}" if where else f"{self.code}: {self.reason}{trace}"


class Transient(ConnectorError):
    """Nothing happened on the platform; repeat after `retry_after` seconds, or by the caller's back-off when None."""

    retryable = True

    def __init__(
        self,
        reason: str,
        *,
        retry_after: float | None = None,
        code: str = "",
        platform: str = "",
        call: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(reason, code=code, platform=platform, call=call, request_id=request_id)
        self.retry_after = retry_after


class Throttled(Transient):
    """The platform's limit, or our own that keeps below it; `retry_after` is always set, in seconds."""


class NotReady(Transient):
    """The platform is still working on it: a label being made, a tracking number being drawn."""


class TokenExpired(ConnectorError):
    """The access token is no longer taken; refresh, store the new pair, repeat."""

    retryable = True


class ReauthorizationNeeded(ConnectorError):
    """The refresh token or the grant itself has ended; only the seller can renew it."""


class PermissionDenied(ConnectorError):
    """A missing scope, an undeclared address, a suspended app or a frozen shop."""


class Refused(ConnectorError):
    """The platform understood and said no. `final`: repeating is useless; otherwise it may pass later."""

    def __init__(
        self, reason: str, *, code: str, final: bool, platform: str = "", call: str = "", request_id: str = ""
    ) -> None:
        super().__init__(reason, code=code, platform=platform, call=call, request_id=request_id)
        self.final = final
        self.retryable = not final


class OutcomeUnknown(ConnectorError):
    """A write was sent and no answer came: it may have happened. The next call of the same method reads back first."""

    retryable = True


class MalformedAnswer(ConnectorError):
    """The answer as a whole cannot be read (single orders that cannot are parked instead)."""

    retryable = True


class BadSignature(ConnectorError):
    """A request in the platform's name that it did not sign with our secret, or an old one sent again."""


class Unsupported(ConnectorError):
    """Asked for something outside the manifest's capabilities."""


def error_for(
    meaning: Meaning,
    reason: str,
    *,
    code: str,
    platform: str,
    call: str,
    request_id: str = "",
    writes: bool = False,
    retry_after: float | None = None,
) -> ConnectorError:
    """The error that a row of a manifest's table means; a failure inside the platform leaves a write unknown."""
    if meaning is Meaning.TRANSIENT and writes:
        return OutcomeUnknown(reason, code=code, platform=platform, call=call, request_id=request_id)
    match meaning:
        case Meaning.TRANSIENT | Meaning.THROTTLED | Meaning.NOT_READY:
            kind = {Meaning.TRANSIENT: Transient, Meaning.THROTTLED: Throttled, Meaning.NOT_READY: NotReady}[meaning]
            return kind(reason, retry_after=retry_after, code=code, platform=platform, call=call, request_id=request_id)
        case Meaning.REFUSED | Meaning.REFUSED_FOR_NOW:
            final = meaning is Meaning.REFUSED
            return Refused(reason, code=code, final=final, platform=platform, call=call, request_id=request_id)
        case Meaning.ACCESS_EXPIRED:
            return TokenExpired(reason, code=code, platform=platform, call=call, request_id=request_id)
        case Meaning.REAUTHORIZE:
            return ReauthorizationNeeded(reason, code=code, platform=platform, call=call, request_id=request_id)
        case Meaning.PERMISSION:
            return PermissionDenied(reason, code=code, platform=platform, call=call, request_id=request_id)
        case _:
            assert_never(meaning)
