"""/api/v1/hooks/wms/{warehouse_id}: callbacks of warehouse systems, after docs/wms-protocol.md."""

from typing import Annotated, Literal
from uuid import UUID

from common.errors import InvalidInput, NotFound, Unauthenticated
from common.http.problem import RESPONSES, field_errors
from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from prometheus_client import Counter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from fulfillment.app.answering import REFERENCE, Callback
from fulfillment.domain.answers import Answer, AnswerKind
from fulfillment.domain.parts import Parcel
from fulfillment.entrypoints.root import CurrentRoot

router = APIRouter(prefix="/api/v1/hooks/wms", tags=["hooks"], responses=RESPONSES)

MOST_BYTES = 1024 * 1024
TAKEN = Counter("orderdock_wms_callbacks_total", "Callbacks of warehouse systems that were taken in.", ["type"])
REFUSED = Counter("orderdock_wms_callbacks_refused_total", "Callbacks that were refused.", ["reason"])


class CallbackParcel(BaseModel):
    """A parcel that left."""

    model_config = ConfigDict(extra="forbid", strict=True)

    package_number: str = Field(max_length=200)
    tracking_number: str = Field(max_length=200)
    carrier: str = Field(max_length=200)
    weight_grams: Annotated[int, Field(ge=0, le=10_000_000)] | None


class CallbackBody(BaseModel):
    """One callback."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["accepted", "refused", "shipped", "canceled", "cancel_refused"]
    reference: str = Field(pattern=rf"^{REFERENCE.pattern}$", description="Ours: FO-000000123-1.")
    warehouse_reference: str = Field(max_length=200)
    occurred_at: AwareDatetime
    reason: str = Field(max_length=2000)
    parcels: list[CallbackParcel] = Field(max_length=100)


class Stored(BaseModel):
    """The callback is stored."""

    status: Literal["stored"] = "stored"


@router.post("/{warehouse_id}", summary="Take a callback of a warehouse system")
async def take_wms_callback(warehouse_id: UUID, request: Request, root: CurrentRoot) -> Stored:
    """Signed with the warehouse's secret; answered 200 once stored, also for a repeat."""
    connection = await root.connections.get(warehouse_id)
    if connection is None:
        REFUSED.labels("unknown_warehouse").inc()
        raise NotFound(
            f"there is no warehouse {warehouse_id} with a warehouse system",
            remedy="Take the id from the warehouse's page in Orderdock, and have its secret set there.",
        )
    raw = await request.body()
    try:
        Webhook(connection.secret).verify(raw, dict(request.headers), json_parse=False)
    except (WebhookVerificationError, ValueError) as error:
        REFUSED.labels("bad_signature").inc()
        raise Unauthenticated(
            f"the signature does not fit: {error}",
            remedy="Sign id, timestamp and body with the shared secret, within 5 minutes, after Standard Webhooks.",
            code="bad_signature",
        ) from error
    callback = _parse(raw, warehouse_id)
    if not await root.callbacks.take(callback):
        REFUSED.labels("unknown_reference").inc()
        reference = f"{callback.number}-{callback.answer.submission}"
        raise InvalidInput.of(
            "reference",
            reference,
            "is no submission to this warehouse",
            "Send the reference with which it was submitted.",
            code="unknown_reference",
        )
    TAKEN.labels(callback.answer.kind).inc()
    return Stored()


def _parse(raw: bytes, warehouse_id: UUID) -> Callback:
    try:
        if len(raw) > MOST_BYTES:
            raise InvalidInput.of("body", f"{len(raw)} bytes", "is larger than 1 MB", "Send one callback a call.")
        body = CallbackBody.model_validate_json(raw)
    except ValidationError as error:
        REFUSED.labels("bad_body").inc()
        raise InvalidInput(field_errors(RequestValidationError(error.errors()))) from error
    if body.type == "shipped" and not body.parcels:
        REFUSED.labels("bad_body").inc()
        raise InvalidInput.of("parcels", [], "is empty", "Say with which parcels it left, at least one.")
    if body.type == "refused" and not body.reason:
        REFUSED.labels("bad_body").inc()
        raise InvalidInput.of("reason", "", "is empty", "Say why the warehouse will not ship it.")
    match = REFERENCE.fullmatch(body.reference)
    assert match is not None
    answer = Answer(
        submission=int(match[2]),
        kind=AnswerKind(body.type),
        at=body.occurred_at,
        reason=body.reason,
        warehouse_reference=body.warehouse_reference,
        parcels=tuple(
            Parcel(
                package_number=parcel.package_number,
                tracking_number=parcel.tracking_number,
                carrier=parcel.carrier,
                weight_grams=parcel.weight_grams,
            )
            for parcel in body.parcels
        ),
    )
    return Callback(warehouse_id, match[1], answer)
