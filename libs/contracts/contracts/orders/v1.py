"""Messages of orders."""

from datetime import datetime
from uuid import UUID

from contracts.base import Event


class OrderImportedV1(Event, owner="orders", name="order_imported", version=1, subject="order_id"):
    """A platform order was seen for the first time."""

    seller_id: UUID
    order_id: UUID
    store_id: UUID
    platform_order_id: str
    imported_at: datetime


class OrderStatusChangedV1(Event, owner="orders", name="order_status_changed", version=1, subject="order_id"):
    """An order moved from one state to another; version grows by one with each change of the order."""

    seller_id: UUID
    order_id: UUID
    store_id: UUID
    version: int
    from_status: str
    to_status: str
    reason: str
    changed_at: datetime
