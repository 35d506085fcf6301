"""The HTTP side of Shopee: identity, parameters, faults, envelope."""

import os
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import ValidationError

from sandbox.faults import Scope
from sandbox.http import Malformed, Request, Response, json_response
from sandbox.shopee import auth, calls_documents, calls_logistics, calls_orders, effects, requests
from sandbox.shopee.call import Call, Refused
from sandbox.shopee.effects import model_of
from sandbox.shopee.requests import Nothing, Parameters, UpdateStock
from sandbox.world import World

PREFIX = "/api/v2/"


def get_shop_info(call: Call, _: Nothing) -> dict[str, Any]:
    """shop/get_shop_info."""
    return {
        "shop_name": call.shop.name,
        "region": call.shop.region,
        "status": "NORMAL",
        "is_cb": False,
        "auth_time": 0,
        "expire_time": 0,
    }


def update_stock(call: Call, given: UpdateStock) -> dict[str, Any]:
    """product/update_stock: per model a success or a failure."""
    if given.item_id not in call.shop.items.values():
        raise Refused("product.error_param", "Wrong parameters, detail: item_id is not found.")
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for wanted in given.stock_list:
        if wanted.model_id != model_of(given.item_id):
            failed.append({"model_id": wanted.model_id, "failed_reason": "The model is not found."})
            continue
        effects.set_stock(
            call.world,
            shop=call.shop.key,
            item_id=given.item_id,
            model_id=wanted.model_id,
            stock=wanted.seller_stock[0].stock,
        )
        done.append({"model_id": wanted.model_id, "location_id": "", "stock": wanted.seller_stock[0].stock})
    return {"success_list": done, "failure_list": failed}


Handler = Callable[[Call, Any], dict[str, Any] | bytes]
CALLS: dict[str, tuple[str, type[Parameters], Handler]] = {
    "order/get_order_list": ("GET", requests.OrderList, calls_orders.get_order_list),
    "order/get_order_detail": ("GET", requests.OrderDetail, calls_orders.get_order_detail),
    "order/get_shipment_list": ("GET", requests.ShipmentList, calls_orders.get_shipment_list),
    "order/search_package_list": ("POST", requests.PackageSearch, calls_orders.search_package_list),
    "order/get_package_detail": ("GET", requests.PackageDetail, calls_orders.get_package_detail),
    "order/split_order": ("POST", requests.SplitOrder, calls_orders.split_order),
    "order/unsplit_order": ("POST", requests.OneOrder, calls_orders.unsplit_order),
    "order/cancel_order": ("POST", requests.CancelOrder, calls_orders.cancel_order),
    "order/handle_buyer_cancellation": ("POST", requests.BuyerCancellation, calls_orders.handle_buyer_cancellation),
    "logistics/get_shipping_parameter": ("GET", requests.OnePackage, calls_logistics.get_shipping_parameter),
    "logistics/ship_order": ("POST", requests.ShipOrder, calls_logistics.ship_order),
    "logistics/update_shipping_order": ("POST", requests.UpdateShipping, calls_logistics.update_shipping_order),
    "logistics/get_tracking_number": ("GET", requests.TrackingNumber, calls_logistics.get_tracking_number),
    "logistics/get_channel_list": ("GET", Nothing, calls_logistics.get_channel_list),
    "logistics/get_shipping_document_parameter": (
        "POST",
        requests.DocumentParameter,
        calls_documents.get_shipping_document_parameter,
    ),
    "logistics/create_shipping_document": ("POST", requests.CreateDocument, calls_documents.create_shipping_document),
    "logistics/get_shipping_document_result": (
        "POST",
        requests.DocumentResult,
        calls_documents.get_shipping_document_result,
    ),
    "logistics/download_shipping_document": (
        "POST",
        requests.DownloadDocument,
        calls_documents.download_shipping_document,
    ),
    "product/update_stock": ("POST", UpdateStock, update_stock),
    "shop/get_shop_info": ("GET", Nothing, get_shop_info),
}
TOKEN_CALLS: dict[str, tuple[type[Parameters], Callable[[World, str, Any], dict[str, Any]]]] = {
    "auth/token/get": (requests.TokenGet, auth.token_get),
    "auth/access_token/get": (requests.TokenRefresh, auth.token_refresh),
}
# These answer beside error and message instead of under response.
TOP_LEVEL = frozenset({"shop/get_shop_info", *TOKEN_CALLS})


class ShopeeServer:
    """Answers everything under /api/v2/, and the consent page."""

    def __init__(self, world: World) -> None:
        self._world = world

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        if request.path == "/auth":
            self._world.calls["shopee.auth"] += 1
            return auth.consent(self._world, request)
        operation = request.path.removeprefix(PREFIX)
        try:
            return self._identified(operation, request)
        except Refused as refused:
            return self._refusal(refused)

    def _refusal(self, refused: Refused) -> Response:
        self._world.errors[f"shopee.{refused.error.strip()}"] += 1
        if refused.error == "error_sign":
            self._world.signature_failures["shopee"] += 1
        envelope: dict[str, Any] = {
            "error": refused.error,
            "message": refused.message,
            "request_id": os.urandom(16).hex(),
        }
        if refused.response is not None:
            envelope["response"] = refused.response
        return json_response(envelope, status=refused.http_status)

    def _identified(self, operation: str, request: Request) -> Response:
        world, query = self._world, request.query()
        token_call = TOKEN_CALLS.get(operation)
        if token_call is None and operation not in CALLS:
            raise Refused("error_not_found", f"The path {request.path} is not served.", http_status=404)
        method = "POST" if token_call is not None else CALLS[operation][0]
        if request.method != method:
            raise Refused("error_param", f"Wrong parameters, detail: {operation} takes {method}.", http_status=405)
        if token_call is not None:
            partner = auth.check_partner(world, request.path, query, "")
            return self._token(operation, token_call, partner, request)
        shop = auth.check_shop(world, request.path, query)
        world.calls[f"shopee.{operation}"] += 1
        _, model, handler = CALLS[operation]
        plain = {name: value for name, value in query.items() if name not in auth.COMMON}
        given = _parameters(model, request, plain)
        scope = Scope("shopee", operation, shop=shop.key, orders=_orders_in(given) if world.faults.any_live() else ())
        refusal = self._before(scope)
        if refusal is not None:
            return refusal
        try:
            answer = handler(Call(world, shop, operation), given)
        except Refused as refused:
            return self._after(self._refusal(refused), scope)
        return self._after(self._success(operation, answer), scope)

    def _token(
        self,
        operation: str,
        call: tuple[type[Parameters], Callable[..., dict[str, Any]]],
        partner: str,
        request: Request,
    ) -> Response:
        self._world.calls[f"shopee.{operation}"] += 1
        given = _parameters(call[0], request, {})
        scope = Scope("shopee", operation, shop=str(getattr(given, "shop_id", "") or ""))
        refusal = self._before(scope)
        if refusal is not None:
            return refusal
        return self._after(self._success(operation, call[1](self._world, partner, given)), scope)

    def _success(self, operation: str, answer: dict[str, Any] | bytes) -> Response:
        if isinstance(answer, bytes):
            return Response(200, answer, b"application/pdf")
        request_id = os.urandom(16).hex()
        if operation in TOP_LEVEL:
            return json_response({"error": "", "message": "", "request_id": request_id} | answer)
        return json_response({"error": "", "message": "", "response": answer, "request_id": request_id})

    def _before(self, scope: Scope) -> Response | None:
        """Return the answer of a fault that lets nothing happen."""
        fault = self._world.strike("throttle", scope)
        if fault is not None:
            code = str(fault.details.get("code", "error_rate_limit"))
            return self._refusal(
                Refused(
                    code,
                    "Reached the request limit, please try again later.",
                    http_status=int(fault.details.get("http", 200)),
                )
            )
        fault = self._world.strike("error", scope)
        if fault is not None:
            status = int(fault.details.get("status", 503))
            return self._refusal(Refused("error_server", "Something wrong. Please try later.", http_status=status))
        return Response(200, b"", cut=True) if self._world.strike("cut_before", scope) is not None else None

    def _after(self, response: Response, scope: Scope) -> Response:
        fault = self._world.strike("slow", scope)
        if fault is not None:
            response.delay_seconds = float(fault.details.get("delay", 5.0))
        response.cut = self._world.strike("cut", scope) is not None
        return response


def _parameters(model: type[Parameters], request: Request, query: dict[str, str]) -> Parameters:
    """Read the parameters of a call from the query (GET) or the body (POST)."""
    try:
        if request.method == "GET":
            return model.model_validate(query)
        if query:
            raise Refused(
                "error_param",
                f"Wrong parameters, detail: {', '.join(sorted(query))} does not belong into the query of a POST.",
            )
        return model.model_validate(request.json_object())
    except Malformed as err:
        raise Refused("error_param", f"Wrong parameters, detail: {err}.") from err
    except ValidationError as err:
        parts = [
            f"{'.'.join(str(part) for part in error['loc'])} {error['msg']}" for error in err.errors(include_url=False)
        ]
        raise Refused("error_param", f"Wrong parameters, detail: {'; '.join(parts)}.") from err


def _orders_in(given: Parameters) -> Sequence[str]:
    """Return the order numbers that a call is about."""
    values = given.model_dump(include={"order_sn", "order_sn_list", "order_list"})
    if values.get("order_sn"):
        return (str(values["order_sn"]),)
    if values.get("order_sn_list"):
        return str(values["order_sn_list"]).split(",")
    return [str(each["order_sn"]) for each in values.get("order_list", [])]
