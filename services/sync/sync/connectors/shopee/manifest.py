"""Shopee as data, by its Open Platform v2."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

from contracts.sync.v1 import PlatformStatusV1

from sync.connectors.kit.manifest import Capability, Limits, Manifest, Meaning

PLATFORM = "shopee"
LIST_PAGE = 100

STATUSES: Mapping[str, PlatformStatusV1] = MappingProxyType(
    {
        "UNPAID": PlatformStatusV1.UNPAID,
        "PENDING": PlatformStatusV1.ON_HOLD,
        "INVOICE_PENDING": PlatformStatusV1.ON_HOLD,
        "IN_CANCEL": PlatformStatusV1.ON_HOLD,
        "READY_TO_SHIP": PlatformStatusV1.AWAITING_FULFILLMENT,
        "RETRY_SHIP": PlatformStatusV1.AWAITING_FULFILLMENT,
        "PROCESSED": PlatformStatusV1.AWAITING_FULFILLMENT,
        "SHIPPED": PlatformStatusV1.SHIPPED,
        "TO_CONFIRM_RECEIVE": PlatformStatusV1.DELIVERED,
        "COMPLETED": PlatformStatusV1.DELIVERED,
        "CANCELLED": PlatformStatusV1.CANCELLED,
        "TO_RETURN": PlatformStatusV1.RETURNED,
    }
)

ERRORS: Mapping[str, Meaning] = MappingProxyType(
    {
        "error_auth": Meaning.ACCESS_EXPIRED,
        "invalid_acceess_token": Meaning.ACCESS_EXPIRED,
        "refresh_token_expired": Meaning.REAUTHORIZE,
        "shop_access_expired": Meaning.REAUTHORIZE,
        "shop_no_linked": Meaning.REAUTHORIZE,
        "shop_banned": Meaning.REAUTHORIZE,
        "error_shop_refresh_token": Meaning.REAUTHORIZE,
        # The partner key ends for every store at once, and only the operator can renew it.
        "error_partner_key_expired": Meaning.PERMISSION,
        "error_sign": Meaning.PERMISSION,
        "error_rate_limit": Meaning.THROTTLED,
        "error_limit": Meaning.THROTTLED,
        "error_permission": Meaning.PERMISSION,
        "error_api_permission": Meaning.PERMISSION,
        "source_ip_undeclared": Meaning.PERMISSION,
        "api_suspended": Meaning.PERMISSION,
        "error_not_found": Meaning.REFUSED,
        "logistics.order_not_exist": Meaning.REFUSED,
        "logistics.package_number_not_exist": Meaning.REFUSED,
        "error_param": Meaning.REFUSED,
        "order.order_list_invalid_time": Meaning.REFUSED,
        "error_server": Meaning.TRANSIENT,
        "error_network": Meaning.TRANSIENT,
        "error_data": Meaning.TRANSIENT,
        "logistics.download_later": Meaning.NOT_READY,
        "logistics.package_can_not_print": Meaning.REFUSED,
        "logistics.shipping_document_should_print_first": Meaning.REFUSED_FOR_NOW,
        "logistics.tracking_number_invalid": Meaning.REFUSED_FOR_NOW,
        "logistics.packages_can_not_download_together": Meaning.REFUSED,
        "logistics.error_booking_order": Meaning.REFUSED,
        "logistics.can_not_print_jit_order": Meaning.REFUSED,
        "logistics.package_already_shipped": Meaning.REFUSED,
        "logistics.ship_order_not_ready_to_ship": Meaning.REFUSED_FOR_NOW,
        "logistics.ship_order_only_support_one_type": Meaning.REFUSED,
        "logistics.ship_order_need_pacakge_number": Meaning.REFUSED,
        "logistics.ship_order_not_need_pacakge_number": Meaning.REFUSED,
        "logistics.ship_order_need_tracking_number": Meaning.REFUSED,
        "logistics.error_duplicate_consignment": Meaning.REFUSED,
        "logistics.error_cutoff_time": Meaning.REFUSED_FOR_NOW,
        "logistics.update_shipping_order_no_param_change": Meaning.REFUSED,
    }
)

MANIFEST = Manifest(
    platform=PLATFORM,
    title="Shopee",
    api_version="v2",
    capabilities=frozenset(Capability),
    # Shopee publishes no numbers; these keep one store from flooding it, and error_rate_limit corrects them.
    limits=Limits(page_orders=50, detail_orders=50, window=timedelta(days=15), rate_per_second=200.0, burst=400.0),
    errors=ERRORS,
    statuses=STATUSES,
    access_token_life=timedelta(hours=4),
    refresh_token_life=timedelta(days=30),
)


@dataclass(frozen=True, slots=True)
class ShopeeSettings:
    """The partner's identity and region, and how labels are wanted.

    `document_types` are tried in their order before the type that Shopee suggests. Poll waits are in seconds and double
    from the first to the longest; channels are asked for anew after `channels_kept_seconds`.
    """

    partner_id: int
    partner_key: str = field(repr=False)
    host: str = "https://partner.shopeemobile.com"
    auth_url: str = "https://open.shopee.com/auth"
    calls_per_second: float = MANIFEST.limits.rate_per_second
    calls_burst: float = MANIFEST.limits.burst
    document_types: tuple[str, ...] = ("THERMAL_AIR_WAYBILL", "NORMAL_AIR_WAYBILL")
    poll_first_seconds: float = 2.0
    poll_longest_seconds: float = 300.0
    channels_kept_seconds: float = 3600.0

    def __post_init__(self) -> None:
        if self.partner_id <= 0:
            raise ValueError(f"partner_id is {self.partner_id}: it must be the number from Shopee's console")
        if not self.host.startswith(("https://", "http://")) or self.host.endswith("/"):
            raise ValueError(f"host is {self.host!r}: it must be an address without a closing slash")
