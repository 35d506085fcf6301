"""The connections of the warehouses: secrets sealed with a rotating key, bound to their warehouse, never given out."""

import time
from datetime import datetime
from uuid import UUID

from common.crypto import Keyring, Sealed, binding
from common.db.unit_of_work import Transactions
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from fulfillment.adapters.tables import warehouse_connections, warehouses
from fulfillment.app.ports import Connection, Uow
from fulfillment.app.views import ConnectionFacts
from fulfillment.domain.states import Adapter

CACHE_SECONDS = 5.0
"""For how long a process may go on with a secret that was replaced: cheap enough for sixty callbacks a second."""

_PUT = text(
    "INSERT INTO warehouse_connections (warehouse_id, key_id, secret, base_url, version, updated_at) "
    "VALUES (:warehouse_id, :key_id, :secret, :base_url, 1, :now) "
    "ON CONFLICT (warehouse_id) DO UPDATE SET key_id = EXCLUDED.key_id, secret = EXCLUDED.secret, "
    "base_url = EXCLUDED.base_url, version = warehouse_connections.version + 1, updated_at = EXCLUDED.updated_at "
    "RETURNING version"
)


class SealedConnections:
    """Reads and writes connections; opened ones are kept for a few seconds."""

    def __init__(self, transactions: Transactions[Uow], keyring: Keyring) -> None:
        self._transactions = transactions
        self._keyring = keyring
        self._cache: dict[UUID, tuple[float, Connection | None]] = {}

    async def get(self, warehouse_id: UUID) -> Connection | None:
        """The connection; None where the warehouse is not known or has no secret."""
        cached = self._cache.get(warehouse_id)
        if cached and cached[0] > time.monotonic():
            return cached[1]
        connection = await self._read(warehouse_id)
        if connection is not None:
            # A missing one is asked for each time, so that a new secret counts at once; ids of callers are not kept.
            self._cache[warehouse_id] = (time.monotonic() + CACHE_SECONDS, connection)
        return connection

    async def _read(self, warehouse_id: UUID) -> Connection | None:
        statement = (
            select(
                warehouses.c.adapter,
                warehouses.c.base_url.label("copied_url"),
                warehouse_connections.c.base_url,
                warehouse_connections.c.key_id,
                warehouse_connections.c.secret,
            )
            .join(warehouse_connections, warehouse_connections.c.warehouse_id == warehouses.c.id)
            .where(warehouses.c.id == warehouse_id)
        )
        async with self._transactions.engine.connect() as connection:
            row = (await connection.execute(statement)).one_or_none()
        if row is None or row.adapter != Adapter.HTTP:
            return None
        sealed = Sealed(row.key_id, bytes(row.secret))
        secret = self._keyring.open(sealed, bound_to=_bound(warehouse_id)).decode()
        return Connection(warehouse_id, Adapter.HTTP, (row.base_url or row.copied_url).rstrip("/"), secret)

    async def put(
        self, connection: AsyncConnection, warehouse_id: UUID, *, secret: str, base_url: str, now: datetime
    ) -> None:
        """Write the secret of a warehouse, sealed, in a transaction of the caller's."""
        sealed = self._keyring.seal(secret.encode(), bound_to=_bound(warehouse_id))
        await connection.execute(
            _PUT,
            {
                "warehouse_id": warehouse_id,
                "key_id": sealed.key_id,
                "secret": sealed.data,
                "base_url": base_url.rstrip("/"),
                "now": now,
            },
        )
        self._cache.pop(warehouse_id, None)

    async def facts(self, connection: AsyncConnection, warehouse_id: UUID) -> ConnectionFacts | None:
        """What may be shown; None where the warehouse is not known."""
        statement = (
            select(warehouses, warehouse_connections)
            .outerjoin(warehouse_connections, warehouse_connections.c.warehouse_id == warehouses.c.id)
            .where(warehouses.c.id == warehouse_id)
        )
        row = (await connection.execute(statement)).mappings().one_or_none()
        if row is None:
            return None
        return ConnectionFacts(
            warehouse_id=warehouse_id,
            adapter=row[warehouses.c.adapter],
            base_url=row[warehouse_connections.c.base_url] or row[warehouses.c.base_url],
            has_secret=row[warehouse_connections.c.secret] is not None,
            version=row[warehouse_connections.c.version] or 0,
            updated_at=row[warehouse_connections.c.updated_at],
        )

    async def reseal_old(self, connection: AsyncConnection) -> int:
        """Seal again what an older key sealed, so that the key can be retired; returns how many."""
        statement = (
            select(warehouse_connections)
            .where(warehouse_connections.c.key_id != self._keyring.current_id)
            .limit(50)
            .with_for_update(skip_locked=True)
        )
        rows = (await connection.execute(statement)).all()
        for row in rows:
            opened = self._keyring.open(Sealed(row.key_id, bytes(row.secret)), bound_to=_bound(row.warehouse_id))
            sealed = self._keyring.seal(opened, bound_to=_bound(row.warehouse_id))
            await connection.execute(
                warehouse_connections.update()
                .where(warehouse_connections.c.warehouse_id == row.warehouse_id)
                .values(key_id=sealed.key_id, secret=sealed.data)
            )
        return len(rows)


def _bound(warehouse_id: UUID) -> bytes:
    return binding("warehouse-connection", warehouse_id)
