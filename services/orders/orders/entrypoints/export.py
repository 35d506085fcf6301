"""Orders as CSV that a spreadsheet can open without running anything in it."""

import csv
import io
from collections.abc import Iterable, Sequence

from orders.app.root import OrderRecord

COLUMNS = (
    "number", "platform", "store", "platform_order_id", "status", "platform_status", "placed_at", "imported_at",
    "ship_by", "warehouse", "channel", "buyer", "country", "postal_code", "skus", "units", "currency", "total",
    "review_errors", "holds", "fulfillment", "tracking_numbers", "tracking_upload", "shipped_at",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def safe(value: object) -> str:
    """The value as text; what a spreadsheet would take for a formula gets an apostrophe before it."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def csv_header() -> bytes:
    """The first row, behind the mark by which spreadsheets know UTF-8."""
    return "\ufeff".encode() + _encoded([COLUMNS])


def csv_rows(records: Iterable[OrderRecord]) -> bytes:
    """The rows of some orders."""
    return _encoded([[safe(value) for value in _values(record)] for record in records])


def _encoded(rows: Sequence[Sequence[str]]) -> bytes:
    target = io.StringIO()
    csv.writer(target).writerows(rows)
    return target.getvalue().encode()


def _values(record: OrderRecord) -> tuple[object, ...]:
    order, content = record.order, record.details.content
    return (
        order.number,
        order.platform,
        record.store_name,
        order.platform_order_id,
        order.status,
        order.platform_status,
        order.placed_at.isoformat(),
        order.imported_at.isoformat(),
        order.ship_by.isoformat() if order.ship_by else "",
        record.warehouse_code,
        record.channel_code,
        content.buyer_name,
        content.ship_to.country if content.ship_to else "",
        content.ship_to.postal_code if content.ship_to else "",
        " ".join(f"{line.platform_sku}*{line.quantity}" for line in content.lines),
        sum(line.quantity for line in content.lines),
        content.currency,
        content.total,
        "; ".join(error.message for error in order.review_errors),
        "; ".join(hold.reason for hold in order.holds),
        order.fulfillment_number,
        " ".join(parcel.tracking_number for parcel in order.parcels),
        order.tracking_upload,
        order.shipped_at.isoformat() if order.shipped_at else "",
    )
