"""Orders and packages as the API shows them."""

from collections.abc import Callable
from typing import Any

from sandbox.orders import Address
from sandbox.shopee.effects import model_of
from sandbox.shopee.model import Package, ShopeeOrder

DAYS_TO_SHIP = 2
DAY_SECONDS = 86_400


def ship_by(order: ShopeeOrder) -> int:
    """Return ship_by_date."""
    return int(
        order.ship_by if order.ship_by is not None else (order.paid or order.created) + DAYS_TO_SHIP * DAY_SECONDS
    )


def address(value: Address | None) -> dict[str, Any]:
    """Return recipient_address."""
    if value is None:
        return dict.fromkeys(
            ("name", "phone", "town", "district", "city", "state", "region", "zipcode", "full_address"), ""
        )
    lines = [part for part in (value.line1, value.line2, value.city, value.region, value.postal_code) if part]
    return {
        "name": value.name,
        "phone": value.phone,
        "town": "",
        "district": "",
        "city": value.city,
        "state": value.region,
        "region": value.country,
        "zipcode": value.postal_code,
        "full_address": ", ".join(lines),
    }


def _items(order: ShopeeOrder) -> list[dict[str, Any]]:
    return [
        {
            "item_id": line.item_id,
            "item_name": line.title,
            "item_sku": line.sku,
            "model_id": model_of(line.item_id),
            "model_name": "",
            "model_sku": line.sku,
            "model_quantity_purchased": line.ordered,
            "active_qty": line.quantity,
            "model_original_price": float(line.price),
            "model_discounted_price": float(line.price),
            "wholesale": False,
            "weight": 0.5,
            "add_on_deal": False,
            "main_item": False,
            "add_on_deal_id": 0,
            "promotion_type": "",
            "promotion_id": 0,
            "order_item_id": line.item_id,
            "promotion_group_id": 0,
            "image_info": {"image_url": ""},
            "product_location_id": [],
            "is_prescription_item": False,
            "is_b2c_owned_item": False,
            "line_item_id": str(line.id),
        }
        for line in order.lines
    ]


def package_fields(package: Package) -> dict[str, Any]:
    """Return an entry of package_list."""
    order = package.order
    return {
        "package_number": package.number,
        "logistics_status": package.status(),
        "logistics_channel_id": order.channel.id,
        "shipping_carrier": order.channel.name,
        "allow_self_design_awb": False,
        "parcel_chargeable_weight_gram": 500,
        "group_shipment_id": 0,
        "virtual_contact_number": "",
        "package_query_number": "",
        "item_list": [
            {
                "item_id": order.lines[index].item_id,
                "model_id": model_of(order.lines[index].item_id),
                "model_quantity": order.lines[index].quantity,
                "order_item_id": order.lines[index].item_id,
                "promotion_group_id": 0,
                "product_location_id": "",
            }
            for index in package.lines
        ],
    }


def _flag(order: ShopeeOrder) -> str:
    return "fulfilled_by_shopee" if order.fulfilled_by == "platform" else "fulfilled_by_local_seller"


def _picked_up(order: ShopeeOrder) -> int:
    return int(max((package.picked_up or 0 for package in order.packages), default=0))


Show = Callable[[ShopeeOrder], Any]
OPTIONAL: dict[str, Show] = {
    "buyer_user_id": lambda order: order.id + 100_000,
    "buyer_username": lambda order: order.buyer,
    "estimated_shipping_fee": lambda _: 2.5,
    "recipient_address": lambda order: address(order.address),
    "actual_shipping_fee": lambda _: 2.5,
    "actual_shipping_fee_confirmed": lambda _: False,
    "goods_to_declare": lambda _: False,
    "note": lambda _: "",
    "note_update_time": lambda _: 0,
    "item_list": _items,
    "pay_time": lambda order: int(order.paid or 0),
    "dropshipper": lambda _: "",
    "dropshipper_phone": lambda _: "",
    "split_up": lambda order: len(order.packages) > 1,
    "buyer_cancel_reason": lambda order: order.cancel_reason if order.in_cancel or order.cancel_by == "buyer" else "",
    "cancel_by": lambda order: order.cancel_by,
    "cancel_reason": lambda order: order.cancel_reason,
    "buyer_cpf_id": lambda _: "",
    "fulfillment_flag": _flag,
    "pickup_done_time": _picked_up,
    "package_list": lambda order: [package_fields(package) for package in order.packages],
    "shipping_carrier": lambda order: order.channel.name,
    "checkout_shipping_carrier": lambda order: order.channel.name,
    "payment_method": lambda _: "Credit Card",
    "total_amount": lambda order: float(order.total()),
    "invoice_data": lambda _: None,
    "order_chargeable_weight_gram": lambda _: 500,
    "return_request_due_date": lambda _: 0,
    "edt": lambda _: None,
    "payment_info": lambda _: [],
    "reverse_shipping_fee": lambda _: 0.0,
    "prescription_images": lambda _: [],
    "prescription_check_status": lambda _: 0,
    "booking_sn": lambda _: "",
    "advance_package": lambda _: False,
}


def order_fields(order: ShopeeOrder, wanted: set[str], *, with_pending: bool) -> dict[str, Any]:
    """Return an order of get_order_detail: what always comes, and of the rest what was asked for."""
    fields: dict[str, Any] = {
        "order_sn": order.number,
        "region": order.shop.region,
        "currency": order.currency,
        "cod": False,
        "order_status": order.status(with_pending=with_pending),
        "message_to_seller": order.note,
        "create_time": int(order.created),
        "update_time": int(order.updated),
        "days_to_ship": DAYS_TO_SHIP,
        "ship_by_date": ship_by(order),
    }
    if with_pending:
        fields["pending_terms"] = [order.hold] if order.hold and order.hold != "INVOICE_PENDING" else []
    for name in wanted:
        # The total comes only after payment.
        if name != "total_amount" or order.paid is not None:
            fields[name] = OPTIONAL[name](order)
    return fields
