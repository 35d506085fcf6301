"""Who listens to what. The messaging topology is declared from this table, whole, by every process that starts, so
that a message published before its consumer's first start already has a queue to wait in.
"""

from collections.abc import Mapping

from contracts.base import Message
from contracts.billing import v1 as billing
from contracts.fulfillment import v1 as fulfillment
from contracts.gateway import v1 as gateway
from contracts.inventory import v1 as inventory
from contracts.orders import v1 as orders
from contracts.sync import v1 as sync

SUBSCRIPTIONS: Mapping[type[Message], frozenset[str]] = {
    # sync
    sync.OrdersPulledV1: frozenset({"orders"}),
    sync.StoreChangedV1: frozenset({"orders"}),
    sync.FetchLabelV1: frozenset({"sync"}),
    sync.LabelFetchedV1: frozenset({"orders"}),
    sync.LabelFailedV1: frozenset({"orders"}),
    sync.UploadTrackingV1: frozenset({"sync"}),
    sync.TrackingUploadedV1: frozenset({"orders"}),
    sync.TrackingUploadFailedV1: frozenset({"orders"}),
    # orders
    orders.OrderImportedV1: frozenset(),
    orders.OrderStatusChangedV1: frozenset(),
    # inventory
    inventory.ReserveStockV1: frozenset({"inventory"}),
    inventory.ReleaseStockV1: frozenset({"inventory"}),
    inventory.StockReservedV1: frozenset({"orders"}),
    inventory.StockRefusedV1: frozenset({"orders"}),
    inventory.StockReleasedV1: frozenset({"orders"}),
    inventory.StockChangedV1: frozenset(),
    inventory.ProductChangedV1: frozenset({"orders", "fulfillment"}),
    inventory.WarehouseChangedV1: frozenset({"orders", "fulfillment", "billing"}),
    inventory.WarehouseBindingChangedV1: frozenset({"orders"}),
    # fulfillment
    fulfillment.ChannelChangedV1: frozenset({"orders"}),
    fulfillment.CreateFulfillmentV1: frozenset({"fulfillment"}),
    fulfillment.CancelFulfillmentV1: frozenset({"fulfillment"}),
    fulfillment.FulfillmentDraftedV1: frozenset({"orders"}),
    fulfillment.FulfillmentAcceptedV1: frozenset({"orders"}),
    fulfillment.FulfillmentExceptionV1: frozenset({"orders"}),
    fulfillment.FulfillmentShippedV1: frozenset({"orders", "inventory", "billing"}),
    fulfillment.FulfillmentCanceledV1: frozenset({"orders", "inventory", "billing"}),
    fulfillment.CancelRefusedV1: frozenset({"orders"}),
    # billing
    billing.HoldFundsV1: frozenset({"billing"}),
    billing.CaptureHoldV1: frozenset({"billing"}),
    billing.ReleaseHoldV1: frozenset({"billing"}),
    billing.FundsHeldV1: frozenset({"fulfillment"}),
    billing.FundsRefusedV1: frozenset({"fulfillment"}),
    billing.HoldCapturedV1: frozenset({"fulfillment"}),
    billing.HoldReleasedV1: frozenset({"fulfillment"}),
    billing.AccountChangedV1: frozenset(),
    # gateway
    gateway.SellerRegisteredV1: frozenset({"inventory", "fulfillment", "billing"}),
    gateway.SellerChangedV1: frozenset({"inventory", "fulfillment", "billing"}),
}
"""Every message, with the services that consume it; none means that it is said for whoever binds a queue of its own."""

MESSAGES: Mapping[str, type[Message]] = {message.message_type: message for message in SUBSCRIPTIONS}
"""Message classes by type."""


def queue_name(service: str, message: type[Message]) -> str:
    """The quorum queue in which `service` finds `message`."""
    return f"{service}.{message.message_type}"
