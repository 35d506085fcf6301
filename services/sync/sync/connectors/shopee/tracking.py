"""Telling Shopee a tracking number, for channels of the seller's own logistics. It reads before it writes."""

from sync.connectors.kit.canonical import Hooks
from sync.connectors.kit.connector import Credentials, UploadOutcome, UploadRequest, UploadResult
from sync.connectors.kit.errors import Refused
from sync.connectors.kit.http import Meter
from sync.connectors.shopee.arranging import Arranger
from sync.connectors.shopee.channels import ChannelBook
from sync.connectors.shopee.client import ShopeeClient
from sync.connectors.shopee.errors import last_part
from sync.connectors.shopee.packages import ShippingView, refused
from sync.connectors.shopee.wire import Package

MAX_TRACKING_CHARACTERS = 64
_BY_STATUS = frozenset({90021, 90025, 90026})
"""Channels of Brazil, where the seller reports each event itself."""
_UPDATE = "logistics/update_shipping_order"
_STATUS = "logistics/update_tracking_status"


class TrackingUpload:
    """One upload of one order."""

    def __init__(
        self,
        client: ShopeeClient,
        channels: ChannelBook,
        credentials: Credentials,
        request: UploadRequest,
        *,
        hooks: Hooks,
    ) -> None:
        self._client = client
        self._channels = channels
        self._credentials = credentials
        self._request = request
        self._meter = Meter()
        self._arranger = Arranger(client, credentials, request.platform_order_id, hooks=hooks, meter=self._meter)

    async def run(self) -> UploadResult:
        """Bring Shopee to know the number of every package of the seller's own logistics."""
        view = await self._arranger.view()
        own = await self._own_packages(view)
        if own is None:
            return UploadResult(UploadOutcome.NOT_REQUIRED, calls=self._meter.calls)
        if view.status in ("CANCELLED", "IN_CANCEL"):
            raise refused("order_cancelled", f"the order is {view.status}; nothing can be shipped on it")
        split = len(view.packages) > 1
        shipped = sum(line.quantity for line in self._request.lines)
        if not split and 0 < shipped < view.units:
            reason = f"{shipped} of {view.units} units were shipped; split the order in Shopee, then upload by package"
            raise refused("partial_unsplit", reason)
        wrote = False
        for package in own:
            number = self._number_for(package, split=split)
            if number is not None:
                wrote = await self._upload(view, package, number, split=split) or wrote
        outcome = UploadOutcome.UPLOADED if wrote else UploadOutcome.ALREADY_THERE
        return UploadResult(outcome, calls=self._meter.calls)

    async def _own_packages(self, view: ShippingView) -> list[Package] | None:
        """The packages that take a number from us; None when Shopee's own carriers have them all."""
        ids = {package.channel_id for package in view.packages if package.channel_id}
        own = await self._channels.of(self._credentials, ids, meter=self._meter)
        taken: list[Package] = []
        for package in view.wanted(()):
            if package.channel_id is not None and package.channel_id in own:
                mine = own[package.channel_id]
            elif view.arranged(package):
                mine = False
            else:
                parameter = await self._arranger.parameter(package.number, split=len(view.packages) > 1)
                mine = "non_integrated" in parameter.ways
            if mine:
                taken.append(package)
        return taken or None

    def _number_for(self, package: Package, *, split: bool) -> str | None:
        """The tracking number of a package; None when this upload does not speak of it."""
        parcels = [parcel for parcel in self._request.parcels if parcel.tracking_number]
        if not parcels:
            raise refused("tracking_number_missing", "no parcel has a tracking number; enter one and upload again")
        named = [parcel for parcel in parcels if parcel.package_number == package.number and package.number]
        if not split and not named:
            # Shopee keeps one number for an unsplit order; the first parcel stands for all.
            named = parcels[:1]
        if not named:
            if any(parcel.package_number for parcel in parcels):
                return None
            raise refused(
                "package_number_missing", "the order is split into packages; say which parcel belongs to which"
            )
        number = named[0].tracking_number
        if len(number) > MAX_TRACKING_CHARACTERS:
            reason = f"tracking number {number[:20]}... is longer than {MAX_TRACKING_CHARACTERS} characters"
            raise refused("tracking_number_too_long", reason)
        return number

    async def _upload(self, view: ShippingView, package: Package, number: str, *, split: bool) -> bool:
        """Whether something had to be written."""
        if not view.arranged(package):
            view.check_arrangeable(package)
            way: dict[str, object] = {"non_integrated": {"tracking_number": number}}
            fresh = await self._arranger.ship(package.number, split=split, way=way)
            if fresh:
                await self._report_handover(package, number)
                return True
        known = await self._arranger.tracking_number(package.number, split=split)
        if known == number:
            # An earlier run may have ended between ship_order and the report.
            return package.status == "REQUEST_CREATED" and await self._report_handover(package, number)
        form = {**self._arranger.reference(package.number, split=split), "non_integrated": {"tracking_number": number}}
        try:
            await self._client.post(self._credentials, _UPDATE, form, meter=self._meter, writes=True)
        except Refused as error:
            if last_part(error.code) == "update_shipping_order_no_param_change":
                return False
            raise
        return True

    async def _report_handover(self, package: Package, number: str) -> bool:
        """Whether the channel wanted it."""
        if package.channel_id not in _BY_STATUS:
            return False
        form = {
            "order_sn": self._arranger.order_number,
            "logistics_status": "logistics_pickup_done",
            "tracking_number": number,
            "tracking_url": next(
                (each.tracking_url for each in self._request.parcels if each.tracking_number == number), ""
            ),
        }
        response = await self._client.post(self._credentials, _STATUS, form, meter=self._meter, writes=True)
        if response.raw.get("update_result") != "succeed":
            raise refused(
                "tracking_status_failed", "Shopee did not take the handover; see the order there", final=False
            )
        return True
