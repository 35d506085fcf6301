"""Shipments consume reservations: on hand and reserved go down together, one movement for each row."""

from collections.abc import Sequence

from contracts.fulfillment.v1 import FulfillmentShippedV1

from inventory.app.announce import save_stock
from inventory.app.ports import Anomaly, InventoryUow
from inventory.app.reservations import record
from inventory.domain.reservation import AnomalyKind, Attempt, AttemptKey, ReservationState, same_seller


async def consume_stock(shipments: Sequence[FulfillmentShippedV1], *, uow: InventoryUow) -> None:
    """Let the reserved goods of each shipment leave. What holds nothing, or left before, changes no stock and is
    recorded as an anomaly: the goods are gone all the same, and somebody has to count.
    """
    attempts = await uow.reservations.lock_attempts(
        {AttemptKey(shipment.order_id, shipment.attempt) for shipment in shipments}
    )
    ended: list[Attempt] = []
    anomalies: list[Anomaly] = []
    for shipment in shipments:
        key = AttemptKey(shipment.order_id, shipment.attempt)
        attempt = attempts.get(key)
        if attempt is None:
            odd: AnomalyKind | None = AnomalyKind.SHIPPED_WITHOUT_RESERVATION
        else:
            same_seller(key, asked=shipment.seller_id, owner=attempt.seller_id)
            odd = attempt.end(ReservationState.CONSUMED)
        if odd:
            detail = (
                f"{shipment.number}, submission {shipment.submission}, shipped at {shipment.shipped_at.isoformat()}"
            )
            anomalies.append(Anomaly(odd, key, shipment.seller_id, detail))
        elif attempt:
            ended.append(attempt)
    stock = await uow.stock.lock_ids({row.stock_id for attempt in ended for row in attempt.rows if row.stock_id})
    for attempt in ended:
        for row in attempt.rows:
            if row.stock_id:
                stock[row.stock_id].ship(row.quantity)
    await uow.reservations.consume([attempt.key for attempt in ended], at=uow.now)
    await save_stock(stock.values(), uow=uow)
    await record(anomalies, uow=uow)
