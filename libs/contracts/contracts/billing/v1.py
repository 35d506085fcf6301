"""Messages of billing. Amounts are decimals in the account's currency."""

from decimal import Decimal
from uuid import UUID

from contracts.base import Command, Event


class HoldFundsV1(Command, owner="billing", name="hold_funds", version=1, subject="fulfillment_id"):
    """Price a submission and set the money aside; answered by funds_held or funds_refused.

    Carries the facts to be priced: units over all lines, the weight in force in grams, where it goes.
    """

    seller_id: UUID
    fulfillment_id: UUID
    submission: int
    order_id: UUID
    number: str
    warehouse_id: UUID
    channel_id: UUID
    units: int
    parcels: int
    weight_grams: int
    country: str
    postal_code: str


class CaptureHoldV1(Command, owner="billing", name="capture_hold", version=1, subject="fulfillment_id"):
    """Turn a hold into a charge; answered by hold_captured."""

    seller_id: UUID
    fulfillment_id: UUID
    submission: int


class ReleaseHoldV1(Command, owner="billing", name="release_hold", version=1, subject="fulfillment_id"):
    """Free a hold; before its hold_funds it leaves a tombstone. Answered by hold_released."""

    seller_id: UUID
    fulfillment_id: UUID
    submission: int
    reason: str


class FundsHeldV1(Event, owner="billing", name="funds_held", version=1, subject="fulfillment_id"):
    """The money is set aside."""

    seller_id: UUID
    fulfillment_id: UUID
    submission: int
    hold_id: UUID
    amount: Decimal
    currency: str


class FundsRefusedV1(Event, owner="billing", name="funds_refused", version=1, subject="fulfillment_id"):
    """Nothing is held. code: insufficient_funds, no_account, no_fee_schedule, released."""

    seller_id: UUID
    fulfillment_id: UUID
    submission: int
    code: str
    reason: str
    amount: Decimal | None = None
    available: Decimal | None = None
    currency: str = ""


class HoldCapturedV1(Event, owner="billing", name="hold_captured", version=1, subject="fulfillment_id"):
    """The hold became a charge."""

    seller_id: UUID
    fulfillment_id: UUID
    submission: int
    hold_id: UUID
    amount: Decimal
    currency: str


class HoldReleasedV1(Event, owner="billing", name="hold_released", version=1, subject="fulfillment_id"):
    """The money is free again, or was never held."""

    seller_id: UUID
    fulfillment_id: UUID
    submission: int


class AccountChangedV1(Event, owner="billing", name="account_changed", version=1, subject="account_id"):
    """An account after a change of its balance or credit limit by a person."""

    seller_id: UUID
    account_id: UUID
    version: int
    currency: str
    balance: Decimal
    credit_limit: Decimal
    held: Decimal
