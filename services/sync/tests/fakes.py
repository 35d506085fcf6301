"""A marketplace that does what a test tells it to, and the service on top of it."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeVar, cast
from uuid import UUID

import httpx2
from common.db.unit_of_work import Transactions
from common.http.app import build_app
from common.http.identity import IdentityVerifier
from common.kernel.ids import uuid7
from common.messaging.job_runner import JobRunner
from common.messaging.jobs import Jobs
from common.service import Runtime
from common.testing.delivery import Deliverer, take_outbox
from common.testing.plugin import PUBLIC_KEY, settings_environment
from contracts.base import Message
from contracts.sync.v1 import CanonicalOrderV1, OrderLineV1, PlatformStatusV1
from pydantic import SecretStr
from sqlalchemy import text
from sync.app.access import StoreAccess
from sync.app.connectors import Connectors
from sync.app.credential_box import CredentialBox
from sync.app.ports import SyncUow
from sync.app.service import SyncService
from sync.bootstrap import assemble
from sync.connectors.kit.connector import (
    Connector,
    Credentials,
    Grant,
    LabelPending,
    LabelReady,
    LabelRequest,
    OrderPage,
    ParkedOrder,
    UploadOutcome,
    UploadRequest,
    UploadResult,
    WebhookEvent,
    Window,
)
from sync.connectors.kit.errors import BadSignature, Refused
from sync.connectors.kit.manifest import Capability, Limits, Manifest
from sync.settings import SyncSettings

KEYS = "k2:" + "MjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjI=" + ",k1:" + "MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE="
T = TypeVar("T")
START = datetime(2026, 11, 1, tzinfo=UTC)


def play(script: Sequence[T | Exception], default: T | None = None) -> T:
    """The next step of a script, or the default once it is empty; an exception is raised."""
    steps = cast("list[T | Exception]", script)
    if not steps and default is not None:
        return default
    step = steps.pop(0)
    if isinstance(step, Exception):
        raise step
    return step


def order(
    number: int, *, version: int = 1, status: PlatformStatusV1 = PlatformStatusV1.AWAITING_FULFILLMENT
) -> CanonicalOrderV1:
    """An order of one line."""
    return CanonicalOrderV1(
        platform_order_id=f"o-{number}",
        number=f"#{number}",
        status=status,
        raw_status=status.value,
        version=version,
        created_at=START,
        updated_at=START,
        currency="USD",
        lines=(OrderLineV1(platform_line_id="1", platform_sku="MUG", quantity=1),),
    )


class Market(Connector):
    """Pages, labels and uploads come from lists that a test fills; an exception in a list is raised. Every call is
    written down in `calls` as (method, detail).
    """

    manifest: ClassVar[Manifest] = Manifest(
        platform="shopify",
        title="Market",
        api_version="1",
        capabilities=frozenset(
            {Capability.REFRESH, Capability.FETCH_LABEL, Capability.UPLOAD_TRACKING, Capability.READ_WEBHOOK}
        ),
        limits=Limits(page_orders=50, detail_orders=50, window=None, rate_per_second=100, burst=100),
    )
    settings_type: ClassVar[type] = object

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.tokens: list[str] = []
        self.pages: list[OrderPage | Exception] = []
        self.by_id: list[OrderPage | Exception] = []
        self.labels: list[LabelReady | LabelPending | Exception] = []
        self.uploads: list[str | Exception] = []
        self.refreshes: list[Credentials | Exception] = []
        self.grants: list[tuple[Grant, ...] | Exception] = []
        self.gate: asyncio.Event | None = None
        self.entered = asyncio.Event()

    def said(self, method: str) -> list[Any]:
        """The details of the calls of one method."""
        return [detail for name, detail in self.calls if name == method]

    def authorize_url(self, *, state: str, redirect_url: str, account: str = "") -> str:
        if account and not account.endswith(".example"):
            raise Refused("is no shop of ours", code="shop_invalid", final=True)
        return f"https://consent.example/?state={state}&back={redirect_url}"

    async def exchange_code(self, params: Mapping[str, str], *, redirect_url: str) -> tuple[Grant, ...]:
        self.calls.append(("exchange_code", dict(params)))
        return play(self.grants)

    async def pull_page(self, credentials: Credentials, *, window: Window, cursor: str | None = None) -> OrderPage:
        self._called("pull_page", credentials, (window, cursor))
        if self.gate:
            await self.gate.wait()
        return play(self.pages, OrderPage(orders=(), calls=1))

    async def pull_orders(self, credentials: Credentials, *, order_ids: Sequence[str]) -> OrderPage:
        self._called("pull_orders", credentials, list(order_ids))
        return play(self.by_id, OrderPage(orders=(), calls=1))

    async def refresh(self, credentials: Credentials) -> Credentials:
        self._called("refresh", credentials, credentials.refresh_token)
        if self.gate:
            await self.gate.wait()
        return play(self.refreshes)

    async def fetch_label(
        self, credentials: Credentials, *, request: LabelRequest, progress: Mapping[str, object] | None = None
    ) -> LabelReady | LabelPending:
        self._called("fetch_label", credentials, (request, progress))
        if self.gate:
            await self.gate.wait()
        return cast("LabelReady | LabelPending", play(self.labels))

    async def upload_tracking(self, credentials: Credentials, *, request: UploadRequest) -> UploadResult:
        self._called("upload_tracking", credentials, request)
        play(self.uploads, "done")
        return UploadResult(UploadOutcome.UPLOADED, 1)

    def read_webhook(self, *, headers: Mapping[str, str], body: bytes, url: str) -> WebhookEvent:
        if headers.get("x-signature") != "good":
            raise BadSignature("not signed by us")
        return self._webhook(body)

    def _webhook(self, body: bytes) -> WebhookEvent:
        from sync.connectors.kit.connector import WebhookKind

        kind, account, *ids = body.decode().split(",")
        return WebhookEvent(WebhookKind(kind), "orders", account, "d-1", tuple(ids))

    def _called(self, method: str, credentials: Credentials, detail: Any) -> None:
        self.calls.append((method, detail))
        self.tokens.append(credentials.access_token)
        if self.gate:
            self.entered.set()


def credentials(account: str = "mugs.example", *, token: str = "t-1", life: timedelta | None = None) -> Credentials:
    """Credentials of a shop, with a refresh token."""
    expires_at = None if life is None else datetime.now(UTC) + life
    return Credentials(account=account, access_token=token, expires_at=expires_at, refresh_token=f"r-{token}")


@dataclasses.dataclass(slots=True)
class World:
    """The service, its market, and hands to move it."""

    runtime: Runtime
    market: Market
    runner: JobRunner
    client: httpx2.AsyncClient
    deliver: Deliverer
    settings: SyncSettings
    folder: str

    @property
    def transactions(self) -> Transactions[SyncUow]:
        return self.runtime.transactions

    @property
    def root(self) -> SyncService:
        root = self.runtime.root
        assert isinstance(root, SyncService)
        return root

    def access(self) -> StoreAccess:
        """Another process's way to the stores."""
        from common.crypto import Keyring

        keyring = Keyring.parse(self.settings.credential_keys.get_secret_value())
        return StoreAccess(self.transactions, connectors=self.root.connectors, box=CredentialBox(keyring))

    async def sql(self, statement: str, **values: Any) -> list[Any]:
        """Rows of a statement, committed."""
        async with self.transactions.engine.begin() as connection:
            result = await connection.execute(text(statement), values)
            return list(result) if result.returns_rows else []

    async def one(self, statement: str, **values: Any) -> Any:
        """The only row."""
        (row,) = await self.sql(statement, **values)
        return row

    async def work(self) -> int:
        """Run every job that is due, until none is; returns how many ran."""
        ran = 0
        while started := await self.runner.lease_due():
            ran += started
            await self.running()
        return ran

    async def running(self) -> None:
        """Wait for the jobs under way."""
        await asyncio.gather(*(task for tasks in self.runner._running.values() for task in tasks))

    async def hasten(self) -> int:
        """Let waiting time pass, then work."""
        await self.sql("UPDATE jobs SET next_at = now() WHERE state = 'open' AND NOT leased")
        return await self.work()

    async def said(self) -> list[Message]:
        """What the service has said since the last time."""
        return await take_outbox(self.transactions)

    async def store(
        self, seller_id: UUID, *, account: str = "mugs.example", given: Credentials | None = None, settled: bool = True
    ) -> UUID:
        """An active store; `settled` has its first sync behind it."""
        async with self.transactions.begin() as uow:
            from sync.app.stores import add_store, new_store

            store = new_store(seller_id=seller_id, platform="shopify", name="Mugs")
            await add_store(store, actor="test", uow=uow)
            await self.root.authorizer.connect_token(store, credentials(account), actor="test", uow=uow)
        if settled:
            await self.work()
        if given:
            async with self.transactions.begin() as uow:
                locked = await uow.stores.get(store.id)
                assert locked is not None
                await self.root.authorizer.connect_token(locked, given, actor="test", uow=uow)
        if settled:
            await self.said()
            self.market.calls.clear()
            self.market.tokens.clear()
        return store.id

    async def state(self, store_id: UUID) -> str:
        """The store's state."""
        return str((await self.one("SELECT state FROM stores WHERE id = :id", id=store_id)).state)


def without_timers(jobs: Jobs) -> Jobs:
    """The same jobs, driven by tests alone."""
    return dataclasses.replace(jobs, timers={})


@asynccontextmanager
async def make_world(
    url: str, folder: str, change: Callable[[dict[str, Any]], None] | None = None
) -> AsyncIterator[World]:
    """The service on a database of its own."""
    environment = {
        key.removeprefix("ORDERDOCK_").lower(): value for key, value in settings_environment(url, folder).items()
    }
    values: dict[str, Any] = {**environment, "credential_keys": SecretStr(KEYS), "public_url": "https://oms.example"}
    if change:
        change(values)
    settings = SyncSettings(**values)
    market = Market()

    async def nothing() -> None:
        return None

    runtime = assemble(settings, connectors=Connectors([market]), close_outside=nothing)
    runner = JobRunner(without_timers(runtime.jobs), runtime.transactions)
    app = build_app(
        "sync",
        description=runtime.description,
        routers=runtime.routers,
        state=runtime.root,
        verifier=IdentityVerifier(PUBLIC_KEY),
        engine=runtime.transactions.engine,
    )
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://sync") as client:
        deliver = Deliverer(runtime.consumers, runtime.transactions)
        yield World(runtime, market, runner, client, deliver, settings, folder)
    for batcher in runner._settling.values():
        await batcher.close()
    assert runtime.close is not None
    await runtime.close()
    await runtime.transactions.engine.dispose()


def page(
    *orders: CanonicalOrderV1, cursor: str | None = None, parked: Sequence[ParkedOrder] = (), total: int | None = None
) -> OrderPage:
    """A page that cost one call."""
    return OrderPage(orders=orders, parked=tuple(parked), next_cursor=cursor, total=total, calls=1)


def key() -> dict[str, str]:
    """A fresh Idempotency-Key."""
    return {"Idempotency-Key": uuid7().hex}
