"""Calls about shipping documents."""

from collections.abc import Callable, Sequence
from typing import Any

from sandbox.pdf import label_pdf
from sandbox.shopee import effects
from sandbox.shopee.call import Call, Refused, batch
from sandbox.shopee.calls_logistics import NEEDED
from sandbox.shopee.model import DOCUMENT_TYPES, Document, Package, ShopeeOrder
from sandbox.shopee.requests import (
    CreateDocument,
    DocumentOrder,
    DocumentParameter,
    DocumentResult,
    DocumentToCreate,
    DownloadDocument,
    OnePackage,
)

PRINT_FIRST = "logistics.shipping_document_should_print_first"


def _each(
    call: Call, wanted: Sequence[OnePackage], look: Callable[[ShopeeOrder, Package, Any], dict[str, Any]]
) -> dict[str, Any]:
    """Answer every element on its own; one that is refused carries fail_error."""
    results = []
    for one in wanted:
        row: dict[str, Any] = {"order_sn": one.order_sn}
        try:
            order = call.order(one.order_sn, error="logistics.order_not_exist")
            package = call.package(order, one.package_number, needed=NEEDED)
            row["package_number"] = package.number
            row |= look(order, package, one)
        except Refused as refused:
            row |= {"fail_error": refused.error, "fail_message": refused.message}
            if one.package_number is not None:
                row["package_number"] = one.package_number
        results.append(row)
    return batch(results)


def get_shipping_document_parameter(call: Call, given: DocumentParameter) -> dict[str, Any]:
    """Say which documents there are."""

    def look(order: ShopeeOrder, _: Package, __: OnePackage) -> dict[str, Any]:
        if not order.channel.integrated:
            raise Refused("logistics.package_can_not_print", "The package can not print now.")
        return {
            "suggest_shipping_document_type": DOCUMENT_TYPES[0],
            "selectable_shipping_document_type": list(DOCUMENT_TYPES),
        }

    return _each(call, given.order_list, look)


def create_shipping_document(call: Call, given: CreateDocument) -> dict[str, Any]:
    """Begin to make documents."""

    def look(order: ShopeeOrder, package: Package, one: DocumentToCreate) -> dict[str, Any]:
        kind = one.shipping_document_type or DOCUMENT_TYPES[0]
        if kind not in DOCUMENT_TYPES:
            raise Refused(
                "logistics.shipping_document_type_invalid",
                "The shipping_document_type is not invalid. Please check the shipping_document_type.",
            )
        if order.cancelled is not None:
            raise Refused("logistics.order_status_error", "Order status does not support awb printing.")
        if not order.channel.integrated or package.arranged is None:
            raise Refused("logistics.package_can_not_print", "The package can not print now.")
        fault = call.strike("label_refused", order)
        if fault is not None:
            code = str(fault.details.get("code", "logistics.package_can_not_print"))
            raise Refused(code, str(fault.details.get("message", "The package can not print now.")))
        hidden = package.tracking_polls_left > 0 or call.world.now() < package.tracking_at
        if hidden or one.tracking_number != package.tracking:
            raise Refused(
                "logistics.tracking_number_invalid", "The tracking number is invalid. Please check the tracking number."
            )
        index = order.packages.index(package)
        effects.create_document(call.world, shop=call.shop.key, order=order.number, package=index, document_type=kind)
        return {}

    return _each(call, given.order_list, look)


def get_shipping_document_result(call: Call, given: DocumentResult) -> dict[str, Any]:
    """Say how far documents are."""

    def look(order: ShopeeOrder, package: Package, one: DocumentOrder) -> dict[str, Any]:
        document = _document(package, one.shipping_document_type)
        fault = call.strike("label_refused", order)
        if fault is not None or order.cancelled is not None:
            code = (
                str(fault.details.get("code", "logistics.package_can_not_print"))
                if fault
                else "logistics.order_status_error"
            )
            return {"status": "FAILED", "fail_error": code, "fail_message": "The package can not print now."}
        if call.strike("label_not_ready", order) is not None:
            return {"status": "PROCESSING"}
        if document.polls_left > 0:
            document.polls_left -= 1
            return {"status": "PROCESSING"}
        return {"status": "READY" if call.world.now() >= document.ready_at else "PROCESSING"}

    return _each(call, given.order_list, look)


def _document(package: Package, kind: str | None) -> Document:
    document = package.documents.get(kind) if kind else next(iter(package.documents.values()), None)
    if document is None:
        raise Refused(
            PRINT_FIRST,
            f"The package can not print now, please create shipping document first.Detail: {package.number}",
        )
    return document


def download_shipping_document(call: Call, given: DownloadDocument) -> bytes:
    """Return the file."""
    labels = []
    channels = set()
    for one in given.order_list:
        order = call.order(one.order_sn, error="logistics.order_not_exist")
        package = call.package(order, one.package_number, needed=NEEDED)
        document = _document(package, given.shipping_document_type)
        if document.polls_left > 0 or call.world.now() < document.ready_at:
            raise Refused("logistics.download_later", "The document is not ready, please download later.")
        document.downloads += 1
        channels.add(order.channel.id)
        labels.append((package.tracking, order.channel.name, order.number))
    if len(channels) > 1:
        raise Refused(
            "logistics.packages_can_not_download_together",
            "The packages are of different channels, please download them one by one.",
        )
    return label_pdf(labels)
