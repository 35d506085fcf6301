"""What is shown: rows as people ask for them. Amounts have the decimals of their currency."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from billing.domain.fees import WeightBand


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account with what is available."""

    id: UUID
    seller_id: UUID
    seller_code: str
    currency: str
    balance: Decimal
    credit_limit: Decimal
    held: Decimal
    available: Decimal
    version: int


@dataclass(frozen=True, slots=True)
class PostingView:
    """One line of an account's ledger."""

    entry_id: UUID
    account_id: UUID
    seller_id: UUID
    kind: str
    currency: str
    amount: Decimal
    balance_after: Decimal | None
    description: str
    reference_id: UUID
    actor: str
    details: Mapping[str, str]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class HoldView:
    """A hold."""

    id: UUID
    fulfillment_id: UUID
    submission: int
    seller_id: UUID
    order_id: UUID | None
    number: str
    warehouse_id: UUID | None
    channel_id: UUID | None
    schedule_id: UUID | None
    units: int | None
    weight_grams: int | None
    currency: str
    amount: Decimal | None
    state: str
    reason: str
    entry_id: UUID | None
    created_at: datetime
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class AnomalyView:
    """A shipment whose money did not go the usual way."""

    id: UUID
    kind: str
    fulfillment_id: UUID
    submission: int
    seller_id: UUID
    number: str
    message: str
    charged: Decimal | None
    currency: str
    open: bool
    note: str
    created_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class TopupView:
    """A top-up, with both amounts."""

    id: UUID
    number: str
    seller_id: UUID
    account_id: UUID
    paid_amount: Decimal
    paid_currency: str
    rate: Decimal | None
    credit_amount: Decimal
    credit_currency: str
    state: str
    note: str
    proof_key: str
    proof_name: str
    proof_type: str
    requested_by: str
    requested_at: datetime
    decided_by: str
    decided_at: datetime | None
    reason: str
    version: int


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """A fee schedule as its editors see it."""

    id: UUID
    warehouse_id: UUID
    channel_id: UUID | None
    seller_id: UUID | None
    name: str
    currency: str
    valid_from: date
    per_order: Decimal
    per_further_unit: Decimal
    bands: Sequence[WeightBand]
    version: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ChangeView:
    """What a person did."""

    actor: str
    action: str
    from_state: str
    to_state: str
    reason: str
    details: Mapping[str, Any]
    at: datetime
