"""Holds, tombstones and anomalies, a whole frame in a statement."""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from common.db.bulk import insert_rows, update_rows
from common.kernel.ids import uuid7
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.adapters.tables import anomalies as anomaly_table
from billing.adapters.tables import holds as table
from billing.app.ports import Anomaly, HoldFacts
from billing.app.views import AnomalyView
from billing.domain.holds import Hold, HoldKey, HoldState

_FIND = text(
    "SELECT id, holds.fulfillment_id, holds.submission, seller_id, state, account_id, currency, amount, entry_id, "
    "number, reason FROM unnest(CAST(:fulfillments AS uuid[]), CAST(:submissions AS int[])) "
    "AS wanted(fulfillment_id, submission) "
    "JOIN holds ON holds.fulfillment_id = wanted.fulfillment_id AND holds.submission = wanted.submission"
)
_ANOMALY = text(
    "SELECT id, kind, fulfillment_id, submission, seller_id, number, message, charged, currency, open, note, "
    "created_at, closed_at FROM anomalies WHERE id = :id"
)
_CLOSE = text(
    "UPDATE anomalies SET open = false, charged = :charged, currency = :currency, note = :note, closed_at = now() "
    "WHERE id = :id"
)


class SqlHoldRepository:
    """See the port."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def find(self, keys: Collection[HoldKey]) -> dict[HoldKey, Hold]:
        """The holds that exist."""
        ordered = list(keys)
        rows = await self._connection.execute(
            _FIND,
            {
                "fulfillments": [key.fulfillment_id for key in ordered],
                "submissions": [key.submission for key in ordered],
            },
        )
        found = {}
        for row in rows:
            key = HoldKey(row[1], row[2])
            found[key] = Hold(row[0], key, row[3], HoldState(row[4]), row[5], row[6], row[7], row[8], row[9], row[10])
        return found

    async def place(self, holds: Sequence[HoldFacts]) -> None:
        """Write new holds."""
        rows = [
            {
                "id": facts.hold.id,
                "fulfillment_id": facts.hold.key.fulfillment_id,
                "submission": facts.hold.key.submission,
                "seller_id": facts.hold.seller_id,
                "account_id": facts.hold.account_id,
                "order_id": facts.order_id,
                "number": facts.hold.number,
                "warehouse_id": facts.warehouse_id,
                "channel_id": facts.channel_id,
                "schedule_id": facts.fee.schedule_id,
                "units": facts.units,
                "weight_grams": facts.weight_grams,
                "currency": facts.hold.currency,
                "amount": facts.hold.amount,
                "available_after": facts.available_after,
                "state": facts.hold.state.value,
            }
            for facts in holds
        ]
        await insert_rows(self._connection, table, rows)

    async def leave(self, holds: Sequence[Hold]) -> None:
        """Write tombstones and what is owed."""
        rows = [
            {
                "id": hold.id,
                "fulfillment_id": hold.key.fulfillment_id,
                "submission": hold.key.submission,
                "seller_id": hold.seller_id,
                "number": hold.number,
                "currency": hold.currency,
                "state": hold.state.value,
                "reason": hold.reason,
                "resolved_at": self._now if hold.state is HoldState.RELEASED else None,
            }
            for hold in holds
        ]
        await insert_rows(self._connection, table, rows)

    async def end(self, holds: Sequence[Hold]) -> None:
        """Write how holds ended."""
        rows = [
            {
                "id": hold.id,
                "state": hold.state.value,
                "entry_id": hold.entry_id,
                "reason": hold.reason,
                "resolved_at": self._now,
            }
            for hold in holds
        ]
        await update_rows(self._connection, table, rows)

    async def settle_owed(self, holds: Sequence[HoldFacts]) -> None:
        """Write what a shipment cost that came before its hold, and close its anomaly."""
        if not holds:
            return
        for facts in holds:
            await self.save(facts.hold)
        rows = [
            {
                "id": facts.hold.id,
                "order_id": facts.order_id,
                "warehouse_id": facts.warehouse_id,
                "channel_id": facts.channel_id,
                "schedule_id": facts.fee.schedule_id,
                "units": facts.units,
                "weight_grams": facts.weight_grams,
            }
            for facts in holds
        ]
        await update_rows(self._connection, table, rows)
        closed = [
            {
                "fulfillment_id": facts.hold.key.fulfillment_id,
                "submission": facts.hold.key.submission,
                "charged": facts.hold.amount,
                "currency": facts.hold.currency,
                "open": False,
                "note": "charged when its hold_funds arrived",
                "closed_at": self._now,
            }
            for facts in holds
        ]
        await update_rows(self._connection, anomaly_table, closed, key=("fulfillment_id", "submission"))

    async def save(self, hold: Hold) -> None:
        """Write one hold that got its price late."""
        row = {
            "id": hold.id,
            "account_id": hold.account_id,
            "currency": hold.currency,
            "amount": hold.amount,
            "number": hold.number,
            "state": hold.state.value,
            "entry_id": hold.entry_id,
            "resolved_at": self._now,
        }
        await update_rows(self._connection, table, [row])

    async def report(self, anomalies: Sequence[Anomaly]) -> None:
        """Write anomalies; a repeated shipment reports nothing new."""
        rows = [
            {
                "id": uuid7(),
                "kind": anomaly.kind.value,
                "fulfillment_id": anomaly.key.fulfillment_id,
                "submission": anomaly.key.submission,
                "seller_id": anomaly.seller_id,
                "number": anomaly.number,
                "message": anomaly.message,
                "charged": anomaly.charged,
                "currency": anomaly.currency,
                "open": anomaly.open,
                "created_at": self._now,
            }
            for anomaly in anomalies
        ]
        await insert_rows(self._connection, anomaly_table, rows, on_conflict="DO NOTHING")

    async def anomaly(self, anomaly_id: UUID) -> AnomalyView | None:
        """One anomaly."""
        row = (await self._connection.execute(_ANOMALY, {"id": anomaly_id})).first()
        return AnomalyView(*row) if row else None

    async def close_anomaly(self, anomaly_id: UUID, *, charged: Decimal | None, currency: str, note: str) -> None:
        """Mark it as seen to."""
        await self._connection.execute(
            _CLOSE, {"id": anomaly_id, "charged": charged, "currency": currency, "note": note}
        )
