"""What happens to a fulfilment order: facts for other services (said as messages) and work for the outside (jobs)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fulfillment.domain.states import Stage


@dataclass(frozen=True, slots=True)
class Change:
    """One audit row: who moved it, from where to where, and why. `from_stage` is None for its making; the two are
    equal for a note that moves nothing.
    """

    at: datetime
    actor: str
    from_stage: Stage | None
    to_stage: Stage
    reason: str


@dataclass(frozen=True, slots=True)
class Drafted:
    """It exists."""


@dataclass(frozen=True, slots=True)
class FundsWanted:
    """Billing is to hold money for the submission."""

    submission: int


@dataclass(frozen=True, slots=True)
class FundsNotWanted:
    """The hold of a submission that will not ship is to be freed."""

    submission: int
    reason: str


@dataclass(frozen=True, slots=True)
class HandOver:
    """The warehouse is to be told."""

    submission: int


@dataclass(frozen=True, slots=True)
class HandOverDropped:
    """The warehouse need not be told any more."""

    submission: int


@dataclass(frozen=True, slots=True)
class CancelAsked:
    """The warehouse is to stop a submission; `stray` when it is one that we had given up already."""

    submission: int
    stray: bool = False


@dataclass(frozen=True, slots=True)
class PollWanted:
    """The warehouse has been silent for long: ask it."""

    submission: int


@dataclass(frozen=True, slots=True)
class LabelWanted:
    """The carrier is to make a label."""

    label_attempt: int


@dataclass(frozen=True, slots=True)
class LabelVoided:
    """The carrier's label of an attempt will not be used."""

    label_attempt: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """The warehouse has taken it on."""

    at: datetime


@dataclass(frozen=True, slots=True)
class ExceptionRaised:
    """The warehouse refused, gave it back or never answered."""

    reason: str


@dataclass(frozen=True, slots=True)
class Shipped:
    """The goods are gone."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Canceled:
    """It will not ship."""

    reason: str


@dataclass(frozen=True, slots=True)
class CancelRefused:
    """The warehouse ships it all the same."""

    reason: str


@dataclass(frozen=True, slots=True)
class Contradicted:
    """The warehouse says what cannot be; a person has to look."""

    fulfillment_id: UUID
    text: str


DomainEvent = (
    Drafted
    | FundsWanted
    | FundsNotWanted
    | HandOver
    | HandOverDropped
    | CancelAsked
    | PollWanted
    | LabelWanted
    | LabelVoided
    | Accepted
    | ExceptionRaised
    | Shipped
    | Canceled
    | CancelRefused
    | Contradicted
)
