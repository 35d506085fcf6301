"""The house carrier: the built-in carrier, with a number range of its own and labels that it prints itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from common.db.bulk import insert_rows
from common.db.unit_of_work import Transactions
from common.kernel.clock import utcnow
from common.messaging.batcher import Batcher
from sqlalchemy import text

from fulfillment.adapters.label_content import LabelContent
from fulfillment.adapters.label_process import LabelProcess
from fulfillment.adapters.label_text import NotPrintable, latin
from fulfillment.adapters.label_zpl import label_zpl
from fulfillment.adapters.tables import house_labels
from fulfillment.app.ports import Label, LabelRefused, LabelRequest, Uow
from fulfillment.domain.house_number import house_number
from fulfillment.domain.parts import Address

_BOOKED = text(
    "SELECT reference, tracking_number, state FROM house_labels WHERE reference = ANY(CAST(:references AS text[]))"
)
_SERIALS = text("SELECT nextval('house_serials') FROM generate_series(1, :count)")
_VOID = text(
    "INSERT INTO house_labels (reference, seller_id, state, created_at, voided_at) "
    "VALUES (:reference, :seller_id, 'void', :now, :now) ON CONFLICT (reference) "
    "DO UPDATE SET state = 'void', voided_at = :now WHERE house_labels.state = 'active'"
)


@dataclass(slots=True)
class _Booking:
    """A request with what the book says of its reference; a void one has no number."""

    request: LabelRequest
    tracking_number: str | None = None


class HouseCarrier:
    """A carrier in the sense of CarrierPort. One number per reference: the same request again is the same label."""

    def __init__(self, transactions: Transactions[Uow], process: LabelProcess) -> None:
        self._transactions = transactions
        self._process = process
        self._bookings: Batcher[_Booking] = Batcher(self._book, limit=100, weight=lambda _: 1)

    async def close(self) -> None:
        """Stop; bookings that wait are cancelled, and their jobs come again."""
        await self._bookings.close()

    async def buy(self, request: LabelRequest) -> Label:
        """Book a number and print the label; raises LabelRefused."""
        check_address(request.ship_to)
        content = label_content(request, "")  # Before the booking, so that a refusal takes no number.
        booking = _Booking(request)
        await self._bookings.submit(booking)
        if booking.tracking_number is None:
            raise LabelRefused("label_void", "this label was voided before it was made")
        content = replace(content, tracking_number=booking.tracking_number)
        is_pdf = request.carrier.label_format == "pdf"
        drawn = await self._process.pdf(content) if is_pdf else label_zpl(content)
        return Label(booking.tracking_number, request.carrier.service, request.carrier.label_format, drawn)

    async def _book(self, bookings: Sequence[_Booking]) -> None:
        """Book what was asked for at the same time in one transaction."""
        requests = {booking.request.reference: booking.request for booking in bookings}
        references = sorted(requests)
        async with self._transactions.engine.begin() as connection:
            serials = (await connection.execute(_SERIALS, {"count": len(references)})).scalars()
            now = utcnow()
            rows = [
                {
                    "reference": reference,
                    "seller_id": requests[reference].seller_id,
                    "tracking_number": house_number(requests[reference].carrier.prefix, serial),
                    "state": "active",
                    "created_at": now,
                }
                for reference, serial in zip(references, serials, strict=True)
            ]
            await insert_rows(connection, house_labels, rows, on_conflict="(reference) DO NOTHING")
            booked = (await connection.execute(_BOOKED, {"references": references})).all()
        numbers = {row.reference: row.tracking_number for row in booked if row.state == "active"}
        for booking in bookings:
            booking.tracking_number = numbers.get(booking.request.reference)

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
    for field in ("name", "company", "line1", "line2", "city", "region", "postal_code", "country"):
        _printable(f"ship_to.{field}", getattr(to, field), code="address_not_latin")


def label_content(request: LabelRequest, tracking_number: str) -> LabelContent:
    """The texts of a label; raises LabelRefused."""
    to = request.ship_to
    try:
        order_number = latin(request.order_number)
    except NotPrintable:  # The marketplace chose it and nobody can change it; our own number is enough.
        order_number = ""
    return LabelContent(
        service=_printable("the channel's carrier.service", request.carrier.service, code="carrier_not_latin"),
        ship_from=_printable("the warehouse's name", request.ship_from, code="warehouse_not_latin"),
        name=latin(to.name or to.company),
        lines=tuple(line for line in (latin(line) for line in _address_lines(to)) if line),
        country=latin(to.country),
        tracking_number=tracking_number,
        number=request.number,
        order_number=order_number,
    )


def _printable(field: str, text: str, *, code: str) -> str:
    try:
        return latin(text)
    except NotPrintable as error:
        raise LabelRefused(
            code, f"{field} has {error.character!r}, which carriers cannot print: enter it in Latin letters"
        ) from error


def _address_lines(to: Address) -> tuple[str, ...]:
    company = to.company if to.name else ""
    return company, to.line1, to.line2, f"{to.postal_code} {to.city}", to.region
