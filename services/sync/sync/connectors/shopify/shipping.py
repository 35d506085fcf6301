"""What to write so that a shop knows a shipment, given what it knows already. Pure: the connector reads and writes.

fulfillmentCreate is not idempotent (a repeated partial one ships more), so the tracking numbers that the shop already
has decide what is still to be done.
"""

from collections.abc import Mapping

from contracts.common_parts import ParcelV1

from sync.connectors.kit.connector import UploadRequest
from sync.connectors.kit.errors import Refused
from sync.connectors.shopify.manifest import PLATFORM
from sync.connectors.shopify.wire import FulfillmentOrder, ShippingState

_WORKABLE = frozenset({"OPEN", "IN_PROGRESS"})
_HELD = frozenset({"ON_HOLD", "SCHEDULED"})
_MAX_LINES = 512

Input = dict[str, object]


def tracking_numbers(request: UploadRequest) -> tuple[str, ...]:
    """The distinct tracking numbers in their order; none is refused, since it could not be recognised again."""
    numbers = tuple(dict.fromkeys(parcel.tracking_number for parcel in request.parcels if parcel.tracking_number))
    if not numbers:
        raise _refused("tracking_number_missing", "no parcel has a tracking number; enter one and upload again")
    return numbers


def fulfillments_to_create(state: ShippingState, request: UploadRequest) -> tuple[Input, ...]:
    """The inputs of fulfillmentCreate still to be sent, one a location; none when the shop knows the shipment.

    Raises Refused when the shop can no longer take it.
    """
    numbers = frozenset(tracking_numbers(request))
    same = [item for item in state.fulfillments if item.alive and numbers & item.numbers]
    if request.lines:
        wanted = {line.platform_line_id: line.quantity for line in request.lines}
        for item in same:
            for line_id, quantity in item.quantities:
                wanted[line_id] = wanted.get(line_id, 0) - quantity
        wanted = {line_id: quantity for line_id, quantity in wanted.items() if quantity > 0}
        if not wanted:
            return ()
        groups = _allocated(state, wanted)
    else:
        done = {item.location_id for item in same}
        # A fulfilment whose location is hidden may be of any of them, so it counts for all.
        groups = {} if "" in done else _whole(state, without=done)
        if same and not groups:
            return ()
    if state.cancelled:
        raise _refused("order_cancelled", "the order was cancelled in the shop; nothing can be shipped on it")
    if not groups:
        raise _nothing_left(state)
    return tuple(
        {
            "notifyCustomer": request.notify_buyer,
            "trackingInfo": tracking_info(request.parcels),
            "lineItemsByFulfillmentOrder": group,
        }
        for group in groups.values()
    )


def tracking_info(parcels: tuple[ParcelV1, ...]) -> Input:
    """Shopify's form: number and url for one parcel, numbers and urls for several; one company for all, or none."""
    shipped = list({parcel.tracking_number: parcel for parcel in parcels if parcel.tracking_number}.values())
    companies = {parcel.carrier for parcel in shipped}
    info: Input = {"company": shipped[0].carrier} if len(companies) == 1 and shipped[0].carrier else {}
    urls = [parcel.tracking_url for parcel in shipped]
    if len(shipped) == 1:
        info["number"] = shipped[0].tracking_number
        if urls[0]:
            info["url"] = urls[0]
        return info
    info["numbers"] = [parcel.tracking_number for parcel in shipped]
    if all(urls):
        info["urls"] = urls
    return info


def _workable(state: ShippingState) -> list[FulfillmentOrder]:
    return [
        item
        for item in state.fulfillment_orders
        if item.status in _WORKABLE
        and item.shipped
        and not item.elsewhere
        and item.remaining
        and (not item.actions or "CREATE_FULFILLMENT" in item.actions)
    ]


def _whole(state: ShippingState, *, without: set[str]) -> Mapping[str, list[Input]]:
    """Everything that is left, by location; a call may name one location only."""
    groups: dict[str, list[Input]] = {}
    for item in _workable(state):
        if item.location_id not in without:
            groups.setdefault(item.location_id, []).append({"fulfillmentOrderId": item.id})
    return groups


def _allocated(state: ShippingState, wanted: Mapping[str, int]) -> Mapping[str, list[Input]]:
    """The wanted quantities spread over the fulfillment orders that have them left, by location."""
    left = dict(wanted)
    groups: dict[str, list[Input]] = {}
    for item in _workable(state):
        taken: list[Input] = []
        for line in item.lines:
            quantity = min(line.remaining, left.get(line.line_id, 0))
            if quantity > 0:
                left[line.line_id] -= quantity
                taken.append({"id": line.id, "quantity": quantity})
        if len(taken) > _MAX_LINES:
            raise _refused("too_many_lines", f"more than {_MAX_LINES} lines in one shipment; upload it in parts")
        if taken:
            part: Input = {"fulfillmentOrderId": item.id, "fulfillmentOrderLineItems": taken}
            groups.setdefault(item.location_id, []).append(part)
    missing = {line_id: quantity for line_id, quantity in left.items() if quantity > 0}
    if missing and not state.cancelled:
        shown = ", ".join(f"{line_id} lacks {quantity}" for line_id, quantity in sorted(missing.items())[:5])
        raise _refused("not_enough_left", f"the shop has less left to ship than was shipped: {shown}")
    return groups


def _nothing_left(state: ShippingState) -> Refused:
    if any(item.status in _HELD for item in state.fulfillment_orders):
        return _refused("on_hold", "the order is on hold in the shop; release it there", final=False)
    known = sorted({number for item in state.fulfillments if item.alive for number in item.numbers})
    have = f"it already has tracking {', '.join(known[:5])}" if known else "it has no tracking number"
    return _refused("nothing_left_to_ship", f"nothing is left to ship in the shop ({have}); correct it there by hand")


def _refused(code: str, reason: str, *, final: bool = True) -> Refused:
    return Refused(reason, code=code, final=final, platform=PLATFORM, call="fulfillmentCreate")
