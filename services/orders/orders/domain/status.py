"""The words of an order's life, and the table of its moves."""

from collections.abc import Mapping
from enum import StrEnum


class OrderStatus(StrEnum):
    """Where an order is."""

    PENDING = "pending"
    AWAITING_LABEL = "awaiting_label"
    PROCESSING = "processing"
    WAREHOUSE_PROCESSING = "warehouse_processing"
    SHIPPED = "shipped"
    EXCEPTION = "exception"
    CANCELING = "canceling"
    CANCELED = "canceled"


TRANSITIONS: Mapping[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.PENDING: frozenset(
        {
            OrderStatus.AWAITING_LABEL,
            OrderStatus.PROCESSING,
            OrderStatus.EXCEPTION,
            OrderStatus.CANCELING,
            OrderStatus.CANCELED,
        }
    ),
    OrderStatus.AWAITING_LABEL: frozenset(
        {OrderStatus.PROCESSING, OrderStatus.EXCEPTION, OrderStatus.CANCELING, OrderStatus.CANCELED}
    ),
    OrderStatus.PROCESSING: frozenset({OrderStatus.WAREHOUSE_PROCESSING, OrderStatus.EXCEPTION, OrderStatus.CANCELING}),
    OrderStatus.WAREHOUSE_PROCESSING: frozenset({OrderStatus.SHIPPED, OrderStatus.CANCELING}),
    OrderStatus.SHIPPED: frozenset(),
    OrderStatus.EXCEPTION: frozenset({OrderStatus.CANCELING, OrderStatus.CANCELED}),
    OrderStatus.CANCELING: frozenset({OrderStatus.CANCELED, OrderStatus.WAREHOUSE_PROCESSING}),
    OrderStatus.CANCELED: frozenset({OrderStatus.PENDING}),
}
"""Every legal move. An order goes from pending, awaiting_label or exception straight to canceled only while it has
nothing outside; once its fulfilment order was asked for, it goes through canceling.
"""

FINISHED = frozenset({OrderStatus.SHIPPED, OrderStatus.CANCELED})


class Step(StrEnum):
    """The command whose reply an order waits for; NONE when it waits for none."""

    NONE = ""
    RESERVE_STOCK = "reserve_stock"
    FETCH_LABEL = "fetch_label"
    CREATE_FULFILLMENT = "create_fulfillment"
    CANCEL_FULFILLMENT = "cancel_fulfillment"
    UPLOAD_TRACKING = "upload_tracking"


class TrackingUpload(StrEnum):
    """Whether the marketplace knows what was shipped."""

    NOT_REQUIRED = "not_required"
    WAITING = "waiting"
    UPLOADING = "uploading"
    UPLOADED = "uploaded"
    FAILED = "failed"


class PlatformStatus(StrEnum):
    """A platform order's state, in words that all platforms share."""

    UNPAID = "unpaid"
    ON_HOLD = "on_hold"
    AWAITING_FULFILLMENT = "awaiting_fulfillment"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    RETURNED = "returned"
    UNKNOWN = "unknown"


class ChannelKind(StrEnum):
    """Who makes the label."""

    PLATFORM_LABEL = "platform_label"
    CARRIER = "carrier"
    OWN_LABEL = "own_label"


class IllegalMove(Exception):
    """A move that the table does not have, or that this order's facts forbid; `remedy` says what can be done."""

    def __init__(self, current: OrderStatus, target: OrderStatus, *, why: str = "", remedy: str = "") -> None:
        super().__init__(why or f"an order that is {current} cannot become {target}")
        self.current, self.target, self.why, self.remedy = current, target, why, remedy
