"""The unit of work of the gateway."""

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.adapters.repositories import SqlChangeRepository, SqlSellerRepository, SqlUserRepository
from gateway.adapters.session_repository import SqlSessionRepository
from gateway.app.ports import ChangeRepository, SellerRepository, SessionRepository, Uow, UserRepository


class GatewayUow(Uow):
    """One transaction with the gateway's repositories."""

    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, source="gateway")
        self.sellers: SellerRepository = SqlSellerRepository(connection)
        self.users: UserRepository = SqlUserRepository(connection)
        self.sessions: SessionRepository = SqlSessionRepository(connection)
        self.changes: ChangeRepository = SqlChangeRepository(connection)
