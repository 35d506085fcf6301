"""The client of docs/wms-protocol.md: builds and signs a request, makes the call, reads the answer."""

import asyncio
import base64
from datetime import timedelta
from typing import Any

import httpx2
import orjson
from common.http.transport import PooledTransport
from common.kernel.clock import utcnow
from common.kernel.ids import uuid7
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from standardwebhooks.webhooks import Webhook

from fulfillment.app.ports import Connection, NotReached, OutboundOrder, OutcomeUnknown, WarehouseAnswer
from fulfillment.domain.answers import AnswerKind
from fulfillment.domain.parts import Parcel

MAX_ANSWER_BYTES = 1024 * 1024
_MOST_RETRY_AFTER = timedelta(minutes=10)


class WireParcel(BaseModel):
    """A parcel in an answer; unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore")

    package_number: str = Field("", max_length=200)
    tracking_number: str = Field("", max_length=200)
    carrier: str = Field("", max_length=200)
    weight_grams: int | None = Field(None, ge=0, le=10_000_000)


class WireOrder(BaseModel):
    """The order in an answer."""

    model_config = ConfigDict(extra="ignore")

    reference: str
    warehouse_reference: str = Field(max_length=200)
    status: str
    reason: str = ""
    parcels: list[WireParcel] = []
    shipped_at: AwareDatetime | None = None


_KINDS = {
    "received": AnswerKind.RECEIVED,
    "accepted": AnswerKind.ACCEPTED,
    "refused": AnswerKind.REFUSED,
    "cancel_pending": AnswerKind.RECEIVED,
    "canceled": AnswerKind.CANCELED,
    "shipped": AnswerKind.SHIPPED,
}


class WmsClient:
    """One client for all warehouses of a process, with connections kept open.

    It stands on the transport alone: redirects, cookies and environment proxies are never wanted here.
    """

    def __init__(
        self, *, timeout_seconds: float, connections: int, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self._transport = transport or PooledTransport(connections=connections)
        self._seconds = timeout_seconds
        connect = min(5.0, timeout_seconds)
        self._bounds = {"connect": connect, "pool": connect, "read": timeout_seconds, "write": timeout_seconds}
        self._signers: dict[str, Webhook] = {}

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    async def submit(self, connection: Connection, order: OutboundOrder) -> WarehouseAnswer:
        """Ask it to ship; a refusal is an answer."""
        body = submit_body(order)
        response = await self._call(
            connection, "PUT", f"/v1/outbound-orders/{order.reference}", body=body, call_id=f"submit-{order.reference}"
        )
        if response.status_code in {200, 201}:
            return _order(response, order.reference)
        if response.status_code == 401:
            raise NotReached(f"the warehouse refuses our signature ({_problem(response)}): check its secret")
        if response.status_code == 409:
            # The reference is taken by other content, which only a look-up can tell from ours.
            raise OutcomeUnknown(f"the warehouse has {order.reference} with other content: {_problem(response)}")
        if response.status_code == 422:
            return WarehouseAnswer(AnswerKind.REFUSED, reason=_problem(response))
        # Nothing of the protocol: a wrong base_url, or something between us. No decision of the warehouse in any case.
        raise NotReached(f"the submission was answered {response.status_code}: {_problem(response)}")

    async def find(self, connection: Connection, reference: str) -> WarehouseAnswer:
        """What became of a submission."""
        response = await self._call(
            connection, "GET", f"/v1/outbound-orders/{reference}", body=b"", call_id=str(uuid7())
        )
        if response.status_code == 200:
            return _order(response, reference)
        if response.status_code == 404 and _code(response) == "unknown_reference":
            return WarehouseAnswer(AnswerKind.NEVER_RECEIVED)
        raise OutcomeUnknown(f"the look-up was answered {response.status_code}: {_problem(response)}")

    async def cancel(self, connection: Connection, reference: str, *, call_id: str) -> WarehouseAnswer:
        """Ask it to stop."""
        response = await self._call(
            connection, "POST", f"/v1/outbound-orders/{reference}/cancel", body=b"", call_id=call_id
        )
        if response.status_code == 200:
            return _order(response, reference)
        if response.status_code == 409:
            return WarehouseAnswer(AnswerKind.CANCEL_REFUSED, reason=_problem(response))
        if response.status_code == 404 and _code(response) == "unknown_reference":
            return WarehouseAnswer(AnswerKind.NEVER_RECEIVED)
        raise OutcomeUnknown(f"the cancellation was answered {response.status_code}: {_problem(response)}")

    async def _call(
        self, connection: Connection, method: str, path: str, *, body: bytes, call_id: str
    ) -> httpx2.Response:
        headers = self._signed(connection.secret, call_id, body)
        try:
            request = httpx2.Request(
                method, connection.base_url + path, content=body, headers=headers, extensions={"timeout": self._bounds}
            )
            async with asyncio.timeout(self._seconds):
                response = await self._exchange(request)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol) as error:
            raise NotReached(f"the warehouse cannot be reached: {type(error).__name__}: {error}") from error
        except TimeoutError as error:
            raise OutcomeUnknown(f"the call took longer than {self._seconds:g} seconds") from error
        except httpx2.HTTPError as error:
            raise OutcomeUnknown(f"the call broke off: {type(error).__name__}: {error}") from error
        except httpx2.InvalidURL as error:
            raise NotReached(f"base_url {connection.base_url!r} is not an address: {error}") from error
        if response.status_code == 429:
            raise NotReached("the warehouse is busy (429)", retry_after=_retry_after(response), busy=True)
        if response.status_code == 503:
            raise OutcomeUnknown("the warehouse is busy (503)", retry_after=_retry_after(response))
        if response.status_code >= 500:
            raise OutcomeUnknown(f"the warehouse failed ({response.status_code}): {_problem(response)}")
        return response

    async def _exchange(self, request: httpx2.Request) -> httpx2.Response:
        """The whole answer; one that is longer than any of the protocol is not read to its end."""
        response = await self._transport.handle_async_request(request)
        try:
            body = bytearray()
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > MAX_ANSWER_BYTES:
                    raise OutcomeUnknown(f"the answer is longer than {MAX_ANSWER_BYTES} bytes")
        finally:
            await response.aclose()
        headers = {name: value for name, value in response.headers.items() if name == "retry-after"}
        return httpx2.Response(response.status_code, headers=headers, content=bytes(body))

    def _signed(self, secret: str, call_id: str, body: bytes) -> dict[str, str]:
        signer = self._signers.get(secret)
        if signer is None:
            signer = self._signers[secret] = Webhook(secret)
        now = utcnow()
        headers = {
            "webhook-id": call_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signer.sign(call_id, now, body.decode()),
        }
        if body:
            headers["content-type"] = "application/json"
        return headers


def submit_body(order: OutboundOrder) -> bytes:
    """The body of PUT, every field of the protocol in it."""
    parcels = [
        {
            "package_number": parcel.package_number,
            "tracking_number": parcel.tracking_number,
            "carrier": parcel.carrier,
            "label_format": parcel.label_format or "pdf",
            "label_base64": base64.b64encode(label).decode(),
        }
        for parcel, label in order.parcels
    ]
    return orjson.dumps({**order.body, "parcels": parcels})


def _order(response: httpx2.Response, reference: str) -> WarehouseAnswer:
    try:
        order = WireOrder.model_validate_json(response.content)
    except ValidationError as error:
        raise OutcomeUnknown(f"the answer is not an order of the protocol: {error.errors()[0]['msg']}") from error
    kind = _KINDS.get(order.status)
    if kind is None or order.reference != reference:
        raise OutcomeUnknown(f"the answer about {reference} says {order.reference!r} is {order.status!r}")
    return WarehouseAnswer(
        kind=kind,
        at=order.shipped_at if kind is AnswerKind.SHIPPED else None,
        reason=order.reason,
        warehouse_reference=order.warehouse_reference,
        parcels=tuple(
            Parcel(
                package_number=parcel.package_number,
                tracking_number=parcel.tracking_number,
                carrier=parcel.carrier,
                weight_grams=parcel.weight_grams,
            )
            for parcel in order.parcels
        ),
        cancel_pending=order.status == "cancel_pending",
    )


def _body(response: httpx2.Response) -> dict[str, Any]:
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _code(response: httpx2.Response) -> str:
    return str(_body(response).get("code", ""))


def _problem(response: httpx2.Response) -> str:
    body = _body(response)
    detail = str(body.get("detail") or body.get("title") or response.text[:200] or response.reason_phrase)
    return detail[:1000]


def _retry_after(response: httpx2.Response) -> timedelta | None:
    text = response.headers.get("retry-after", "")
    return min(timedelta(seconds=int(text)), _MOST_RETRY_AFTER) if text.isdigit() else None
