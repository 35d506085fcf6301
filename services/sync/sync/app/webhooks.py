"""Webhooks of platforms: the signature is checked first, then the orders they name are pulled again."""

from collections.abc import Mapping
from uuid import UUID

import structlog
from common.db.unit_of_work import Transactions
from common.errors import InvalidInput, NotFound, Unauthenticated
from prometheus_client import Counter

from sync.app.connectors import Connectors
from sync.app.ports import SyncUow
from sync.app.pull import want_touched
from sync.app.stores import request_sync
from sync.connectors.kit.connector import WebhookEvent, WebhookKind
from sync.connectors.kit.errors import BadSignature, ConnectorError
from sync.connectors.kit.manifest import Capability
from sync.domain.store import Store, StoreState

log = structlog.get_logger(__name__)

MAX_ORDERS = 500
"""The most order ids that are taken from one webhook."""

RECEIVED = Counter("orderdock_webhooks_total", "Webhooks taken.", ["platform", "kind"])
REFUSED = Counter("orderdock_webhooks_refused_total", "Webhooks refused.", ["platform", "reason"])


class WebhookReceiver:
    """Takes webhooks."""

    def __init__(
        self,
        transactions: Transactions[SyncUow],
        *,
        connectors: Connectors,
        public_url: str,
    ) -> None:
        self._transactions = transactions
        self._connectors = connectors
        self._public_url = public_url.rstrip("/")

    async def take(
        self, platform: str, store_id: UUID | None, *, path: str, headers: Mapping[str, str], body: bytes
    ) -> None:
        """Take one webhook of a store, or of the store that the webhook itself names. Raises Unauthenticated for one
        that the platform did not sign, NotFound for one about a shop that is not here.
        """
        if not self._connectors.can(platform, Capability.READ_WEBHOOK):
            raise NotFound(
                f"no webhooks of platform {platform} are taken here", remedy="Check the address of the subscription."
            )
        try:
            event = self._connectors.get(platform).read_webhook(
                headers=headers, body=body, url=f"{self._public_url}{path}"
            )
        except BadSignature as error:
            REFUSED.labels(platform, "signature").inc()
            raise Unauthenticated(
                error.reason, remedy="Sign with the app's secret, over the raw body.", code="signature_invalid"
            ) from error
        except ConnectorError as error:
            REFUSED.labels(platform, "unreadable").inc()
            raise InvalidInput.of(
                "body", None, f"cannot be read: {error.reason}", "Check the topic and the version of the subscription."
            ) from error
        store = await self._touch(platform, store_id, event)
        RECEIVED.labels(platform, event.kind.value).inc()
        if event.kind is WebhookKind.ACCESS_ENDING:
            log.warning("store_access_ending", store_id=str(store.id), platform=platform)

    async def _touch(self, platform: str, store_id: UUID | None, event: WebhookEvent) -> Store:
        async with self._transactions.begin() as uow:
            store = await uow.stores.of_account(platform, event.account)
            if store is None or (store_id is not None and store.id != store_id):
                REFUSED.labels(platform, "store").inc()
                raise NotFound(
                    f"shop {event.account} is not the store that this address stands for",
                    remedy="Subscribe with the store's own address: /api/v1/hooks/{platform}/{store id}.",
                    account=event.account,
                )
            if event.kind is WebhookKind.ORDERS_TOUCHED and event.order_ids and store.state is not StoreState.DISABLED:
                await uow.feed.touch(store.id, event.order_ids[:MAX_ORDERS])
                if store.state is StoreState.ACTIVE:
                    want_touched(store.id, uow=uow)
            elif event.kind is WebhookKind.ACCESS_ENDED and store.state is StoreState.ACTIVE:
                # It may be an old one, sent again after the seller has come back: the platform itself is asked.
                await request_sync(store, actor="platform", since=None, uow=uow)
        return store
