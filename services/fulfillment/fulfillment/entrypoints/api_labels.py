"""/api/v1/fulfillments/{id}/label: print it, or upload the seller's own."""

from typing import Annotated, Literal
from uuid import UUID

import puremagic
from common.errors import InvalidInput, NotFound
from common.http.identity import CurrentIdentity
from common.http.problem import RESPONSES
from common.kernel.ids import uuid7
from fastapi import APIRouter, Form, Query, Response, UploadFile

from fulfillment.app import drafting
from fulfillment.app.label_calls import label_key
from fulfillment.domain.parts import Parcel
from fulfillment.entrypoints.api_fulfillments import visible
from fulfillment.entrypoints.root import CurrentRoot, Editor
from fulfillment.entrypoints.schemas import FulfillmentView, fulfillment_view

router = APIRouter(prefix="/api/v1/fulfillments", tags=["fulfillments"], responses=RESPONSES)

MOST_BYTES = 5 * 1024 * 1024
_TYPES = {"pdf": "application/pdf", "zpl": "application/zpl"}


@router.get("/{fulfillment_id}/label", summary="Get a label", response_class=Response)
async def get_fulfillment_label(
    fulfillment_id: UUID,
    root: CurrentRoot,
    identity: CurrentIdentity,
    parcel: Annotated[int, Query(ge=0, description="Which parcel's, counted from 0.")] = 0,
    label_format: Annotated[
        Literal["pdf", "zpl"] | None, Query(alias="format", description="zpl also converts a PDF for label printers.")
    ] = None,
) -> Response:
    """The file, as it is or converted for a ZPL printer."""
    order = await visible(root, identity, fulfillment_id)
    labelled = order.parcels[parcel] if parcel < len(order.parcels) else None
    if labelled is None or not labelled.label_key:
        raise NotFound(
            f"parcel {parcel} of fulfilment order {order.number} has no label",
            remedy="Wait for it, upload one where the channel is of kind own_label, or name another parcel.",
            code="label_missing",
        )
    stored = labelled.label_format or "pdf"
    wanted = label_format or stored
    if stored == "zpl" and wanted == "pdf":
        raise InvalidInput.of("format", "pdf", "cannot be made of a ZPL label", "Ask for format=zpl.")
    content = await root.documents.get(labelled.label_key)
    if wanted != stored:
        content = await root.to_zpl(content)
    name = f"{order.number}-{parcel + 1}.{wanted}"
    return Response(content, media_type=_TYPES[wanted], headers={"Content-Disposition": f'inline; filename="{name}"'})


@router.post("/{fulfillment_id}/label", summary="Upload the seller's own label")
async def upload_fulfillment_label(
    fulfillment_id: UUID,
    *,
    file: UploadFile,
    tracking_number: Annotated[str, Form(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")],
    carrier: Annotated[str, Form(min_length=1, max_length=100)],
    root: CurrentRoot,
    identity: Editor,
) -> FulfillmentView:
    """A PDF of at most 5 MB. The same tracking number again replaces the file, so a repeat changes nothing."""
    order = await visible(root, identity, fulfillment_id)
    content = await file.read(MOST_BYTES + 1)
    check_pdf(content, file.filename or "")
    # A key of its own for each upload: a file that a running submission reads is never changed under its hands.
    key = label_key(order.seller_id, f"{order.id}-{uuid7().hex}.pdf")
    await root.documents.put(key, content)
    parcel = Parcel(tracking_number=tracking_number, carrier=carrier, label_key=key, label_format="pdf")
    try:
        async with root.transactions.begin() as uow:
            order = await drafting.add_label(
                fulfillment_id, parcel, seller_id=identity.scope(), actor=identity.actor, uow=uow
            )
    except Exception:
        await root.documents.delete(key)
        raise
    return fulfillment_view(order)


def check_pdf(content: bytes, filename: str) -> None:
    """Raise InvalidInput unless it is a PDF of a size that we take."""
    if len(content) > MOST_BYTES:
        raise InvalidInput.of(
            "file", filename, "is larger than 5 MB", "Send the label alone, in a smaller resolution.",
            code="label_too_large",
        )  # fmt: skip
    try:
        found = puremagic.from_string(content) if content else ""
    except puremagic.PureError:
        found = ""
    if found != ".pdf" or not content.startswith(b"%PDF-"):
        raise InvalidInput.of(
            "file", filename, f"is not a PDF file, but {found or 'of no known kind'}", "Send the label as PDF.",
            code="label_not_pdf",
        )  # fmt: skip
