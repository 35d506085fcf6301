"""Bodies of requests and answers. Amounts are decimal strings with the decimals of their currency."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from babel.numbers import list_currencies
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

_CURRENCIES = frozenset(list_currencies())


def known_currency(code: str) -> str:
    """The code, if ISO 4217 has it."""
    if code not in _CURRENCIES:
        raise ValueError(f"{code!r} is not an ISO 4217 currency; give a code such as USD")
    return code


Currency = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_upper=True),
    AfterValidator(known_currency),
    Field(examples=["USD"]),
]
Amount = Annotated[Decimal, Field(max_digits=18, decimal_places=4, examples=["6.40"])]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class _Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AccountAnswer(_Answer):
    """A seller's money in one currency."""

    id: UUID
    seller_id: UUID
    seller_code: str
    currency: str
    balance: Decimal = Field(description="The sum of all postings.")
    credit_limit: Decimal = Field(description="How far holds may overdraw the balance.")
    held: Decimal = Field(description="Set aside for submitted orders.")
    available: Decimal = Field(description="balance + credit_limit - held.")
    version: int = Field(description="For If-Match; moved by people's changes only.")


class CreditLimitRequest(_Request):
    """A new credit limit."""

    seller_id: UUID
    currency: Currency | None = Field(None, description="Of the account; the seller's own where absent.")
    credit_limit: Amount


class PostingAnswer(_Answer):
    """One line of an account's ledger."""

    entry_id: UUID
    account_id: UUID
    seller_id: UUID
    kind: str = Field(description="fee or topup.")
    currency: str
    amount: Decimal = Field(description="Added to the balance; negative for charges.")
    balance_after: Decimal | None = Field(description="The balance after it; kept for sellers' accounts.")
    description: str
    reference_id: UUID = Field(description="The hold or the top-up that caused it.")
    actor: str
    details: dict[str, str] = Field(description="For top-ups the amount that was paid, its currency and the rate.")
    created_at: datetime


class HoldAnswer(_Answer):
    """Money set aside for one submission of a fulfilment order."""

    id: UUID
    fulfillment_id: UUID
    submission: int
    seller_id: UUID
    order_id: UUID | None
    number: str = Field(description="The fulfilment order's number.")
    warehouse_id: UUID | None
    channel_id: UUID | None
    schedule_id: UUID | None = Field(description="The fee schedule that priced it.")
    units: int | None
    weight_grams: int | None
    currency: str
    amount: Decimal | None = Field(description="Absent where nothing was ever held.")
    state: str = Field(description="placed, captured, released, or owed: shipped before its price was known.")
    reason: str
    entry_id: UUID | None = Field(description="The journal entry that charged it.")
    created_at: datetime
    resolved_at: datetime | None


class AnomalyAnswer(_Answer):
    """A shipment whose money did not go the usual way."""

    id: UUID
    kind: str = Field(description="shipped_without_hold or shipped_after_release.")
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


class CloseAnomalyRequest(_Request):
    """How an anomaly was seen to."""

    note: Text = Field(min_length=1, description="What was found and done.")
    amount: Amount | None = Field(None, description="Charged now, where nothing was charged yet.")
    currency: Currency | None = Field(None, description="Of the account to charge; the seller's own where absent.")


class ChangeAnswer(_Answer):
    """What a person did."""

    actor: str
    action: str
    from_state: str
    to_state: str
    reason: str
    details: dict[str, Any]
    at: datetime


class TopupAnswer(_Answer):
    """A top-up, with what was paid and what is credited."""

    id: UUID
    number: str
    seller_id: UUID
    account_id: UUID
    paid_amount: Decimal
    paid_currency: str
    rate: Decimal | None = Field(description="Units of the account's currency for one of the paid one.")
    credit_amount: Decimal
    credit_currency: str
    state: str = Field(description="requested, approved or rejected.")
    note: str
    proof_name: str
    proof_type: str
    requested_by: str
    requested_at: datetime
    decided_by: str
    decided_at: datetime | None
    reason: str
    version: int


class TopupWithHistory(TopupAnswer):
    """A top-up with everything that was done to it."""

    history: list[ChangeAnswer]


class TopupCounts(BaseModel):
    """How many top-ups are in each state."""

    requested: int = 0
    approved: int = 0
    rejected: int = 0


class DecisionRequest(_Request):
    """Why a top-up is decided the way it is."""

    reason: Text = ""


class RejectionRequest(_Request):
    """Why a top-up is turned down; the seller reads it."""

    reason: Text = Field(min_length=1)


class Band(_Answer):
    """What a weight costs more."""

    model_config = ConfigDict(from_attributes=True, extra="forbid")

    up_to_grams: Annotated[int, Field(gt=0, le=10_000_000)] | None = Field(
        None, description="The heaviest weight that it takes; absent in the last band: every heavier one."
    )
    amount: Amount


class ScheduleRequest(_Request):
    """Prices of a warehouse in its currency."""

    warehouse_id: UUID
    channel_id: UUID | None = Field(None, description="For this channel only.")
    seller_id: UUID | None = Field(None, description="For this seller only; stronger than a channel.")
    name: Text = ""
    valid_from: date = Field(description="Begins with this day where the warehouse is.")
    per_order: Amount = Field(description="For the order with its first unit.")
    per_further_unit: Amount = Field(Decimal(0), description="For every unit beyond the first.")
    bands: list[Band] = Field(
        default_factory=list,
        max_length=100,
        description="Added by weight; the first band that takes it counts. No bands: weight costs nothing.",
    )


class ScheduleAnswer(_Answer):
    """A fee schedule."""

    id: UUID
    warehouse_id: UUID
    channel_id: UUID | None
    seller_id: UUID | None
    name: str
    currency: str
    valid_from: date
    per_order: Decimal
    per_further_unit: Decimal
    bands: list[Band]
    version: int
    updated_at: datetime


class PreviewRequest(_Request):
    """An order to be priced."""

    warehouse_id: UUID
    channel_id: UUID | None = None
    seller_id: UUID | None = Field(None, description="For operators: whose prices; a seller always gets its own.")
    units: Annotated[int, Field(ge=1, le=1_000_000)]
    weight_grams: Annotated[int, Field(ge=0, le=100_000_000)]
    at: datetime | None = Field(None, description="Prices of this instant; now where absent.")


class FeeAnswer(_Answer):
    """A price with its parts."""

    schedule_id: UUID
    currency: str
    per_order: Decimal
    units: Decimal = Field(description="For the units beyond the first.")
    weight: Decimal
    total: Decimal
