"""Clients of everything the sandbox speaks, written from the documents; for tests only."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx2
from sandbox.world import World

ADDRESS = {
    "name": "A. Buyer",
    "line1": "1 Main St",
    "city": "Reno",
    "region": "NV",
    "postal_code": "89501",
    "country": "US",
}
ORDERS = """query($first: Int!, $after: String, $query: String) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    pageInfo { hasNextPage endCursor }
    nodes { id name createdAt updatedAt cancelledAt displayFinancialStatus displayFulfillmentStatus
      shippingAddress { name address1 city provinceCode zip countryCodeV2 }
      lineItems(first: 50) { pageInfo { hasNextPage endCursor } nodes { id sku title currentQuantity } }
      fulfillmentOrders(first: 10) {
        nodes { id status lineItems(first: 50) { nodes { id remainingQuantity } } } } } } }"""
CREATE = """mutation($fulfillment: FulfillmentInput!, $message: String) {
  fulfillmentCreate(fulfillment: $fulfillment, message: $message) {
    fulfillment { id status displayStatus trackingInfo { number url company }
      fulfillmentLineItems(first: 10) { nodes { id quantity lineItem { id title } } } }
    userErrors { field message } } }"""


def _check(response: httpx2.Response) -> None:
    if response.status_code != 200:
        raise AssertionError(f"{response.status_code}: {response.text}")


class ControlClient:
    """Fills and reads the world; a refused call fails the test."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http

    async def post(self, path: str, **body: Any) -> Any:
        """POST and return the answer."""
        response = await self._http.post(f"/control/{path}", json=body)
        _check(response)
        return response.json()

    async def get(self, path: str) -> Any:
        """GET and return the answer."""
        response = await self._http.get(f"/control/{path}")
        _check(response)
        return response.json()

    async def order(self, shop: object, number: str) -> Any:
        """Return what was done to one order."""
        page = (await self._http.get("/control/orders", params={"shop": str(shop), "order": number})).json()
        return page["items"][0]

    async def make(self, shop: object, **fields: Any) -> str:
        """Create one order and return its number."""
        order = {"shop": shop, "lines": [{"sku": "A-1", "title": "Mug", "quantity": 2, "price": "4.50"}]} | fields
        answer = await self.post("orders", orders=[order])
        number: str = answer["orders"][0]["order"]
        return number

    async def fault(self, kind: str, **fields: Any) -> None:
        """Add one fault."""
        await self.post("faults", faults=[{"kind": kind, **fields}])

    async def change(self, shop: object, number: str, action: str, **fields: Any) -> None:
        """Change one order."""
        await self.post("orders/change", changes=[{"shop": shop, "order": number, "action": action, **fields}])


@dataclass
class ShopifyClient:
    """An app with a token of one Shopify shop."""

    http: httpx2.AsyncClient
    shop: str
    token: str
    refresh_token: str

    async def raw(self, text: str, /, **variables: Any) -> httpx2.Response:
        """Send a GraphQL text and return the response."""
        return await self.http.post(
            f"/shopify/{self.shop}/admin/api/2026-07/graphql.json",
            json={"query": text, "variables": variables},
            headers={"X-Shopify-Access-Token": self.token},
        )

    async def call(self, text: str, /, **variables: Any) -> Any:
        """Send a GraphQL text and return the answer."""
        response = await self.raw(text, **variables)
        _check(response)
        return response.json()

    async def orders(self, **variables: Any) -> Any:
        """Return a page of orders."""
        answer = await self.call(ORDERS, **({"first": 50} | variables))
        return answer["data"]["orders"]

    async def work_of(self, name: str) -> Any:
        """Return the fulfillment orders of an order."""
        nodes = (await self.orders())["nodes"]
        return next(node for node in nodes if node["name"] == name)["fulfillmentOrders"]["nodes"]

    async def fulfill(self, work_id: str, number: str, **fields: Any) -> Any:
        """Ship a fulfillment order."""
        part = {"fulfillmentOrderId": work_id} | fields
        fulfillment = {"lineItemsByFulfillmentOrder": [part], "trackingInfo": {"number": number, "company": "UPS"}}
        return (await self.call(CREATE, fulfillment=fulfillment))["data"]["fulfillmentCreate"]

    async def oauth(self, **body: Any) -> httpx2.Response:
        """Ask for tokens."""
        return await self.http.post(f"/shopify/{self.shop}/admin/oauth/access_token", json=body)


@dataclass
class ShopeeClient:
    """An app with a token of one Shopee shop."""

    http: httpx2.AsyncClient
    world: World
    partner_id: int
    key: str
    shop_id: int
    token: str
    refresh_token: str

    def signed(self, path: str, *, public: bool = False, at: float | None = None) -> dict[str, str]:
        """Return the common parameters of a call."""
        stamp = str(int(self.world.now() if at is None else at))
        base = f"{self.partner_id}{path}{stamp}" + ("" if public else f"{self.token}{self.shop_id}")
        sign = hmac.new(self.key.encode(), base.encode(), hashlib.sha256).hexdigest()
        query = {"partner_id": str(self.partner_id), "timestamp": stamp, "sign": sign}
        return query if public else query | {"access_token": self.token, "shop_id": str(self.shop_id)}

    async def get(self, operation: str, /, **query: Any) -> Any:
        """GET, signed."""
        path = f"/api/v2/{operation}"
        return (await self.http.get(path, params=self.signed(path) | query)).json()

    async def raw_post(self, operation: str, /, **body: Any) -> httpx2.Response:
        """POST, signed, and return the response."""
        path = f"/api/v2/{operation}"
        return await self.http.post(path, params=self.signed(path), json=body)

    async def post(self, operation: str, /, **body: Any) -> Any:
        """POST, signed."""
        return (await self.raw_post(operation, **body)).json()

    async def post_public(self, operation: str, /, **body: Any) -> Any:
        """POST, signed without token and shop."""
        path = f"/api/v2/{operation}"
        return (await self.http.post(path, params=self.signed(path, public=True), json=body)).json()

    async def list(self, **query: Any) -> Any:
        """Return a page of order numbers of the last day."""
        now = int(self.world.now())
        window = {"time_range_field": "update_time", "time_from": now - 86_400, "time_to": now, "page_size": 100}
        return await self.get("order/get_order_list", **(window | query))

    async def arrange(self, order_sn: str, **fields: Any) -> Any:
        """Arrange a pickup as get_shipping_parameter says."""
        parameter = await self.get("logistics/get_shipping_parameter", order_sn=order_sn, **fields)
        address = parameter["response"]["pickup"]["address_list"][0]
        slot = address["time_slot_list"][0]["pickup_time_id"]
        pickup = {"address_id": address["address_id"], "pickup_time_id": slot}
        return await self.post("logistics/ship_order", order_sn=order_sn, pickup=pickup, **fields)

    async def tracking(self, order_sn: str, **fields: Any) -> str:
        """Return the tracking number."""
        answer = await self.get("logistics/get_tracking_number", order_sn=order_sn, **fields)
        number: str = answer["response"]["tracking_number"]
        return number


@dataclass
class WmsClient:
    """Orderdock as a warehouse sees it."""

    http: httpx2.AsyncClient
    world: World
    code: str
    key: bytes

    def __post_init__(self) -> None:
        self._ids = count(1)

    def headers(self, body: bytes) -> dict[str, str]:
        """Return the headers of a signed call."""
        message_id, stamp = f"msg_{next(self._ids)}", int(self.world.now())
        digest = hmac.new(self.key, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(stamp),
            "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
            "content-type": "application/json",
        }

    async def call(self, method: str, path: str, body: Any = None, query: str = "") -> httpx2.Response:
        """Make a signed call."""
        content = b"" if body is None else json.dumps(body).encode()
        url = f"/wms/{self.code}/v1/{path}{query}"
        return await self.http.request(method, url, content=content, headers=self.headers(content))

    def body(self, reference: str, **fields: Any) -> dict[str, Any]:
        """Return the body of a PUT."""
        return {
            "reference": reference,
            "order_number": "#1001",
            "seller": "ACME",
            "warehouse": self.code,
            "channel": "USPS-GA",
            "ship_by": None,
            "ship_to": {"company": "", "phone": "", "email": "", "line2": ""} | ADDRESS,
            "lines": [{"sku": "A-1", "quantity": 2, "title": "Mug"}],
            "parcels": [],
        } | fields

    async def put(self, reference: str, **fields: Any) -> httpx2.Response:
        """Submit an order."""
        return await self.call("PUT", f"outbound-orders/{reference}", self.body(reference, **fields))


@dataclass
class Town:
    """Everything set up and granted."""

    world: World
    http: httpx2.AsyncClient
    control: ControlClient
    shopify: ShopifyClient
    shopee: ShopeeClient
    wms: WmsClient
