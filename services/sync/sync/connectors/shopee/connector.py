"""Shopee behind the port."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from common.kernel.clock import utcnow
from contracts.sync.v1 import CanonicalOrderV1

from sync.connectors.kit.canonical import NO_HOOKS, Hooks, PageBuilder, name_under
from sync.connectors.kit.connector import (
    MAX_PAGE_ORDERS,
    Connector,
    Credentials,
    Grant,
    LabelPending,
    LabelReady,
    LabelRequest,
    OrderPage,
    StockLevel,
    StockResult,
    UploadRequest,
    UploadResult,
    WebhookEvent,
    Window,
)
from sync.connectors.kit.http import HTTPEdge, Meter
from sync.connectors.kit.manifest import Manifest
from sync.connectors.kit.paging import decode_cursor, encode_cursor, slices, unreadable_cursor
from sync.connectors.kit.rate import MAX_LOCAL_WAIT_SECONDS, Gate, Limiter
from sync.connectors.kit.reading import FieldFault, Fields
from sync.connectors.shopee import auth, stock, webhooks
from sync.connectors.shopee.channels import ChannelBook
from sync.connectors.shopee.client import ShopeeClient
from sync.connectors.shopee.labels import LabelChain
from sync.connectors.shopee.manifest import MANIFEST, PLATFORM, ShopeeSettings
from sync.connectors.shopee.mapping import to_canonical
from sync.connectors.shopee.tracking import TrackingUpload
from sync.connectors.shopee.wire import read_order


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a pull stands: the slice of the window, Shopee's cursor in it, and order numbers listed but not fetched."""

    part: int
    cursor: str | None
    listed: tuple[str, ...]

    def encode(self) -> str:
        return encode_cursor({"part": self.part, "cursor": self.cursor, "listed": list(self.listed)})

    @classmethod
    def decode(cls, cursor: str) -> "_Place":
        fields = Fields(decode_cursor(cursor, platform=PLATFORM))
        try:
            own = fields.raw.get("cursor")
            return cls(fields.whole("part"), None if own is None else str(own), fields.texts("listed"))
        except FieldFault as fault:
            raise unreadable_cursor(PLATFORM) from fault


class ShopeeConnector(Connector):
    """Orders, labels, tracking and stock of Shopee shops. `account` is the shop id, order ids are order_sn."""

    manifest: ClassVar[Manifest] = MANIFEST
    settings_type: ClassVar[type] = ShopeeSettings

    def __init__(
        self,
        settings: ShopeeSettings,
        *,
        http: HTTPEdge,
        limiter: Limiter,
        hooks: Hooks = NO_HOOKS,
        clock: Callable[[], datetime] = utcnow,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        max_wait_seconds: float = MAX_LOCAL_WAIT_SECONDS,
    ) -> None:
        self._settings = settings
        self._hooks = hooks
        self._clock = clock
        gate = Gate(limiter, max_wait_seconds=max_wait_seconds, sleep=sleep)
        self._client = ShopeeClient(settings, http=http, gate=gate, clock=clock)
        self._channels = ChannelBook(self._client, keep_seconds=settings.channels_kept_seconds, clock=clock)

    def authorize_url(self, *, state: str, redirect_url: str, account: str = "") -> str:
        """See Connector; the seller chooses the shop on Shopee's page, so `account` is not used."""
        return auth.authorize_url(self._settings, state=state, redirect_url=redirect_url)

    async def exchange_code(self, params: Mapping[str, str], *, redirect_url: str) -> tuple[Grant, ...]:
        """See Connector; a main account grants several shops at once. Shopee signs nothing here: `state` is all."""
        form = auth.exchange_form(self._settings, params)
        body = await self._client.tokens(auth.EXCHANGE, form, meter=Meter())
        granted = auth.granted(body, params=params, now=self._clock())
        return tuple(Grant(account=each.account, name=f"Shopee {each.account}", credentials=each) for each in granted)

    async def refresh(self, credentials: Credentials) -> Credentials:
        """See Connector; the refresh token ends with this call."""
        form = auth.refresh_form(self._settings, credentials)
        body = await self._client.tokens(auth.REFRESH, form, meter=Meter())
        return auth.refreshed(body, credentials=credentials, now=self._clock())

    async def pull_page(self, credentials: Credentials, *, window: Window, cursor: str | None = None) -> OrderPage:
        """See Connector. One list of 100 numbers feeds two pages of 50 details; long windows are cut into 15 days."""
        parts = slices(window, longest=MANIFEST.limits.window or (window.until - window.since))
        place = _Place(0, "", ()) if cursor is None else _Place.decode(cursor)
        if place.part >= len(parts):
            raise unreadable_cursor(PLATFORM)
        meter, numbers, following = Meter(), place.listed, place.cursor
        if not numbers and following is not None:
            part = parts[place.part]
            numbers, following = await self._client.list_orders(
                credentials,
                since=int(part.since.timestamp()),
                until=int(part.until.timestamp()) + (1 if part.until.microsecond else 0),
                cursor=following,
                meter=meter,
            )
        page = PageBuilder()
        await self._fetch(page, credentials, numbers[:MAX_PAGE_ORDERS], meter=meter)
        rest = numbers[MAX_PAGE_ORDERS:]
        following_place: _Place | None = None
        if rest or following is not None:
            following_place = _Place(place.part, following, rest)
        elif place.part + 1 < len(parts):
            following_place = _Place(place.part + 1, "", ())
        return _page(page, meter, next_cursor=following_place.encode() if following_place else None)

    async def pull_orders(self, credentials: Credentials, *, order_ids: Sequence[str]) -> OrderPage:
        """See Connector."""
        if len(order_ids) > MAX_PAGE_ORDERS:
            raise ValueError(f"{len(order_ids)} orders were asked for at once: at most {MAX_PAGE_ORDERS}")
        meter, page = Meter(), PageBuilder()
        await self._fetch(page, credentials, tuple(dict.fromkeys(order_ids)), meter=meter)
        return _page(page, meter, next_cursor=None)

    async def _fetch(
        self, page: PageBuilder, credentials: Credentials, numbers: tuple[str, ...], *, meter: Meter
    ) -> None:
        if not numbers:
            return
        raw_orders = await self._client.order_details(credentials, numbers, meter=meter)
        own_channels = await self._channels.covering(credentials, raw_orders, meter=meter)

        def read(raw: object) -> CanonicalOrderV1 | None:
            return to_canonical(read_order(raw, hooks=self._hooks), own_channels=own_channels, hooks=self._hooks)

        name_of = name_under("order_sn")
        page.add_all(raw_orders, name_of=name_of, read=read)
        answered = {name_of(raw) for raw in raw_orders}
        for number in numbers:
            if number not in answered:
                page.park(number, "the shop lists or was asked for this order and gives no details of it", None)

    async def fetch_label(
        self, credentials: Credentials, *, request: LabelRequest, progress: Mapping[str, object] | None = None
    ) -> LabelReady | LabelPending:
        """See Connector."""
        chain = LabelChain(self._settings, self._client, credentials, request, hooks=self._hooks)
        return await chain.run(progress)

    async def upload_tracking(self, credentials: Credentials, *, request: UploadRequest) -> UploadResult:
        """See Connector; only channels of the seller's own logistics take a tracking number from us."""
        upload = TrackingUpload(self._client, self._channels, credentials, request, hooks=self._hooks)
        return await upload.run()

    async def push_stock(
        self, credentials: Credentials, *, levels: Sequence[StockLevel], key: str
    ) -> tuple[StockResult, ...]:
        """See Connector; levels are named by platform_product_id (`item:model`). Setting the same again is harmless."""
        return await stock.push(self._client, credentials, levels, meter=Meter())

    def read_webhook(self, *, headers: Mapping[str, str], body: bytes, url: str) -> WebhookEvent:
        """See Connector; `url` must be the address exactly as it is registered at Shopee."""
        return webhooks.read_webhook(self._settings, headers=headers, body=body, url=url)


def _page(page: PageBuilder, meter: Meter, *, next_cursor: str | None) -> OrderPage:
    return OrderPage(
        orders=tuple(page.orders),
        parked=tuple(page.parked),
        next_cursor=next_cursor,
        calls=meter.calls,
        throttled_seconds=meter.throttled_seconds,
        left_out=tuple(page.left_out),
    )
