"""Sealed credentials in PostgreSQL. The database's clock decides about leases."""

from collections.abc import Sequence
from uuid import UUID

from common.crypto import Sealed
from common.db.bulk import update_rows
from sqlalchemy import Uuid, any_, cast, delete, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from sync.adapters.store_repository import STORE_COLUMNS, store_from
from sync.adapters.tables import credentials, stores
from sync.app.ports import Lease, SealedCredentials

# A version is never used twice for a store, not even after its credentials were erased: it starts from the clock.
_PUT = text(
    """
    INSERT INTO credentials (store_id, key_id, sealed, version)
    VALUES (:store_id, :key_id, :sealed, CAST(extract(epoch FROM now()) AS bigint))
    ON CONFLICT (store_id) DO UPDATE SET key_id = EXCLUDED.key_id, sealed = EXCLUDED.sealed,
        version = greatest(credentials.version + 1, EXCLUDED.version),
        refresh_lease = NULL, refresh_until = NULL, updated_at = now()
    RETURNING version
    """
)
_LEASE = text(
    """
    WITH before AS (SELECT store_id, refresh_lease FROM credentials
        WHERE store_id = :store_id AND version = :version AND (refresh_until IS NULL OR refresh_until < now())
        FOR UPDATE)
    UPDATE credentials SET refresh_lease = :lease_id, refresh_until = now() + make_interval(secs => :seconds)
    FROM before WHERE credentials.store_id = before.store_id
    RETURNING before.refresh_lease IS NOT NULL AS interrupted
    """
)
_END = text(
    "UPDATE credentials SET refresh_lease = CASE WHEN :unknown THEN refresh_lease END, refresh_until = NULL "
    "WHERE store_id = :store_id AND refresh_lease = :lease_id"
)
_RENEW = text(
    "UPDATE credentials SET key_id = :key_id, sealed = :sealed, version = version + 1, refresh_lease = NULL, "
    "refresh_until = NULL, updated_at = now() WHERE store_id = :store_id AND version = :version RETURNING version"
)


class CredentialRepository:
    """See app.ports.CredentialRows."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of_stores(self, store_ids: Sequence[UUID]) -> dict[UUID, SealedCredentials]:
        """See CredentialRows."""
        query = (
            select(
                *STORE_COLUMNS,
                credentials.c.key_id,
                credentials.c.sealed,
                credentials.c.version.label("stored"),
                credentials.c.updated_at.label("issued_at"),
            )
            .join_from(stores, credentials, isouter=True)
            # One array, so that the statement is prepared once however many stores are asked for.
            .where(stores.c.id == any_(cast(list(store_ids), ARRAY(Uuid))))
        )
        return {
            row.id: SealedCredentials(
                store=store_from(row),
                sealed=None if row.sealed is None else Sealed(row.key_id, row.sealed),
                version=row.stored or 0,
                issued_at=row.issued_at,
            )
            for row in await self._connection.execute(query)
        }

    async def put(self, store_id: UUID, sealed: Sealed) -> int:
        """See CredentialRows."""
        result = await self._connection.execute(
            _PUT, {"store_id": store_id, "key_id": sealed.key_id, "sealed": sealed.data}
        )
        return int(result.scalar_one())

    async def erase(self, store_id: UUID) -> None:
        """See CredentialRows."""
        await self._connection.execute(delete(credentials).where(credentials.c.store_id == store_id))

    async def lease_refresh(self, store_id: UUID, *, version: int, lease_id: UUID, seconds: int) -> Lease | None:
        """See CredentialRows."""
        result = await self._connection.execute(
            _LEASE, {"store_id": store_id, "version": version, "lease_id": lease_id, "seconds": seconds}
        )
        row = result.first()
        return None if row is None else Lease(lease_id, interrupted=row.interrupted)

    async def end_refresh(self, store_id: UUID, *, lease_id: UUID, unknown: bool) -> None:
        """See CredentialRows."""
        await self._connection.execute(_END, {"store_id": store_id, "lease_id": lease_id, "unknown": unknown})

    async def renew(self, store_id: UUID, *, version: int, sealed: Sealed) -> bool:
        """See CredentialRows."""
        result = await self._connection.execute(
            _RENEW, {"store_id": store_id, "version": version, "key_id": sealed.key_id, "sealed": sealed.data}
        )
        return result.first() is not None

    async def under_other_keys(
        self, *, current: str, known: Sequence[str], limit: int
    ) -> Sequence[tuple[UUID, UUID, Sealed]]:
        """See CredentialRows."""
        query = (
            select(credentials.c.store_id, stores.c.seller_id, credentials.c.key_id, credentials.c.sealed)
            .join_from(credentials, stores)
            .where(credentials.c.key_id != current, credentials.c.key_id.in_(known))
            .order_by(credentials.c.store_id)
            .limit(limit)
            .with_for_update(of=credentials, skip_locked=True)
        )
        return [
            (row.store_id, row.seller_id, Sealed(row.key_id, row.sealed))
            for row in await self._connection.execute(query)
        ]

    async def reseal(self, rows: Sequence[tuple[UUID, Sealed]]) -> None:
        """See CredentialRows."""
        await update_rows(
            self._connection,
            credentials,
            [{"store_id": store_id, "key_id": sealed.key_id, "sealed": sealed.data} for store_id, sealed in rows],
            key=("store_id",),
        )
