"""What the use cases need from outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from common.db.unit_of_work import UnitOfWork

from gateway.domain.users import Seller, Session, User


@dataclass(frozen=True, slots=True)
class Change:
    """What a person did to what."""

    subject_kind: str
    subject_id: UUID
    actor: str
    action: str
    details: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to sign in, for the audit: outcome is signed_in, wrong_password, unknown_email, inactive,
    limited or signed_out.
    """

    email: str
    outcome: str
    address: str
    user_agent: str
    user_id: UUID | None = None
    session_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class AttemptView:
    """An attempt as it is shown."""

    position: int
    email: str
    user_id: UUID | None
    outcome: str
    address: str
    user_agent: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a sign-in is checked against."""

    user: User
    password_hash: str
    seller_active: bool


class SellerRepository(Protocol):
    """Sellers."""

    async def add(self, seller: Seller) -> None:
        """Write a new one; raises Conflict where its code is taken."""

    async def lock(self, seller_id: UUID) -> Seller | None:
        """One, locked."""

    async def get(self, seller_id: UUID) -> Seller | None:
        """One."""

    async def save(self, seller: Seller) -> None:
        """Write an edited one."""

    async def list(self, *, seller_id: UUID | None, after: UUID | None, limit: int) -> Sequence[Seller]:
        """Sellers, oldest first; `seller_id` None means all."""


class UserRepository(Protocol):
    """Users."""

    async def add(self, user: User, password_hash: str) -> None:
        """Write a new one; raises Conflict where its e-mail address is taken."""

    async def lock(self, user_id: UUID) -> User | None:
        """One, locked."""

    async def get(self, user_id: UUID) -> User | None:
        """One."""

    async def save(self, user: User) -> None:
        """Write an edited one."""

    async def set_password(self, user_id: UUID, password_hash: str) -> None:
        """Write another password."""

    async def credentials(self, email: str) -> Credentials | None:
        """What a sign-in with that address is checked against."""

    async def list(self, *, seller_id: UUID | None, after: UUID | None, limit: int) -> Sequence[User]:
        """Users, oldest first; `seller_id` None means all."""

    async def other_admins(self, user_id: UUID) -> int:
        """How many active administrators there are beside one; locks them, so that two do not retire each other."""

    async def any_operator(self) -> bool:
        """Whether anybody of the warehouse company can sign in."""


class SessionRepository(Protocol):
    """Sessions and the audit of sign-ins."""

    async def add(self, session: Session, *, token_hash: str, address: str, user_agent: str) -> None:
        """Write a new one."""

    async def find(self, token_hash: str) -> Session | None:
        """The session of a token, whose user and seller are active."""

    async def touch(self, session_id: UUID) -> None:
        """Mark it as used now."""

    async def end(self, session_id: UUID) -> None:
        """End one."""

    async def end_of_user(self, user_id: UUID) -> None:
        """End all of a user."""

    async def end_of_seller(self, seller_id: UUID) -> None:
        """End all of a seller's users."""

    async def remove_expired(self) -> int:
        """Remove those that have run out."""

    async def record(self, attempt: Attempt) -> None:
        """Write an attempt down."""

    async def attempts(self, *, email: str | None, before: int | None, limit: int) -> Sequence[AttemptView]:
        """Attempts, newest first."""


class ChangeRepository(Protocol):
    """What people did."""

    async def add(self, change: Change) -> None:
        """Write it down."""


class Uow(UnitOfWork):
    """One transaction of the gateway, with its repositories."""

    sellers: SellerRepository
    users: UserRepository
    sessions: SessionRepository
    changes: ChangeRepository


class Passwords(Protocol):
    """Hashing of passwords, away from the event loop."""

    async def hash(self, password: str) -> str:
        """The hash to keep."""

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether it is the password. Without a hash the answer is no, after the same work."""

    def outdated(self, password_hash: str) -> bool:
        """Whether it was made with weaker parameters than today's."""


class SignInLimits(Protocol):
    """How often somebody may try."""

    async def wait_seconds(self, email: str, address: str) -> int:
        """Count an attempt; 0 if it may go on, else the seconds until the next one may. Raises Unavailable."""

    async def forget(self, email: str) -> None:
        """Somebody got in: attempts for this address start at 0 again."""
