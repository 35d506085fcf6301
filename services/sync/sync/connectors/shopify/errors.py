"""Shopify's three layers of errors: HTTP status, top-level `errors[]` (may stand beside data), `userErrors[]` in it."""

from collections.abc import Iterable
from dataclasses import dataclass

from sync.connectors.kit.errors import (
    ConnectorError,
    OutcomeUnknown,
    PermissionDenied,
    ReauthorizationNeeded,
    Refused,
    Throttled,
    error_for,
)
from sync.connectors.kit.http import Answer, Call, silence, status_error
from sync.connectors.kit.manifest import Meaning
from sync.connectors.kit.reading import Fields
from sync.connectors.shopify.manifest import MANIFEST, PLATFORM

DEFAULT_THROTTLE_SECONDS = 1.0

USER_ERRORS: tuple[tuple[str, str, bool], ...] = (
    ("has an unfulfillable status", "fulfillment_order_closed", False),
    ("Fulfillment order does not exist", "fulfillment_order_gone", False),
    ("Invalid fulfillment order line item quantity requested", "quantity_invalid", False),
    ("Quantity must be greater than 0", "quantity_invalid", True),
    ("All fulfillment orders must belong to the same order", "orders_mixed", True),
    ("All fulfillment orders must be assigned to a single location", "locations_mixed", False),
    ("Fulfillment not found", "fulfillment_not_found", True),
    ("Fulfillment does not exist", "fulfillment_not_found", True),
)
"""Recorded texts of userErrors without a code: a part of the text, our code, and whether repeating is useless. Those
that are not final come from a fulfillment order that was split or closed meanwhile; reading it again helps."""

_TOKEN_REFUSED = frozenset({400, 401, 403})
_APP_FAULTS = frozenset({"invalid_client", "application_cannot_be_found", "unauthorized_client"})


@dataclass(frozen=True, slots=True)
class Cost:
    """`extensions.cost` of an answer, in points: what had to be there, and what was taken (None when refused)."""

    requested: float
    actual: float | None
    available: float
    restore_rate: float
    maximum: float


def cost_of(body: dict[str, object]) -> Cost | None:
    """What the answer says of the bucket; None where it says nothing."""
    extensions = Fields(body).optional_child("extensions")
    cost = extensions.optional_child("cost") if extensions is not None else None
    status = cost.optional_child("throttleStatus") if cost is not None else None
    if cost is None or status is None:
        return None
    actual = cost.optional_decimal("actualQueryCost")
    found = Cost(
        actual=None if actual is None else float(actual),
        requested=float(cost.decimal("requestedQueryCost")),
        available=float(status.decimal("currentlyAvailable")),
        restore_rate=float(status.decimal("restoreRate")),
        maximum=float(status.decimal("maximumAvailable")),
    )
    return found if found.restore_rate > 0 and found.maximum > 0 else None


def top_level_error(
    call: Call, body: dict[str, object], *, cost: Cost | None, request_id: str
) -> ConnectorError | None:
    """The error of the whole answer, or None. A denied field inside an order is null there and no error of the page."""
    errors = list(Fields(body).optional_children("errors"))
    if not errors:
        return None
    partial = body.get("data") is not None
    for error in errors:
        extensions = error.optional_child("extensions")
        code = extensions.optional_text("code") if extensions is not None else ""
        if partial and code == "ACCESS_DENIED" and _is_leaf(error.raw.get("path")):
            continue
        meaning = MANIFEST.errors.get(code)
        message = error.optional_text("message")
        if meaning is Meaning.THROTTLED:
            wait = DEFAULT_THROTTLE_SECONDS
            if cost is not None:
                wait = max(DEFAULT_THROTTLE_SECONDS / 10, (cost.requested - cost.available) / cost.restore_rate)
            reason = "the shop's query points are used up"
            return Throttled(
                reason, code=code, retry_after=wait, platform=PLATFORM, call=call.name, request_id=request_id
            )
        if meaning is None and not code and call.writes and partial:
            # Without a code nothing says whether the mutation beside it took place.
            reason = f"{message[:500]}; what the shop has is read before it is repeated"
            return OutcomeUnknown(reason, platform=PLATFORM, call=call.name, request_id=request_id)
        return error_for(
            meaning or Meaning.REFUSED,
            _advice(meaning, message),
            code=code or "graphql_error",
            platform=PLATFORM,
            call=call.name,
            request_id=request_id,
            writes=call.writes,
        )
    return None


def _is_leaf(path: object) -> bool:
    """Whether an error's path points inside an object, rather than at the answer's root field."""
    return isinstance(path, list) and len(path) > 1


def _advice(meaning: Meaning | None, message: str) -> str:
    if meaning is Meaning.PERMISSION:
        return f"{message[:500]} Grant the scope: authorise the store again."
    return message[:500]


def http_error(call: Call, answer: Answer, *, request_id: str) -> ConnectorError | None:
    """The error of the HTTP status."""
    return status_error(call, answer, request_id=request_id)


def token_error(call: Call, answer: Answer, *, body: dict[str, object], request_id: str) -> ConnectorError | None:
    """The error of a token call: a refused code or refresh token asks the seller, a refused app asks the operator."""
    if answer.status in _TOKEN_REFUSED:
        said = body.get("error")
        code = said if isinstance(said, str) and len(said) < 80 else f"http_{answer.status}"
        where = {"platform": PLATFORM, "call": call.name, "request_id": request_id}
        if code in _APP_FAULTS:
            return PermissionDenied("Shopify does not know the app; check client id and secret", code=code, **where)
        if call.name == "oauth/exchange":
            return Refused("the code is not taken; start the authorisation again", code=code, final=True, **where)
        return ReauthorizationNeeded("the refresh token is not taken; authorise the store again", code=code, **where)
    if answer.status >= 500:
        return silence(call, f"HTTP {answer.status}", request_id=request_id)
    return status_error(call, answer, request_id=request_id)


def user_error(call: Call, errors: Iterable[Fields], *, request_id: str) -> Refused | None:
    """The refusal in `userErrors`, or None when there are none; an unrecorded text is final and shown as it is."""
    for error in errors:
        message = error.optional_text("message")
        code, final = error.optional_text("code") or "user_error", True
        for part, known, is_final in USER_ERRORS:
            if part in message:
                code, final = known, is_final
        field = ".".join(error.texts("field"))
        reason = f"{field}: {message}" if field else message
        return Refused(reason, code=code, final=final, platform=PLATFORM, call=call.name, request_id=request_id)
    return None
