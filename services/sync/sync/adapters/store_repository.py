"""Stores in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from common.kernel.ids import uuid7
from sqlalchemy import Select, delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sync.adapters.tables import authorizations, store_moves, stores
from sync.app.ports import Authorization, Move
from sync.domain.store import Store, StoreState

STORE_COLUMNS = (
    stores.c.id,
    stores.c.seller_id,
    stores.c.platform,
    stores.c.account,
    stores.c.name,
    stores.c.state,
    stores.c.state_reason,
    stores.c.version,
    stores.c.last_complete_until,
)

_DUE = text(
    """
    WITH due AS (
        SELECT id FROM stores WHERE state = 'active' AND next_pull_at <= :now
        ORDER BY next_pull_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE stores SET next_pull_at = :now + :every FROM due WHERE stores.id = due.id
    RETURNING stores.id, seller_id, platform, account, name, state, state_reason, version, last_complete_until
    """
)
_TAKE = text(
    "UPDATE authorizations SET used_at = :now WHERE state_hash = :hash AND used_at IS NULL AND expires_at > :now "
    "RETURNING store_id, platform, account, actor, expires_at"
)
_WAKE = text(
    "UPDATE jobs SET next_at = now() WHERE state = 'open' AND NOT leased AND lane = :lane AND next_at > now() "
    "AND kind = ANY(CAST(:kinds AS text[]))"
)


def store_from(row: Any) -> Store:
    """The store in a row with STORE_COLUMNS."""
    return Store(
        id=row.id,
        seller_id=row.seller_id,
        platform=row.platform,
        account=row.account,
        name=row.name,
        state=StoreState(row.state),
        state_reason=row.state_reason,
        version=row.version,
        last_complete_until=row.last_complete_until,
    )


class StoreRepository:
    """See app.ports.Stores."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, store: Store) -> None:
        """See Stores."""
        await self._connection.execute(
            insert(stores).values(
                id=store.id,
                seller_id=store.seller_id,
                platform=store.platform,
                account=store.account,
                name=store.name,
                state=store.state.value,
                state_reason=store.state_reason,
                version=store.version,
            )
        )

    async def get(self, store_id: UUID) -> Store | None:
        """See Stores."""
        rows = await self._read(select(*STORE_COLUMNS).where(stores.c.id == store_id).with_for_update())
        return rows[0] if rows else None

    async def of_accounts(self, platform: str, accounts: Sequence[str], *, also: UUID | None = None) -> list[Store]:
        """See Stores."""
        wanted = (stores.c.platform == platform) & stores.c.account.in_(accounts)
        if also is not None:
            wanted = wanted | (stores.c.id == also)
        return await self._read(select(*STORE_COLUMNS).where(wanted).order_by(stores.c.id).with_for_update())

    async def of_account(self, platform: str, account: str) -> Store | None:
        """See Stores."""
        query = select(*STORE_COLUMNS).where(stores.c.platform == platform, stores.c.account == account)
        rows = await self._read(query)
        return rows[0] if rows else None

    async def _read(self, query: Select[Any]) -> list[Store]:
        return [store_from(row) for row in await self._connection.execute(query)]

    async def save(self, store: Store) -> None:
        """See Stores."""
        await self._connection.execute(
            update(stores)
            .where(stores.c.id == store.id)
            .values(
                account=store.account,
                name=store.name,
                state=store.state.value,
                state_reason=store.state_reason,
                version=store.version,
                updated_at=text("now()"),
            )
        )

    async def record(self, move: Move) -> None:
        """See Stores."""
        await self._connection.execute(
            insert(store_moves).values(
                id=uuid7(),
                store_id=move.store_id,
                actor=move.actor,
                from_state=move.from_state.value if move.from_state else None,
                to_state=move.to_state.value,
                reason=move.reason,
            )
        )

    async def note_error(self, store_id: UUID, error: str) -> None:
        """See Stores."""
        await self._connection.execute(
            update(stores).where(stores.c.id == store_id, stores.c.last_error != error).values(last_error=error)
        )

    async def due(self, *, now: datetime, every: timedelta, limit: int) -> list[Store]:
        """See Stores."""
        rows = await self._connection.execute(_DUE, {"now": now, "every": every, "limit": limit})
        return [store_from(row) for row in rows]

    async def schedule(self, store_id: UUID, *, at: datetime) -> None:
        """See Stores."""
        await self._connection.execute(update(stores).where(stores.c.id == store_id).values(next_pull_at=at))

    async def complete_until(self, store_id: UUID, until: datetime) -> None:
        """See Stores."""
        await self._connection.execute(
            update(stores).where(stores.c.id == store_id).values(last_complete_until=until, last_error="")
        )

    async def add_authorization(self, state_hash: str, authorization: Authorization) -> None:
        """See Stores."""
        await self._connection.execute(
            insert(authorizations).values(
                state_hash=state_hash,
                store_id=authorization.store_id,
                platform=authorization.platform,
                account=authorization.account,
                actor=authorization.actor,
                expires_at=authorization.expires_at,
            )
        )

    async def take_authorization(self, state_hash: str, *, now: datetime) -> Authorization | None:
        """See Stores."""
        row = (await self._connection.execute(_TAKE, {"hash": state_hash, "now": now})).first()
        if row is None:
            return None
        return Authorization(row.store_id, row.platform, row.account, row.actor, row.expires_at)

    async def drop_authorizations(self, store_id: UUID) -> None:
        """See Stores."""
        await self._connection.execute(delete(authorizations).where(authorizations.c.store_id == store_id))

    async def wake_jobs(self, store_id: UUID, kinds: Sequence[str]) -> None:
        """See Stores."""
        await self._connection.execute(_WAKE, {"lane": str(store_id), "kinds": list(kinds)})
