"""Calls to one shop: GraphQL over the gate and the HTTP edge, with the errors of all three layers translated."""

from collections.abc import Callable, Mapping
from datetime import datetime

import orjson

from sync.connectors.kit.connector import Credentials
from sync.connectors.kit.errors import MalformedAnswer, Refused
from sync.connectors.kit.http import Call, HTTPEdge, Meter, json_object
from sync.connectors.kit.paging import follow
from sync.connectors.kit.rate import Bucket, Gate, Limiter, Taken
from sync.connectors.kit.reading import FieldFault, Fields
from sync.connectors.shopify import queries
from sync.connectors.shopify.auth import credentials_from, shop_url
from sync.connectors.shopify.errors import Cost, cost_of, http_error, token_error, top_level_error
from sync.connectors.shopify.manifest import API_VERSION, MANIFEST, PLATFORM, ShopifySettings
from sync.connectors.shopify.wire import next_cursor

_SMOOTHING = 0.3
_DRIFT = 0.1
"""How far our bucket may be from the shop's own, as a part of its size, before it is corrected."""


class ShopifyClient:
    """The GraphQL Admin API. Learns from the answers what each query costs."""

    def __init__(
        self, settings: ShopifySettings, *, http: HTTPEdge, limiter: Limiter, gate: Gate, clock: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._http = http
        self._limiter = limiter
        self._gate = gate
        self._clock = clock
        self._costs = dict(MANIFEST.costs)
        self._page_orders = settings.page_orders

    async def tokens(self, call: Call, *, shop: str, meter: Meter) -> Credentials:
        """Make a token call; it is outside of the query bucket."""
        answer = await self._http.send(call, meter=meter)
        request_id = answer.headers.get("x-request-id", "")
        body = json_object(call, answer) if answer.is_json() else {}
        error = token_error(call, answer, body=body, request_id=request_id)
        if error is not None:
            raise error
        return credentials_from(body or json_object(call, answer), shop=shop, now=self._clock())

    async def query(
        self,
        credentials: Credentials,
        name: str,
        document: str,
        variables: Mapping[str, object],
        *,
        meter: Meter,
        writes: bool = False,
    ) -> Fields:
        """The `data` of one document's answer."""
        call = Call(
            platform=PLATFORM,
            name=name,
            method="POST",
            url=shop_url(self._settings, credentials.account, f"/admin/api/{API_VERSION}/graphql.json"),
            headers={"content-type": "application/json", "x-shopify-access-token": credentials.access_token},
            body=orjson.dumps({"query": document, "variables": dict(variables)}),
            writes=writes,
        )
        bucket = Bucket(
            PLATFORM,
            self._settings.client_id,
            credentials.account,
            rate=MANIFEST.limits.rate_per_second,
            burst=MANIFEST.limits.burst,
        )

        async def once(taken: Taken) -> Fields:
            return await self._once(call, bucket=bucket, taken=taken, meter=meter)

        return await self._gate.run(bucket, cost=self._costs[name], meter=meter, call=once)

    async def _once(self, call: Call, *, bucket: Bucket, taken: Taken, meter: Meter) -> Fields:
        answer = await self._http.send(call, meter=meter)
        request_id = answer.headers.get("x-request-id", "")
        error = http_error(call, answer, request_id=request_id)
        if error is not None:
            raise error
        body = json_object(call, answer)
        try:
            cost = cost_of(body)
            error = top_level_error(call, body, cost=cost, request_id=request_id)
            if cost is not None:
                self._learn(call.name, cost)
                await self._agree(bucket, cost, taken)
            if error is not None:
                raise error
            return Fields(body).child("data")
        except FieldFault as fault:
            raise _malformed(call.name, fault) from fault

    def _learn(self, name: str, cost: Cost) -> None:
        """What a query really takes, smoothed; the shop asks for more beforehand and gives the rest back at once."""
        if cost.actual is not None:
            self._costs[name] += _SMOOTHING * (cost.actual - self._costs[name])

    async def _agree(self, bucket: Bucket, cost: Cost, taken: Taken) -> None:
        """Set our bucket to the shop's where they differ; another plan restores faster and holds more."""
        other_plan = (cost.restore_rate, cost.maximum) != (bucket.rate, bucket.burst)
        if other_plan or abs(cost.available - taken.left) > _DRIFT * cost.maximum:
            await self._limiter.correct(bucket, available=cost.available, rate=cost.restore_rate, burst=cost.maximum)

    async def orders(
        self, credentials: Credentials, *, query: str, after: str | None, count: bool, meter: Meter
    ) -> Fields:
        """A page of orders; a page that costs more than the shop allows is asked for again at half the size."""
        while True:
            first = self._page_orders
            variables = {
                "first": first,
                "after": after,
                "query": query,
                "lines": self._settings.line_page,
                "count": count,
            }
            try:
                return await self.query(credentials, "PullOrders", queries.PULL_ORDERS, variables, meter=meter)
            except Refused as error:
                if error.code != "MAX_COST_EXCEEDED" or first == 1:
                    raise
                self._page_orders = min(self._page_orders, max(1, first // 2))

    async def complete(self, credentials: Credentials, order: Fields, *, meter: Meter) -> None:
        """Fetch what did not fit on the inner pages of an order, in place."""
        own = ("OrderLines", queries.ORDER_LINES, order.text("id"))
        await self._extend(credentials, order, "lineItems", own, meter=meter)
        await self.complete_fulfillment_orders(credentials, order, meter=meter)

    async def complete_fulfillment_orders(self, credentials: Credentials, order: Fields, *, meter: Meter) -> None:
        """Fetch the fulfillment orders, and their lines, that did not fit on their pages, in place."""
        order_id = order.text("id")
        whole = ("OrderFulfillmentOrders", queries.ORDER_FULFILLMENT_ORDERS, order_id)
        await self._extend(credentials, order, "fulfillmentOrders", whole, meter=meter)
        for item in order.child("fulfillmentOrders").children("nodes"):
            own = ("FulfillmentOrderLines", queries.FULFILLMENT_ORDER_LINES, item.text("id"))
            await self._extend(credentials, item, "lineItems", own, meter=meter)

    async def _extend(
        self, credentials: Credentials, owner: Fields, key: str, query: tuple[str, str, str], *, meter: Meter
    ) -> None:
        connection = owner.child(key)
        cursor = next_cursor(connection)
        if cursor is None:
            return
        name, document, owner_id = query

        async def fetch(after: str) -> tuple[list[object], str | None]:
            data = await self.query(credentials, name, document, {"id": owner_id, "after": after}, meter=meter)
            root = "fulfillmentOrder" if name == "FulfillmentOrderLines" else "order"
            page = data.child(root).child(key)
            return [node.raw for node in page.children("nodes")], next_cursor(page)

        try:
            more = await follow(cursor, fetch=fetch, platform=PLATFORM, what=f"{key} of {owner_id}")
        except FieldFault as fault:
            raise _malformed(name, fault) from fault
        connection.raw["nodes"] = [*(node.raw for node in connection.children("nodes")), *more]
        connection.raw["pageInfo"] = {"hasNextPage": False, "endCursor": None}


def _malformed(call: str, fault: FieldFault) -> MalformedAnswer:
    return MalformedAnswer(f"the answer cannot be read: {fault}", platform=PLATFORM, call=call)
