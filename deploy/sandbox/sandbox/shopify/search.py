"""The search text of orders and fulfillment orders: `field:value` terms that all must hold; others are ignored."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.orders import Order
from sandbox.shopify.model import FulfillmentOrder, ShopifyOrder
from sandbox.times import parse_time

TERM = re.compile(
    r"""(?P<negated>-|NOT\s+)?(?P<field>[a-z_]+):\s*(?P<operator>>=|<=|>|<|=)?\s*(?P<value>'[^']*'|"[^"]*"|[^\s()]+)"""
)
OrderTest = Callable[[ShopifyOrder], bool]
TIMES: dict[str, Callable[[Order], float]] = {
    "updated_at": lambda order: order.updated,
    "created_at": lambda order: order.created,
    "processed_at": lambda order: order.created,
}


@dataclass(frozen=True, slots=True)
class Term:
    """One term; value without its quotes, operator `=` when none was written."""

    field: str
    operator: str
    value: str
    negated: bool

    def compare(self, seconds: float) -> bool:
        """Compare a time, cut to seconds as the platform shows it, with the term's."""
        try:
            wanted = parse_time(self.value)
        except ValueError:
            return True
        shown = float(int(seconds))
        match self.operator:
            case ">=":
                return shown >= wanted
            case "<=":
                return shown <= wanted
            case ">":
                return shown > wanted
            case "<":
                return shown < wanted
        return shown == wanted


def read_terms(query: str | None) -> list[Term]:
    """Return the terms of a search text."""
    return [
        Term(found["field"], found["operator"] or "=", found["value"].strip("'\""), bool(found["negated"]))
        for found in TERM.finditer(query or "")
    ]


def lower_bound(terms: list[Term], field: str) -> float:
    """Return the earliest time that the terms let through, so that a search need not look at older orders."""
    bounds = [
        parse_time(term.value)
        for term in terms
        if term.field == field and term.operator in (">=", ">") and not term.negated and _is_time(term.value)
    ]
    return max(bounds, default=float("-inf"))


def _is_time(value: str) -> bool:
    try:
        parse_time(value)
    except ValueError:
        return False
    return True


def order_matches(order: ShopifyOrder, terms: list[Term]) -> bool:
    """Tell whether every term holds for an order."""
    return all(_holds(order, term) != term.negated for term in terms)


def _holds(order: ShopifyOrder, term: Term) -> bool:
    value = term.value.lower()
    match term.field:
        case "updated_at" | "created_at" | "processed_at":
            return term.compare(TIMES[term.field](order))
        case "financial_status":
            return order.financial_status().lower() in value.split(",")
        case "fulfillment_status":
            return _fulfillment(order) in {"unshipped" if part == "unfulfilled" else part for part in value.split(",")}
        case "status":
            return _is_status(order, value)
        case "name":
            return order.number.lower().removeprefix("#") == value.removeprefix("#")
        case "id":
            return str(order.id) == value.rsplit("/", 1)[-1]
        case "email":
            return order.email.lower() == value
    return not term.negated


def _fulfillment(order: ShopifyOrder) -> str:
    return {"FULFILLED": "shipped", "PARTIALLY_FULFILLED": "partial"}.get(order.fulfillment_status(), "unshipped")


def _is_status(order: ShopifyOrder, value: str) -> bool:
    if value == "cancelled":
        return order.cancelled is not None
    if value == "closed":
        return order.delivered is not None and order.cancelled is None
    if value in ("open", "not_closed"):
        return order.delivered is None and (order.cancelled is None or value == "not_closed")
    return True


def work_matches(work: FulfillmentOrder, terms: list[Term]) -> bool:
    """Tell whether every term holds for a fulfillment order."""
    return all(_work_holds(work, term) != term.negated for term in terms)


def _work_holds(work: FulfillmentOrder, term: Term) -> bool:
    match term.field:
        case "updated_at":
            return term.compare(work.updated)
        case "status":
            return work.status.lower() in term.value.lower().split(",")
        case "assigned_location_id":
            return str(work.location) == term.value.rsplit("/", 1)[-1]
        case "id":
            return str(work.id) == term.value.rsplit("/", 1)[-1]
    return not term.negated
