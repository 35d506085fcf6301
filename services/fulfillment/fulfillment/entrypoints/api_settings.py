"""/api/v1/channels, /api/v1/submission-settings and /api/v1/warehouse-connections."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from common.errors import InvalidInput, NotFound
from common.http.identity import CurrentIdentity
from common.http.paging import CursorParameter, Limit, Page, page_of
from common.http.preconditions import IdempotencyKey, IfMatch, once, version_of
from common.http.problem import RESPONSES
from fastapi import APIRouter, Request

from fulfillment.app import channels
from fulfillment.app.ports import SubmissionSettings
from fulfillment.domain.states import Adapter, ChannelKind
from fulfillment.entrypoints.root import Administrator, CurrentRoot, Editor
from fulfillment.entrypoints.schemas_settings import (
    ChannelView,
    ConnectionView,
    CreateChannel,
    EditChannel,
    PutConnection,
    PutSubmissionSettings,
    SubmissionSettingsView,
    channel_view,
    settings_view,
)

router = APIRouter(prefix="/api/v1", responses=RESPONSES)


@router.get("/channels", summary="List channels", tags=["channels"])
async def list_channels(
    *,
    root: CurrentRoot,
    identity: CurrentIdentity,
    warehouse_id: UUID | None = None,
    kind: ChannelKind | None = None,
    active: bool | None = None,
    limit: Limit = 50,
    cursor: CursorParameter = None,
) -> Page[ChannelView]:
    """Channels belong to warehouses and hold nothing of any seller, so everyone who is signed in sees them."""
    async with root.transactions.engine.connect() as connection:
        rows = await root.views(connection).channels(
            warehouse_id=warehouse_id, kind=kind, active=active, limit=limit, cursor=cursor
        )
    return Page[ChannelView](**page_of(rows, limit=limit, key=lambda row: (row.code, row.id), item=channel_view))


@router.get("/channels/{channel_id}", summary="Read a channel", tags=["channels"])
async def get_channel(channel_id: UUID, root: CurrentRoot, identity: CurrentIdentity) -> ChannelView:
    """One channel."""
    async with root.transactions.engine.connect() as connection:
        channel = await root.views(connection).channel(channel_id)
    if channel is None:
        raise NotFound(f"there is no channel {channel_id}", remedy="List them with GET /api/v1/channels.")
    return channel_view(channel)


@router.post("/channels", summary="Make a channel", tags=["channels"], status_code=201, response_model=ChannelView)
async def create_channel(
    body: CreateChannel, *, request: Request, root: CurrentRoot, identity: Administrator, key: IdempotencyKey
) -> Any:
    """A way to ship from a warehouse."""
    new = channels.NewChannel(
        warehouse_id=body.warehouse_id,
        code=body.code,
        name=body.name,
        kind=body.kind,
        countries=tuple(body.countries),
        active=body.active,
        label_required=body.label_required,
        upload_tracking=body.upload_tracking,
        carrier=body.carrier.settings() if body.carrier else None,
    )
    async with root.transactions.begin() as uow:

        async def work() -> ChannelView:
            return channel_view(await channels.create_channel(new, uow=uow))

        return await once(uow, request=request, identity=identity, key=key, body=body, work=work, status=201)


@router.patch("/channels/{channel_id}", summary="Edit a channel", tags=["channels"])
async def edit_channel(
    channel_id: UUID, *, body: EditChannel, root: CurrentRoot, identity: Administrator, if_match: IfMatch = None
) -> ChannelView:
    """Needs If-Match. Code, kind and warehouse never change; what is drafted already keeps what it was drafted with."""
    version = version_of(if_match)
    edit = channels.ChannelEdit(
        name=body.name,
        countries=body.countries,
        active=body.active,
        label_required=body.label_required,
        upload_tracking=body.upload_tracking,
        carrier=body.carrier.settings() if body.carrier else None,
    )
    async with root.transactions.begin() as uow:
        channel = await channels.edit_channel(channel_id, edit, version=version, uow=uow)
    return channel_view(channel)


@router.get("/submission-settings", summary="Read the auto-submit switch", tags=["submission"])
async def get_submission_settings(
    root: CurrentRoot, identity: CurrentIdentity, seller_id: UUID | None = None
) -> SubmissionSettingsView:
    """A seller's own; operators name the seller."""
    seller = identity.acting_seller(seller_id)
    async with root.transactions.begin() as uow:
        return settings_view((await uow.settings.get_many([seller]))[seller])


@router.put("/submission-settings", summary="Set the auto-submit switch", tags=["submission"])
async def put_submission_settings(
    body: PutSubmissionSettings, root: CurrentRoot, identity: Editor, seller_id: UUID | None = None
) -> SubmissionSettingsView:
    """Counts for what is drafted from now on; what waits already is submitted by hand. The whole setting is replaced,
    so a repeat changes nothing.
    """
    seller = identity.acting_seller(seller_id)
    wanted = SubmissionSettings(seller, body.auto_submit, timedelta(seconds=body.delay_seconds))
    async with root.transactions.begin() as uow:
        return settings_view(await uow.settings.put(wanted, now=uow.now))


@router.get("/warehouse-connections/{warehouse_id}", summary="Read a connection", tags=["warehouse connections"])
async def get_warehouse_connection(warehouse_id: UUID, root: CurrentRoot, identity: Administrator) -> ConnectionView:
    """How a warehouse system is reached, without its secret."""
    async with root.transactions.begin() as uow:
        facts = await root.connections.facts(uow.connection, warehouse_id)
    if facts is None:
        raise NotFound(f"there is no warehouse {warehouse_id}", remedy="List them with GET /api/v1/warehouses.")
    return ConnectionView.model_validate(facts)


@router.put("/warehouse-connections/{warehouse_id}", summary="Set a connection", tags=["warehouse connections"])
async def put_warehouse_connection(
    warehouse_id: UUID, body: PutConnection, root: CurrentRoot, identity: Administrator
) -> ConnectionView:
    """The shared secret of docs/wms-protocol.md; it is sealed, and never given out again."""
    async with root.transactions.begin() as uow:
        known = await root.connections.facts(uow.connection, warehouse_id)
        if known is None:
            raise NotFound(f"there is no warehouse {warehouse_id}", remedy="Create the warehouse first.")
        if known.adapter != Adapter.HTTP:
            raise InvalidInput.of(
                "warehouse_id",
                str(warehouse_id),
                f"is a warehouse with the adapter {known.adapter}, which has no connection",
                "Only warehouses with the adapter http have one.",
            )
        await root.connections.put(
            uow.connection, warehouse_id, secret=body.secret, base_url=body.base_url, now=uow.now
        )
        facts = await root.connections.facts(uow.connection, warehouse_id)
    return ConnectionView.model_validate(facts)
