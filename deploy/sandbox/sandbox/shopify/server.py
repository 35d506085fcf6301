"""The HTTP side of Shopify: routing, tokens, points, faults, and the shape of errors."""

import re
from collections.abc import Sequence
from typing import Any

from graphql import GraphQLError

from sandbox.faults import Fault, Scope
from sandbox.http import Malformed, Request, Response, json_response
from sandbox.pdf import label_pdf
from sandbox.shopify import API_VERSION, cost, fields_order, fields_work, mutations, oauth, queries
from sandbox.shopify.documents import Documents, Refused, Resolver, Selected, Selection
from sandbox.shopify.effects import MALFORMED
from sandbox.shopify.execute import Context, FieldError, run
from sandbox.shopify.model import ShopifyOrder, ShopifyShop
from sandbox.specs import MalformedSpec
from sandbox.world import World

FULFILLMENT_READ = tuple(
    f"{verb}_{kind}_fulfillment_orders"
    for kind in ("merchant_managed", "assigned", "third_party")
    for verb in ("read", "write")
)
FULFILLMENT_WRITE = tuple(scope for scope in FULFILLMENT_READ if scope.startswith("write_"))
SCOPES: dict[str, tuple[str, ...]] = {
    "order": ("read_orders", "write_orders"),
    "orders": ("read_orders", "write_orders"),
    "ordersCount": ("read_orders", "write_orders"),
    "fulfillmentOrder": FULFILLMENT_READ,
    "fulfillmentOrders": FULFILLMENT_READ,
    "assignedFulfillmentOrders": FULFILLMENT_READ,
    "fulfillment": ("read_orders", "read_fulfillments", *FULFILLMENT_READ),
    "fulfillmentCreate": FULFILLMENT_WRITE,
    "fulfillmentTrackingInfoUpdate": FULFILLMENT_WRITE,
    "fulfillmentCancel": FULFILLMENT_WRITE,
    "inventoryItem": ("read_inventory", "write_inventory"),
    "inventoryItems": ("read_inventory", "write_inventory"),
    "inventorySetQuantities": ("write_inventory",),
    "shippingLabelPurchase": ("write_orders",),
}
RESOLVERS: dict[str, dict[str, Resolver]] = {
    "QueryRoot": queries.QUERY,
    "Mutation": mutations.MUTATION,
    "Order": fields_order.ORDER,
    "LineItem": fields_order.LINE_ITEM,
    "FulfillmentOrder": fields_work.FULFILLMENT_ORDER,
    "FulfillmentOrderLineItem": fields_work.FULFILLMENT_ORDER_LINE,
    "Fulfillment": fields_work.FULFILLMENT,
    "FulfillmentLineItem": fields_work.FULFILLMENT_LINE,
    "ShippingLabelPurchaseResult": fields_work.LABEL_PURCHASE,
    "Shop": queries.SHOP,
    "InventoryItem": queries.INVENTORY_ITEM,
    "InventoryLevel": queries.INVENTORY_LEVEL,
}
CONNECTION: dict[str, Resolver] = {
    "nodes": lambda page, _, __: page.items,
    "edges": lambda page, _, __: page.edges(),
    "pageInfo": lambda page, _, __: page.page_info(),
}
PATH = re.compile(
    r"^/shopify/(?P<shop>[^/]+)/(?:admin/(?:api/(?P<version>[^/]+)/graphql\.json|oauth/(?P<oauth>authorize|access_token))|labels/(?P<label>\d+)\.pdf)$"
)
SHOP_NAME = re.compile(r"^[a-zA-Z0-9][a-zA-Z0-9-_]*\.myshopify\.com$")
GID = re.compile(r"gid://shopify/(Order|FulfillmentOrder|Fulfillment)/(\d+)")
MESSAGES = (
    (
        re.compile(r"Cannot query field '(\w+)' on type '(\w+)'"),
        "Field '{0}' doesn't exist on type '{1}'",
        "undefinedField",
    ),
    (
        re.compile(r"Unknown argument '(\w+)' on field '\w+\.(\w+)'"),
        "Field '{1}' doesn't accept argument '{0}'",
        "argumentNotAccepted",
    ),
    (
        re.compile(r"Argument '\w+\.(\w+)\((\w+):\)' of type '.*' is required"),
        "Field '{0}' is missing required arguments: {1}",
        "missingRequiredArguments",
    ),
    (re.compile(r"Syntax Error: (.*)"), "syntax error, {0}", None),
)


def resolver_of(type_name: str, name: str) -> Resolver | None:
    """Return how a field is answered: by its function, or (None) by the entry of that name in a plain dictionary."""
    if name == "__typename":
        return lambda _, __, ___: type_name
    table = CONNECTION if type_name.endswith("Connection") else RESOLVERS.get(type_name, {})
    return table.get(name)


class ShopifyServer:
    """Answers everything under /shopify/."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._documents = Documents(resolver_of)

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        match = PATH.match(request.path)
        shop = self._world.shopify_shops.get(match["shop"]) if match and SHOP_NAME.match(match["shop"]) else None
        if match is None or shop is None:
            return json_response({"errors": "Not Found"}, status=404)
        if match["label"]:
            return self._label(shop, int(match["label"]))
        if match["oauth"]:
            return self._oauth(shop, request, match["oauth"])
        if match["version"] != API_VERSION or request.method != "POST":
            return json_response({"errors": "Not Found"}, status=404)
        return self._graphql(shop, request)

    def _label(self, shop: ShopifyShop, purchase_id: int) -> Response:
        purchase = self._world.label_purchases.get(purchase_id)
        if purchase is None or purchase.order.shop is not shop:
            return json_response({"errors": "Not Found"}, status=404)
        return Response(
            200, label_pdf([(purchase.number, purchase.company, purchase.order.number)]), b"application/pdf"
        )

    def _oauth(self, shop: ShopifyShop, request: Request, operation: str) -> Response:
        world = self._world
        world.calls[f"shopify.oauth.{operation}"] += 1
        scope = Scope("shopify", "oauth", shop=shop.key)
        refusal = self._before(scope)
        if refusal is not None:
            return refusal
        if operation == "authorize":
            return oauth.authorize(world, shop, request)
        if request.method != "POST":
            return json_response({"errors": "Not Found"}, status=404)
        return self._after(oauth.access_token(world, shop, request), scope)

    def _graphql(self, shop: ShopifyShop, request: Request) -> Response:
        world = self._world
        grant = shop.access.get(request.headers.get("x-shopify-access-token", ""))
        if grant is None or (grant.expires is not None and grant.expires <= world.now()):
            world.errors["shopify.401"] += 1
            world.signature_failures["shopify"] += grant is None
            return json_response(
                {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}, status=401
            )
        try:
            body = request.json_object()
            text, variables = body.get("query"), body.get("variables") or {}
            if not isinstance(text, str) or not isinstance(variables, dict):
                raise Malformed("query must be a text and variables an object")
        except Malformed as err:
            return json_response({"errors": {"query": f"Required parameter missing or invalid: {err}"}}, status=400)
        try:
            operation = self._documents.operation(text, str(body.get("operationName") or ""))
            values = operation.coerce(variables)
            selection = operation.selection(values)
        except Refused as refused:
            world.errors["shopify.invalid_query"] += 1
            return json_response({"errors": [_graphql_error(error, variables) for error in refused.errors]})
        context = Context(world, shop, values, grant.scopes)
        return self._execute(selection, operation.root, context, request.body)

    def _execute(self, selection: Selection, root: str, context: Context, body: bytes) -> Response:
        world, shop = self._world, context.shop
        fields = selection.fields(root)
        for selected in fields:
            world.calls[f"shopify.{selected.name}"] += 1
        scope = Scope("shopify", fields[0].name, shop=shop.key, orders=self._orders_named(body))
        refusal = self._before(scope)
        if refusal is not None:
            return refusal
        points = cost.requested(selection, root, context.values)
        bucket = shop.bucket
        if points > cost.MAX_QUERY_POINTS:
            return self._too_dear(points)
        if bucket.refill(world.now()) < points:
            return self._throttled(scope, cost.extension(bucket, points, None))
        denied = self._denied(fields, context)
        if denied is not None:
            return json_response(denied | {"extensions": {"cost": cost.extension(bucket, points, points)}})
        context.break_page = lambda page: self._broken(scope, page)
        answer = self._answer(selection, root, context)
        used = cost.actual(points, context.objects)
        bucket.available -= used
        answer["extensions"] = {"cost": cost.extension(bucket, points, used)}
        return self._after(json_response(answer), scope)

    def _answer(self, selection: Selection, root: str, context: Context) -> dict[str, Any]:
        try:
            return {"data": run(selection, root, context)}
        except FieldError as err:
            entry: dict[str, Any] = {"message": err.message}
            if err.location is not None:
                entry["locations"] = [err.location]
            entry |= {"extensions": err.extensions} if err.extensions else {}
            return {"errors": [entry | {"path": err.path}], "data": None}
        except GraphQLError as err:
            return {"errors": [_graphql_error(err, {})], "data": None}

    def _denied(self, fields: list[Selected], context: Context) -> dict[str, Any] | None:
        for selected in fields:
            needed = SCOPES.get(selected.name)
            if context.scopes is None or needed is None or any(scope in context.scopes for scope in needed):
                continue
            self._world.errors["shopify.ACCESS_DENIED"] += 1
            access = f"`{needed[0]}` access scope."
            start = selected.node.loc.start_token if selected.node.loc else None
            error = {
                "message": f"Access denied for {selected.name} field. Required access: {access}",
                "locations": [{"line": start.line, "column": start.column}] if start else [],
                "extensions": {
                    "code": "ACCESS_DENIED",
                    "documentation": "https://shopify.dev/api/usage/access-scopes",
                    "requiredAccess": access,
                },
                "path": [selected.key],
            }
            return {"errors": [error], "data": {selected.key: None}}
        return None

    def _too_dear(self, points: int) -> Response:
        self._world.errors["shopify.MAX_COST_EXCEEDED"] += 1
        message = f"Query cost is {points}, which exceeds the single query max cost limit ({cost.MAX_QUERY_POINTS})."
        extensions = {
            "code": "MAX_COST_EXCEEDED",
            "cost": points,
            "maxCost": cost.MAX_QUERY_POINTS,
            "documentation": "https://shopify.dev/api/usage/limits#rate-limits",
        }
        return json_response({"errors": [{"message": message, "extensions": extensions}]})

    def _throttled(self, scope: Scope, extension: dict[str, Any] | None) -> Response:
        self._world.errors["shopify.THROTTLED"] += 1
        error = {
            "message": "Throttled",
            "extensions": {"code": "THROTTLED", "documentation": "https://shopify.dev/api/usage/limits"},
        }
        return json_response({"errors": [error]} | ({"extensions": {"cost": extension}} if extension else {}))

    def _orders_named(self, body: bytes) -> Sequence[str]:
        """Return the names of the orders that a call is about; only worked out while a fault could want them."""
        world = self._world
        if not world.faults.any_live():
            return ()
        names: list[str] = []
        for kind, number in GID.findall(body.decode("utf-8", "replace")):
            tables: dict[str, Any] = {
                "Order": world.orders,
                "FulfillmentOrder": world.fulfillment_orders,
                "Fulfillment": world.fulfillments,
            }
            found = tables[kind].get(int(number))
            order = found if isinstance(found, ShopifyOrder) or found is None else found.order
            names.extend(order.names() if order is not None else ())
        return names

    def _broken(self, scope: Scope, page: Sequence[ShopifyOrder]) -> dict[int, MalformedSpec]:
        if not self._world.faults.any_live():
            return {}
        broken = {}
        for order in page:
            fault = self._world.strike(
                "malformed", Scope("shopify", scope.operation, shop=scope.shop, orders=order.names())
            )
            if fault is not None:
                broken[order.id] = _spec_of(fault)
        return broken

    def _before(self, scope: Scope) -> Response | None:
        """Return the answer of a fault that lets nothing happen."""
        world = self._world
        fault = world.strike("throttle", scope)
        if fault is not None:
            if fault.details.get("http") == 429:
                world.errors["shopify.429"] += 1
                response = json_response(
                    {"errors": "Exceeded 2 calls per second for api client. Reduce request rates."},
                    status=429,
                )
                response.headers.append((b"retry-after", f"{fault.details.get('retry_after', 1):g}".encode()))
                return response
            shop = world.shopify_shops[scope.shop]
            shop.bucket.refill(world.now())
            shop.bucket.available = 0.0
            return self._throttled(scope, cost.extension(shop.bucket, cost.MUTATION_POINTS, None))
        fault = world.strike("error", scope)
        if fault is not None:
            return Response(
                int(fault.details.get("status", 503)), b"<html><body>Service unavailable</body></html>", b"text/html"
            )
        if world.strike("cut_before", scope) is not None:
            return Response(200, b"", cut=True)
        return None

    def _after(self, response: Response, scope: Scope) -> Response:
        """Let a fault delay the answer or lose it."""
        fault = self._world.strike("slow", scope)
        if fault is not None:
            response.delay_seconds = float(fault.details.get("delay", 5.0))
        response.cut = self._world.strike("cut", scope) is not None
        return response


def _spec_of(fault: Fault) -> MalformedSpec:
    details = fault.details
    if "path" not in details:
        return MALFORMED["quantity"]
    return MalformedSpec(path=details["path"], value=details.get("value"), remove=bool(details.get("remove")))


def _graphql_error(error: GraphQLError, variables: dict[str, Any]) -> dict[str, Any]:
    """Translate an error of the GraphQL library into Shopify's words."""
    entry: dict[str, Any] = {"message": error.message}
    for pattern, text, code in MESSAGES:
        found = pattern.match(error.message)
        if found:
            entry["message"] = text.format(*found.groups())
            entry["extensions"] = {"code": code} if code else {}
            break
    variable = re.match(r"Variable '\$(\w+)'", error.message)
    if variable:
        problem = error.message.partition(": ")[2] or error.message
        entry["message"] = f"Variable ${variable[1]} was provided invalid value: {problem}"
        value = variables.get(variable[1])
        entry["extensions"] = {
            "code": "INVALID_VARIABLE",
            "value": value,
            "problems": [{"path": [], "explanation": problem}],
        }
    if error.locations:
        entry["locations"] = [{"line": location.line, "column": location.column} for location in error.locations]
    return entry
