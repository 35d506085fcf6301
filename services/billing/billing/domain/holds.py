"""Holds: money set aside for one submission of a fulfilment order, with exactly one end."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from billing.domain.accounts import AccountId


class HoldState(StrEnum):
    """Where a hold is. `owed` is a shipment that came before its hold: it is charged as soon as it can be priced."""

    PLACED = "placed"
    CAPTURED = "captured"
    RELEASED = "released"
    OWED = "owed"


TRANSITIONS: Mapping[HoldState, frozenset[HoldState]] = {
    HoldState.PLACED: frozenset({HoldState.CAPTURED, HoldState.RELEASED}),
    HoldState.OWED: frozenset({HoldState.CAPTURED}),
    HoldState.CAPTURED: frozenset(),
    HoldState.RELEASED: frozenset(),
}


class AnomalyKind(StrEnum):
    """What can be wrong with the money of a shipment."""

    SHIPPED_WITHOUT_HOLD = "shipped_without_hold"
    SHIPPED_AFTER_RELEASE = "shipped_after_release"


@dataclass(frozen=True, slots=True)
class HoldKey:
    """What a hold is for: one submission of one fulfilment order."""

    fulfillment_id: UUID
    submission: int


@dataclass(slots=True)
class Hold:
    """A hold as the flow sees it. A tombstone, left by a release that came first, has neither account nor amount;
    `entry_id` is the journal entry that charged it.
    """

    id: UUID
    key: HoldKey
    seller_id: UUID
    state: HoldState
    account_id: AccountId | None = None
    currency: str = ""
    amount: Decimal | None = None
    entry_id: UUID | None = None
    number: str = ""
    reason: str = ""

    def move_to(self, target: HoldState) -> None:
        """End the hold; raises ValueError where it has ended already, which callers rule out first."""
        if target not in TRANSITIONS[self.state]:
            raise ValueError(f"hold {self.id} is {self.state} and cannot become {target}")
        self.state = target
