"""Fresh databases for tests on a real server: migrated once for a service, then cloned, which takes milliseconds."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from common.db.migrate import upgrade
from common.kernel.ids import uuid7

DEFAULT_URL = "postgresql://postgres@127.0.0.1:5432/postgres"


def server_url() -> str:
    """The server that tests use: ORDERDOCK_POSTGRES_URL, or the one on the default port."""
    return os.environ.get("ORDERDOCK_POSTGRES_URL", DEFAULT_URL)


def database_url(name: str) -> str:
    """The URL of a database on that server."""
    base, _, tail = server_url().rpartition("/")
    query = f"?{tail.partition('?')[2]}" if "?" in tail else ""
    return f"{base}/{name}{query}"


class TemplateDatabase:
    """A migrated database of one service, cloned for each test."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._name = f"orderdock_test_{package}_{uuid7().hex[-12:]}"

    async def create(self) -> None:
        """Make the template."""
        await self._admin(f'CREATE DATABASE "{self._name}"')
        await asyncio.to_thread(upgrade, self._package, database_url(self._name))

    async def drop(self) -> None:
        """Remove it."""
        await self._admin(f'DROP DATABASE IF EXISTS "{self._name}" WITH (FORCE)')

    @asynccontextmanager
    async def clone(self) -> AsyncIterator[str]:
        """The URL of a copy that lives as long as the block."""
        name = f"{self._name}_{uuid7().hex[-12:]}"[:63]
        await self._admin(f'CREATE DATABASE "{name}" TEMPLATE "{self._name}"')
        try:
            yield database_url(name)
        finally:
            await self._admin(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @staticmethod
    async def _admin(statement: str) -> None:
        connection = await asyncpg.connect(server_url(), timeout=10)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
