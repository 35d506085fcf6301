"""Fee schedules."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from common.db.bulk import insert_rows, update_rows
from common.errors import Conflict
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.adapters.tables import fee_schedules as table
from billing.app.views import ScheduleView
from billing.domain.fees import FeeSchedule, WeightBand

_OF_WAREHOUSES = text(
    "SELECT id, warehouse_id, channel_id, seller_id, currency, starts_at, per_order, per_further_unit, bands "
    "FROM fee_schedules WHERE warehouse_id = ANY(CAST(:ids AS uuid[])) AND starts_at <= :at"
)
VIEW_COLUMNS = (
    "id, warehouse_id, channel_id, seller_id, name, currency, valid_from, per_order, per_further_unit, bands, "
    "version, updated_at"
)
_GET = text(f"SELECT {VIEW_COLUMNS} FROM fee_schedules WHERE id = :id FOR UPDATE")
_REMOVE = text("DELETE FROM fee_schedules WHERE id = :id")


def bands_of(stored: Sequence[Mapping[str, Any]]) -> tuple[WeightBand, ...]:
    """Bands as they are stored."""
    return tuple(WeightBand(band["up_to_grams"], Decimal(band["amount"])) for band in stored)


class SqlScheduleRepository:
    """See the port."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of_warehouses(self, ids: Collection[UUID], at: datetime) -> Sequence[FeeSchedule]:
        """The schedules of warehouses that have started by then."""
        rows = await self._connection.execute(_OF_WAREHOUSES, {"ids": list(ids), "at": at})
        return [_schedule(row) for row in rows]

    async def get(self, schedule_id: UUID) -> ScheduleView | None:
        """One, locked."""
        row = (await self._connection.execute(_GET, {"id": schedule_id})).first()
        return view_of(row) if row else None

    async def add(self, schedule: ScheduleView, starts_at: datetime) -> None:
        """Write a new one."""
        await self._write(schedule, starts_at, new=True)

    async def save(self, schedule: ScheduleView, starts_at: datetime) -> None:
        """Write an edited one."""
        await self._write(schedule, starts_at, new=False)

    async def remove(self, schedule_id: UUID) -> None:
        """Take it away."""
        await self._connection.execute(_REMOVE, {"id": schedule_id})

    async def _write(self, schedule: ScheduleView, starts_at: datetime, *, new: bool) -> None:
        row = {
            "id": schedule.id,
            "warehouse_id": schedule.warehouse_id,
            "channel_id": schedule.channel_id,
            "seller_id": schedule.seller_id,
            "name": schedule.name,
            "currency": schedule.currency,
            "valid_from": schedule.valid_from,
            "starts_at": starts_at,
            "per_order": schedule.per_order,
            "per_further_unit": schedule.per_further_unit,
            "bands": [{"up_to_grams": band.up_to_grams, "amount": str(band.amount)} for band in schedule.bands],
            "version": schedule.version,
            "updated_at": schedule.updated_at,
        }
        try:
            if new:
                await insert_rows(self._connection, table, [row])
            else:
                await update_rows(self._connection, table, [row])
        except IntegrityError as error:
            if "uq_fee_schedules_scope" not in str(error):
                raise
            raise Conflict(
                f"there is a fee schedule for this warehouse, channel and seller from {schedule.valid_from} already",
                remedy="Edit that one, or choose another day.",
                code="fee_schedule_exists",
            ) from error


def _schedule(row: Any) -> FeeSchedule:
    values: list[Any] = [*row[:8], bands_of(_parsed(row[8]))]
    return FeeSchedule(*values)


def view_of(row: Any) -> ScheduleView:
    """A row of VIEW_COLUMNS as it is shown."""
    values: list[Any] = [*row[:9], bands_of(_parsed(row[9])), *row[10:]]
    return ScheduleView(*values)


def _parsed(stored: Any) -> Sequence[Mapping[str, Any]]:
    """A statement in plain SQL gets JSON as text."""
    parsed: Sequence[Mapping[str, Any]] = json.loads(stored) if isinstance(stored, str) else stored
    return parsed
