"""Shopify behind the port."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from common.kernel.clock import utcnow
from contracts.sync.v1 import CanonicalOrderV1

from sync.connectors.kit.canonical import NO_HOOKS, Hooks, PageBuilder, name_under
from sync.connectors.kit.connector import (
    MAX_PAGE_ORDERS,
    Connector,
    Credentials,
    Grant,
    OrderPage,
    StockLevel,
    StockResult,
    UploadOutcome,
    UploadRequest,
    UploadResult,
    WebhookEvent,
    Window,
)
from sync.connectors.kit.errors import MalformedAnswer, Refused
from sync.connectors.kit.http import Call, HTTPEdge, Meter
from sync.connectors.kit.manifest import Manifest
from sync.connectors.kit.paging import decode_cursor, encode_cursor, unreadable_cursor
from sync.connectors.kit.rate import MAX_LOCAL_WAIT_SECONDS, Gate, Limiter
from sync.connectors.kit.reading import FieldFault, Fields
from sync.connectors.shopify import auth, queries, shipping, stock, webhooks
from sync.connectors.shopify.client import ShopifyClient
from sync.connectors.shopify.errors import user_error
from sync.connectors.shopify.manifest import MANIFEST, PLATFORM, ShopifySettings
from sync.connectors.shopify.mapping import to_canonical
from sync.connectors.shopify.wire import ShippingState, next_cursor, read_order, read_shipping_state

_GID = "gid://shopify/Order/"


class ShopifyConnector(Connector):
    """Orders, tracking and stock of Shopify stores. `account` is the shop's domain, order ids are gids."""

    manifest: ClassVar[Manifest] = MANIFEST
    settings_type: ClassVar[type] = ShopifySettings

    def __init__(
        self,
        settings: ShopifySettings,
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
        self._client = ShopifyClient(settings, http=http, limiter=limiter, gate=gate, clock=clock)

    def authorize_url(self, *, state: str, redirect_url: str, account: str = "") -> str:
        """See Connector; `account` is the shop's domain and required."""
        return auth.authorize_url(self._settings, shop=account, state=state, redirect_url=redirect_url)

    async def exchange_code(self, params: Mapping[str, str], *, redirect_url: str) -> tuple[Grant, ...]:
        """See Connector; the redirect address is not part of Shopify's exchange."""
        shop, code = auth.check_callback(self._settings, params, now=self._clock())
        call = auth.exchange_call(self._settings, shop=shop, code=code)
        credentials = await self._client.tokens(call, shop=shop, meter=Meter())
        return (Grant(account=shop, name=shop.removesuffix(".myshopify.com"), credentials=credentials),)

    async def refresh(self, credentials: Credentials) -> Credentials:
        """See Connector; the old refresh token works until the new one is first used."""
        call = auth.refresh_call(self._settings, credentials)
        return await self._client.tokens(call, shop=credentials.account, meter=Meter())

    async def pull_page(self, credentials: Credentials, *, window: Window, cursor: str | None = None) -> OrderPage:
        """See Connector; `total` comes with the first page."""
        after = None if cursor is None else decode_cursor(cursor, platform=PLATFORM).get("after")
        if cursor is not None and not isinstance(after, str):
            raise unreadable_cursor(PLATFORM)
        meter = Meter()
        # The search works in whole seconds, so the window's end is rounded up: nothing of its last second is missed.
        since = window.since.astimezone(UTC).replace(microsecond=0)
        until = window.until.astimezone(UTC) + timedelta(seconds=1, microseconds=-1)
        query = f"updated_at:>='{_stamp(since)}' updated_at:<'{_stamp(until)}'"
        data = await self._client.orders(
            credentials, query=query, after=after if isinstance(after, str) else None, count=cursor is None, meter=meter
        )
        try:
            connection = data.child("orders")
            raw_orders = connection.items("nodes")
            following = next_cursor(connection)
            counted = data.optional_child("ordersCount")
            total = counted.whole("count") if counted is not None else None
        except FieldFault as fault:
            raise MalformedAnswer(f"the page cannot be read: {fault}", platform=PLATFORM, call="PullOrders") from fault
        if following is not None and following == after:
            reason = "the next page's cursor is this page's own"
            raise MalformedAnswer(reason, platform=PLATFORM, call="PullOrders")
        page = PageBuilder()
        await self._read_into(page, credentials, raw_orders, meter=meter)
        return OrderPage(
            # A search term that the shop does not understand is ignored there without a word.
            orders=tuple(order for order in page.orders if since <= order.updated_at),
            parked=tuple(page.parked),
            next_cursor=None if following is None else encode_cursor({"after": following}),
            total=total,
            calls=meter.calls,
            throttled_seconds=meter.throttled_seconds,
            left_out=tuple(page.left_out),
        )

    async def pull_orders(self, credentials: Credentials, *, order_ids: Sequence[str]) -> OrderPage:
        """See Connector."""
        if len(order_ids) > MAX_PAGE_ORDERS:
            raise ValueError(f"{len(order_ids)} orders were asked for at once: at most {MAX_PAGE_ORDERS}")
        meter, page = Meter(), PageBuilder()
        known = [order_id for order_id in order_ids if order_id.startswith(_GID)]
        for order_id in order_ids:
            if not order_id.startswith(_GID):
                page.park(order_id, f"{order_id!r} is not an order id such as {_GID}1", None)
        raw_orders: list[object] = []
        if known:
            variables = {"ids": known, "lines": self._settings.line_page}
            data = await self._client.query(credentials, "OrdersById", queries.ORDERS_BY_ID, variables, meter=meter)
            answers = data.raw.get("nodes")
            if not isinstance(answers, list) or len(answers) != len(known):
                reason = f"{len(known)} orders were asked for and the answer holds another number"
                raise MalformedAnswer(reason, platform=PLATFORM, call="OrdersById")
            for order_id, raw in zip(known, answers, strict=True):
                if raw is None:
                    page.park(
                        order_id, "the shop does not know this order; it may be older than the scope allows", None
                    )
                else:
                    raw_orders.append(raw)
        await self._read_into(page, credentials, raw_orders, meter=meter)
        return OrderPage(
            orders=tuple(page.orders),
            parked=tuple(page.parked),
            calls=meter.calls,
            throttled_seconds=meter.throttled_seconds,
            left_out=tuple(page.left_out),
        )

    async def _read_into(
        self, page: PageBuilder, credentials: Credentials, raw_orders: list[object], *, meter: Meter
    ) -> None:
        whole: list[object] = []
        for raw in raw_orders:
            try:
                await self._client.complete(credentials, Fields(raw), meter=meter)
            except FieldFault as fault:
                page.park(name_under("id")(raw), str(fault), raw)
            else:
                whole.append(raw)
        page.add_all(whole, name_of=name_under("id"), read=self._read)

    def _read(self, raw: object) -> CanonicalOrderV1 | None:
        order = read_order(raw, hooks=self._hooks)
        return to_canonical(order, ship_authorized=self._settings.ship_authorized, hooks=self._hooks)

    async def upload_tracking(self, credentials: Credentials, *, request: UploadRequest) -> UploadResult:
        """See Connector; one read and one write an order (a write for each location where it ships from several)."""
        shipping.tracking_numbers(request)
        meter = Meter()
        state = await self._shipping_state(credentials, request.platform_order_id, meter=meter)
        inputs = shipping.fulfillments_to_create(state, request)
        for one in inputs:
            refusal = await self._create_fulfillment(credentials, one, meter=meter)
            if refusal is not None:
                await self._settle_refusal(credentials, request, refusal, meter=meter)
        outcome = UploadOutcome.UPLOADED if inputs else UploadOutcome.ALREADY_THERE
        return UploadResult(outcome, calls=meter.calls)

    async def _shipping_state(self, credentials: Credentials, order_id: str, *, meter: Meter) -> ShippingState:
        name = "ShippingState"
        data = await self._client.query(credentials, name, queries.SHIPPING_STATE, {"id": order_id}, meter=meter)
        if data.raw.get("order") is None:
            reason = f"the shop does not know order {order_id}"
            raise Refused(reason, code="order_not_found", final=True, platform=PLATFORM, call=name)
        try:
            order = data.child("order")
            await self._client.complete_fulfillment_orders(credentials, order, meter=meter)
            return read_shipping_state(order, hooks=self._hooks)
        except FieldFault as fault:
            raise MalformedAnswer(f"the answer cannot be read: {fault}", platform=PLATFORM, call=name) from fault

    async def _create_fulfillment(
        self, credentials: Credentials, one: dict[str, object], *, meter: Meter
    ) -> Refused | None:
        name, document = "CreateFulfillment", queries.CREATE_FULFILLMENT
        data = await self._client.query(credentials, name, document, {"fulfillment": one}, meter=meter, writes=True)
        call = Call(platform=PLATFORM, name="fulfillmentCreate", method="POST", url="", writes=True)
        try:
            payload = data.child("fulfillmentCreate")
            refusal = user_error(call, payload.children("userErrors"), request_id="")
            if refusal is None:
                payload.child("fulfillment").text("id")
            return refusal
        except FieldFault as fault:
            raise MalformedAnswer(f"the answer cannot be read: {fault}", platform=PLATFORM, call=name) from fault

    async def _settle_refusal(
        self, credentials: Credentials, request: UploadRequest, refusal: Refused, *, meter: Meter
    ) -> None:
        """A refusal stands unless the shop has the shipment meanwhile: an earlier try of ours may have arrived late."""
        state = await self._shipping_state(credentials, request.platform_order_id, meter=meter)
        if shipping.fulfillments_to_create(state, request):
            raise refusal

    async def push_stock(
        self, credentials: Credentials, *, levels: Sequence[StockLevel], key: str
    ) -> tuple[StockResult, ...]:
        """See Connector; Shopify refuses a whole call for one bad level, so it is repeated without the refused ones."""
        meter = Meter()
        results: list[StockResult] = []
        for start in range(0, len(levels), stock.SKUS_A_QUERY):
            batch = levels[start : start + stock.SKUS_A_QUERY]
            results += await self._push_batch(credentials, batch, key=f"{key}-{start}", meter=meter)
        return tuple(results)

    async def _push_batch(
        self, credentials: Credentials, levels: Sequence[StockLevel], *, key: str, meter: Meter
    ) -> list[StockResult]:
        variables = stock.items_query(sorted({level.platform_sku for level in levels if level.platform_sku}))
        name, document = "InventoryItems", queries.INVENTORY_ITEMS
        try:
            data = await self._client.query(credentials, name, document, variables, meter=meter)
            found = stock.items_by_sku(data)
            planned = [stock.target(level, found) for level in levels]
            results = {index: item for index, item in enumerate(planned) if isinstance(item, StockResult)}
            open_ones = {index: item for index, item in enumerate(planned) if isinstance(item, stock.Target)}
            for attempt in ("a", "b"):
                if not open_ones:
                    break
                name, document = "SetStock", queries.SET_STOCK
                targets = list(open_ones.values())
                variables = stock.set_variables(targets, key=f"{key}{attempt}")
                data = await self._client.query(credentials, name, document, variables, meter=meter, writes=True)
                refused = stock.refusals(data.child("inventorySetQuantities"), targets)
                for position, (index, item) in enumerate(list(open_ones.items())):
                    if refused and position not in refused:
                        continue
                    code, reason = refused.get(position, ("", ""))
                    results[index] = StockResult(item.level, not refused, code, reason)
                    del open_ones[index]
        except FieldFault as fault:
            raise MalformedAnswer(f"the answer cannot be read: {fault}", platform=PLATFORM, call=name) from fault
        for index, item in open_ones.items():
            results[index] = StockResult(item.level, False, "batch_refused", "refused twice with others; push it again")
        return [results[index] for index in range(len(levels))]

    def read_webhook(self, *, headers: Mapping[str, str], body: bytes, url: str) -> WebhookEvent:
        """See Connector; Shopify does not sign the address."""
        return webhooks.read_webhook(self._settings, headers=headers, body=body)


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
