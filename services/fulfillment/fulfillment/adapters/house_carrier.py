"""The house carrier: the built-in carrier, with a number range of its own and labels that it prints itself."""

import asyncio
from uuid import UUID

from common.db.unit_of_work import Transactions
from common.kernel.clock import utcnow
from sqlalchemy import text

from fulfillment.adapters.label_rendering import label_content, label_pdf, label_zpl
from fulfillment.adapters.label_text import NotPrintable, latin
from fulfillment.app.ports import Label, LabelRefused, LabelRequest, Uow
from fulfillment.domain.house_number import house_number
from fulfillment.domain.parts import Address

_BOOK = text(
    "INSERT INTO house_labels (reference, seller_id, tracking_number, state, created_at) "
    "VALUES (:reference, :seller_id, :tracking_number, 'active', :now) ON CONFLICT (reference) DO NOTHING "
    "RETURNING tracking_number"
)
_BOOKED = text("SELECT tracking_number, state FROM house_labels WHERE reference = :reference")
_SERIAL = text("SELECT nextval('house_serials')")
_VOID = text(
    "INSERT INTO house_labels (reference, seller_id, state, created_at, voided_at) "
    "VALUES (:reference, :seller_id, 'void', :now, :now) ON CONFLICT (reference) "
    "DO UPDATE SET state = 'void', voided_at = :now WHERE house_labels.state = 'active'"
)


class HouseCarrier:
    """A carrier in the sense of CarrierPort. One number per reference: the same request again is the same label."""

    def __init__(self, transactions: Transactions[Uow]) -> None:
        self._transactions = transactions

    async def buy(self, request: LabelRequest) -> Label:
        """Book a number and print the label; raises LabelRefused."""
        check_address(request.ship_to)
        tracking_number = await self._book(request)
        content = label_content(request, tracking_number)
        is_pdf = request.carrier.label_format == "pdf"
        # Drawing takes a millisecond or two of CPU: a thread keeps the event loop free for others meanwhile.
        drawn = await asyncio.to_thread(label_pdf if is_pdf else label_zpl, content)
        return Label(tracking_number, request.carrier.service, request.carrier.label_format, drawn)

    async def _book(self, request: LabelRequest) -> str:
        async with self._transactions.engine.begin() as connection:
            serial = (await connection.execute(_SERIAL)).scalar_one()
            values = {
                "reference": request.reference,
                "seller_id": request.seller_id,
                "tracking_number": house_number(request.carrier.prefix, serial),
                "now": utcnow(),
            }
            booked = (await connection.execute(_BOOK, values)).scalar_one_or_none()
            if booked is not None:
                return str(booked)
            row = (await connection.execute(_BOOKED, {"reference": request.reference})).one()
        if row.state == "void":
            raise LabelRefused("label_void", "this label was voided before it was made")
        return str(row.tracking_number)

    async def void(self, reference: str, *, seller_id: UUID) -> None:
        """Mark the number as never to be used; before it is booked this leaves a mark that it never will be."""
        async with self._transactions.engine.begin() as connection:
            await connection.execute(_VOID, {"reference": reference, "seller_id": seller_id, "now": utcnow()})


def check_address(to: Address) -> None:
    """Raise LabelRefused unless a parcel with this address would arrive, in letters that the printer has."""
    if not (to.name or to.company):
        raise LabelRefused("address_invalid", "the address has no name: enter ship_to.name or ship_to.company")
    for field, meaning in (("line1", "street"), ("city", "city"), ("country", "country")):
        if not getattr(to, field).strip():
            raise LabelRefused("address_invalid", f"the address has no {meaning}: enter ship_to.{field}")
    for field in ("name", "company", "line1", "line2", "city", "region", "postal_code"):
        try:
            latin(getattr(to, field))
        except NotPrintable as error:
            raise LabelRefused(
                "address_not_latin",
                f"ship_to.{field} has {error.character!r}, which carriers cannot print: enter it in Latin letters",
            ) from error
