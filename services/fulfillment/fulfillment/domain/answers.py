"""What a warehouse says of a submission, by callback or when it is asked: one form for every adapter."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fulfillment.domain.parts import Parcel


class AnswerKind(StrEnum):
    """The answers of a warehouse, and the two that stand for none."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    SHIPPED = "shipped"
    CANCELED = "canceled"
    CANCEL_REFUSED = "cancel_refused"
    NEVER_RECEIVED = "never_received"
    """It was asked, and does not know our reference."""
    UNKNOWN = "unknown"
    """It does not answer at all."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer about submission number `submission`; `at` is when it happened, by the warehouse's clock."""

    submission: int
    kind: AnswerKind
    at: datetime
    reason: str = ""
    warehouse_reference: str = ""
    parcels: tuple[Parcel, ...] = ()
