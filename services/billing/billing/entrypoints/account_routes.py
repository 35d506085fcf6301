"""Accounts, their ledger, holds and anomalies."""

from typing import Annotated, Any
from uuid import UUID

from common.errors import InvalidInput, NotFound
from common.http.identity import Identity
from common.http.paging import CursorParameter, Limit, Page, page_of
from common.http.preconditions import IdempotencyKey, IfMatch, once, version_of
from common.http.problem import RESPONSES
from fastapi import APIRouter, Query, Request, Response

from billing.app.accounts import seller_of, set_credit_limit
from billing.app.anomalies import close_anomaly
from billing.app.ports import Uow
from billing.app.views import AccountView
from billing.domain.accounts import AccountId, LedgerKind, house_account_id, seller_account_id
from billing.domain.holds import HoldState
from billing.entrypoints.dependencies import BillingRoot, Finance, OperatorReader, Reader, after_id
from billing.entrypoints.schemas import (
    AccountAnswer,
    AnomalyAnswer,
    CloseAnomalyRequest,
    CreditLimitRequest,
    Currency,
    HoldAnswer,
    PostingAnswer,
)

router = APIRouter(prefix="/api/v1", responses=RESPONSES)

OfSeller = Annotated[UUID | None, Query(description="For operators: whose; a seller always gets its own.")]
OfCurrency = Annotated[Currency | None, Query(description="Of the account; the seller's own where absent.")]


async def _account(identity: Identity, seller_id: UUID | None, currency: str | None, uow: Uow) -> AccountView:
    owner = identity.acting_seller(seller_id)
    wanted = currency or (await seller_of(owner, uow=uow)).currency
    account = await uow.queries.account(seller_id=owner, currency=wanted)
    if account is None:
        raise NotFound(
            f"the seller has no account in {wanted}",
            remedy="Leave the currency out for its own one; others are opened by the first top-up or order in them.",
            code="account_not_found",
        )
    return account


@router.get("/account", summary="A seller's account")
async def get_account(
    *,
    billing: BillingRoot,
    identity: Reader,
    response: Response,
    seller_id: OfSeller = None,
    currency: OfCurrency = None,
) -> AccountAnswer:
    """Balance, credit limit, what is held and what is available."""
    async with billing.transactions.begin() as uow:
        account = await _account(identity, seller_id, currency, uow)
    response.headers["ETag"] = f'"{account.version}"'
    return AccountAnswer.model_validate(account)


@router.get("/accounts", summary="Accounts")
async def list_accounts(
    *,
    billing: BillingRoot,
    identity: Reader,
    seller_id: OfSeller = None,
    limit: Limit = 50,
    cursor: CursorParameter = None,
) -> Page[AccountAnswer]:
    """All accounts of a seller, or, for operators, of all sellers."""
    async with billing.transactions.begin() as uow:
        rows = await uow.queries.accounts(seller_id=identity.scope(seller_id), after=after_id(cursor), limit=limit + 1)
    page = page_of(rows, limit=limit, key=lambda row: (row.id,), item=AccountAnswer.model_validate)
    return Page[AccountAnswer](**page)


@router.put("/account/credit-limit", summary="Set a credit limit")
async def put_credit_limit(
    *, billing: BillingRoot, identity: Finance, body: CreditLimitRequest, response: Response, if_match: IfMatch = None
) -> AccountAnswer:
    """Holds may overdraw the balance by this much from now on; what is held already stays."""
    version = version_of(if_match)
    async with billing.transactions.begin() as uow:
        await set_credit_limit(
            body.seller_id, body.currency, body.credit_limit, version=version, actor=identity.actor, uow=uow
        )
        account = await _account(identity, body.seller_id, body.currency, uow)
    response.headers["ETag"] = f'"{account.version}"'
    return AccountAnswer.model_validate(account)


@router.get("/ledger", summary="Postings of an account")
async def list_ledger(
    *,
    billing: BillingRoot,
    identity: Reader,
    seller_id: OfSeller = None,
    currency: OfCurrency = None,
    account: Annotated[LedgerKind, Query(description="For operators: the house's own side of the ledger.")] = (
        LedgerKind.SELLER
    ),
    limit: Limit = 50,
    cursor: CursorParameter = None,
) -> Page[PostingAnswer]:
    """Newest first. The house's own accounts need a currency, and are shown to operators only."""
    after = after_id(cursor)
    async with billing.transactions.begin() as uow:
        account_id = await _ledger_account(identity, seller_id, currency, account, uow)
        rows = await uow.queries.ledger(account_id=account_id, after=after, limit=limit + 1)
    page = page_of(rows, limit=limit, key=lambda row: (row.entry_id,), item=PostingAnswer.model_validate)
    return Page[PostingAnswer](**page)


async def _ledger_account(
    identity: Identity, seller_id: UUID | None, currency: str | None, kind: LedgerKind, uow: Uow
) -> AccountId:
    if kind is LedgerKind.SELLER or not identity.is_operator:
        owner = identity.acting_seller(seller_id)
        return seller_account_id(owner, currency or (await seller_of(owner, uow=uow)).currency)
    if currency is None:
        raise InvalidInput.of("currency", None, f"is required for {kind} accounts", "Name the currency.")
    return house_account_id(kind, currency)


@router.get("/holds", summary="Holds")
async def list_holds(
    *,
    billing: BillingRoot,
    identity: Reader,
    seller_id: OfSeller = None,
    state: HoldState | None = None,
    number: Annotated[str | None, Query(description="The fulfilment order's number.")] = None,
    limit: Limit = 50,
    cursor: CursorParameter = None,
) -> Page[HoldAnswer]:
    """Newest first."""
    async with billing.transactions.begin() as uow:
        rows = await uow.queries.holds(
            seller_id=identity.scope(seller_id), state=state, number=number, after=after_id(cursor), limit=limit + 1
        )
    page = page_of(rows, limit=limit, key=lambda row: (row.id,), item=HoldAnswer.model_validate)
    return Page[HoldAnswer](**page)


@router.get("/holds/anomalies", summary="Anomalies")
async def list_anomalies(
    *,
    billing: BillingRoot,
    identity: OperatorReader,
    seller_id: OfSeller = None,
    open_only: Annotated[bool, Query(description="Those that nobody has seen to.")] = True,
    limit: Limit = 50,
    cursor: CursorParameter = None,
) -> Page[AnomalyAnswer]:
    """Shipments whose money did not go the usual way, newest first."""
    async with billing.transactions.begin() as uow:
        rows = await uow.queries.anomalies(
            seller_id=identity.scope(seller_id), open_only=open_only, after=after_id(cursor), limit=limit + 1
        )
    page = page_of(rows, limit=limit, key=lambda row: (row.id,), item=AnomalyAnswer.model_validate)
    return Page[AnomalyAnswer](**page)


@router.post("/holds/anomalies/{anomaly_id}/close", summary="See to an anomaly", response_model=AnomalyAnswer)
async def post_close_anomaly(
    *,
    billing: BillingRoot,
    identity: Finance,
    request: Request,
    anomaly_id: UUID,
    body: CloseAnomalyRequest,
    key: IdempotencyKey,
) -> Any:
    """Close it with a note, charging an amount where nothing was charged yet."""
    async with billing.transactions.begin() as uow:

        async def work() -> AnomalyAnswer:
            await close_anomaly(
                anomaly_id, amount=body.amount, currency=body.currency, note=body.note, actor=identity.actor, uow=uow
            )
            return AnomalyAnswer.model_validate(await uow.holds.anomaly(anomaly_id))

        return await once(uow, request=request, identity=identity, key=key, body=body, work=work)


@router.get("/holds/{hold_id}", summary="A hold")
async def get_hold(billing: BillingRoot, identity: Reader, hold_id: UUID) -> HoldAnswer:
    """One hold."""
    async with billing.transactions.begin() as uow:
        hold = await uow.queries.hold(hold_id)
    if hold is None or identity.scope(hold.seller_id) != hold.seller_id:
        raise NotFound(
            f"there is no hold {hold_id}", remedy="Check the id in GET /api/v1/holds.", code="hold_not_found"
        )
    return HoldAnswer.model_validate(hold)
