"""The unit of work of sync on PostgreSQL."""

from sqlalchemy.ext.asyncio import AsyncConnection

from sync.adapters.credential_repository import CredentialRepository
from sync.adapters.feed_repository import FeedRepository
from sync.adapters.retention_repository import RetentionRepository
from sync.adapters.run_repository import RunRepository
from sync.adapters.store_queries import StoreQueries
from sync.adapters.store_repository import StoreRepository
from sync.adapters.task_repository import TaskRepository
from sync.app.ports import SyncUow


class PostgresUow(SyncUow):
    """A unit of work with its repositories."""

    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, source="sync")
        self.stores = StoreRepository(connection)
        self.credentials = CredentialRepository(connection)
        self.runs = RunRepository(connection)
        self.feed = FeedRepository(connection)
        self.tasks = TaskRepository(connection)
        self.retention = RetentionRepository(connection)
        self.queries = StoreQueries(connection)
