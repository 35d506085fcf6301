"""What routes are given."""

from typing import Annotated
from uuid import UUID

from common.errors import InvalidInput
from common.http.identity import Identity
from common.http.paging import decode_cursor
from fastapi import Depends, Request

from sync.app.ports import SyncUow
from sync.app.service import SyncService
from sync.app.stores import no_store
from sync.app.views import StoreView


def service_of(request: Request) -> SyncService:
    """The composition root."""
    root: SyncService = request.app.state.service
    return root


Root = Annotated[SyncService, Depends(service_of)]


def last_id(cursor: str | None) -> UUID | None:
    """The id in a cursor; raises InvalidInput."""
    key = decode_cursor(cursor, 1)
    if key is None:
        return None
    try:
        return UUID(key[0])
    except ValueError:
        raise InvalidInput.of(
            "cursor", cursor, "is not a cursor of this list", "Start again without a cursor."
        ) from None


async def seen_store(store_id: UUID, *, identity: Identity, uow: SyncUow) -> StoreView:
    """The store, if the asker may see it; raises NotFound."""
    store = await uow.queries.store(store_id, seller_id=identity.scope())
    if store is None:
        raise no_store(store_id)
    return store
