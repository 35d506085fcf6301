"""Every service has one history of migrations, and it makes from nothing the tables that the code knows."""

from importlib import import_module

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from common.db.engine import async_url
from common.db.migrate import alembic_config
from common.testing.postgres import TemplateDatabase
from localhost.environment import SERVICES
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine


@pytest.mark.parametrize("service", SERVICES)
def test_a_history_has_one_head(service: str) -> None:
    heads = ScriptDirectory.from_config(alembic_config(service, url="")).get_heads()
    assert len(heads) == 1, f"{heads}: two changes came at the same time; put one behind the other (down_revision)"


@pytest.mark.parametrize("service", SERVICES)
async def test_an_empty_database_gets_the_tables_that_the_code_knows(service: str) -> None:
    metadata = import_module(f"{service}.adapters.tables").metadata

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, metadata))

    database = TemplateDatabase(service)
    await database.create()
    try:
        async with database.clone() as url:
            engine = create_async_engine(async_url(url))
            async with engine.connect() as connection:
                assert await connection.run_sync(differences) == []
            await engine.dispose()
    finally:
        await database.drop()
