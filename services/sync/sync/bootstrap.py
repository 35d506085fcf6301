"""Wires the sync service; the only module that imports every layer."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog
from common.crypto import Keyring
from common.db.engine import make_engine
from common.db.unit_of_work import Transactions
from common.documents import Documents
from common.service import Runtime
from prometheus_client import Counter, Histogram
from redis.asyncio import Redis

from sync.adapters.checks import checks
from sync.adapters.unit_of_work import PostgresUow
from sync.app.access import StoreAccess
from sync.app.authorize import Authorizer
from sync.app.connectors import Connectors
from sync.app.credential_box import CredentialBox
from sync.app.labels import LabelFetcher
from sync.app.ports import Keep, SyncUow
from sync.app.pull import Puller
from sync.app.service import SyncService
from sync.app.uploads import TrackingUploader
from sync.app.webhooks import WebhookReceiver
from sync.connectors.kit.canonical import Hooks
from sync.connectors.kit.connector import Connector
from sync.connectors.kit.http import HTTPEdge
from sync.connectors.kit.rate import Limiter, RedisLimiter
from sync.connectors.shopee.connector import ShopeeConnector
from sync.connectors.shopee.manifest import ShopeeSettings
from sync.connectors.shopify.connector import ShopifyConnector
from sync.connectors.shopify.manifest import ShopifySettings
from sync.entrypoints import hooks_api, runs_api, stores_api
from sync.entrypoints.consumers import consumers
from sync.entrypoints.jobs import Work, make_jobs
from sync.settings import SyncSettings

log = structlog.get_logger(__name__)

DESCRIPTION = "Stores, their credentials, sync runs, parked orders, platform labels and tracking uploads."

_UNLISTED = Counter("orderdock_platform_unlisted_fields_total", "Fields that no connector knows.", ["platform"])
_UNKNOWN = Counter("orderdock_platform_unknown_statuses_total", "Statuses that no table has.", ["platform", "status"])
_CALLS = Histogram(
    "orderdock_platform_call_seconds",
    "Calls to platforms.",
    ["platform", "call", "outcome"],
    buckets=(0.01, 0.05, 0.2, 1, 5, 20, 60),
)


def bootstrap(settings: SyncSettings) -> Runtime:
    """The service, ready to run."""
    redis = Redis.from_url(settings.redis_url.get_secret_value(), socket_timeout=5, socket_connect_timeout=5)
    hooks = _hooks()
    edge = HTTPEdge(max_connections=settings.max_connections, hooks=hooks)
    limiter = RedisLimiter(redis, prefix=f"{settings.broker_prefix}sync")
    connectors = Connectors(_connectors(settings, edge=edge, limiter=limiter, hooks=hooks))

    async def close() -> None:
        await edge.aclose()
        await redis.aclose()

    return assemble(settings, connectors=connectors, close_outside=close)


def assemble(
    settings: SyncSettings, *, connectors: Connectors, close_outside: Callable[[], Awaitable[None]]
) -> Runtime:
    """The service on the given connectors."""
    transactions: Transactions[SyncUow] = Transactions(make_engine(settings), PostgresUow)
    keyring = Keyring.parse(settings.credential_keys.get_secret_value())
    box = CredentialBox(keyring)
    access = StoreAccess(transactions, connectors=connectors, box=box)
    work = Work(
        puller=Puller(transactions, access),
        labels=LabelFetcher(
            access, Documents(settings.documents_url), timeout=timedelta(seconds=settings.label_timeout_seconds)
        ),
        uploads=TrackingUploader(access, tries=settings.upload_tries),
        access=access,
        keep=_keep(settings),
        pull_every=settings.pull_every,
        pull_concurrency=settings.pull_concurrency,
        order_concurrency=settings.order_concurrency,
        store_concurrency=settings.store_concurrency,
    )
    root = SyncService(
        transactions=transactions,
        connectors=connectors,
        authorizer=Authorizer(
            transactions,
            connectors=connectors,
            box=box,
            public_url=settings.public_url,
            pull_every=settings.pull_every,
        ),
        webhooks=WebhookReceiver(transactions, connectors=connectors, public_url=settings.public_url),
    )

    async def close() -> None:
        await access.aclose()
        await close_outside()

    return Runtime(
        transactions=transactions,
        root=root,
        consumers=consumers,
        jobs=make_jobs(work),
        routers=[stores_api.router, runs_api.router, hooks_api.router],
        checks=checks(known_keys=keyring.key_ids),
        description=DESCRIPTION,
        close=close,
    )


def _keep(settings: SyncSettings) -> Keep:
    return Keep(
        raw=timedelta(days=settings.parked_raw_days),
        seen=timedelta(days=settings.seen_order_days),
        runs=timedelta(days=settings.run_days),
        tasks=timedelta(days=settings.task_days),
    )


def _connectors(settings: SyncSettings, *, edge: HTTPEdge, limiter: Limiter, hooks: Hooks) -> list[Connector]:
    """The platforms whose app is in the settings."""
    found: list[Connector] = []
    if settings.shopify_client_id:
        shopify = ShopifySettings(
            client_id=settings.shopify_client_id,
            client_secret=settings.shopify_client_secret.get_secret_value(),
            base_url=settings.shopify_base_url,
        )
        found.append(ShopifyConnector(shopify, http=edge, limiter=limiter, hooks=hooks))
    if settings.shopee_partner_id:
        shopee = ShopeeSettings(
            partner_id=settings.shopee_partner_id,
            partner_key=settings.shopee_partner_key.get_secret_value(),
            host=settings.shopee_host,
            auth_url=settings.shopee_auth_url,
        )
        found.append(ShopeeConnector(shopee, http=edge, limiter=limiter, hooks=hooks))
    return found


def _hooks() -> Hooks:
    """Counters, and one line of log for each unknown word."""
    told: set[tuple[str, str]] = set()

    def unlisted_field(platform: str, path: str) -> None:
        _UNLISTED.labels(platform).inc()
        if (platform, path) not in told and len(told) < 1000:
            told.add((platform, path))
            log.warning("unlisted_field", platform=platform, path=path)

    def unknown_status(platform: str, word: str) -> None:
        _UNKNOWN.labels(platform, word[:60]).inc()
        if (platform, word) not in told and len(told) < 1000:
            told.add((platform, word))
            log.error("unknown_status", platform=platform, status=word)

    def call_made(platform: str, call: str, outcome: str, seconds: float) -> None:
        _CALLS.labels(platform, call, outcome).observe(seconds)

    return Hooks(unlisted_field=unlisted_field, unknown_status=unknown_status, call_made=call_made)
