from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from inventory.adapters.tables import metadata
from sqlalchemy.engine import Connection

from .harness import Harness


def differences(connection: Connection) -> object:
    return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)


async def test_the_migrations_make_the_tables_that_the_code_knows(harness: Harness) -> None:
    async with harness.runtime.transactions.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_stock_updates_stay_within_their_page(harness: Harness) -> None:
    indexed = await harness.rows(
        "SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey) "
        "WHERE i.indrelid = 'stock'::regclass"
    )
    assert {row.attname for row in indexed}.isdisjoint({"on_hand", "reserved", "version"})
