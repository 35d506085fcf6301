"""Users, sellers and their roles."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

OPERATOR_ROLES = frozenset({"operator_admin", "operator_finance", "operator_warehouse", "operator_support"})
SELLER_ROLES = frozenset({"seller_owner", "seller_staff"})

MIN_PASSWORD = 10
MAX_PASSWORD = 200


@dataclass(frozen=True, slots=True)
class Seller:
    """A tenant. Code and currency never change: other services keep accounts and numbers by them."""

    id: UUID
    code: str
    name: str
    currency: str
    active: bool
    version: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class User:
    """Someone who can sign in; of a seller, or of the warehouse company."""

    id: UUID
    email: str
    name: str
    seller_id: UUID | None
    roles: tuple[str, ...]
    active: bool
    version: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in that is still good; times are aware."""

    id: UUID
    user_id: UUID
    email: str
    name: str
    seller_id: UUID | None
    roles: frozenset[str]
    expires_at: datetime
    seen_at: datetime

    def alive(self, at: datetime, idle: timedelta) -> bool:
        """Whether it has neither run out nor been left unused."""
        return at < self.expires_at and at - self.seen_at < idle


def normal_email(email: str) -> str:
    """How an e-mail address is compared and kept."""
    return email.strip().lower()


def role_problem(roles: Collection[str], seller_id: UUID | None) -> str:
    """What is wrong with the roles of a user, or an empty string."""
    allowed = SELLER_ROLES if seller_id else OPERATOR_ROLES
    kind = "a seller's user" if seller_id else "an operator"
    if not roles:
        return f"{kind} needs at least one of {', '.join(sorted(allowed))}"
    wrong = sorted(set(roles) - allowed)
    return f"{kind} cannot be {', '.join(wrong)}; choose from {', '.join(sorted(allowed))}" if wrong else ""


def password_problem(password: str, email: str) -> str:
    """What is wrong with a password, or an empty string."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        return f"must have {MIN_PASSWORD} to {MAX_PASSWORD} characters"
    if password.lower() == email.lower():
        return "must not be the e-mail address"
    return ""
