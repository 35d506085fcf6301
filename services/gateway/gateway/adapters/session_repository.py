"""Sessions and the audit of sign-ins."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from common.db.bulk import insert_rows
from sqlalchemy import delete, func, select, text, true
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.adapters import tables
from gateway.app.ports import Attempt, AttemptView
from gateway.domain.users import Session

_sessions, _users, _sign_ins = tables.sessions, tables.users, tables.sign_ins

_FIND = text(
    "SELECT sessions.id, users.id, users.email, users.name, users.seller_id, users.roles::text, sessions.expires_at, "
    "sessions.seen_at FROM sessions JOIN users ON users.id = sessions.user_id AND users.active "
    "LEFT JOIN sellers ON sellers.id = users.seller_id "
    "WHERE token_hash = :token_hash AND (sellers.active OR users.seller_id IS NULL)"
)
_TOUCH = text("UPDATE sessions SET seen_at = now() WHERE id = :id")


class SqlSessionRepository:
    """See the port."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, session: Session, *, token_hash: str, address: str, user_agent: str) -> None:
        """Write a new one."""
        row = {
            "id": session.id,
            "token_hash": token_hash,
            "user_id": session.user_id,
            "address": address,
            "user_agent": user_agent,
            "seen_at": session.seen_at,
            "expires_at": session.expires_at,
        }
        await insert_rows(self._connection, _sessions, [row])

    async def find(self, token_hash: str) -> Session | None:
        """The session of a token."""
        row: Any = (await self._connection.execute(_FIND, {"token_hash": token_hash})).first()
        if row is None:
            return None
        values: list[Any] = [*row]
        values[5] = frozenset(json.loads(values[5]))
        return Session(*values)

    async def touch(self, session_id: UUID) -> None:
        """Mark it as used now."""
        await self._connection.execute(_TOUCH, {"id": session_id})

    async def end(self, session_id: UUID) -> None:
        """End one."""
        await self._connection.execute(delete(_sessions).where(_sessions.c.id == session_id))

    async def end_of_user(self, user_id: UUID) -> None:
        """End all of a user."""
        await self._connection.execute(delete(_sessions).where(_sessions.c.user_id == user_id))

    async def end_of_seller(self, seller_id: UUID) -> None:
        """End all of a seller's users."""
        of_seller = select(_users.c.id).where(_users.c.seller_id == seller_id)
        await self._connection.execute(delete(_sessions).where(_sessions.c.user_id.in_(of_seller)))

    async def remove_expired(self) -> int:
        """Remove those that have run out."""
        return (await self._connection.execute(delete(_sessions).where(_sessions.c.expires_at < func.now()))).rowcount

    async def record(self, attempt: Attempt) -> None:
        """Write an attempt down."""
        row = {name: getattr(attempt, name) for name in Attempt.__dataclass_fields__}
        await insert_rows(self._connection, _sign_ins, [row])

    async def attempts(self, *, email: str | None, before: int | None, limit: int) -> Sequence[AttemptView]:
        """Attempts, newest first."""
        statement = select(*(_sign_ins.c[name] for name in AttemptView.__dataclass_fields__)).where(
            _sign_ins.c.email == email if email else true(), _sign_ins.c.position < before if before else true()
        )
        rows: Any = await self._connection.execute(statement.order_by(_sign_ins.c.position.desc()).limit(limit))
        return [AttemptView(*row) for row in rows]
