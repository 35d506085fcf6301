"""Arranging shipments: reading an order's packages, choosing the way, ship_order and what its refusals mean."""

from collections.abc import Sequence

from sync.connectors.kit.canonical import Hooks
from sync.connectors.kit.connector import Credentials
from sync.connectors.kit.errors import MalformedAnswer, NotReady, Refused
from sync.connectors.kit.http import Meter
from sync.connectors.kit.reading import FieldFault
from sync.connectors.shopee.client import ShopeeClient
from sync.connectors.shopee.errors import says_arranged
from sync.connectors.shopee.manifest import PLATFORM
from sync.connectors.shopee.packages import ShippingView, refused
from sync.connectors.shopee.wire import (
    LABEL_FIELDS,
    ShippingParameter,
    read_packages,
    read_quantity,
    read_shipping_parameter,
)

_PICKUP_NEEDS = frozenset({"address_id", "pickup_time_id"})
_DROPOFF_NEEDS = frozenset({"branch_id"})


class Arranger:
    """The calls around ship_order for one order."""

    def __init__(
        self, client: ShopeeClient, credentials: Credentials, order_number: str, *, hooks: Hooks, meter: Meter
    ) -> None:
        self._client = client
        self._credentials = credentials
        self.order_number = order_number
        self._hooks = hooks
        self._meter = meter

    def reference(self, number: str, *, split: bool) -> dict[str, object]:
        """How calls name a package: the number is left out for an unsplit order, it must never be empty."""
        form: dict[str, object] = {"order_sn": self.order_number}
        if split and number:
            form["package_number"] = number
        return form

    async def view(self) -> ShippingView:
        """The order's shipping as it is now."""
        order = await self._client.order_detail(
            self._credentials, self.order_number, fields=LABEL_FIELDS, meter=self._meter
        )
        try:
            return ShippingView(
                status=order.text("order_status"),
                pending_terms=order.texts("pending_terms"),
                advance=order.flag("advance_package") or bool(order.optional_text("booking_sn")),
                packages=read_packages(order, hooks=self._hooks),
                units=sum(read_quantity(item) for item in order.optional_children("item_list")),
            )
        except FieldFault as fault:
            raise _malformed("order/get_order_detail", fault) from fault

    async def parameter(self, number: str, *, split: bool) -> ShippingParameter:
        """What ship_order needs."""
        name = "logistics/get_shipping_parameter"
        form = self.reference(number, split=split)
        try:
            return read_shipping_parameter(await self._client.get(self._credentials, name, form, meter=self._meter))
        except FieldFault as fault:
            raise _malformed(name, fault) from fault

    async def ship(self, number: str, *, split: bool, way: dict[str, object]) -> bool:
        """Send ship_order, which commits the seller. False when Shopee says that it was arranged before.

        Raises OutcomeUnknown after silence; the caller reads `view` before it comes here again.
        """
        name = "logistics/ship_order"
        form = {**self.reference(number, split=split), **way}
        try:
            await self._client.post(self._credentials, name, form, meter=self._meter, writes=True)
        except Refused as error:
            if not says_arranged(error):
                raise
            view = await self.view()
            (package,) = view.wanted((number,) if number else ())
            if view.arranged(package):
                return False
            raise
        return True

    async def tracking_number(self, number: str, *, split: bool) -> str:
        """The tracking number, empty while Shopee draws it."""
        name = "logistics/get_tracking_number"
        form = self.reference(number, split=split)
        try:
            response = await self._client.get(self._credentials, name, form, meter=self._meter)
            return response.optional_text("tracking_number")
        except FieldFault as fault:
            raise _malformed(name, fault) from fault


def platform_way(
    parameter: ShippingParameter, *, preference: Sequence[str] = ("pickup", "dropoff")
) -> dict[str, object]:
    """Exactly one way for ship_order, of those that the channel offers and that need nothing we do not have."""
    for way in preference:
        needs = parameter.ways.get(way)
        if needs is None:
            continue
        if way == "pickup" and set(needs) <= _PICKUP_NEEDS and parameter.address_id is not None:
            if "pickup_time_id" in needs and not parameter.time_slots and "dropoff" in parameter.ways:
                continue
            pickup: dict[str, object] = {"address_id": parameter.address_id}
            if "pickup_time_id" in needs and parameter.time_slots:
                pickup["pickup_time_id"] = parameter.time_slots[0]
            return {"pickup": pickup}
        if way == "dropoff" and set(needs) <= _DROPOFF_NEEDS:
            if "branch_id" not in needs:
                return {"dropoff": {}}
            if parameter.branch_id is not None:
                return {"dropoff": {"branch_id": parameter.branch_id}}
    if not parameter.ways:
        raise NotReady("Shopee offers no way to ship yet", code="no_shipping_way", platform=PLATFORM)
    if set(parameter.ways) == {"non_integrated"}:
        raise refused("seller_logistics", "the channel is the seller's own logistics; Shopee makes no label for it")
    offered = "; ".join(f"{way} needs {', '.join(needs) or 'nothing'}" for way, needs in parameter.ways.items())
    raise refused("shipping_way_unsupported", f"no way to ship can be chosen ({offered}); arrange it in Shopee")


def _malformed(call: str, fault: FieldFault) -> MalformedAnswer:
    return MalformedAnswer(f"the answer cannot be read: {fault}", platform=PLATFORM, call=call)
