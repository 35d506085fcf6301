"""What the routes work with: the composition root, and small dependencies on it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Protocol, cast
from uuid import UUID

from common.db.unit_of_work import Transactions
from common.http.identity import Identity, Role, require
from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from fulfillment.app.label_calls import DocumentStore
from fulfillment.app.ports import Connection, Uow
from fulfillment.app.views import ConnectionFacts, Views
from fulfillment.entrypoints.callback_inbox import CallbackInbox


class Connections(Protocol):
    """The warehouses' connections; a secret goes in and never comes out."""

    async def get(self, warehouse_id: UUID) -> Connection | None:
        """The connection, for use inside."""

    async def put(
        self, connection: AsyncConnection, warehouse_id: UUID, *, secret: str, base_url: str, now: datetime
    ) -> None:
        """Write."""

    async def facts(self, connection: AsyncConnection, warehouse_id: UUID) -> ConnectionFacts | None:
        """What may be shown."""


@dataclass(slots=True)
class Root:
    """Handed to routes as `request.app.state.service`."""

    transactions: Transactions[Uow]
    views: Callable[[AsyncConnection], Views]
    documents: DocumentStore
    connections: Connections
    callbacks: CallbackInbox
    to_zpl: Callable[[bytes], Awaitable[bytes]]


def root_of(request: Request) -> Root:
    """The composition root."""
    return cast(Root, request.app.state.service)


CurrentRoot = Annotated[Root, Depends(root_of)]

EDITORS = (Role.SELLER_OWNER, Role.SELLER_STAFF, Role.OPERATOR_ADMIN, Role.OPERATOR_WAREHOUSE)
DESK = (Role.OPERATOR_ADMIN, Role.OPERATOR_WAREHOUSE)

Editor = Annotated[Identity, Depends(require(*EDITORS))]
DeskStaff = Annotated[Identity, Depends(require(*DESK))]
Administrator = Annotated[Identity, Depends(require(Role.OPERATOR_ADMIN))]
