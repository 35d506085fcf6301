"""Routing and checks of the control API."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from sandbox.control import effects, reading
from sandbox.control.summary import summary
from sandbox.faults import Fault
from sandbox.http import Malformed, Request, Response, json_response
from sandbox.orders import Order
from sandbox.shopee.auth import new_tokens as new_shopee_tokens
from sandbox.shopee.model import ShopeeShop
from sandbox.shopify.model import ShopifyShop
from sandbox.shopify.oauth import new_tokens as new_shopify_tokens
from sandbox.shopify.server import SHOP_NAME
from sandbox.specs import (
    AppSpec,
    ByHandSpec,
    ChangeSpec,
    ChangesSpec,
    ConsentSpec,
    FaultsSpec,
    OrderSpec,
    OrdersSpec,
    ShopSpec,
    WarehouseSpec,
)
from sandbox.times import iso
from sandbox.wms import effects as wms
from sandbox.wms.callbacks import Callbacks
from sandbox.world import World

S = TypeVar("S", bound=BaseModel)


class NotServed(Exception):
    """There is no such route."""


class Wrong(Exception):
    """A request that cannot be done; names field, value and what would do."""

    def __init__(self, field: str, value: object, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.error = {"field": field, "value": value, "message": message}


def _read(model: type[S], body: dict[str, Any], *, prefix: str = "") -> S:
    try:
        return model.model_validate(body)
    except ValidationError as err:
        first = err.errors(include_url=False)[0]
        field = prefix + ".".join(str(part) for part in first["loc"])
        value = first.get("input")
        raise Wrong(
            field, value if isinstance(value, str | int | float | bool | None) else repr(value)[:200], first["msg"]
        ) from err


class ControlServer:
    """Answers everything under /control/."""

    def __init__(self, world: World, callbacks: Callbacks) -> None:
        self._world = world
        self._callbacks = callbacks

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        parts = request.path.removeprefix("/control/").strip("/").split("/")
        try:
            body = request.json_object() if request.body else {}
            answer = self._read(parts, request) if request.method == "GET" else self._write(request.method, parts, body)
            return json_response(answer)
        except Wrong as wrong:
            return json_response({"error": wrong.error}, status=422)
        except (Malformed, reading.BadPage) as err:
            field = "body" if isinstance(err, Malformed) else "query"
            return json_response({"error": {"field": field, "value": None, "message": str(err)}}, status=422)
        except NotServed:
            message = f"{request.method} {request.path} is not served; deploy/sandbox/README.md lists what is"
            return json_response({"error": {"field": "path", "value": request.path, "message": message}}, status=404)

    def _read(self, parts: list[str], request: Request) -> dict[str, Any]:
        match parts:
            case ["summary"]:
                return summary(self._world, self._callbacks.failures)
            case ["orders"]:
                return reading.order_page(self._world, request.query())
            case ["submissions"]:
                return reading.submission_page(self._world, request.query())
            case ["faults"]:
                return {"faults": [self._fault(each) for each in self._world.faults.listing()]}
        raise NotServed(request.path)

    def _write(self, method: str, parts: list[str], body: dict[str, Any]) -> dict[str, Any]:
        match method, parts:
            case "POST", ["apps"]:
                return self._app(body)
            case "POST", ["shops"]:
                return self._shop(_read(ShopSpec, body))
            case "POST", ["consent"]:
                return self._consent(_read(ConsentSpec, body))
            case "POST", ["orders"]:
                return self._orders(_read(OrdersSpec, body))
            case "POST", ["orders", "change"]:
                return self._changes(_read(ChangesSpec, body))
            case "POST", ["warehouses"]:
                return self._warehouse(body)
            case "POST", ["warehouses", code, ("accept" | "ship" | "refuse" | "cancel") as action]:
                return self._by_hand(code, action, _read(ByHandSpec, body))
            case "POST", ["reset"]:
                self._reset()
                return {"reset": True}
        return self._write_faults(method, parts, body)

    def _write_faults(self, method: str, parts: list[str], body: dict[str, Any]) -> dict[str, Any]:
        match method, parts:
            case "POST", ["faults"]:
                return self._faults(_read(FaultsSpec, body))
            case "DELETE", ["faults"]:
                return {"removed": effects.remove_faults(self._world, fault_id=None)}
            case "DELETE", ["faults", fault_id] if fault_id.isdigit():
                return {"removed": effects.remove_faults(self._world, fault_id=int(fault_id))}
        raise NotServed("/".join(parts))

    def _reset(self) -> None:
        self._callbacks.forget()
        self._world.clear()
        if self._world.journal is not None:
            self._world.journal.restart()

    def _app(self, body: dict[str, Any]) -> dict[str, Any]:
        app = _read(AppSpec, body)
        effects.set_app(self._world, spec=app.model_dump(mode="json"))
        return {"platform": app.platform, "app": app.client_id or str(app.partner_id)}

    def _shop(self, spec: ShopSpec) -> dict[str, Any]:
        world = self._world
        if spec.platform == "shopify" and not SHOP_NAME.match(spec.shop):
            raise Wrong("shop", spec.shop, "a Shopify shop is <letters>.myshopify.com")
        if spec.platform == "shopee" and not spec.shop.isdigit():
            raise Wrong("shop", spec.shop, "a Shopee shop is a number")
        apps = world.shopify_apps if spec.platform == "shopify" else world.shopee_partners
        if spec.app not in apps:
            raise Wrong("app", spec.app, "no such app, make it with POST /control/apps first")
        access, refresh = ("", "")
        if spec.grant:
            access, refresh = (
                new_shopee_tokens()
                if spec.platform == "shopee"
                else new_shopify_tokens(ShopifyShop(**_BARE, expiring=spec.expiring))
            )
        effects.set_shop(world, spec=spec.model_dump(mode="json"), access=access, refresh=refresh)
        answer: dict[str, Any] = {"platform": spec.platform, "shop": spec.shop}
        if spec.grant:
            shop = world.shop(spec.shop)
            ends = shop.access[access].expires if shop else None
            answer |= {"access_token": access, "refresh_token": refresh or None, "expires_at": iso(ends)}
        return answer

    def _consent(self, spec: ConsentSpec) -> dict[str, Any]:
        if spec.shop not in self._world.shopee_shops:
            raise Wrong("shop", spec.shop, "no such Shopee shop")
        effects.next_consent(self._world, shop=spec.shop)
        return {"waiting": len(self._world.consents)}

    def _orders(self, spec: OrdersSpec) -> dict[str, Any]:
        checked: list[dict[str, Any]] = []
        numbers: set[tuple[str, str]] = set()
        for index, fields in enumerate(spec.orders):
            prefix = f"orders.{index}."
            order = _read(OrderSpec, spec.defaults | fields, prefix=prefix)
            self._check_order(order, prefix, numbers)
            checked.append(order.model_dump(mode="json", exclude_unset=True))
        made = effects.create_orders(self._world, orders=checked)
        return {
            "created": len(made),
            "orders": [{"shop": each.shop.key, "order": each.number, "id": each.item_id()} for each in made],
        }

    def _check_order(self, order: OrderSpec, prefix: str, numbers: set[tuple[str, str]]) -> None:
        shop = self._world.shop(order.shop)
        if shop is None:
            raise Wrong(f"{prefix}shop", order.shop, "no such shop, make it with POST /control/shops first")
        if isinstance(shop, ShopeeShop) and order.channel is not None and order.channel not in shop.channels:
            raise Wrong(
                f"{prefix}channel", order.channel, f"the shop has the channels {', '.join(map(str, shop.channels))}"
            )
        try:
            order.parcels()
        except ValueError as err:
            raise Wrong(f"{prefix}packages", repr(order.packages), str(err)) from err
        if order.order:
            name = f"#{order.order}" if isinstance(shop, ShopifyShop) and order.order.isdigit() else order.order
            if name in shop.orders or (order.shop, name) in numbers:
                raise Wrong(f"{prefix}order", order.order, "the shop has an order of this number already")
            numbers.add((order.shop, name))

    def _changes(self, spec: ChangesSpec) -> dict[str, Any]:
        found = [self._find(change, index) for index, change in enumerate(spec.changes)]
        for change, order in zip(spec.changes, found, strict=True):
            facts = change.model_dump(include={"reason", "note", "address", "line", "quantity"})
            effects.change_order(self._world, order_id=order.id, action=change.action, facts=facts)
        return {"changed": len(found)}

    def _find(self, change: ChangeSpec, index: int) -> Order:
        shop = self._world.shop(change.shop)
        if shop is None:
            raise Wrong(f"changes.{index}.shop", change.shop, "no such shop")
        order = shop.orders.get(change.order) or next(
            (each for each in shop.orders.values() if change.order in each.names()), None
        )
        if order is None:
            raise Wrong(f"changes.{index}.order", change.order, f"shop {change.shop} has no such order")
        if change.action == "edit_quantity" and not 0 <= change.line < len(order.lines):
            raise Wrong(f"changes.{index}.line", change.line, f"the order has {len(order.lines)} lines")
        return order

    def _warehouse(self, body: dict[str, Any]) -> dict[str, Any]:
        spec = _read(WarehouseSpec, body)
        known = self._world.warehouses.get(spec.code)
        if not spec.secret and known is None:
            raise Wrong("secret", "", "a new warehouse needs its secret, whsec_ and base64 of 24 to 64 bytes")
        wms.set_warehouse(self._world, spec=spec.model_dump(mode="json", exclude_unset=True))
        return {"code": spec.code, "base_url": f"{self._world.public_url}/wms/{spec.code}"}

    def _by_hand(self, code: str, action: str, spec: ByHandSpec) -> dict[str, Any]:
        place = self._world.warehouses.get(code)
        if place is None:
            raise Wrong("code", code, "no such warehouse")
        wanted = list(place.submissions) if spec.references == "all" else spec.references
        unknown = [reference for reference in wanted if reference not in place.submissions]
        if unknown:
            raise Wrong("references", unknown[0], "the warehouse has no such reference")
        ready = {
            "accept": ("received",),
            "refuse": ("received", "accepted"),
            "ship": ("accepted",),
            "cancel": ("received", "accepted", "cancel_pending"),
        }[action]
        changed = [
            wms.act(self._world, warehouse=code, reference=reference, action=action, reason=spec.reason)
            for reference in wanted
            if place.submissions[reference].status in ready
        ]
        return {"changed": sum(changed)}

    def _faults(self, spec: FaultsSpec) -> dict[str, Any]:
        ids = []
        for index, fault in enumerate(spec.faults):
            if fault.shop and self._world.shop(fault.shop) is None:
                raise Wrong(f"faults.{index}.shop", fault.shop, "no such shop")
        for fault in spec.faults:
            names = {name: getattr(fault, name) for name in ("platform", "shop", "warehouse", "operation", "order")}
            count = None if fault.seconds is not None and "count" not in fault.model_fields_set else fault.count
            ids.append(
                effects.add_fault(
                    self._world,
                    kind=fault.kind,
                    names=names,
                    count=count,
                    seconds=fault.seconds,
                    details=fault.details(),
                )
            )
        return {"faults": ids}

    def _fault(self, fault: Fault) -> dict[str, Any]:
        return {
            "id": fault.id,
            "kind": fault.kind,
            "platform": fault.platform,
            "shop": fault.shop,
            "warehouse": fault.warehouse,
            "operation": fault.operation,
            "order": fault.order,
            "left": fault.left,
            "until": iso(fault.until),
            "struck": fault.struck,
            **fault.details,
        }


_BARE: dict[str, Any] = {
    "key": "",
    "platform": "shopify",
    "app": "",
    "name": "",
    "currency": "",
    "region": "",
    "access_seconds": 0.0,
    "refresh_seconds": 0.0,
    "label": None,
}
