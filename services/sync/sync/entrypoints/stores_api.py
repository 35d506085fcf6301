"""Stores: connect, list, rename, authorise again, disable."""

from typing import Annotated, Any
from uuid import UUID

from common.http.identity import CurrentIdentity
from common.http.paging import CursorParameter, Limit, Page, page_of
from common.http.preconditions import IdempotencyKey, IfMatch, once, version_of
from common.http.problem import RESPONSES
from fastapi import APIRouter, Query, Request, Response

from sync.app.authorize import Consent
from sync.app.connect_store import ConnectShop, connect_shop, reauthorize, token_credentials
from sync.app.ports import SyncUow
from sync.app.stores import disable_store, locked_store, no_store, rename_store
from sync.domain.store import StoreState
from sync.entrypoints.dependencies import Root, last_id, seen_store
from sync.entrypoints.schemas import (
    ConnectStore,
    CountsOut,
    DisableStore,
    MoveOut,
    Reauthorize,
    RenameStore,
    StoreConnectOut,
    StoreOut,
    connect_fields,
)

router = APIRouter(prefix="/api/v1/stores", tags=["stores"], responses=RESPONSES)

Platform = Annotated[str | None, Query(description="Only this marketplace.")]
Seller = Annotated[UUID | None, Query(description="Only this seller's; for operators.")]


@router.post("", status_code=201, response_model=StoreConnectOut, summary="Connect a shop")
async def connect_store(
    body: ConnectStore, request: Request, identity: CurrentIdentity, key: IdempotencyKey, root: Root
) -> Response:
    """Answers a store that is `authorizing`, with the address to send the seller's browser to; it comes back to us
    from there, and the store is active. With `access_token` the store is active at once.
    """
    root.connectors.get(body.platform)
    token = body.access_token.get_secret_value() if body.access_token else None
    command = ConnectShop(
        seller_id=identity.acting_seller(body.seller_id),
        platform=body.platform,
        name=body.name,
        shop=body.shop,
        access_token=token,
        actor=identity.actor,
    )
    if token is not None:
        credentials = token_credentials(body.platform, account=body.shop, access_token=token)
        await root.authorizer.check_token(body.platform, credentials)
    async with root.transactions.begin() as uow:

        async def work() -> StoreConnectOut:
            store, consent = await connect_shop(command, authorizer=root.authorizer, uow=uow)
            return await _shown(store.id, consent, uow=uow)

        return await once(
            uow, request=request, identity=identity, key=key, body=connect_fields(body), work=work, status=201
        )


@router.get("", response_model=Page[StoreOut], summary="List stores")
async def list_stores(
    *,
    identity: CurrentIdentity,
    root: Root,
    seller_id: Seller = None,
    platform: Platform = None,
    state: Annotated[StoreState | None, Query(description="Only stores in this state.")] = None,
    limit: Limit = 50,
    cursor: CursorParameter = None,
) -> dict[str, Any]:
    """Newest first."""
    async with root.transactions.begin() as uow:
        rows = await uow.queries.stores(
            seller_id=identity.scope(seller_id),
            platform=platform,
            state=state.value if state else None,
            before=last_id(cursor),
            limit=limit,
        )
    return page_of(rows, limit=limit, key=lambda row: (row.id,), item=StoreOut.model_validate)


@router.get("/counts", summary="Count stores by state")
async def count_stores(
    identity: CurrentIdentity, root: Root, seller_id: Seller = None, platform: Platform = None
) -> CountsOut:
    """How many stores are in each state."""
    async with root.transactions.begin() as uow:
        counts = await uow.queries.counts(seller_id=identity.scope(seller_id), platform=platform)
    return CountsOut(counts=dict(counts))


@router.get("/{store_id}", summary="Show a store")
async def show_store(store_id: UUID, identity: CurrentIdentity, root: Root) -> StoreOut:
    """One store."""
    async with root.transactions.begin() as uow:
        return StoreOut.model_validate(await seen_store(store_id, identity=identity, uow=uow))


@router.patch("/{store_id}", summary="Rename a store")
async def edit_store(
    store_id: UUID, body: RenameStore, identity: CurrentIdentity, root: Root, if_match: IfMatch = None
) -> StoreOut:
    """Needs If-Match with the version that was read."""
    version = version_of(if_match)
    async with root.transactions.begin() as uow:
        store = await locked_store(store_id, seller_id=identity.scope(), uow=uow)
        await rename_store(store, name=body.name, expected_version=version, uow=uow)
        return StoreOut.model_validate(await seen_store(store_id, identity=identity, uow=uow))


@router.post("/{store_id}/disable", summary="Disable a store")
async def disable(store_id: UUID, identity: CurrentIdentity, root: Root, body: DisableStore | None = None) -> StoreOut:
    """No more calls are made for it, and its credentials are erased. Authorising it again brings it back."""
    reason = (body.reason if body else "") or f"disabled by {identity.actor}"
    async with root.transactions.begin() as uow:
        store = await locked_store(store_id, seller_id=identity.scope(), uow=uow)
        await disable_store(store, actor=identity.actor, reason=reason, uow=uow)
        return StoreOut.model_validate(await seen_store(store_id, identity=identity, uow=uow))


@router.post("/{store_id}/reauthorize", response_model=StoreConnectOut, summary="Authorise a store again")
async def authorize_again(
    store_id: UUID, identity: CurrentIdentity, root: Root, body: Reauthorize | None = None
) -> StoreConnectOut:
    """Answers the address to send the seller's browser to; until it comes back the store stays as it is. Then its
    interrupted run goes on from its cursor.
    """
    token = body.access_token.get_secret_value() if body and body.access_token else None
    credentials = None
    if token is not None:
        async with root.transactions.begin() as uow:
            view = await seen_store(store_id, identity=identity, uow=uow)
        credentials = token_credentials(view.platform, account=view.account, access_token=token)
        await root.authorizer.check_token(view.platform, credentials)
    async with root.transactions.begin() as uow:
        store = await locked_store(store_id, seller_id=identity.scope(), uow=uow)
        consent = await reauthorize(
            store, credentials=credentials, actor=identity.actor, authorizer=root.authorizer, uow=uow
        )
        return await _shown(store.id, consent, uow=uow)


@router.get("/{store_id}/history", response_model=Page[MoveOut], summary="Show a store's history")
async def store_history(
    store_id: UUID, identity: CurrentIdentity, root: Root, limit: Limit = 50, cursor: CursorParameter = None
) -> dict[str, Any]:
    """Who moved it between which states, when and why; newest first."""
    async with root.transactions.begin() as uow:
        await seen_store(store_id, identity=identity, uow=uow)
        rows = await uow.queries.moves(store_id, before=last_id(cursor), limit=limit)
    return page_of(rows, limit=limit, key=lambda row: (row.id,), item=MoveOut.model_validate)


async def _shown(store_id: UUID, consent: Consent | None, *, uow: SyncUow) -> StoreConnectOut:
    view = await uow.queries.store(store_id, seller_id=None)
    if view is None:
        raise no_store(store_id)
    shown = StoreConnectOut.model_validate(view)
    if consent:
        shown.authorize_url = consent.url
        shown.authorize_state = consent.state
        shown.authorize_expires_at = consent.expires_at
    return shown
