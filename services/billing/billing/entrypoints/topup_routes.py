"""Top-ups."""

import hashlib
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from common.documents import document_key
from common.http.identity import Identity
from common.http.paging import CursorParameter, Limit, Page, page_of
from common.http.preconditions import IdempotencyKey, IfMatch, once, version_of
from common.http.problem import RESPONSES
from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile

from billing.app.ports import Billing, Uow
from billing.app.topups import (
    MAX_PROOF_BYTES,
    PROOF_TYPES,
    Proof,
    TopupRequest,
    approve_topup,
    check_request,
    proof_missing,
    proof_type,
    reject_topup,
    request_topup,
    topup_not_found,
)
from billing.app.views import TopupView
from billing.domain.topups import TopupState
from billing.entrypoints.dependencies import BillingRoot, Finance, Payer, Reader, after_id
from billing.entrypoints.schemas import (
    ChangeAnswer,
    Currency,
    DecisionRequest,
    RejectionRequest,
    Text,
    TopupAnswer,
    TopupCounts,
    TopupWithHistory,
)

router = APIRouter(prefix="/api/v1/topups", responses=RESPONSES)

OfSeller = Annotated[UUID | None, Query(description="For operators: whose; a seller always gets its own.")]


async def _visible(identity: Identity, topup_id: UUID, uow: Uow) -> TopupView:
    topup = await uow.queries.topup(topup_id)
    if topup is None or identity.scope(topup.seller_id) != topup.seller_id:
        raise topup_not_found(topup_id)
    return topup


@router.post("", summary="Ask for a top-up", status_code=201, response_model=TopupAnswer)
async def post_topup(
    *,
    billing: BillingRoot,
    identity: Payer,
    request: Request,
    key: IdempotencyKey,
    amount: Annotated[Decimal, Form(description="What was paid.", max_digits=18)],
    currency: Annotated[Currency, Form(description="What it was paid in.")],
    proof: Annotated[UploadFile | None, File(description="The bank's receipt: PDF, PNG or JPEG, 5 MB at most.")] = None,
    rate: Annotated[
        Decimal | None, Form(description="The agreed rate, where another currency than the account's was paid.")
    ] = None,
    account_currency: Annotated[
        Currency | None, Form(description="Of the account; the seller's own if absent.")
    ] = None,
    note: Annotated[Text, Form()] = "",
    seller_id: Annotated[UUID | None, Form(description="For operators: whose account.")] = None,
) -> Any:
    """A form with the proof of the payment. Nothing is credited before finance has approved it."""
    wanted = TopupRequest(identity.acting_seller(seller_id), amount, currency, rate, account_currency, note)
    if proof is None:
        raise proof_missing()
    async with billing.transactions.begin() as uow:
        await check_request(wanted, uow=uow)
    content = await proof.read(MAX_PROOF_BYTES + 1)
    stored = await _store(billing, wanted.seller_id, proof.filename or "proof", content)
    asked = {"request": wanted, "proof": stored.key}
    async with billing.transactions.begin() as uow:

        async def work() -> TopupAnswer:
            topup_id = await request_topup(wanted, stored, actor=identity.actor, uow=uow)
            return TopupAnswer.model_validate(await uow.queries.topup(topup_id))

        return await once(uow, request=request, identity=identity, key=key, body=asked, work=work, status=201)


async def _store(billing: Billing, seller_id: UUID, name: str, content: bytes) -> Proof:
    """Put the file under the hash of its content, so that a repeated request stores it once."""
    kind = proof_type(content, name)
    digest = hashlib.sha256(content).hexdigest()
    key = document_key(seller_id, "proofs", f"{digest}.{PROOF_TYPES[kind]}")
    await billing.documents.put(key, content)
    return Proof(key, name[:200], kind)


@router.get("", summary="Top-ups")
async def list_topups(
    *,
    billing: BillingRoot,
    identity: Reader,
    seller_id: OfSeller = None,
    state: TopupState | None = None,
    limit: Limit = 50,
    cursor: CursorParameter = None,
) -> Page[TopupAnswer]:
    """Newest first."""
    async with billing.transactions.begin() as uow:
        rows = await uow.queries.topups(
            seller_id=identity.scope(seller_id), state=state, after=after_id(cursor), limit=limit + 1
        )
    page = page_of(rows, limit=limit, key=lambda row: (row.id,), item=TopupAnswer.model_validate)
    return Page[TopupAnswer](**page)


@router.get("/counts", summary="How many top-ups are in each state")
async def count_topups(billing: BillingRoot, identity: Reader, seller_id: OfSeller = None) -> TopupCounts:
    """For tabs."""
    async with billing.transactions.begin() as uow:
        return TopupCounts(**await uow.queries.topup_counts(seller_id=identity.scope(seller_id)))


@router.get("/{topup_id}", summary="A top-up with its history")
async def get_topup(billing: BillingRoot, identity: Reader, topup_id: UUID, response: Response) -> TopupWithHistory:
    """Both amounts, the rate, and who decided what."""
    async with billing.transactions.begin() as uow:
        topup = await _visible(identity, topup_id, uow)
        history = [ChangeAnswer.model_validate(change) for change in await uow.changes.of(topup_id)]
    response.headers["ETag"] = f'"{topup.version}"'
    return TopupWithHistory(**TopupAnswer.model_validate(topup).model_dump(), history=history)


@router.get(
    "/{topup_id}/proof",
    summary="The proof of a top-up",
    response_class=Response,
    responses={200: {"content": {kind: {} for kind in PROOF_TYPES}}},
)
async def get_proof(billing: BillingRoot, identity: Reader, topup_id: UUID) -> Response:
    """The file as it was uploaded."""
    async with billing.transactions.begin() as uow:
        topup = await _visible(identity, topup_id, uow)
    content = await billing.documents.get(topup.proof_key)
    name = f"{topup.number}.{PROOF_TYPES[topup.proof_type]}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type=topup.proof_type, headers=headers)


@router.post("/{topup_id}/approve", summary="Approve a top-up")
async def post_approve(
    *,
    billing: BillingRoot,
    identity: Finance,
    topup_id: UUID,
    body: DecisionRequest | None = None,
    if_match: IfMatch = None,
) -> TopupAnswer:
    """Credits the account. Approving an approved one changes nothing, so it may be repeated without a key."""
    version = version_of(if_match) if if_match else None
    async with billing.transactions.begin() as uow:
        reason = body.reason if body else ""
        await approve_topup(topup_id, version=version, reason=reason, actor=identity.actor, uow=uow)
        return TopupAnswer.model_validate(await uow.queries.topup(topup_id))


@router.post("/{topup_id}/reject", summary="Reject a top-up")
async def post_reject(
    *, billing: BillingRoot, identity: Finance, topup_id: UUID, body: RejectionRequest, if_match: IfMatch = None
) -> TopupAnswer:
    """Nothing is credited; the seller sees the reason. Rejecting a rejected one changes nothing."""
    version = version_of(if_match) if if_match else None
    async with billing.transactions.begin() as uow:
        await reject_topup(topup_id, version=version, reason=body.reason, actor=identity.actor, uow=uow)
        return TopupAnswer.model_validate(await uow.queries.topup(topup_id))
