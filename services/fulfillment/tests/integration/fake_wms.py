from collections import deque
from typing import Any

import httpx2
import orjson
from standardwebhooks.webhooks import Webhook

from .world import SECRET


class FakeWms:
    """A warehouse system behind a transport: it keeps orders by reference, and fails as it is told to.

    `faults` are used one a call: "timeout" and "cut" strike before the effect, "cut_after" after it, "refused_connect"
    never reaches it, a number is answered as a status. None lets a call through.
    """

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.bodies: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.faults: deque[str | int | None] = deque()
        self.decision = "received"
        self.reason = ""
        self.on_cancel = "canceled"

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        Webhook(SECRET).verify(request.content, dict(request.headers), json_parse=False)
        _, _, path = request.url.path.partition("/v1/outbound-orders/")
        reference, _, action = path.partition("/")
        self.calls.append((f"{request.method} {action}".strip(), reference))
        self.ids.append(request.headers["webhook-id"])
        fault = self.faults.popleft() if self.faults else None
        match fault:
            case "timeout":
                raise httpx2.ReadTimeout("no answer", request=request)
            case "cut":
                raise httpx2.RemoteProtocolError("cut", request=request)
            case "refused_connect":
                raise httpx2.ConnectError("nobody listens", request=request)
            case int():
                return httpx2.Response(fault, json={"code": "fault", "detail": "told to"}, headers={"retry-after": "0"})
        answer = self._answer(request, reference, action)
        if fault == "cut_after":
            raise httpx2.RemoteProtocolError("cut after the effect", request=request)
        return answer

    def _answer(self, request: httpx2.Request, reference: str, action: str) -> httpx2.Response:
        known = self.orders.get(reference)
        if request.method == "PUT":
            if known:
                return httpx2.Response(200, json=known)
            if self.decision == "refused":
                return httpx2.Response(422, json={"code": "refused", "detail": self.reason})
            self.bodies[reference] = orjson.loads(request.content)
            self.orders[reference] = order(reference, self.decision)
            return httpx2.Response(201, json=self.orders[reference])
        if known is None:
            return httpx2.Response(404, json={"code": "unknown_reference", "detail": reference})
        if action == "cancel":
            if self.on_cancel == "refuse":
                return httpx2.Response(409, json={"code": "cannot_cancel", "detail": "it is packed"})
            known["status"] = self.on_cancel
        return httpx2.Response(200, json=known)


def order(reference: str, status: str) -> dict[str, Any]:
    """An order as the protocol writes it."""
    return {
        "reference": reference,
        "warehouse_reference": "X-77",
        "status": status,
        "reason": "",
        "parcels": [],
        "shipped_at": None,
    }
