"""The migrations make what the code declares."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sync.adapters.tables import metadata

from ..fakes import World


async def test_the_tables_are_those_of_the_migrations(world: World) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [change for change in compare_metadata(context, metadata) if "alembic_version" not in str(change)]

    async with world.transactions.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
