"""What the API shows: lists, counters and timelines, read without locks."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from common.errors import InvalidInput
from common.http.paging import decode_cursor
from common.kernel.money import rounded
from sqlalchemy import Boolean, ColumnElement, Row, func, literal_column, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from fulfillment.adapters.configuration_repository import channel_from
from fulfillment.adapters.rows import COLUMNS, order_from
from fulfillment.adapters.tables import channels, fulfillment_changes, fulfillments, submissions
from fulfillment.app.views import FulfillmentFilter, StageCount, SubmissionView, TimelineEntry
from fulfillment.domain.channel import Channel
from fulfillment.domain.fulfillment import Fulfillment

_IS_OPEN: ColumnElement[bool] = literal_column("status NOT IN ('shipped', 'canceled')", Boolean)
"""The words of the partial index, so that the planner knows that it applies."""
_BY_ID = text(f"SELECT {COLUMNS} FROM fulfillments WHERE id = :id")


@dataclass(frozen=True, slots=True)
class SqlViews:
    """The queries on one connection."""

    connection: AsyncConnection

    async def page(self, wanted: FulfillmentFilter, *, limit: int, cursor: str | None) -> Sequence[Fulfillment]:
        """Newest first; one row more than `limit` where there is another page."""
        conditions = _conditions(wanted)
        if key := decode_cursor(cursor, 1):
            conditions.append(fulfillments.c.id < _uuid_of(key[0]))
        statement = (
            select(text(COLUMNS)).select_from(fulfillments).where(*conditions)
            .order_by(fulfillments.c.id.desc()).limit(limit + 1)
        )  # fmt: skip
        return [order_from(row) for row in await self.connection.execute(statement)]

    async def get(self, fulfillment_id: UUID) -> Fulfillment | None:
        """One, by id."""
        row = (await self.connection.execute(_BY_ID, {"id": fulfillment_id})).one_or_none()
        return order_from(row) if row else None

    async def counts(self, *, seller_id: UUID | None, warehouse_id: UUID | None) -> Sequence[StageCount]:
        """How many are in each state that is not final; the index of open ones keeps this cheap at any age."""
        wanted = FulfillmentFilter(seller_id=seller_id, warehouse_id=warehouse_id)
        statement = (
            select(fulfillments.c.status, fulfillments.c.draft_status, func.count().label("number"))
            .where(_IS_OPEN, *_conditions(wanted))
            .group_by(fulfillments.c.status, fulfillments.c.draft_status)
            .order_by(fulfillments.c.status, fulfillments.c.draft_status)
        )
        rows = await self.connection.execute(statement)
        return [StageCount(row.status, row.draft_status, row.number) for row in rows]

    async def timeline(self, fulfillment_id: UUID) -> Sequence[TimelineEntry]:
        """The audit, oldest first."""
        statement = (
            select(fulfillment_changes)
            .where(fulfillment_changes.c.fulfillment_id == fulfillment_id)
            .order_by(fulfillment_changes.c.position)
            .limit(1000)
        )
        rows = await self.connection.execute(statement)
        return [TimelineEntry(row.at, row.actor, row.from_stage, row.to_stage, row.reason) for row in rows]

    async def submissions(self, fulfillment_id: UUID) -> Sequence[SubmissionView]:
        """Every submission, oldest first."""
        statement = (
            select(submissions).where(submissions.c.fulfillment_id == fulfillment_id).order_by(submissions.c.submission)
        )
        return [_submission(row) for row in await self.connection.execute(statement)]

    async def channels(
        self, *, warehouse_id: UUID | None, kind: str | None, active: bool | None, limit: int, cursor: str | None
    ) -> Sequence[Channel]:
        """By code; one row more than `limit` where there is another page."""
        statement = select(channels).order_by(channels.c.code, channels.c.id).limit(limit + 1)
        if warehouse_id:
            statement = statement.where(channels.c.warehouse_id == warehouse_id)
        if kind:
            statement = statement.where(channels.c.kind == kind)
        if active is not None:
            statement = statement.where(channels.c.active == active)
        if key := decode_cursor(cursor, 2):
            statement = statement.where(tuple_(channels.c.code, channels.c.id) > tuple_(key[0], _uuid_of(key[1])))
        return [channel_from(row) for row in await self.connection.execute(statement)]

    async def channel(self, channel_id: UUID) -> Channel | None:
        """One, by id."""
        row = (await self.connection.execute(select(channels).where(channels.c.id == channel_id))).one_or_none()
        return channel_from(row) if row else None


def _uuid_of(text_: str) -> UUID:
    try:
        return UUID(text_)
    except ValueError:
        raise InvalidInput.of(
            "cursor", text_, "is not a cursor of this list", "Start again without a cursor."
        ) from None


def _conditions(wanted: FulfillmentFilter) -> list[ColumnElement[bool]]:
    columns = fulfillments.c
    exact = {
        columns.seller_id: wanted.seller_id,
        columns.warehouse_id: wanted.warehouse_id,
        columns.channel_id: wanted.channel_id,
        columns.order_id: wanted.order_id,
        columns.status: wanted.status,
        columns.draft_status: wanted.draft_status,
        columns.number: wanted.number,
    }
    conditions = [column == value for column, value in exact.items() if value is not None]
    if wanted.status is not None and wanted.status not in {"shipped", "canceled"}:
        conditions.append(_IS_OPEN)
    if wanted.platform_order_number:
        conditions.append(columns.platform_order_number.startswith(wanted.platform_order_number, autoescape=True))
    return conditions


def _submission(row: Row[Any]) -> SubmissionView:
    currency = row.hold_currency or ""
    return SubmissionView(
        submission=row.submission,
        state=row.state,
        adapter=row.adapter,
        weight_grams=row.weight_grams,
        warehouse_reference=row.warehouse_reference,
        reason=row.reason,
        hold_id=row.hold_id,
        hold_amount=_amount(row.hold_amount, currency),
        hold_currency=currency,
        submitted_at=row.submitted_at,
        captured_at=row.captured_at,
        captured_amount=_amount(row.captured_amount, currency),
        released_at=row.released_at,
    )


def _amount(amount: Decimal | None, currency: str) -> Decimal | None:
    return None if amount is None else rounded(amount, currency)
