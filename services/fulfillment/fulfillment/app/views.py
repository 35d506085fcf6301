"""What the API reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from fulfillment.domain.channel import Channel
from fulfillment.domain.fulfillment import Fulfillment


@dataclass(frozen=True, slots=True)
class FulfillmentFilter:
    """None does not filter; `platform_order_number` matches its beginning."""

    seller_id: UUID | None = None
    warehouse_id: UUID | None = None
    channel_id: UUID | None = None
    order_id: UUID | None = None
    status: str | None = None
    draft_status: str | None = None
    number: str | None = None
    platform_order_number: str | None = None


@dataclass(frozen=True, slots=True)
class StageCount:
    """How many are in a state."""

    status: str
    draft_status: str
    number: int


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One audit row; `from_stage` is empty for the first."""

    at: datetime
    actor: str
    from_stage: str
    to_stage: str
    reason: str


@dataclass(frozen=True, slots=True)
class SubmissionView:
    """One submission with its hold and what became of it."""

    submission: int
    state: str
    adapter: str
    weight_grams: int
    warehouse_reference: str
    reason: str
    hold_id: UUID | None
    hold_amount: Decimal | None
    hold_currency: str
    submitted_at: datetime
    captured_at: datetime | None
    captured_amount: Decimal | None
    released_at: datetime | None


@dataclass(frozen=True, slots=True)
class ConnectionFacts:
    """What may be shown of a warehouse's connection."""

    warehouse_id: UUID
    adapter: str
    base_url: str
    has_secret: bool
    version: int
    updated_at: datetime | None


class Views(Protocol):
    """The queries of the API on one connection."""

    async def page(self, wanted: FulfillmentFilter, *, limit: int, cursor: str | None) -> Sequence[Fulfillment]:
        """Newest first; one row more than `limit` where there is another page."""

    async def get(self, fulfillment_id: UUID) -> Fulfillment | None:
        """One, by id."""

    async def counts(self, *, seller_id: UUID | None, warehouse_id: UUID | None) -> Sequence[StageCount]:
        """How many are in each state that is not final."""

    async def timeline(self, fulfillment_id: UUID) -> Sequence[TimelineEntry]:
        """The audit, oldest first."""

    async def submissions(self, fulfillment_id: UUID) -> Sequence[SubmissionView]:
        """Every submission, oldest first."""

    async def channels(
        self, *, warehouse_id: UUID | None, kind: str | None, active: bool | None, limit: int, cursor: str | None
    ) -> Sequence[Channel]:
        """By code; one row more than `limit` where there is another page."""

    async def channel(self, channel_id: UUID) -> Channel | None:
        """One, by id."""
