"""Calls under order/."""

from collections.abc import Iterator
from typing import Any

from sandbox.orders import break_on_wire
from sandbox.shopee import effects
from sandbox.shopee.call import Call, Refused
from sandbox.shopee.effects import MALFORMED, model_of
from sandbox.shopee.model import Package, ShopeeOrder
from sandbox.shopee.requests import (
    BuyerCancellation,
    CancelOrder,
    OneOrder,
    OrderDetail,
    OrderList,
    PackageDetail,
    PackageSearch,
    ShipmentList,
    SplitOrder,
)
from sandbox.shopee.views import OPTIONAL, address, order_fields, package_fields, ship_by
from sandbox.specs import MalformedSpec

MAX_RANGE_SECONDS = 15 * 86_400
MAX_DETAILS = 50
MAX_ID = 2**62


def get_order_list(call: Call, given: OrderList) -> dict[str, Any]:
    """List order numbers by time, the newest first."""
    if given.time_to < given.time_from or given.time_to - given.time_from > MAX_RANGE_SECONDS:
        raise Refused("order.order_list_invalid_time", "Start time must be earlier than end time and diff in 15days.")
    if given.response_optional_fields not in ("", "order_status"):
        raise Refused("error_param", "Wrong parameters, detail: response_optional_fields only takes order_status.")
    rows: list[ShopeeOrder] = []
    for order in _in_range(call, given):
        if given.order_status and order.status(with_pending=given.request_order_status_pending) != given.order_status:
            continue
        if given.logistics_channel_id is not None and order.channel.id != given.logistics_channel_id:
            continue
        rows.append(order)
        if len(rows) > given.page_size:
            break
    page, more = rows[: given.page_size], len(rows) > given.page_size
    by_update = given.time_range_field == "update_time"
    last = page[-1] if more else None
    cursor = "" if last is None else f"{int((last.updated if by_update else last.created) * 1000)}-{last.id}"
    wanted = given.response_optional_fields == "order_status"
    listed = [
        {"order_sn": order.number}
        | ({"order_status": order.status(with_pending=given.request_order_status_pending)} if wanted else {})
        for order in page
    ]
    return {"more": more, "next_cursor": cursor, "order_list": listed}


def _in_range(call: Call, given: OrderList) -> Iterator[ShopeeOrder]:
    index = call.shop.by_update if given.time_range_field == "update_time" else call.shop.by_creation
    start, before = (float(given.time_to) + 1.0, 0), None
    if given.cursor:
        milliseconds, _, order_id = given.cursor.partition("-")
        if not (milliseconds.isdigit() and order_id.isdigit()):
            raise Refused("error_param", f"Wrong parameters, detail: invalid cursor {given.cursor!r}.")
        start, before = ((int(milliseconds) + 1) / 1000, MAX_ID), (int(milliseconds), int(order_id))
    for time, order_id_ in index.descending(start):
        if time < given.time_from:
            return
        if before is not None and (int(time * 1000), order_id_) >= before:
            continue
        order = call.world.orders[order_id_]
        if isinstance(order, ShopeeOrder):
            yield order


def get_order_detail(call: Call, given: OrderDetail) -> dict[str, Any]:
    """Show up to 50 orders."""
    numbers = [number.strip() for number in given.order_sn_list.split(",")]
    if not 1 <= len(numbers) <= MAX_DETAILS or not all(numbers):
        raise Refused("error_param", f"Wrong parameters, detail: order_sn_list limit [1,{MAX_DETAILS}].")
    wanted = {name.strip() for name in given.response_optional_fields.split(",") if name.strip()}
    unknown = sorted(wanted - OPTIONAL.keys())
    if unknown:
        raise Refused("error_param", f"Wrong parameters, detail: unknown response_optional_fields {','.join(unknown)}.")
    found = [order for number in numbers if isinstance(order := call.shop.orders.get(number), ShopeeOrder)]
    if not found:
        raise Refused("error_not_found", "Wrong parameters, detail: the order is not found.")
    shown = []
    for order in found:
        fields = order_fields(order, wanted, with_pending=given.request_order_status_pending)
        _break(call, order, fields)
        shown.append(fields)
    return {"order_list": shown}


def _break(call: Call, order: ShopeeOrder, fields: dict[str, Any]) -> None:
    if order.malformed is not None:
        break_on_wire(fields, order.malformed)
    fault = call.strike("malformed", order)
    if fault is not None:
        details = fault.details
        spec = (
            MalformedSpec(path=details["path"], value=details.get("value"), remove=bool(details.get("remove")))
            if "path" in details
            else MALFORMED["quantity"]
        )
        break_on_wire(fields, spec)


def _packages(call: Call) -> Iterator[Package]:
    for order in call.shop.orders.values():
        if isinstance(order, ShopeeOrder):
            yield from order.packages


def _is_waiting(package: Package) -> bool:
    return (
        package.arranged is None
        and package.order.status() == "READY_TO_SHIP"
        and package.order.fulfilled_by == "seller"
    )


def _page(rows: list[Package], cursor: str, size: int) -> tuple[list[Package], str, bool]:
    if cursor and not cursor.isdigit():
        raise Refused("error_param", f"Wrong parameters, detail: invalid cursor {cursor!r}.")
    start = int(cursor or 0)
    more = start + size < len(rows)
    return rows[start : start + size], str(start + size) if more else "", more


def get_shipment_list(call: Call, given: ShipmentList) -> dict[str, Any]:
    """List packages that can be arranged."""
    page, cursor, more = _page(
        [package for package in _packages(call) if _is_waiting(package)], given.cursor, given.page_size
    )
    listed = [{"order_sn": package.order.number, "package_number": package.number} for package in page]
    return {"order_list": listed, "more": more, "next_cursor": cursor}


def search_package_list(call: Call, given: PackageSearch) -> dict[str, Any]:
    """Find packages by state."""
    rows = [package for package in _packages(call) if _found(package, given)]
    page, cursor, more = _page(rows, given.pagination.cursor, given.pagination.page_size)
    listed = [
        {
            "order_sn": package.order.number,
            "package_number": package.number,
            "logistics_status": package.status(),
            "logistics_channel_id": package.order.channel.id,
            "product_location_id": "",
            "sorting_group": "",
            "is_shipment_arranged": package.arranged is not None,
        }
        for package in page
    ]
    return {"packages_list": listed, "pagination": {"total_count": len(rows), "next_cursor": cursor, "more": more}}


def _found(package: Package, given: PackageSearch) -> bool:
    wanted = given.filter
    order = package.order
    if wanted.logistics_channel_ids and order.channel.id not in wanted.logistics_channel_ids:
        return False
    if wanted.fulfillment_type and (order.fulfilled_by == "seller") != (wanted.fulfillment_type == 2):
        return False
    status = order.status()
    state = (
        1
        if status in ("PENDING", "INVOICE_PENDING")
        else 2
        if package.status() == "LOGISTICS_READY" and status == "READY_TO_SHIP"
        else 3
    )
    return status not in ("UNPAID", "CANCELLED") and wanted.package_status in (0, state)


def get_package_detail(call: Call, given: PackageDetail) -> dict[str, Any]:
    """Show up to 50 packages."""
    numbers = [number.strip() for number in given.package_number_list.split(",")]
    if not 1 <= len(numbers) <= MAX_DETAILS or not all(numbers):
        raise Refused("error_param", f"Wrong parameters, detail: package_number_list limit [1,{MAX_DETAILS}].")
    found = [call.shop.packages[number] for number in numbers if number in call.shop.packages]
    if not found:
        raise Refused("logistics.package_number_not_exist", "The package_number is not exist.")
    return {"package_list": [_package_detail(package) for package in found]}


def _package_detail(package: Package) -> dict[str, Any]:
    order = package.order
    return package_fields(package) | {
        "order_sn": order.number,
        "fulfillment_status": package.status(),
        "update_time": int(order.updated),
        "tracking_number": package.tracking,
        "is_shipment_arranged": package.arranged is not None,
        "ship_by_date": ship_by(order),
        "days_to_ship": 2,
        "pending_terms": [order.hold] if order.hold else [],
        "recipient_address": address(order.address),
    }


def split_order(call: Call, given: SplitOrder) -> dict[str, Any]:
    """Pack an order into several parcels."""
    order = call.order(given.order_sn)
    if order.status() != "READY_TO_SHIP" or any(package.arranged for package in order.packages):
        raise Refused("order.order_can_not_split", "The order can not be split now.")
    limit = 30 if call.shop.region == "TW" else 5
    if len(given.package_list) > limit:
        raise Refused("error_param", f"Wrong parameters, detail: an order is split into at most {limit} parcels.")
    left = list(range(len(order.lines)))
    parcels = []
    for wanted in given.package_list:
        parcel = []
        for item in wanted.item_list:
            index = next(
                (
                    at
                    for at in left
                    if (order.lines[at].item_id, model_of(order.lines[at].item_id)) == (item.item_id, item.model_id)
                ),
                None,
            )
            if index is None:
                raise Refused(
                    "error_param", f"Wrong parameters, detail: item_id {item.item_id} is not in the order, or twice."
                )
            left.remove(index)
            parcel.append(index)
        parcels.append(parcel)
    if left:
        raise Refused("error_param", "Wrong parameters, detail: every item of the order must be in a package.")
    effects.split(call.world, shop=call.shop.key, order=order.number, parcels=parcels)
    return {"order_sn": order.number, "package_list": [package_fields(package) for package in order.packages]}


def unsplit_order(call: Call, given: OneOrder) -> dict[str, Any]:
    """Pack an order into one parcel again."""
    order = call.order(given.order_sn)
    if any(package.arranged for package in order.packages):
        raise Refused("order.order_can_not_unsplit", "The order can not be undo split now.")
    effects.split(call.world, shop=call.shop.key, order=order.number, parcels=[list(range(len(order.lines)))])
    return {}


def cancel_order(call: Call, given: CancelOrder) -> dict[str, Any]:
    """Cancel an order as the seller."""
    order = call.order(given.order_sn)
    if given.cancel_reason == "OUT_OF_STOCK" and not given.item_list:
        raise Refused("error_param", "Wrong parameters, detail: item_list is required for OUT_OF_STOCK.")
    if given.cancel_reason == "UNDELIVERABLE_AREA" and call.shop.region not in ("TW", "MY"):
        raise Refused("error_param", "Wrong parameters, detail: UNDELIVERABLE_AREA is for TW and MY only.")
    if order.status() not in ("UNPAID", "READY_TO_SHIP", "PENDING", "PROCESSED"):
        raise Refused("order.order_can_not_cancel", f"The order can not be cancelled, its status is {order.status()}.")
    effects.cancel_by_seller(call.world, shop=call.shop.key, order=order.number, reason=given.cancel_reason)
    return {"update_time": int(order.updated)}


def handle_buyer_cancellation(call: Call, given: BuyerCancellation) -> dict[str, Any]:
    """Agree or not to the buyer's wish to cancel."""
    order = call.order(given.order_sn)
    if not order.in_cancel:
        raise Refused("order.order_not_in_cancel", "The buyer has not asked to cancel this order.")
    effects.answer_buyer(call.world, shop=call.shop.key, order=order.number, accept=given.operation == "ACCEPT")
    return {"update_time": int(order.updated)}
