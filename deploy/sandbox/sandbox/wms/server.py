"""The warehouse's side of the WMS protocol."""

import hashlib
import re
from typing import Annotated, Any, Literal

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from sandbox.faults import Scope
from sandbox.http import Request, Response
from sandbox.wms import effects
from sandbox.wms.model import Submission, Warehouse
from sandbox.wms.signing import problem_with
from sandbox.world import World

PATH = re.compile(
    r"^/wms/(?P<code>[^/]+)/v1/(?:outbound-orders/(?P<reference>[^/]+)(?P<cancel>/cancel)?|(?P<inventory>inventory))$"
)
REFERENCE = re.compile(r"^\S{1,64}$")
MAX_PAGE = 1000
BASE64 = re.compile(r"^[A-Za-z0-9+/]*={0,2}$")
NonEmpty = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


def _is_base64(value: str) -> str:
    if not value or len(value) % 4 or not BASE64.match(value):
        raise ValueError("must be base64 of a label")
    return value


class ShipTo(_Strict):
    """Where to; every field is required, most may be empty."""

    name: str
    company: str
    phone: str
    email: str
    line1: str
    line2: str
    city: str
    region: str
    postal_code: str
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")]


class OutboundLine(_Strict):
    """What of which SKU."""

    sku: NonEmpty
    quantity: Annotated[int, Field(gt=0)]
    title: str


class OutboundParcel(_Strict):
    """A parcel whose label is made already."""

    package_number: str
    tracking_number: str
    carrier: str
    label_format: Literal["pdf", "zpl", "png"]
    label_base64: Annotated[str, AfterValidator(_is_base64)]


class OutboundOrder(_Strict):
    """The body of PUT."""

    reference: NonEmpty
    order_number: str
    seller: NonEmpty
    warehouse: NonEmpty
    channel: str
    ship_by: str | None
    ship_to: ShipTo
    lines: Annotated[list[OutboundLine], Field(min_length=1)]
    parcels: list[OutboundParcel]


def _problem(status: int, code: str, detail: str) -> Response:
    body = {"type": "about:blank", "title": code.replace("_", " "), "status": status, "code": code, "detail": detail}
    return Response(status, orjson.dumps(body), b"application/problem+json")


def _order(submission: Submission, *, status: int = 200) -> Response:
    return Response(status, orjson.dumps(submission.fields()), b"application/json")


class WmsServer:
    """Answers everything under /wms/{code}/v1/."""

    def __init__(self, world: World) -> None:
        self._world = world

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        match = PATH.match(request.path)
        place = self._world.warehouses.get(match["code"]) if match else None
        if match is None or place is None:
            return _problem(404, "not_found", f"nothing is served at {request.path}")
        operation = "inventory" if match["inventory"] else "cancel" if match["cancel"] else request.method.lower()
        if (operation, request.method) not in (
            ("inventory", "GET"),
            ("cancel", "POST"),
            ("get", "GET"),
            ("put", "PUT"),
        ):
            return _problem(405, "method_not_allowed", f"{request.method} is not served at {request.path}")
        wrong = problem_with(place.key, request.headers, request.body, self._world.now())
        if wrong:
            self._world.signature_failures["wms"] += 1
            self._world.errors["wms.401"] += 1
            return _problem(401, "bad_signature", wrong)
        self._world.calls[f"wms.{operation}"] += 1
        known = place.submissions.get(match["reference"] or "")
        named = (match["reference"] or "", *((known.number,) if known else self._number_of(request)))
        scope = Scope("wms", operation, warehouse=place.spec.code, orders=named)
        return self._before(scope) or self._after(
            self._answer(operation, place, match["reference"] or "", request, scope), scope
        )

    def _number_of(self, request: Request) -> tuple[str, ...]:
        """Return the order number of a PUT, read only while a fault could want it."""
        if not self._world.faults.any_live() or not request.body:
            return ()
        try:
            body = orjson.loads(request.body)
        except orjson.JSONDecodeError:
            return ()
        return (str(body.get("order_number")),) if isinstance(body, dict) else ()

    def _answer(self, operation: str, place: Warehouse, reference: str, request: Request, scope: Scope) -> Response:
        if operation == "inventory":
            return self._inventory(place, request)
        if operation == "put":
            return self._put(place, reference, request.body, scope)
        submission = place.submissions.get(reference)
        if submission is None:
            return _problem(404, "unknown_reference", f"no outbound order {reference} is known here")
        return _order(submission) if operation == "get" else self._cancel(submission, request.body, scope)

    def _put(self, place: Warehouse, reference: str, body: bytes, scope: Scope) -> Response:
        try:
            content = orjson.loads(body)
            order = OutboundOrder.model_validate(content)
        except orjson.JSONDecodeError as err:
            return _problem(422, "invalid", f"body: not JSON: {err}")
        except ValidationError as err:
            return _invalid(err)
        if order.reference != reference or not REFERENCE.match(reference):
            return _problem(422, "invalid", f"reference: {order.reference!r} is not that of the path, {reference!r}")
        if order.warehouse != place.spec.code:
            return _problem(422, "invalid", f"warehouse: {order.warehouse!r} is not this one, {place.spec.code!r}")
        fingerprint = hashlib.blake2b(orjson.dumps(content, option=orjson.OPT_SORT_KEYS), digest_size=12).hexdigest()
        known = place.submissions.get(reference)
        if known is not None:
            known.puts += 1
            if known.fingerprint != fingerprint:
                self._world.errors["wms.reference_in_use"] += 1
                return _problem(409, "reference_in_use", f"{reference} was taken in before with other content")
            known.same_again += 1
            return _order(known)
        refused = self._world.strike("wms_refuse", scope)
        if refused is not None:
            self._world.errors["wms.refused"] += 1
            return _problem(
                422, "refused", str(refused.details.get("reason", "The warehouse does not ship this order."))
            )
        return _order(self._take_in(place, order, fingerprint, scope), status=201)

    def _take_in(self, place: Warehouse, order: OutboundOrder, fingerprint: str, scope: Scope) -> Submission:
        spec = place.spec
        decision, seconds, reason = "accept_now" if spec.accept_in_answer else "accept", spec.accept_seconds, ""
        late = self._world.strike("wms_late", scope)
        if late is not None:
            decision, seconds = "accept", float(late.details.get("delay", 30.0))
        refused = self._world.strike("wms_refuse_later", scope)
        if refused is not None:
            decision, reason = "refuse", str(refused.details.get("reason", "The warehouse does not ship this order."))
        if self._world.strike("wms_silent", scope) is not None:
            decision = "none"
        return effects.submit(
            self._world,
            warehouse=spec.code,
            reference=order.reference,
            number=order.order_number,
            seller=order.seller,
            fingerprint=fingerprint,
            parcels=[
                {
                    "package_number": each.package_number,
                    "tracking_number": each.tracking_number,
                    "carrier": each.carrier,
                }
                for each in order.parcels
            ],
            decision=decision,
            after_seconds=seconds,
            reason=reason,
            twice=self._world.strike("wms_twice", scope) is not None,
        )

    def _cancel(self, submission: Submission, body: bytes, scope: Scope) -> Response:
        if body:
            return _problem(422, "invalid", "cancel takes no body")
        if submission.status in ("canceled", "cancel_pending"):
            return _order(submission)
        if submission.status in ("shipped", "refused"):
            return _problem(409, "cannot_cancel", f"the order is {submission.status}")
        spec = submission.warehouse.spec
        if self._world.strike("cancel_refused", scope) is not None or spec.cancel == "refuse":
            self._world.errors["wms.cannot_cancel"] += 1
            return _problem(409, "cannot_cancel", "the order is already being packed")
        pending = self._world.strike("cancel_pending", scope)
        seconds = spec.cancel_seconds if pending is not None or spec.cancel == "pending" else None
        refuse = bool(pending and pending.details.get("refuse"))
        changed = effects.cancel_by_call(
            self._world,
            warehouse=spec.code,
            reference=submission.reference,
            pending_seconds=seconds,
            refuse_later=refuse,
        )
        return _order(changed)

    def _inventory(self, place: Warehouse, request: Request) -> Response:
        given = request.query()
        unknown = sorted(set(given) - {"limit", "cursor"})
        limit, cursor = given.get("limit") or str(MAX_PAGE), given.get("cursor") or "0"
        if unknown or not limit.isdigit() or not 1 <= int(limit) <= MAX_PAGE or not cursor.isdigit():
            return _problem(422, "invalid", f"limit is 1 to {MAX_PAGE}, cursor what the page before gave; got {given}")
        rows = sorted((row.model_dump() for row in place.spec.stock), key=lambda row: (row["seller"], row["sku"]))
        end = int(cursor) + int(limit)
        page: dict[str, Any] = {"items": rows[int(cursor) : end], "next_cursor": str(end) if end < len(rows) else None}
        return Response(200, orjson.dumps(page), b"application/json")

    def _before(self, scope: Scope) -> Response | None:
        world = self._world
        fault = world.strike("throttle", scope)
        status = 429 if fault else 0
        if fault is None:
            fault = world.strike("error", scope)
            status = int(fault.details.get("status", 503)) if fault else 0
        if fault is not None:
            response = _problem(status, "later" if status in (429, 503) else "internal_error", "try again later")
            if status in (429, 503):
                response.headers.append((b"retry-after", f"{fault.details.get('retry_after', 1):g}".encode()))
            return response
        return Response(200, b"", cut=True) if world.strike("cut_before", scope) is not None else None

    def _after(self, response: Response, scope: Scope) -> Response:
        fault = self._world.strike("slow", scope)
        if fault is not None:
            response.delay_seconds = float(fault.details.get("delay", 5.0))
        response.cut = self._world.strike("cut", scope) is not None
        return response


def _invalid(err: ValidationError) -> Response:
    """Name every field that is wrong."""
    parts = [
        f"{'.'.join(str(part) for part in error['loc']) or 'body'}: {error['msg']}"
        for error in err.errors(include_url=False)
    ]
    return _problem(422, "invalid", "; ".join(parts))
