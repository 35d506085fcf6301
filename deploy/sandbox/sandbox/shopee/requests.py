"""The parameters of every call, as documented: unknown, missing and wrong ones are refused."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

ORDER_STATUSES = (
    "UNPAID",
    "READY_TO_SHIP",
    "PROCESSED",
    "SHIPPED",
    "COMPLETED",
    "IN_CANCEL",
    "CANCELLED",
    "INVOICE_PENDING",
)
PageSize = Annotated[int, Field(ge=1, le=100)]


class Parameters(BaseModel):
    """Parameters of a call besides partner_id, timestamp, sign, access_token and shop_id."""

    model_config = ConfigDict(extra="forbid")


class TokenGet(Parameters):
    """auth/token/get."""

    code: str
    partner_id: int
    shop_id: int | None = None
    main_account_id: int | None = None


class TokenRefresh(Parameters):
    """auth/access_token/get."""

    refresh_token: str
    partner_id: int
    shop_id: int | None = None
    merchant_id: int | None = None


class OrderList(Parameters):
    """order/get_order_list."""

    time_range_field: Literal["create_time", "update_time"]
    time_from: int
    time_to: int
    page_size: PageSize
    cursor: str = ""
    order_status: (
        Literal[
            "UNPAID", "READY_TO_SHIP", "PROCESSED", "SHIPPED", "COMPLETED", "IN_CANCEL", "CANCELLED", "INVOICE_PENDING"
        ]
        | None
    ) = None
    response_optional_fields: str = ""
    request_order_status_pending: bool = False
    logistics_channel_id: int | None = None


class OrderDetail(Parameters):
    """order/get_order_detail."""

    order_sn_list: str
    request_order_status_pending: bool = False
    response_optional_fields: str = ""


class ShipmentList(Parameters):
    """order/get_shipment_list."""

    page_size: PageSize
    cursor: str = ""


class PackageFilter(Parameters):
    """package_status 0 all, 1 pending, 2 to process, 3 processed; fulfillment_type 0 any, 1 Shopee, 2 seller."""

    package_status: Annotated[int, Field(ge=0, le=3)] = 2
    product_location_ids: list[str] = []
    logistics_channel_ids: list[int] = []
    fulfillment_type: Annotated[int, Field(ge=0, le=2)] = 2
    invoice_pending: bool | None = None


class Pagination(Parameters):
    """Page of package search."""

    page_size: PageSize
    cursor: str = ""


class PackageSort(Parameters):
    """Sequence of package search."""

    sort_type: int = 1
    ascending: bool = False


class PackageSearch(Parameters):
    """order/search_package_list."""

    filter: PackageFilter = PackageFilter()
    pagination: Pagination
    sort: PackageSort = PackageSort()


class PackageDetail(Parameters):
    """order/get_package_detail."""

    package_number_list: str


class SplitItem(Parameters):
    """An item of a parcel."""

    item_id: int
    model_id: int
    order_item_id: int | None = None
    promotion_group_id: int | None = None


class SplitPackage(Parameters):
    """A parcel to be."""

    item_list: Annotated[list[SplitItem], Field(min_length=1)]


class SplitOrder(Parameters):
    """order/split_order."""

    order_sn: str
    package_list: Annotated[list[SplitPackage], Field(min_length=1)]


class OneOrder(Parameters):
    """A call that takes the order only."""

    order_sn: str


class CancelItem(Parameters):
    """An item that is out of stock."""

    item_id: int
    model_id: int = 0
    quantity: int | None = None


class CancelOrder(Parameters):
    """order/cancel_order."""

    order_sn: str
    cancel_reason: Literal["OUT_OF_STOCK", "CUSTOMER_REQUEST", "UNDELIVERABLE_AREA", "COD_NOT_SUPPORTED"]
    item_list: list[CancelItem] = []


class BuyerCancellation(Parameters):
    """order/handle_buyer_cancellation."""

    order_sn: str
    operation: Literal["ACCEPT", "REJECT"]


class OnePackage(Parameters):
    """A call about one package: without number for an order that is not split."""

    order_sn: str
    package_number: Annotated[str, Field(min_length=1)] | None = None


class TrackingNumber(OnePackage):
    """logistics/get_tracking_number."""

    response_optional_fields: str = ""


class Pickup(Parameters):
    """The carrier comes."""

    address_id: int
    pickup_time_id: str = ""
    tracking_number: str = ""


class Dropoff(Parameters):
    """The seller brings it."""

    branch_id: int | None = None
    sender_real_name: str | None = None
    tracking_number: str | None = None
    slug: str | None = None


class NonIntegrated(Parameters):
    """Seller logistics."""

    tracking_number: Annotated[str, Field(max_length=64)] = ""


class ShipOrder(OnePackage):
    """logistics/ship_order."""

    pickup: Pickup | None = None
    dropoff: Dropoff | None = None
    non_integrated: NonIntegrated | None = None


class UpdateShipping(OnePackage):
    """logistics/update_shipping_order."""

    pickup: Pickup | None = None
    non_integrated: NonIntegrated | None = None


class DocumentOrder(OnePackage):
    """One package whose document is meant."""

    shipping_document_type: str | None = None


class DocumentToCreate(DocumentOrder):
    """One package whose document is wanted."""

    tracking_number: str | None = None


class DocumentParameter(Parameters):
    """logistics/get_shipping_document_parameter."""

    order_list: Annotated[list[OnePackage], Field(min_length=1, max_length=50)]


class CreateDocument(Parameters):
    """logistics/create_shipping_document."""

    order_list: Annotated[list[DocumentToCreate], Field(min_length=1, max_length=50)]


class DocumentResult(Parameters):
    """logistics/get_shipping_document_result."""

    order_list: Annotated[list[DocumentOrder], Field(min_length=1, max_length=50)]


class DownloadDocument(Parameters):
    """logistics/download_shipping_document."""

    shipping_document_type: str | None = None
    order_list: Annotated[list[OnePackage], Field(min_length=1, max_length=50)]


class Nothing(Parameters):
    """A call without parameters."""


class SellerStock(Parameters):
    """Stock at a place of the seller."""

    location_id: str | None = None
    stock: Annotated[int, Field(ge=0)]


class ModelStock(Parameters):
    """Stock of a model."""

    model_id: int = 0
    seller_stock: Annotated[list[SellerStock], Field(min_length=1)]


class UpdateStock(Parameters):
    """product/update_stock."""

    item_id: int
    stock_list: Annotated[list[ModelStock], Field(min_length=1, max_length=50)]
