"""Authorising stores: the way to the platform's consent page and back, or a token given by hand."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from common.db.failures import constraint_of
from common.db.unit_of_work import Transactions
from common.errors import Conflict, InvalidInput, Unauthenticated, Unavailable
from common.kernel.clock import utcnow

from sync.app.connectors import Connectors
from sync.app.credential_box import CredentialBox
from sync.app.ports import Authorization, SyncUow
from sync.app.stores import PULL, PULL_ORDERS, add_store, change_state, disable_store, new_store, start_runs
from sync.connectors.kit.connector import Connector, Credentials, Grant, Window
from sync.connectors.kit.errors import (
    BadSignature,
    ConnectorError,
    PermissionDenied,
    ReauthorizationNeeded,
    Refused,
    TokenExpired,
)
from sync.domain.order_task import TaskKind
from sync.domain.store import Store, StoreState
from sync.domain.sync_run import plan_run

log = structlog.get_logger(__name__)

STATE_LIFE = timedelta(minutes=10)
PROBE = timedelta(minutes=1)
"""The window that is read to see whether a token given by hand opens the shop."""

JOB_KINDS = (PULL, PULL_ORDERS, TaskKind.LABEL.value, TaskKind.TRACKING.value)


@dataclass(frozen=True, slots=True)
class Consent:
    """Where to send the seller's browser; `state` comes back from there, once, before `expires_at`."""

    url: str
    state: str
    expires_at: datetime


def state_hash(state: str) -> str:
    """What is stored of a state: whoever reads the database cannot finish the authorisation."""
    return hashlib.sha256(state.encode()).hexdigest()


class Authorizer:
    """Connects shops."""

    def __init__(
        self,
        transactions: Transactions[SyncUow],
        *,
        connectors: Connectors,
        box: CredentialBox,
        public_url: str,
        pull_every: timedelta,
    ) -> None:
        self._transactions = transactions
        self._connectors = connectors
        self._box = box
        self._public_url = public_url.rstrip("/")
        self._pull_every = pull_every

    def redirect_url(self, platform: str) -> str:
        """Where the platform sends the seller's browser back to."""
        return f"{self._public_url}/api/v1/hooks/authorize/{platform}"

    async def begin(self, store: Store, *, account: str | None, actor: str, uow: SyncUow) -> Consent:
        """Start the way to the consent page; raises InvalidInput for a shop that the platform cannot have."""
        connector = self._connectors.get(store.platform)
        state = secrets.token_urlsafe(32)
        account = store.account or account
        try:
            url = connector.authorize_url(
                state=state, redirect_url=self.redirect_url(store.platform), account=account or ""
            )
        except Refused as error:
            raise InvalidInput.of("shop", account, error.reason, "Give the shop as the platform names it.") from error
        expires_at = uow.now + STATE_LIFE
        await uow.stores.add_authorization(
            state_hash(state), Authorization(store.id, store.platform, account, actor, expires_at)
        )
        return Consent(url, state, expires_at)

    async def check_token(self, platform: str, credentials: Credentials) -> None:
        """Try a token that was given by hand, outside any transaction; raises InvalidInput or Unavailable."""
        connector = self._connectors.get(platform)
        now = utcnow()
        try:
            await connector.pull_page(credentials, window=Window(now - PROBE, now))
        except (TokenExpired, ReauthorizationNeeded, PermissionDenied, Refused) as error:
            raise InvalidInput.of(
                "access_token",
                None,
                f"does not open shop {credentials.account}: {error.reason}",
                "Check the shop, the token and the app's rights at the platform, or leave the token out to authorise.",
                code="token_refused",
            ) from error
        except ConnectorError as error:
            raise Unavailable(
                f"{platform} does not answer now: {error.reason}", remedy="Nothing was stored; try again in a minute."
            ) from error

    async def complete(self, platform: str, params: Mapping[str, str]) -> Sequence[Store]:
        """Finish an authorisation with the query that the platform sent back; returns the stores that are active now.

        A state is used up by its first callback, whatever comes of it: the platform's code is good for one use too.
        """
        connector = self._connectors.get(platform)
        async with self._transactions.begin() as uow:
            authorization = await uow.stores.take_authorization(state_hash(params.get("state", "")), now=uow.now)
        if authorization is None or authorization.platform != platform:
            raise InvalidInput.of(
                "state",
                None,
                "is unknown, was used before, or is older than ten minutes",
                "Start the authorisation again: POST /api/v1/stores/{id}/reauthorize.",
                code="state_invalid",
            )
        grants = await self._exchange(connector, params, platform=platform)
        try:
            async with self._transactions.begin() as uow:
                return await self._connect(authorization, grants, uow=uow)
        except Exception as error:
            if constraint_of(error) != "uq_stores_platform_account":
                raise
            raise Conflict(
                "the shop was connected by another request at the same moment",
                remedy="List your stores; start again if it is not among them.",
                code="shop_taken",
            ) from error

    async def _exchange(self, connector: Connector, params: Mapping[str, str], *, platform: str) -> tuple[Grant, ...]:
        again = "Start the authorisation again: POST /api/v1/stores/{id}/reauthorize."
        try:
            return await connector.exchange_code(params, redirect_url=self.redirect_url(platform))
        except BadSignature as error:
            raise Unauthenticated(error.reason, remedy=again, code="signature_invalid") from error
        except (Refused, ReauthorizationNeeded, TokenExpired, PermissionDenied) as error:
            raise InvalidInput.of("code", None, error.reason, again, code="authorization_refused") from error
        except ConnectorError as error:
            raise Unavailable(f"{platform} did not finish the authorisation: {error.reason}", remedy=again) from error

    async def connect_token(self, store: Store, credentials: Credentials, *, actor: str, uow: SyncUow) -> None:
        """Make a locked store active with a token given by hand; raises Conflict."""
        authorization = Authorization(store.id, store.platform, credentials.account, actor, uow.now)
        await self._connect(authorization, (Grant(credentials.account, store.name, credentials),), uow=uow)

    async def _connect(self, authorization: Authorization, grants: Sequence[Grant], *, uow: SyncUow) -> Sequence[Store]:
        """Each granted shop becomes, or stays, an active store of the seller."""
        found = await uow.stores.of_accounts(
            authorization.platform, [grant.account for grant in grants], also=authorization.store_id
        )
        target = next(store for store in found if store.id == authorization.store_id)
        by_account = {store.account: store for store in found if store.account is not None}
        _check_meant(target, authorization, grants)
        usable = [
            grant
            for grant in grants
            if grant.account not in by_account or by_account[grant.account].seller_id == target.seller_id
        ]
        if not usable:
            raise _taken(grants[0].account)
        for grant in grants:
            if grant not in usable:
                log.warning("shop_of_another_seller", account=grant.account, platform=authorization.platform)
        connected: list[Store] = []
        for grant in usable:
            store = by_account.get(grant.account)
            if store is None:
                store = target if target.account is None else await self._further(target, grant, authorization, uow=uow)
                store.account = grant.account
            await self._activate(store, grant.credentials, actor=authorization.actor, uow=uow)
            connected.append(store)
        if target.account is None:
            reason = f"the authorised shop is store {connected[0].id} already"
            await disable_store(target, actor=authorization.actor, reason=reason, uow=uow)
        return connected

    async def _further(self, target: Store, grant: Grant, authorization: Authorization, *, uow: SyncUow) -> Store:
        """A store for another shop of the same consent."""
        name = grant.name or f"{target.name} {grant.account}"
        store = new_store(seller_id=target.seller_id, platform=target.platform, name=name)
        await add_store(store, actor=authorization.actor, uow=uow)
        return store

    async def _activate(self, store: Store, credentials: Credentials, *, actor: str, uow: SyncUow) -> None:
        sealed = self._box.seal(credentials, store_id=store.id, seller_id=store.seller_id)
        await uow.credentials.put(store.id, sealed)
        if await change_state(store, StoreState.ACTIVE, actor=actor, reason="authorised", uow=uow):
            start = plan_run(last_complete_until=store.last_complete_until, now=uow.now)
            await start_runs([(store.id, start)], requested_by=actor, uow=uow)
            await uow.stores.schedule(store.id, at=uow.now + self._pull_every)
        await uow.stores.wake_jobs(store.id, JOB_KINDS)


def _check_meant(target: Store, authorization: Authorization, grants: Sequence[Grant]) -> None:
    """The shop that was asked for must be among those that were granted."""
    meant = target.account or authorization.account
    if meant is not None and meant.lower() not in {grant.account.lower() for grant in grants}:
        got = ", ".join(grant.account for grant in grants) or "none"
        raise Conflict(
            f"shop {meant} was to be authorised, but the platform granted {got}",
            remedy=f"Sign in at the platform as {meant} and authorise again; connect another shop as a new store.",
            code="other_shop_authorized",
        )


def _taken(account: str) -> Conflict:
    return Conflict(
        f"shop {account} is connected to another seller",
        remedy="Ask the operator to disconnect it there, if it is yours.",
        code="shop_taken",
        account=account,
    )


def own_store_of(found: Sequence[Store], *, account: str, seller_id: UUID) -> None:
    """Raise Conflict where the shop is connected already."""
    for store in found:
        if store.account == account:
            if store.seller_id != seller_id:
                raise _taken(account)
            raise Conflict(
                f"shop {account} is store {store.id} already",
                remedy=f"Authorise it again instead: POST /api/v1/stores/{store.id}/reauthorize.",
                code="shop_connected",
                store_id=str(store.id),
            )
