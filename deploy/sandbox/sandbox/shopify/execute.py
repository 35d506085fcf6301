"""Walks a compiled selection over the shop's state: what a general GraphQL executor does, without its cost."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql.execution.values import VariableValues

from sandbox.orders import break_on_wire
from sandbox.shopify.documents import Selected, Selection, arguments
from sandbox.shopify.model import (
    Fulfillment,
    FulfillmentOrder,
    LabelPurchase,
    ShopifyOrder,
    ShopifyShop,
)
from sandbox.specs import MalformedSpec
from sandbox.world import World

CONCRETE: dict[type, str] = {
    ShopifyOrder: "Order",
    FulfillmentOrder: "FulfillmentOrder",
    Fulfillment: "Fulfillment",
    LabelPurchase: "ShippingLabelPurchaseResult",
    ShopifyShop: "Shop",
}


NO_ARGUMENTS: dict[str, Any] = {}
INTERFACES = frozenset({"Node", "DisplayableError", "JobResult", "LegacyInteroperability"})


class FieldError(Exception):
    """A field cannot be answered; becomes an entry of the top-level errors."""

    def __init__(self, message: str, code: str | None = None, **extensions: Any) -> None:
        super().__init__(message)
        self.message = message
        self.extensions = ({"code": code} if code else {}) | extensions
        self.path: list[str | int] = []
        self.location: dict[str, int] | None = None


@dataclass(slots=True)
class Context:
    """What one request brings: the shop, its variables, and the orders that faults break in this answer."""

    world: World
    shop: ShopifyShop
    values: VariableValues
    scopes: frozenset[str] | None
    known_arguments: dict[int, dict[str, Any]] = field(default_factory=dict)
    objects: int = 0
    break_page: Callable[[Sequence[ShopifyOrder]], Mapping[int, MalformedSpec]] | None = None
    broken: dict[int, MalformedSpec] = field(default_factory=dict)

    def arguments(self, selected: Selected) -> dict[str, Any]:
        """Return a field's arguments; they are the same for every object it is selected on."""
        found = self.known_arguments.get(selected.number)
        if found is None:
            found = self.known_arguments[selected.number] = arguments(selected, self.values)
        return found


def run(selection: Selection, root: str, context: Context) -> dict[str, Any]:
    """Answer an operation; the fields of a mutation one after the other. Raises FieldError."""
    return _project(None, selection.fields(root), context)


def concrete_type(value: Any) -> str:
    """Return the type of a value where the schema says only an interface."""
    return value["__typename"] if isinstance(value, dict) else CONCRETE[type(value)]


def _project(value: Any, fields: list[Selected], context: Context) -> dict[str, Any]:
    context.objects += 1
    out: dict[str, Any] = {}
    selected = fields[0]
    try:
        for selected in fields:
            # This loop is what a page costs: most fields take no arguments, and dictionaries need no function.
            resolve = selected.resolve
            if resolve is None:
                found = value.get(selected.name)
            else:
                found = resolve(
                    value, context.arguments(selected) if selected.takes_arguments else NO_ARGUMENTS, context
                )
            sub = selected.sub
            if sub is not None and found is not None:
                if selected.is_list:
                    found = [
                        None if each is None else _project(each, sub.known or _plan(sub, each), context)
                        for each in found
                    ]
                else:
                    found = _project(found, sub.known or _plan(sub, found), context)
            out[selected.key] = found
    except FieldError as err:
        if err.location is None and selected.node.loc is not None:
            start = selected.node.loc.start_token
            err.location = {"line": start.line, "column": start.column}
        err.path.insert(0, selected.key)
        raise
    if isinstance(value, ShopifyOrder):
        _break(value, out, context)
    return out


def _plan(sub: Selection, value: Any) -> list[Selected]:
    if sub.known is None:
        if sub.declared in INTERFACES:
            return sub.fields(concrete_type(value))
        sub.known = sub.fields(sub.declared)
    return sub.known


def _break(order: ShopifyOrder, out: dict[str, Any], context: Context) -> None:
    if order.malformed is not None:
        break_on_wire(out, order.malformed)
    if order.id in context.broken:
        break_on_wire(out, context.broken[order.id])
