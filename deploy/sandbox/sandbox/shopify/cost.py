"""What a query costs and whether the shop's bucket has it.

Shopify does not publish its formula. This one grows with the logarithm of a connection's size, as recorded answers
suggest: 25 points for a fulfillment order with 20 lines and 10 requests, where counting objects would give over 50.
"""

import math
from typing import Any

from graphql import GraphQLError
from graphql.execution.values import VariableValues

from sandbox.shopify.documents import Selection, arguments
from sandbox.shopify.model import Bucket

MUTATION_POINTS = 10
MAX_QUERY_POINTS = 1000


def requested(selection: Selection, root: str, values: VariableValues) -> int:
    """Return requestedQueryCost."""
    return max(1, math.ceil(_cost(selection, root, values) + (MUTATION_POINTS - 1 if root == "Mutation" else 0)))


def _cost(selection: Selection, type_name: str, values: VariableValues) -> float:
    total = 0.0
    for selected in selection.fields(type_name):
        if selected.sub is None:
            continue
        name = selected.sub.declared
        if name.endswith("Connection"):
            total += 2.0 + _size_factor(selected, values) * max(1.0, _cost(selected.sub, name, values))
        elif name == "Node":
            total += 1.0 + max(
                (
                    _cost(selected.sub, each, values)
                    for each in ("Order", "FulfillmentOrder", "ShippingLabelPurchaseResult")
                ),
                default=0.0,
            )
        elif name in ("PageInfo",) or name.endswith(("Edge", "UserError")):
            total += _cost(selected.sub, name, values)
        else:
            total += 1.0 + _cost(selected.sub, name, values)
    return total


def _size_factor(selected: Any, values: VariableValues) -> float:
    try:
        given = arguments(selected, values)
    except GraphQLError:
        return 1.0
    size = given.get("first") or given.get("last") or 1
    return max(1.0, math.log2(max(1, int(size))))


def actual(requested_points: int, objects: int) -> int:
    """Return actualQueryCost for the number of objects that were found."""
    return max(1, min(requested_points, math.ceil(1 + objects / 4)))


def extension(bucket: Bucket, requested_points: int, actual_points: int | None) -> dict[str, Any]:
    """Return extensions.cost."""
    return {
        "requestedQueryCost": requested_points,
        "actualQueryCost": actual_points,
        "throttleStatus": {
            "maximumAvailable": int(bucket.maximum),
            "currentlyAvailable": int(bucket.available),
            "restoreRate": int(bucket.restore_rate),
        },
    }
