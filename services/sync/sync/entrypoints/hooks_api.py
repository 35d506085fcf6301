"""Public doors for platforms: the way back from the consent page, and webhooks. The gateway lets them through without
an identity: a stored state, or the platform's signature, is the proof.
"""

import html
from uuid import UUID

from common.http.problem import RESPONSES, problem
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from sync.entrypoints.dependencies import Root
from sync.entrypoints.schemas import ConnectedOut, StoreOut

router = APIRouter(prefix="/api/v1/hooks", tags=["hooks"], responses=RESPONSES)

MAX_WEBHOOK_BYTES = 1024 * 1024


@router.get("/authorize/{platform}", response_model=ConnectedOut, summary="Come back from a consent page")
async def finish_authorization(platform: str, request: Request, root: Root) -> Response:
    """The platform sends the seller's browser here; each granted shop becomes an active store."""
    stores = await root.authorizer.complete(platform, dict(request.query_params))
    async with root.transactions.begin() as uow:
        views = [await uow.queries.store(store.id, seller_id=store.seller_id) for store in stores]
    shown = ConnectedOut(stores=[StoreOut.model_validate(view) for view in views if view])
    if "text/html" in request.headers.get("accept", ""):
        return HTMLResponse(_page(shown))
    return JSONResponse(shown.model_dump(mode="json"))


def _page(shown: ConnectedOut) -> str:
    """What the seller sees; everything that comes from a platform is escaped."""
    items = "".join(
        f"<li>{html.escape(store.name)} ({html.escape(store.platform)}, {html.escape(store.account or '')})</li>"
        for store in shown.stores
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Connected</title>"
        f"<h1>Connected</h1><ul>{items}</ul><p>The first synchronisation has begun. You can close this page.</p>"
    )


@router.post("/{platform}", status_code=204, summary="Take a webhook of an app")
async def take_app_webhook(platform: str, request: Request, root: Root) -> Response:
    """For platforms that have one address for all shops of an app; the webhook names the shop."""
    return await _take(platform, None, request, root)


@router.post("/{platform}/{store_id}", status_code=204, summary="Take a webhook of a store")
async def take_webhook(platform: str, store_id: UUID, request: Request, root: Root) -> Response:
    """The orders that it names are pulled again."""
    return await _take(platform, store_id, request, root)


async def _take(platform: str, store_id: UUID | None, request: Request, root: Root) -> Response:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_WEBHOOK_BYTES:
            return problem(
                413,
                "too_large",
                f"a webhook has at most {MAX_WEBHOOK_BYTES} bytes",
                remedy="Subscribe to fewer fields.",
            )
    await root.webhooks.take(platform, store_id, path=request.url.path, headers=dict(request.headers), body=bytes(body))
    return Response(status_code=204)
