"""Shopee's errors: a code in the body, whatever the HTTP status; success is an empty code or "-"."""

from datetime import datetime, timedelta, timezone

from sync.connectors.kit.errors import ConnectorError, Transient, error_for
from sync.connectors.kit.http import Call
from sync.connectors.kit.manifest import Meaning
from sync.connectors.kit.reading import Fields
from sync.connectors.shopee.auth import EXCHANGE, REFRESH
from sync.connectors.shopee.manifest import ERRORS, PLATFORM

_SHOPEE_ZONE = timezone(timedelta(hours=8))
_BURST_SECONDS = 1.0
_LAST_PARTS = {code.rpartition(".")[2]: meaning for code, meaning in ERRORS.items()}
_ALREADY_ARRANGED = frozenset({"package_already_shipped"})
_NOT_ARRANGEABLE = frozenset({"ship_order_not_ready_to_ship"})
_SHIPPED_TEXT = "order has been shipped"

_REMEDIES = {
    Meaning.REAUTHORIZE: "authorise the shop again",
    Meaning.PERMISSION: "check the app in Shopee's console: key, permissions, declared addresses",
    Meaning.ACCESS_EXPIRED: "the credentials are refreshed",
}


def clean_code(code: str) -> str:
    """A code without the blanks that Shopee prints into some; "-" is none."""
    stripped = "".join(code.split())
    return "" if stripped == "-" else stripped


def last_part(code: str) -> str:
    """The code without its module, which Shopee writes or leaves out."""
    return code.rpartition(".")[2]


def meaning_of(code: str) -> Meaning | None:
    """The table's row for a clean code, by the whole or by its last part."""
    return ERRORS.get(code) or _LAST_PARTS.get(last_part(code))


def body_error(call: Call, body: Fields, *, now: datetime) -> ConnectorError | None:
    """The error that an answer's body tells, or None."""
    code = clean_code(body.optional_text("error"))
    if not code:
        return None
    return coded_error(call, code, body.optional_text("message"), request_id=body.optional_text("request_id"), now=now)


def coded_error(call: Call, code: str, message: str, *, request_id: str = "", now: datetime) -> ConnectorError:
    """The error of a clean code; one that the table lacks is a final refusal in Shopee's own words."""
    meaning = meaning_of(code) or Meaning.REFUSED
    if last_part(code) == "error_param" and "timestamp" in message.lower():
        reason = f"{message[:300]} Check this machine's clock."
        return Transient(reason, code=code, platform=PLATFORM, call=call.name, request_id=request_id)
    if call.name == REFRESH and meaning in (Meaning.REFUSED, Meaning.ACCESS_EXPIRED):
        meaning = Meaning.REAUTHORIZE
    if call.name == EXCHANGE and meaning is Meaning.ACCESS_EXPIRED:
        meaning = Meaning.REFUSED
    remedy = _REMEDIES.get(meaning)
    reason = f"{message[:500]} ({remedy})" if remedy else message[:500] or "refused without a reason"
    retry_after = None
    if meaning is Meaning.THROTTLED:
        retry_after = seconds_to_midnight(now) if last_part(code) == "error_limit" else _BURST_SECONDS
    return error_for(
        meaning,
        reason,
        code=code,
        platform=PLATFORM,
        call=call.name,
        request_id=request_id,
        writes=call.writes,
        retry_after=retry_after,
    )


def seconds_to_midnight(now: datetime) -> float:
    """Until the daily quota starts anew, at 00:00 UTC+8."""
    local = now.astimezone(_SHOPEE_ZONE)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return (midnight - local).total_seconds()


def says_arranged(error: ConnectorError) -> bool:
    """Whether a refused ship_order may mean that the package is arranged already; reading it decides."""
    part = last_part(error.code)
    if part in _ALREADY_ARRANGED or part in _NOT_ARRANGEABLE:
        return True
    return part == "error_param" and _SHIPPED_TEXT in error.reason.lower()
