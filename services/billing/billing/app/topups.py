"""Top-ups: asked for with a proof, decided by finance, credited once."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import puremagic
from common.errors import FieldError, IllegalTransition, InvalidInput, NotFound, StaleVersion
from common.kernel.ids import uuid7

from billing.app.accounts import locked_account, say_changed, seller_of
from billing.app.ports import Change, NewTopup, Uow
from billing.domain.ledger import Entry, EntryKind, topup_postings
from billing.domain.topups import IllegalTopupMove, Topup, TopupState, credited, problems_of

PROOF_TYPES = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}
MAX_PROOF_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Proof:
    """A checked proof file as it was stored."""

    key: str
    name: str
    content_type: str


@dataclass(frozen=True, slots=True)
class TopupRequest:
    """What a seller asks for; `account_currency` None means the currency that the seller is registered with."""

    seller_id: UUID
    amount: Decimal
    currency: str
    rate: Decimal | None
    account_currency: str | None
    note: str


def proof_type(content: bytes, name: str) -> str:
    """The media type of a proof, by its content and not by its name; raises InvalidInput."""
    remedy = "Upload the bank's receipt as PDF, PNG or JPEG."
    if not content:
        raise InvalidInput.of("proof", name, "the file is empty", remedy)
    if len(content) > MAX_PROOF_BYTES:
        raise InvalidInput.of(
            "proof",
            name,
            f"the file has {len(content)} bytes, and {MAX_PROOF_BYTES} are allowed",
            "Upload a smaller file: a scan at 150 dpi is enough.",
            code="file_too_large",
        )
    try:
        found = {match.mime_type for match in puremagic.magic_string(content)}
    except puremagic.PureError:
        found = set()
    for mime in PROOF_TYPES:
        if mime in found:
            return mime
    raise InvalidInput.of("proof", name, "is not a PDF, PNG or JPEG file", remedy, code="file_type_not_allowed")


def proof_missing() -> InvalidInput:
    """The error of a top-up without proof."""
    return InvalidInput.of(
        "proof",
        None,
        "a proof of the payment is required",
        "Attach the bank's receipt as PDF, PNG or JPEG in the form field `proof`.",
        code="proof_required",
    )


async def check_request(request: TopupRequest, *, uow: Uow) -> None:
    """Raise InvalidInput or NotFound where the top-up cannot be asked for, before its file is stored."""
    seller = await seller_of(request.seller_id, uow=uow)
    problems = problems_of(request.amount, request.currency, request.rate, request.account_currency or seller.currency)
    if problems:
        raise InvalidInput([FieldError(p.field, p.value, p.message, p.remedy) for p in problems])


async def request_topup(request: TopupRequest, proof: Proof, *, actor: str, uow: Uow) -> UUID:
    """Write the request down; nothing is credited yet. Returns its id."""
    await check_request(request, uow=uow)
    account = await locked_account(request.seller_id, request.account_currency, uow=uow)
    rate = None if request.currency == account.currency else request.rate
    topup = Topup(
        id=uuid7(),
        number=await uow.topups.next_number(),
        seller_id=request.seller_id,
        account_id=account.id,
        paid_amount=request.amount,
        paid_currency=request.currency,
        rate=rate,
        credit_amount=credited(request.amount, rate, account.currency),
        credit_currency=account.currency,
        state=TopupState.REQUESTED,
        version=1,
    )
    await uow.topups.add(NewTopup(topup, request.note, proof.key, proof.name, proof.content_type, actor))
    await _write_down(topup, "request", "", actor=actor, uow=uow)
    return topup.id


async def approve_topup(topup_id: UUID, *, version: int | None, reason: str, actor: str, uow: Uow) -> None:
    """Credit the account; approving again changes nothing. Raises NotFound, IllegalTransition, StaleVersion."""
    topup = await _locked(topup_id, uow=uow)
    if not await _decide(topup, TopupState.APPROVED, version=version, reason=reason, actor=actor, uow=uow):
        return
    account = await locked_account(topup.seller_id, topup.credit_currency, uow=uow)
    account.credit(topup.credit_amount)
    details = {"number": topup.number, "paid_amount": str(topup.paid_amount), "paid_currency": topup.paid_currency}
    if topup.rate is not None:
        details["rate"] = str(topup.rate)
    entry = Entry(
        id=uuid7(),
        kind=EntryKind.TOPUP,
        seller_id=topup.seller_id,
        currency=topup.credit_currency,
        reference_id=topup.id,
        description=_description(topup),
        actor=actor,
        postings=topup_postings(account, topup.credit_amount),
        details=details,
    )
    await uow.ledger.post([entry])
    await uow.accounts.save([account])
    say_changed(account, uow=uow)


async def reject_topup(topup_id: UUID, *, version: int | None, reason: str, actor: str, uow: Uow) -> None:
    """Turn it down; rejecting again changes nothing. Raises NotFound, IllegalTransition, StaleVersion."""
    topup = await _locked(topup_id, uow=uow)
    await _decide(topup, TopupState.REJECTED, version=version, reason=reason, actor=actor, uow=uow)


def topup_not_found(topup_id: UUID) -> NotFound:
    """The error for a top-up that is not there, or not the asker's."""
    return NotFound(
        f"there is no top-up {topup_id}",
        remedy="Check the id in GET /api/v1/topups.",
        code="topup_not_found",
        topup_id=str(topup_id),
    )


def _description(topup: Topup) -> str:
    if topup.rate is None:
        return f"Top-up {topup.number}"
    return f"Top-up {topup.number}: {topup.paid_amount} {topup.paid_currency} at {topup.rate}"


async def _locked(topup_id: UUID, *, uow: Uow) -> Topup:
    topup = await uow.topups.lock(topup_id)
    if topup is None:
        raise topup_not_found(topup_id)
    return topup


async def _decide(topup: Topup, target: TopupState, *, version: int | None, reason: str, actor: str, uow: Uow) -> bool:
    before, known = topup.state, topup.version
    try:
        moved = topup.move_to(target, at=uow.now, by=actor, reason=reason)
    except IllegalTopupMove as error:
        raise IllegalTransition(
            "top-up", topup.number, before, target, remedy="It has been decided; ask the seller for a new one."
        ) from error
    if not moved:
        return False
    if version is not None and version != known:
        raise StaleVersion("top-up", topup.number, expected=version, current=known)
    await uow.topups.save(topup)
    await _write_down(topup, target, before, actor=actor, uow=uow)
    return True


async def _write_down(topup: Topup, action: str, before: str, *, actor: str, uow: Uow) -> None:
    details = {
        "paid": f"{topup.paid_amount} {topup.paid_currency}",
        "credit": f"{topup.credit_amount} {topup.credit_currency}",
        "rate": None if topup.rate is None else str(topup.rate),
    }
    await uow.changes.add(
        Change(
            subject_kind="topup",
            subject_id=topup.id,
            seller_id=topup.seller_id,
            actor=actor,
            action=action,
            from_state=before,
            to_state=topup.state,
            reason=topup.reason,
            details=details,
        )
    )
