"""Sellers, users and what people did."""

import builtins
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from common.db.bulk import insert_rows, update_rows
from common.db.failures import constraint_of
from common.errors import Conflict
from sqlalchemy import Select, func, select, true
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.adapters import tables
from gateway.app.ports import Change, Credentials
from gateway.domain.users import Seller, User

_sellers, _users = tables.sellers, tables.users
_SELLER = select(*(_sellers.c[name] for name in Seller.__dataclass_fields__))
_USER = select(*(_users.c[name] for name in User.__dataclass_fields__))
_ADMIN = _users.c.roles.contains(["operator_admin"])


def seller_of(row: Any) -> Seller:
    """A row of the sellers' columns."""
    return Seller(*row)


def user_of(row: Any) -> User:
    """A row of the users' columns."""
    values = list(row)
    values[4] = tuple(values[4])
    return User(*values)


class SqlSellerRepository:
    """See the port."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, seller: Seller) -> None:
        """Write a new one."""
        row = {name: getattr(seller, name) for name in Seller.__dataclass_fields__}
        try:
            await insert_rows(self._connection, _sellers, [row])
        except IntegrityError as error:
            if "uq_sellers_code" not in (constraint_of(error) or str(error)):
                raise
            raise Conflict(
                f"the code {seller.code!r} belongs to another seller",
                remedy="Choose another code.",
                code="seller_code_taken",
            ) from error

    async def lock(self, seller_id: UUID) -> Seller | None:
        """One, locked."""
        return await self._first(_SELLER.where(_sellers.c.id == seller_id).with_for_update())

    async def get(self, seller_id: UUID) -> Seller | None:
        """One."""
        return await self._first(_SELLER.where(_sellers.c.id == seller_id))

    async def save(self, seller: Seller) -> None:
        """Write an edited one."""
        row = {"id": seller.id, "name": seller.name, "active": seller.active, "version": seller.version}
        await update_rows(self._connection, _sellers, [row])

    async def list(self, *, seller_id: UUID | None, after: UUID | None, limit: int) -> Sequence[Seller]:
        """Sellers, oldest first."""
        statement = _SELLER.where(
            _sellers.c.id == seller_id if seller_id else true(), _sellers.c.id > after if after else true()
        )
        rows = await self._connection.execute(statement.order_by(_sellers.c.id).limit(limit))
        return [seller_of(row) for row in rows]

    async def _first(self, statement: Select[Any]) -> Seller | None:
        row = (await self._connection.execute(statement)).first()
        return seller_of(row) if row else None


class SqlUserRepository:
    """See the port."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, user: User, password_hash: str) -> None:
        """Write a new one."""
        row = {name: getattr(user, name) for name in User.__dataclass_fields__}
        row |= {"roles": list(user.roles), "password_hash": password_hash}
        try:
            await insert_rows(self._connection, _users, [row])
        except IntegrityError as error:
            if "uq_users_email" not in (constraint_of(error) or str(error)):
                raise
            raise Conflict(
                f"somebody with the e-mail address {user.email} exists already",
                remedy="Use another address, or edit that user.",
                code="email_taken",
            ) from error

    async def lock(self, user_id: UUID) -> User | None:
        """One, locked."""
        return await self._first(_USER.where(_users.c.id == user_id).with_for_update())

    async def get(self, user_id: UUID) -> User | None:
        """One."""
        return await self._first(_USER.where(_users.c.id == user_id))

    async def save(self, user: User) -> None:
        """Write an edited one."""
        row = {
            "id": user.id,
            "name": user.name,
            "roles": list(user.roles),
            "active": user.active,
            "version": user.version,
        }
        await update_rows(self._connection, _users, [row])

    async def set_password(self, user_id: UUID, password_hash: str) -> None:
        """Write another password."""
        await update_rows(self._connection, _users, [{"id": user_id, "password_hash": password_hash}])

    async def credentials(self, email: str) -> Credentials | None:
        """What a sign-in is checked against."""
        statement = select(
            *(_users.c[name] for name in User.__dataclass_fields__),
            _users.c.password_hash,
            func.coalesce(_sellers.c.active, True),
        ).select_from(_users.outerjoin(_sellers, _sellers.c.id == _users.c.seller_id))
        row = (await self._connection.execute(statement.where(_users.c.email == email))).first()
        if row is None:
            return None
        values: builtins.list[Any] = [*row]
        return Credentials(user_of(values[:-2]), values[-2], values[-1])

    async def list(self, *, seller_id: UUID | None, after: UUID | None, limit: int) -> Sequence[User]:
        """Users, oldest first."""
        statement = _USER.where(
            _users.c.seller_id == seller_id if seller_id else true(), _users.c.id > after if after else true()
        )
        rows = await self._connection.execute(statement.order_by(_users.c.id).limit(limit))
        return [user_of(row) for row in rows]

    async def other_admins(self, user_id: UUID) -> int:
        """How many active administrators there are beside one."""
        statement = select(_users.c.id).where(_users.c.active, _ADMIN).order_by(_users.c.id).with_for_update()
        return sum(found != user_id for found in (await self._connection.execute(statement)).scalars())

    async def any_operator(self) -> bool:
        """Whether anybody of the warehouse company can sign in."""
        statement = select(_users.c.id).where(_users.c.active, _users.c.seller_id.is_(None)).limit(1)
        return (await self._connection.execute(statement)).first() is not None

    async def _first(self, statement: Select[Any]) -> User | None:
        row = (await self._connection.execute(statement)).first()
        return user_of(row) if row else None


class SqlChangeRepository:
    """See the port."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, change: Change) -> None:
        """Write it down."""
        row = {
            "subject_kind": change.subject_kind,
            "subject_id": change.subject_id,
            "actor": change.actor,
            "action": change.action,
            "details": dict(change.details) if change.details else None,
        }
        await insert_rows(self._connection, tables.changes, [row])
