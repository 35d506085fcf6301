from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from billing.adapters.tables import metadata
from common.testing.postgres import TemplateDatabase
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine


async def test_the_migrations_make_the_tables_that_the_code_knows(template: TemplateDatabase) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, metadata))

    async with template.clone() as url:
        engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
        async with engine.connect() as connection:
            assert await connection.run_sync(differences) == []
        await engine.dispose()
