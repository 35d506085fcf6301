"""Calls under logistics/, besides those about documents."""

from typing import Any

from sandbox.shopee import effects
from sandbox.shopee.call import Call, Refused
from sandbox.shopee.model import Package, ShopeeOrder
from sandbox.shopee.requests import Nothing, OnePackage, ShipOrder, TrackingNumber, UpdateShipping
from sandbox.specs import ChannelSpec

NEEDED = ("logistics.package_number_not_exist", "Please request with package_number for this split order.")
PICKUP_ADDRESS = 123
DAY_SECONDS = 86_400


def _slots(call: Call, channel: ChannelSpec) -> list[dict[str, Any]] | None:
    if not channel.slots:
        return None
    tomorrow = (int(call.world.now()) // DAY_SECONDS + 1) * DAY_SECONDS
    return [
        {
            "date": tomorrow,
            "time_text": "9:00 AM - 6:00 PM",
            "pickup_time_id": f"{tomorrow}_1",
            "flags": ["recommended"],
        }
    ]


def get_shipping_parameter(call: Call, given: OnePackage) -> dict[str, Any]:
    """Say what ship_order must carry."""
    order = call.order(given.order_sn, error="logistics.order_not_exist")
    call.package(order, given.package_number, needed=NEEDED)
    channel = order.channel
    if not channel.integrated:
        return {"info_needed": {"non_integrated": ["tracking_number"]}, "dropoff": None, "pickup": None}
    info: dict[str, list[str]] = {}
    if channel.info_needed in ("dropoff", "both"):
        info["dropoff"] = []
    if channel.info_needed in ("pickup", "both"):
        info["pickup"] = ["address_id", "pickup_time_id"] if channel.slots else ["address_id"]
    place = {
        "address_id": PICKUP_ADDRESS,
        "region": call.shop.region,
        "state": "",
        "city": "",
        "district": "",
        "town": "",
        "address": "1 Warehouse Road",
        "zipcode": "40009",
        "address_flag": ["default_address", "pickup_address", "return_address"],
        "time_slot_list": _slots(call, channel),
    }
    return {
        "info_needed": info,
        "dropoff": {"branch_list": None, "slug_list": None} if channel.info_needed in ("dropoff", "both") else None,
        "pickup": {"address_list": [place]} if "pickup" in info else None,
    }


def ship_order(call: Call, given: ShipOrder) -> dict[str, Any]:
    """Arrange the shipment of one package: it commits the seller."""
    order = call.order(given.order_sn, error="logistics.order_not_exist")
    methods = [
        name
        for name in ("pickup", "dropoff", "non_integrated")
        if name in given.model_fields_set and getattr(given, name) is not None
    ]
    if len(methods) != 1:
        raise Refused(
            "logistics.ship_order_only_support_one_type",
            "Please use exactly one of pickup, dropoff and non_integrated.",
        )
    package = call.package(
        order,
        given.package_number,
        needed=("logistics.ship_order_need_pacakge_number", "Please request with package_number for this split order."),
        unneeded=(
            "logistics.ship_order_not_need_pacakge_number",
            "The order is not split, do not give package_number.",
        ),
    )
    _check_state(order, package)
    _check_faults(call, order)
    tracking = _check_method(call, order.channel, methods[0], given)
    index = order.packages.index(package)
    effects.arrange(
        call.world, shop=call.shop.key, order=order.number, package=index, method=methods[0], tracking=tracking
    )
    return {}


def _check_state(order: ShopeeOrder, package: Package) -> None:
    status = order.status()
    # The platform prints a blank before this code; whoever compares codes has to strip it.
    if package.arranged is not None and status != "CANCELLED":
        raise Refused(" logistics.package_already_shipped", "The package has been shipped.")
    if status not in ("READY_TO_SHIP", "PROCESSED") or order.fulfilled_by != "seller":
        raise Refused(
            "logistics.ship_order_not_ready_to_ship", f"The order is not ready to ship, its status is {status}."
        )


def _check_faults(call: Call, order: ShopeeOrder) -> None:
    fault = call.strike("label_refused", order) or call.strike("fulfillment_refused", order)
    if fault is not None:
        code = str(fault.details.get("code", "logistics.package_can_not_print"))
        raise Refused(code, str(fault.details.get("message", "The order is closed.")))


def _check_method(call: Call, channel: ChannelSpec, method: str, given: ShipOrder) -> str:
    """Return the tracking number that the seller brings, or an empty text."""
    if channel.integrated == (method == "non_integrated"):
        raise Refused("error_param", f"Wrong parameters, detail: the channel {channel.id} does not support {method}.")
    if method == "non_integrated":
        if given.non_integrated is None or not given.non_integrated.tracking_number.strip():
            raise Refused(
                "logistics.ship_order_need_tracking_number", "The tracking_number is required for this channel."
            )
        return given.non_integrated.tracking_number
    if channel.info_needed not in (method, "both"):
        raise Refused("error_param", f"Wrong parameters, detail: the channel {channel.id} does not support {method}.")
    if given.pickup is not None:
        if given.pickup.address_id != PICKUP_ADDRESS:
            raise Refused(
                "error_param",
                f"Wrong parameters, detail: address_id {given.pickup.address_id} is not a pickup address.",
            )
        slots = _slots(call, channel)
        if slots is not None and given.pickup.pickup_time_id not in {slot["pickup_time_id"] for slot in slots}:
            raise Refused(
                "error_param",
                f"Wrong parameters, detail: pickup_time_id {given.pickup.pickup_time_id!r} is not offered.",
            )
    return ""


def get_tracking_number(call: Call, given: TrackingNumber) -> dict[str, Any]:
    """Show the tracking number; an empty one is normal while it is generated."""
    order = call.order(given.order_sn, error="logistics.invalid_error")
    package = call.package(order, given.package_number, needed=NEEDED)
    response: dict[str, Any] = {"tracking_number": visible_tracking(call, order, package)}
    for name in filter(None, (part.strip() for part in given.response_optional_fields.split(","))):
        if name not in ("plp_number", "first_mile_tracking_number", "last_mile_tracking_number"):
            raise Refused("error_param", f"Wrong parameters, detail: unknown response_optional_fields {name}.")
        response[name] = ""
    return response


def visible_tracking(call: Call, order: ShopeeOrder, package: Package) -> str:
    """Return the number if it is there yet, counting this look."""
    if package.arranged is None or call.strike("tracking_not_ready", order) is not None:
        return ""
    if package.tracking_polls_left > 0:
        package.tracking_polls_left -= 1
        return ""
    return package.tracking if call.world.now() >= package.tracking_at else ""


def update_shipping_order(call: Call, given: UpdateShipping) -> dict[str, Any]:
    """Correct what was arranged."""
    order = call.order(given.order_sn, error="logistics.order_not_exist")
    package = call.package(order, given.package_number, needed=NEEDED)
    if package.arranged is None:
        raise Refused("logistics.update_shipping_order_not_arranged", "The order has not been arranged yet.")
    if given.non_integrated is not None and package.method == "non_integrated":
        if given.non_integrated.tracking_number in ("", package.tracking):
            raise Refused("logistics.update_shipping_order_no_param_change", "No parameter has changed.")
        number = given.non_integrated.tracking_number
        effects.change_tracking(
            call.world, shop=call.shop.key, order=order.number, package=order.packages.index(package), tracking=number
        )
        return {}
    raise Refused("logistics.update_shipping_order_no_param_change", "No parameter has changed.")


def get_channel_list(call: Call, _: Nothing) -> dict[str, Any]:
    """List the shop's channels."""
    listed = [
        {
            "logistics_channel_id": channel.id,
            "logistics_channel_name": channel.name,
            "cod_enabled": False,
            "enabled": True,
            "fee_type": "SIZE_INPUT",
            "force_enable": False,
            "mask_channel_id": 0,
            "preferred": False,
            "size_list": [],
            "logistics_capability": {"seller_logistics": not channel.integrated},
        }
        for channel in call.shop.channels.values()
    ]
    return {"logistics_channel_list": listed}
