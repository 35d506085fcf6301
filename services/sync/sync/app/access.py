"""Calling a store's platform: with its credentials, renewed in time, and not at all once the store is not active.

A refresh token may be good for one use only, so its use is serialised: within a process by a shared task, between
processes by a lease on the credentials' row that is fenced by their version. The call is made outside any transaction;
its answer is stored before anything else is called with it, and neither a cancelled job nor a database that is away for
a while makes us forget it. If the process dies between the answer and the commit, the lease runs out and the old token
is tried once more: Shopify still takes it (until the new one is used); Shopee may not, and then the store ends in
auth_expired with that reason.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

import structlog
from common.db.failures import is_contention, is_lost
from common.db.unit_of_work import Transactions
from common.kernel.clock import utcnow
from common.kernel.ids import uuid7
from common.messaging.batcher import Batcher
from prometheus_client import Counter

from sync.app.connectors import Connectors
from sync.app.credential_box import CredentialBox
from sync.app.errors import AccessError, PlatformMissing, RefreshUnderway, StoreGone, StoreNotActive
from sync.app.ports import SealedCredentials, SyncUow
from sync.app.stores import change_state
from sync.connectors.kit.connector import Connector, Credentials
from sync.connectors.kit.errors import (
    ConnectorError,
    OutcomeUnknown,
    ReauthorizationNeeded,
    TokenExpired,
    Unsupported,
)
from sync.domain.store import Store, StoreState

log = structlog.get_logger(__name__)

T = TypeVar("T")

REFRESH_SECONDS = 60
"""A refresh that takes longer is given up as unknown."""

LEASE_SECONDS = 120
"""How long nobody else tries; well beyond REFRESH_SECONDS, so that two never spend the same token."""

MARGIN = timedelta(minutes=5)
"""How long before its end a token is renewed, where it lives long enough."""

COOLDOWN = timedelta(seconds=15)
"""How long an early renewal that failed is not tried again while the token is still good."""

AUTH_EXPIRED = Counter("orderdock_store_auth_expired_total", "Stores whose authorisation has ended.", ["platform"])
REFRESHED = Counter("orderdock_credentials_refreshed_total", "Credentials renewed.", ["platform"])


@dataclass(frozen=True, slots=True)
class OpenStore:
    """An active store with what it is called with."""

    store: Store
    connector: Connector
    credentials: Credentials
    version: int
    issued_at: datetime

    def due(self, now: datetime) -> bool:
        """Whether the token should be renewed before the next call: in the last tenth of its life, at most MARGIN."""
        expires_at = self.credentials.expires_at
        if expires_at is None:
            return False
        return expires_at <= now + min(MARGIN, (expires_at - self.issued_at) / 10)


@dataclass(slots=True)
class _Wanted:
    store_id: UUID
    found: SealedCredentials | None = field(default=None)


class StoreAccess:
    """Opens stores and calls their platforms; one for a process."""

    def __init__(self, transactions: Transactions[SyncUow], *, connectors: Connectors, box: CredentialBox) -> None:
        self._transactions = transactions
        self._connectors = connectors
        self._box = box
        self._opened: dict[UUID, tuple[int, Credentials]] = {}
        self._renewals: dict[UUID, asyncio.Task[None]] = {}
        self._cool_until: dict[UUID, datetime] = {}
        self._loading: Batcher[_Wanted] = Batcher(self._load_many, limit=200, weight=lambda _: 1)

    async def aclose(self) -> None:
        """Wait for renewals under way, so that no new pair is lost."""
        await asyncio.gather(*self._renewals.values(), return_exceptions=True)
        await self._loading.close()

    async def call(
        self,
        store_id: UUID,
        function: Callable[[Connector, Credentials], Awaitable[T]],
        *,
        seller_id: UUID | None = None,
    ) -> T:
        """Call the store's platform; expired tokens are renewed and the call repeated once. With `seller_id`, another
        seller's store does not exist.

        Raises AccessError where no call may be made, and what the connector raises. An authorisation that has ended
        makes the store auth_expired before ReauthorizationNeeded goes on to the caller.
        """
        opened = await self.open(store_id)
        if seller_id is not None and opened.store.seller_id != seller_id:
            raise StoreGone(store_id)
        opened = await self._fresh(opened)
        try:
            return await self._attempt(opened, function)
        except TokenExpired:
            renewed = await self.renew(opened)
        return await self._attempt(renewed, function)

    async def open(self, store_id: UUID) -> OpenStore:
        """The store as it is at this moment, with its credentials; raises AccessError."""
        wanted = _Wanted(store_id)
        await self._loading.submit(wanted)
        row = wanted.found
        if row is None:
            raise StoreGone(store_id)
        if row.store.state is not StoreState.ACTIVE or row.sealed is None or row.issued_at is None:
            self._opened.pop(store_id, None)
            raise StoreNotActive(store_id, row.store.state)
        connector = self._connectors.find(row.store.platform)
        if connector is None:
            raise PlatformMissing(row.store.platform)
        cached = self._opened.get(store_id)
        if cached is None or cached[0] != row.version:
            credentials = self._box.open(row.sealed, store_id=store_id, seller_id=row.store.seller_id)
            cached = self._opened[store_id] = (row.version, credentials)
        return OpenStore(row.store, connector, cached[1], row.version, row.issued_at)

    async def _load_many(self, wanted: Sequence[_Wanted]) -> None:
        """One SELECT for all jobs that want to know at this moment; nothing is remembered of a store's state."""
        async with self._transactions.begin() as uow:
            found = await uow.credentials.of_stores(list({item.store_id for item in wanted}))
        for item in wanted:
            item.found = found.get(item.store_id)

    async def _attempt(self, opened: OpenStore, function: Callable[[Connector, Credentials], Awaitable[T]]) -> T:
        try:
            return await function(opened.connector, opened.credentials)
        except ReauthorizationNeeded as error:
            await self.expire(opened, error.reason)
            raise

    async def _fresh(self, opened: OpenStore) -> OpenStore:
        """Renew early; while the token is still good, a renewal that fails is no reason not to call."""
        now = utcnow()
        store_id = opened.store.id
        if not opened.due(now) or self._cool_until.get(store_id, now) > now:
            return opened
        try:
            return await self.renew(opened)
        except (RefreshUnderway, ConnectorError) as error:
            if isinstance(error, ReauthorizationNeeded) or opened.credentials.expires_within(timedelta(0), now=now):
                raise
            log.warning("early_refresh_failed", store_id=str(store_id), error=str(error))
            self._cool_until[store_id] = now + COOLDOWN
            return opened

    async def renew(self, opened: OpenStore) -> OpenStore:
        """Renew the credentials unless somebody has; raises RefreshUnderway, or what the platform's refusal means."""
        store_id = opened.store.id
        task = self._renewals.get(store_id)
        if task is None:
            task = asyncio.create_task(self._renew(opened), name=f"refresh {store_id}")
            self._renewals[store_id] = task
            task.add_done_callback(lambda done: self._renewed(store_id, done))
        # The caller may be cancelled, the renewal may not: its answer exists only here until it is stored.
        await asyncio.shield(task)
        return await self.open(store_id)

    def _renewed(self, store_id: UUID, task: asyncio.Task[None]) -> None:
        self._renewals.pop(store_id, None)
        if not task.cancelled():
            task.exception()

    async def _renew(self, opened: OpenStore) -> None:
        current = await self.open(opened.store.id)
        if current.version != opened.version:
            return
        store_id = current.store.id
        async with self._transactions.begin() as uow:
            lease = await uow.credentials.lease_refresh(
                store_id, version=current.version, lease_id=uuid7(), seconds=LEASE_SECONDS
            )
        if lease is None:
            raise RefreshUnderway(store_id)
        if lease.interrupted:
            log.warning("refresh_was_interrupted", store_id=str(store_id))
        try:
            async with asyncio.timeout(REFRESH_SECONDS):
                pair = await current.connector.refresh(current.credentials)
        except (ReauthorizationNeeded, TokenExpired, Unsupported) as error:
            reason = error.reason
            if lease.interrupted:
                reason += " (an earlier refresh was cut off before its answer could be stored)"
            await self._end_lease(store_id, lease.id, unknown=False)
            await self.expire(current, reason)
            raise ReauthorizationNeeded(reason, code=error.code, platform=current.store.platform) from error
        except (OutcomeUnknown, TimeoutError) as error:
            await self._end_lease(store_id, lease.id, unknown=True)
            raise OutcomeUnknown(
                "the refresh of the credentials got no answer; it is tried again", platform=current.store.platform
            ) from error
        except ConnectorError:
            await self._end_lease(store_id, lease.id, unknown=lease.interrupted)
            raise
        await self._store(current, pair)

    async def _end_lease(self, store_id: UUID, lease_id: UUID, *, unknown: bool) -> None:
        async with self._transactions.begin() as uow:
            await uow.credentials.end_refresh(store_id, lease_id=lease_id, unknown=unknown)

    async def _store(self, opened: OpenStore, pair: Credentials) -> None:
        """Store the new pair, however long the database keeps us waiting: the old token may be spent."""
        store = opened.store
        sealed = self._box.seal(pair, store_id=store.id, seller_id=store.seller_id)
        tries = 0
        while True:
            try:
                async with self._transactions.begin() as uow:
                    stored = await uow.credentials.renew(store.id, version=opened.version, sealed=sealed)
                break
            except Exception as error:
                tries += 1
                if not (is_lost(error) or is_contention(error)):
                    log.exception("refreshed_credentials_not_stored", store_id=str(store.id))
                    raise
                if tries == 1:
                    log.warning("refreshed_credentials_wait", store_id=str(store.id), error=type(error).__name__)
                await asyncio.sleep(min(0.05 * 2**tries, 2.0))
        self._cool_until.pop(store.id, None)
        REFRESHED.labels(store.platform).inc()
        if not stored:
            log.warning("refreshed_credentials_superseded", store_id=str(store.id))

    async def expire(self, opened: OpenStore, reason: str) -> None:
        """Make the store auth_expired, with one alert, unless it was authorised again meanwhile."""
        async with self._transactions.begin() as uow:
            store = await uow.stores.get(opened.store.id)
            rows = await uow.credentials.of_stores([opened.store.id])
            row = rows.get(opened.store.id)
            if store is None or row is None or row.version != opened.version or store.state is not StoreState.ACTIVE:
                return
            await change_state(store, StoreState.AUTH_EXPIRED, actor="platform", reason=reason, uow=uow)
            await uow.runs.interrupt_of(store.id, error=reason)
        AUTH_EXPIRED.labels(store.platform).inc()
        log.error("store_auth_expired", store_id=str(store.id), platform=store.platform, reason=reason)

    async def seal_again(self, uow: SyncUow) -> None:
        """Bring some credentials under the current key; a timer calls it."""
        rows = await uow.credentials.under_other_keys(
            current=self._box.current_key, known=self._box.known_keys, limit=200
        )
        done = []
        for store_id, seller_id, sealed in rows:
            try:
                done.append((store_id, self._box.reseal(sealed, store_id=store_id, seller_id=seller_id)))
            except AccessError:
                log.exception("credentials_unreadable", store_id=str(store_id))
        await uow.credentials.reseal(done)
        if done:
            log.info("credentials_sealed_again", count=len(done), key_id=self._box.current_key)
