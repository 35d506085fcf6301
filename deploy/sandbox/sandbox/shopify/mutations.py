"""The mutations: checks first, with the texts that were recorded, then one effect."""

from typing import Any

from sandbox.faults import Scope
from sandbox.shopify import effects
from sandbox.shopify.documents import Resolver
from sandbox.shopify.execute import Context, FieldError
from sandbox.shopify.fields_work import location_fields
from sandbox.shopify.model import Fulfillment, FulfillmentOrder, gid
from sandbox.shopify.queries import find, item_fields, parse_gid
from sandbox.times import iso, parse_time

MAX_LINES = 512
MAX_QUANTITY = 1_000_000_000


class Refusal(Exception):
    """A userError; `field` is the path of the argument that is wrong."""

    def __init__(self, message: str, field: list[str] | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.entry: dict[str, Any] = {"field": field, "message": message}
        if code is not None:
            self.entry["code"] = code


def _fault_scope(context: Context, operation: str, names: tuple[str, ...]) -> Scope:
    return Scope("shopify", operation, shop=context.shop.key, orders=names)


def _tracking(given: dict[str, Any] | None) -> list[dict[str, Any]]:
    given = given or {}
    numbers = given.get("numbers") or ([given["number"]] if given.get("number") else [])
    urls = given.get("urls") or ([given["url"]] if given.get("url") else [])
    if not numbers and not urls and not given.get("company"):
        return []
    count = max(len(numbers), len(urls), 1)
    return [
        {
            "company": given.get("company"),
            "number": numbers[at] if at < len(numbers) else None,
            "url": urls[at] if at < len(urls) else None,
        }
        for at in range(count)
    ]


def _fulfillment_create(_: Any, arguments: dict[str, Any], context: Context) -> dict[str, Any]:
    given = arguments["fulfillment"]
    try:
        work_orders = _work_orders(given["lineItemsByFulfillmentOrder"], context)
        parts = {
            str(work.id): _wanted(work, part.get("fulfillmentOrderLineItems") or [])
            for work, part in zip(work_orders, given["lineItemsByFulfillmentOrder"], strict=True)
        }
        order = work_orders[0].order
        fault = context.world.strike("fulfillment_refused", _fault_scope(context, "fulfillmentCreate", order.names()))
        if fault is not None:
            raise Refusal(
                fault.details.get("message", "The fulfillment order is not in a fulfillable state."), ["fulfillment"]
            )
    except Refusal as refusal:
        return {"fulfillment": None, "userErrors": [refusal.entry]}
    fulfillment = effects.create_fulfillment(context.world, parts=parts, tracking=_tracking(given.get("trackingInfo")))
    return {"fulfillment": fulfillment, "userErrors": []}


def _work_orders(parts: list[dict[str, Any]], context: Context) -> list[FulfillmentOrder]:
    field = ["fulfillment"]
    if not parts:
        raise Refusal("At least one fulfillment order must be provided.", field)
    found = [find(part["fulfillmentOrderId"], "FulfillmentOrder", context) for part in parts]
    work_orders = [work for work in found if isinstance(work, FulfillmentOrder)]
    if len(work_orders) != len(parts):
        raise Refusal("Fulfillment order does not exist.", field)
    if len({work.id for work in work_orders}) != len(parts):
        raise Refusal("Fulfillment orders must be unique.", field)
    if len({work.order.id for work in work_orders}) > 1:
        raise Refusal(
            "All fulfillment orders must belong to the same order. Please ensure they have the same order.",
            field,
        )
    if len({(work.location, work.own) for work in work_orders}) > 1:
        raise Refusal(
            "All fulfillment orders must be assigned to a single location. Please ensure they have the same location.",
            field,
        )
    for work in work_orders:
        if work.status not in ("OPEN", "IN_PROGRESS"):
            raise Refusal(f"Fulfillment order {work.id} has an unfulfillable status= {work.status.lower()}.", field)
    return work_orders


def _wanted(work: FulfillmentOrder, lines: list[dict[str, Any]]) -> dict[str, int]:
    """Return what to ship of each line; none named means everything that is left."""
    field = ["fulfillment"]
    if not lines:
        return {str(part.id): part.remaining for part in work.lines if part.remaining}
    if len(lines) > MAX_LINES:
        raise Refusal(
            f"The input array size of {len(lines)} is greater than the maximum allowed of {MAX_LINES}.", field
        )
    left = {part.id: part.remaining for part in work.lines}
    wanted: dict[str, int] = {}
    for line in lines:
        _, number = parse_gid(line["id"])
        if line["quantity"] <= 0:
            raise Refusal("Quantity must be greater than 0", field)
        if number not in left:
            raise Refusal("Fulfillment order line item does not exist.", field)
        wanted[str(number)] = wanted.get(str(number), 0) + line["quantity"]
        if wanted[str(number)] > left[number]:
            raise Refusal("Invalid fulfillment order line item quantity requested.", field)
    return wanted


def _tracking_update(_: Any, arguments: dict[str, Any], context: Context) -> dict[str, Any]:
    fulfillment = find(arguments["fulfillmentId"], "Fulfillment", context)
    if not isinstance(fulfillment, Fulfillment):
        return {"fulfillment": None, "userErrors": [Refusal("Fulfillment does not exist.", ["fulfillmentId"]).entry]}
    changed = effects.update_tracking(
        context.world, fulfillment_id=fulfillment.id, tracking=_tracking(arguments["trackingInfoInput"])
    )
    return {"fulfillment": changed, "userErrors": []}


def _fulfillment_cancel(_: Any, arguments: dict[str, Any], context: Context) -> dict[str, Any]:
    fulfillment = find(arguments["id"], "Fulfillment", context)
    if not isinstance(fulfillment, Fulfillment):
        return {"fulfillment": None, "userErrors": [Refusal("Fulfillment not found.", ["id"]).entry]}
    return {"fulfillment": effects.cancel_fulfillment(context.world, fulfillment_id=fulfillment.id), "userErrors": []}


def _label_purchase(_: Any, arguments: dict[str, Any], context: Context) -> dict[str, Any]:
    given = arguments["shippingLabelPurchase"]
    work = find(given["fulfillmentOrderId"], "FulfillmentOrder", context)
    try:
        _check_label(given, work, context)
    except Refusal as refusal:
        return {"shippingLabelPurchaseResult": None, "userErrors": [refusal.entry]}
    scope = _fault_scope(context, "shippingLabelPurchase", work.order.names())
    refused = context.world.strike("label_refused", scope)
    label = work.order.label
    late = 0
    while context.world.strike("label_not_ready", scope) is not None and late < 1000:
        late += 1
    purchase = effects.purchase_label(
        context.world,
        work_id=work.id,
        company=(given.get("preferredRateSelection") or {}).get("carrierCode") or "USPS",
        refusal=refused.details.get("code", "PERMANENT_ERROR") if refused else "",
        pending_polls=max(1, label.document_processing_calls + late),
        pending_seconds=label.document_processing_seconds,
    )
    return {"shippingLabelPurchaseResult": purchase, "userErrors": []}


def _check_label(given: dict[str, Any], work: FulfillmentOrder | None, context: Context) -> None:
    if work is None or work.status not in ("OPEN", "IN_PROGRESS"):
        raise Refusal(
            "The fulfillment order is invalid.",
            ["shippingLabelPurchase", "fulfillmentOrderId"],
            "FULFILLMENT_ORDER_INVALID",
        )
    if parse_time(given["shippingDatetime"]) < context.world.now() - 60:
        raise Refusal(
            "The shipping date is in the past.",
            ["shippingLabelPurchase", "shippingDatetime"],
            "SHIPPING_DATE_IN_THE_PAST",
        )
    weight = given.get("totalWeight")
    if weight is not None and weight["value"] <= 0:
        raise Refusal(
            "The total weight must be greater than zero.", ["shippingLabelPurchase", "totalWeight"], "TOTAL_WEIGHT_ZERO"
        )


def _set_quantities(_: Any, arguments: dict[str, Any], context: Context) -> dict[str, Any]:
    given = arguments["input"]
    key = arguments.get("idempotency_key")
    if key is None:
        raise FieldError("The @idempotent directive is required for this mutation but was not provided.", "BAD_REQUEST")
    try:
        quantities = _quantities(given, context)
    except Refusal as refusal:
        return {"inventoryAdjustmentGroup": None, "userErrors": [refusal.entry]}
    repeated = key in context.shop.idempotency
    deltas = (
        {int(item): 0 for item in quantities}
        if repeated
        else effects.set_quantities(context.world, shop=context.shop.key, key=key, quantities=quantities)
    )
    location = location_fields(context)
    names = ("available", "on_hand") if given["name"] == "available" else (given["name"],)
    changes = [
        {
            "name": name,
            "delta": delta,
            "item": item_fields(item, context),
            "location": location,
            "quantityAfterChange": None,
        }
        for name in names
        for item, delta in deltas.items()
    ]
    group = {
        "id": gid("InventoryAdjustmentGroup", context.shop.idempotency[key]),
        "createdAt": iso(context.world.now()),
        "reason": given["reason"],
        "referenceDocumentUri": given.get("referenceDocumentUri"),
        "changes": changes,
    }
    return {"inventoryAdjustmentGroup": group, "userErrors": []}


def _quantities(given: dict[str, Any], context: Context) -> dict[str, int]:
    if given["name"] not in ("available", "on_hand"):
        raise Refusal("The specified quantity name is invalid.", ["input", "name"], "INVALID_NAME")
    wanted: dict[str, int] = {}
    for index, row in enumerate(given["quantities"]):
        field = ["input", "quantities", str(index)]
        _, item = parse_gid(row["inventoryItemId"])
        if item not in context.shop.stock:
            raise Refusal(
                "The specified inventory item could not be found.",
                [*field, "inventoryItemId"],
                "INVALID_INVENTORY_ITEM",
            )
        if row["locationId"] != gid("Location", context.shop.location):
            raise Refusal("The specified location could not be found.", [*field, "locationId"], "INVALID_LOCATION")
        if "changeFromQuantity" not in row:
            raise FieldError("changeFromQuantity must be given, null to skip the comparison", "BAD_REQUEST")
        if abs(row["quantity"]) > MAX_QUANTITY:
            raise Refusal("The quantity is out of bounds.", [*field, "quantity"], "INVALID_QUANTITY_TOO_HIGH")
        expected = row["changeFromQuantity"]
        if expected is not None and expected != context.shop.stock[item]:
            raise Refusal(
                "The changeFromQuantity value is stale.", [*field, "changeFromQuantity"], "CHANGE_FROM_QUANTITY_STALE"
            )
        wanted[str(item)] = row["quantity"]
    return wanted


MUTATION: dict[str, Resolver] = {
    "fulfillmentCreate": _fulfillment_create,
    "fulfillmentTrackingInfoUpdate": _tracking_update,
    "fulfillmentCancel": _fulfillment_cancel,
    "shippingLabelPurchase": _label_purchase,
    "inventorySetQuantities": _set_quantities,
}
