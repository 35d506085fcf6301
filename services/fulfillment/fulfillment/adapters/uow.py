"""The transaction of this service over PostgreSQL."""

from sqlalchemy.ext.asyncio import AsyncConnection

from fulfillment.adapters.configuration_repository import (
    SqlChannelRepository,
    SqlCopyRepository,
    SqlSettingsRepository,
)
from fulfillment.adapters.fulfillment_repository import SqlFulfillmentRepository
from fulfillment.app.ports import Uow


class SqlUow(Uow):
    """A unit of work with the repositories on its connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, source="fulfillment")
        self.fulfillments = SqlFulfillmentRepository(connection)
        self.channels = SqlChannelRepository(connection)
        self.copies = SqlCopyRepository(connection)
        self.settings = SqlSettingsRepository(connection)
