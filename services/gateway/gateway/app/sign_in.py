"""Signing in and out, and who a token belongs to."""

import hashlib
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from common.db.unit_of_work import Transactions
from common.errors import InvalidInput, Unauthenticated
from common.http.identity import Identity, IdentitySigner, Kind
from common.kernel.clock import utcnow
from common.kernel.ids import uuid7

from gateway.app.ports import Attempt, Passwords, SignInLimits, Uow
from gateway.domain.users import Session, normal_email, password_problem

CACHE_SECONDS = 3.0
SIGNED_SECONDS = 30.0
TOUCH_EVERY = timedelta(minutes=1)
MAX_CACHED = 20_000
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long sessions last."""

    absolute: timedelta
    idle: timedelta


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session with its token, which is told once."""

    token: str
    session: Session


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a request comes from."""

    address: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class Limited:
    """Too many attempts."""

    retry_after_seconds: int


def token_hash(token: str) -> str:
    """What is kept of a token. It is random in 256 bits, so one fast hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def identity_of(session: Session) -> Identity:
    """Who the services are told it is."""
    kind = Kind.SELLER if session.seller_id else Kind.OPERATOR
    return Identity(session.user_id, kind, session.seller_id, session.roles)


class SignIn:
    """Checks passwords and makes sessions."""

    def __init__(
        self, transactions: Transactions[Uow], passwords: Passwords, limits: SignInLimits, lifetimes: Lifetimes
    ) -> None:
        self._transactions = transactions
        self._passwords = passwords
        self._limits = limits
        self._lifetimes = lifetimes

    async def __call__(self, email: str, password: str, caller: Caller) -> SignedIn | Limited:
        """A session for the right password; raises Unauthenticated, in the same words and after the same work
        whatever was wrong.
        """
        address = normal_email(email)
        wait = await self._limits.wait_seconds(address, caller.address)
        if wait:
            await self._record(Attempt(address, "limited", caller.address, caller.user_agent))
            return Limited(wait)
        async with self._transactions.begin() as uow:
            known = await uow.users.credentials(address)
        right = await self._passwords.matches(known.password_hash if known else None, password)
        if known is None or not right or not known.user.active or not known.seller_active:
            outcome = "unknown_email" if known is None else "wrong_password" if not right else "inactive"
            user_id = known.user.id if known else None
            await self._record(Attempt(address, outcome, caller.address, caller.user_agent, user_id))
            raise Unauthenticated(
                "the e-mail address or the password is wrong",
                remedy="Check both; an administrator can set a new password.",
                code="wrong_credentials",
            )
        rehash = None
        if self._passwords.outdated(known.password_hash):
            rehash = await self._passwords.hash(password)
        now = utcnow()
        user = known.user
        session = Session(
            id=uuid7(),
            user_id=user.id,
            email=user.email,
            name=user.name,
            seller_id=user.seller_id,
            roles=frozenset(user.roles),
            expires_at=now + self._lifetimes.absolute,
            seen_at=now,
        )
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        attempt = Attempt(address, "signed_in", caller.address, caller.user_agent, user.id, session.id)
        async with self._transactions.begin() as uow:
            if rehash:
                await uow.users.set_password(user.id, rehash)
            await uow.sessions.add(
                session, token_hash=token_hash(token), address=caller.address, user_agent=caller.user_agent
            )
            await uow.sessions.record(attempt)
        await self._limits.forget(address)
        return SignedIn(token, session)

    async def change_password(self, session: Session, current: str, new: str) -> None:
        """Set one's own password, and end all sessions; raises InvalidInput."""
        async with self._transactions.begin() as uow:
            known = await uow.users.credentials(session.email)
        if not await self._passwords.matches(known.password_hash if known else None, current):
            raise InvalidInput.of("current", None, "is not the password", "Give the password that you signed in with.")
        if problem := password_problem(new, session.email):
            raise InvalidInput.of("new", None, problem, "Choose another password.")
        hashed = await self._passwords.hash(new)
        async with self._transactions.begin() as uow:
            await uow.users.set_password(session.user_id, hashed)
            await uow.sessions.end_of_user(session.user_id)

    async def _record(self, attempt: Attempt) -> None:
        async with self._transactions.begin() as uow:
            await uow.sessions.record(attempt)


@dataclass(slots=True)
class _Known:
    session: Session
    read_at: float
    identity: Identity
    signed: str = ""
    signed_at: float = 0.0


class Sessions:
    """Finds the session of a token. What was found is believed for a few seconds, so that a busy client costs no
    query a request; a session that was ended elsewhere works that much longer. Signatures are kept for half a minute.
    """

    def __init__(
        self,
        transactions: Transactions[Uow],
        signer: IdentitySigner,
        lifetimes: Lifetimes,
        *,
        cache_seconds: float = CACHE_SECONDS,
    ) -> None:
        self._transactions = transactions
        self._signer = signer
        self._idle = lifetimes.idle
        self._cache_seconds = cache_seconds
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def find(self, token: str) -> Session:
        """The session of a token; raises Unauthenticated."""
        return (await self._find(token_hash(token))).session

    async def signed(self, token: str) -> tuple[Identity, str]:
        """Who a token belongs to, with the signed identity for the services; raises Unauthenticated."""
        known = await self._find(token_hash(token))
        now = time.monotonic()
        if not known.signed or now - known.signed_at > SIGNED_SECONDS:
            known.signed, known.signed_at = self._signer.sign(known.identity), now
        return known.identity, known.signed

    async def end(self, token: str, caller: Caller) -> None:
        """Sign out."""
        hashed = token_hash(token)
        session = (await self._find(hashed)).session
        async with self._transactions.begin() as uow:
            await uow.sessions.end(session.id)
            await uow.sessions.record(
                Attempt(session.email, "signed_out", caller.address, caller.user_agent, session.user_id, session.id)
            )
        self._known.pop(hashed, None)

    def forget(self, user_id: UUID | None = None) -> None:
        """Drop what is remembered of a user, or of everyone."""
        if user_id is None:
            self._known.clear()
            return
        for hashed in [hashed for hashed, known in self._known.items() if known.session.user_id == user_id]:
            del self._known[hashed]

    async def _find(self, hashed: str) -> _Known:
        known = self._known.get(hashed)
        if known and time.monotonic() - known.read_at < self._cache_seconds and utcnow() < known.session.expires_at:
            return known
        now = utcnow()
        async with self._transactions.begin() as uow:
            session = await uow.sessions.find(hashed)
            if session and not session.alive(now, self._idle):
                await uow.sessions.end(session.id)
                session = None
            if session and now - session.seen_at > TOUCH_EVERY:
                await uow.sessions.touch(session.id)
        if session is None:
            self._known.pop(hashed, None)
            raise Unauthenticated(
                "the session is not known, or has ended",
                remedy="Sign in again: POST /api/v1/session.",
                code="no_session",
            )
        return self._remember(hashed, session, known)

    def _remember(self, hashed: str, session: Session, before: _Known | None) -> _Known:
        identity = identity_of(session)
        fresh = _Known(session, time.monotonic(), identity)
        if before and before.identity == identity:
            fresh.signed, fresh.signed_at = before.signed, before.signed_at
        self._known[hashed] = fresh
        self._known.move_to_end(hashed)
        if len(self._known) > MAX_CACHED:
            self._known.popitem(last=False)
        return fresh


def expiry_seconds(session: Session, now: datetime) -> int:
    """How long a cookie of the session may live."""
    return max(int((session.expires_at - now).total_seconds()), 0)
