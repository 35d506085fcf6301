"""Shopee's answers, typed. Every field is required, optional, or named as ignored; what else comes is counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sync.connectors.kit.canonical import Hooks
from sync.connectors.kit.reading import Fields, listed
from sync.connectors.shopee.manifest import PLATFORM

ORDER_FIELDS = (
    "buyer_username,recipient_address,item_list,pay_time,total_amount,package_list,fulfillment_flag,cancel_by,"
    "cancel_reason"
)
"""`response_optional_fields` of a pull: what is not asked for does not come."""
WAYS = ("pickup", "dropoff", "non_integrated")
LABEL_FIELDS = "package_list,fulfillment_flag,item_list"

_ORDER = listed(
    "order_sn order_status update_time create_time ship_by_date pay_time currency region total_amount pending_terms "
    "buyer_username recipient_address item_list package_list fulfillment_flag message_to_seller advance_package "
    "booking_sn cancel_by cancel_reason"
) | listed(
    "pickup_done_time cod days_to_ship buyer_user_id estimated_shipping_fee actual_shipping_fee "
    "actual_shipping_fee_confirmed goods_to_declare note note_update_time dropshipper dropshipper_phone split_up "
    "buyer_cancel_reason buyer_cpf_id shipping_carrier payment_method invoice_data checkout_shipping_carrier "
    "reverse_shipping_fee order_chargeable_weight_gram edt_from edt_to return_request_due_date can_full_cancel_order "
    "can_partial_cancel_order"
)
_ITEM = listed(
    "item_id model_id order_item_id line_item_id item_name model_name item_sku model_sku model_quantity_purchased "
    "active_qty model_discounted_price model_original_price promotion_group_id"
) | listed(
    "wholesale weight add_on_deal main_item add_on_deal_id promotion_type promotion_id image_info "
    "product_location_id is_prescription_item is_b2c_owned_item"
)
_PACKAGE = listed(
    "package_number logistics_status logistics_channel_id shipping_carrier item_list is_shipment_arranged"
) | listed(
    "package_query_number allow_self_design_awb parcel_chargeable_weight_gram group_shipment_id virtual_contact_number"
)
_ADDRESS = listed("name phone full_address district city state zipcode town region")


@dataclass(frozen=True, slots=True)
class Item:
    """One of `item_list`; `quantity` is what partial cancellations have left of what was `ordered`."""

    line_id: str
    key: tuple[int, int, int]
    item_id: int
    model_id: int
    sku: str
    title: str
    ordered: int
    quantity: int
    price: Decimal | None


@dataclass(frozen=True, slots=True)
class Package:
    """One of `package_list`; `item_keys` say which lines it holds."""

    number: str
    status: str
    channel_id: int | None
    carrier: str
    arranged_flag: bool
    item_keys: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Address:
    """`recipient_address`; parts may be empty or masked by asterisks."""

    name: str
    phone: str
    full: str
    city: str
    state: str
    zipcode: str
    region: str


@dataclass(frozen=True, slots=True)
class Order:
    """An order of get_order_detail."""

    sn: str
    status: str
    created_at: datetime
    updated_at: datetime
    ship_by: datetime | None
    paid_at: datetime | None
    currency: str
    region: str
    total: Decimal | None
    pending_terms: tuple[str, ...]
    buyer: str
    message: str
    fulfillment_flag: str
    advance: bool
    address: Address | None
    items: tuple[Item, ...]
    packages: tuple[Package, ...]


def read_order(raw: object, *, hooks: Hooks) -> Order:
    """One order of a pull; raises FieldFault."""
    fields = Fields(raw)
    fields.count_unlisted(_ORDER, platform=PLATFORM, hooks=hooks)
    address = fields.optional_child("recipient_address")
    return Order(
        sn=fields.text("order_sn"),
        status=fields.text("order_status"),
        created_at=fields.unix_moment("create_time"),
        updated_at=fields.unix_moment("update_time"),
        ship_by=fields.optional_unix_moment("ship_by_date"),
        paid_at=fields.optional_unix_moment("pay_time"),
        currency=fields.text("currency"),
        region=fields.text("region"),
        total=fields.optional_decimal("total_amount"),
        pending_terms=fields.texts("pending_terms"),
        buyer=fields.optional_text("buyer_username"),
        message=fields.optional_text("message_to_seller"),
        fulfillment_flag=fields.optional_text("fulfillment_flag").lower(),
        advance=fields.flag("advance_package") or bool(fields.optional_text("booking_sn")),
        address=None if address is None else _address(address, hooks),
        items=tuple(_item(item, hooks) for item in fields.children("item_list")),
        packages=read_packages(fields, hooks=hooks),
    )


def read_packages(order: Fields, *, hooks: Hooks) -> tuple[Package, ...]:
    """The packages that Shopee has made of an order; none before it is ready to ship."""
    return tuple(_package(package, hooks) for package in order.optional_children("package_list"))


def _package(fields: Fields, hooks: Hooks) -> Package:
    fields.count_unlisted(_PACKAGE, platform=PLATFORM, hooks=hooks)
    return Package(
        number=fields.text("package_number"),
        status=fields.optional_text("logistics_status").removeprefix("LOGISTICS_"),
        channel_id=fields.optional_whole("logistics_channel_id"),
        carrier=fields.optional_text("shipping_carrier"),
        arranged_flag=fields.flag("is_shipment_arranged"),
        item_keys=tuple(_key(item) for item in fields.optional_children("item_list")),
    )


def _key(fields: Fields) -> tuple[int, int, int]:
    return (
        fields.whole("item_id"),
        fields.optional_whole("model_id") or 0,
        fields.optional_whole("order_item_id") or 0,
    )


def _item(fields: Fields, hooks: Hooks) -> Item:
    fields.count_unlisted(_ITEM, platform=PLATFORM, hooks=hooks)
    item_id, model_id, order_item_id = key = _key(fields)
    own_id = fields.raw.get("line_item_id")
    has_own = isinstance(own_id, str | int) and not isinstance(own_id, bool) and own_id not in ("", 0)
    name, model = fields.text("item_name"), fields.optional_text("model_name")
    return Item(
        line_id=str(own_id) if has_own else f"{item_id}:{model_id}:{order_item_id}",
        key=key,
        item_id=item_id,
        model_id=model_id,
        sku=fields.optional_text("model_sku") or fields.optional_text("item_sku"),
        title=f"{name} - {model}" if model else name,
        ordered=fields.whole("model_quantity_purchased"),
        quantity=read_quantity(fields),
        price=fields.optional_decimal("model_discounted_price") or fields.optional_decimal("model_original_price"),
    )


def read_quantity(item: Fields) -> int:
    """The units of a line that are still wanted."""
    active = item.optional_whole("active_qty")
    return item.whole("model_quantity_purchased") if active is None else active


def _address(fields: Fields, hooks: Hooks) -> Address:
    fields.count_unlisted(_ADDRESS, platform=PLATFORM, hooks=hooks)
    return Address(
        name=fields.optional_text("name"),
        phone=fields.optional_text("phone"),
        full=fields.optional_text("full_address"),
        city=fields.optional_text("city") or fields.optional_text("town"),
        state=fields.optional_text("state"),
        zipcode=fields.optional_text("zipcode"),
        region=fields.optional_text("region"),
    )


@dataclass(frozen=True, slots=True)
class ShippingParameter:
    """What ship_order must carry: the ways that the channel offers, each with the names of what it wants."""

    ways: dict[str, tuple[str, ...]]
    address_id: int | None
    time_slots: tuple[str, ...]
    branch_id: int | None


def read_shipping_parameter(response: Fields) -> ShippingParameter:
    """The answer of get_shipping_parameter; the address is the one flagged for pickup, else the default, else any."""
    needed = response.child("info_needed")
    ways = {way: needed.texts(way) for way in WAYS if needed.raw.get(way) is not None}
    pickup = response.optional_child("pickup")
    addresses = list(pickup.optional_children("address_list")) if pickup is not None else []
    chosen = _preferred(addresses)
    slots = tuple(slot.text("pickup_time_id") for slot in chosen.optional_children("time_slot_list")) if chosen else ()
    dropoff = response.optional_child("dropoff")
    branches = list(dropoff.optional_children("branch_list")) if dropoff is not None else []
    return ShippingParameter(
        ways=ways,
        address_id=chosen.whole("address_id") if chosen else None,
        time_slots=slots,
        branch_id=branches[0].whole("branch_id") if branches else None,
    )


def _preferred(addresses: Sequence[Fields]) -> Fields | None:
    for flag in ("pickup_address", "default_address"):
        for address in addresses:
            if flag in address.texts("address_flag"):
                return address
    return addresses[0] if addresses else None
