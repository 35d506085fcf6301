"""Top-ups: money that a seller says was paid, credited once someone of finance has seen the proof."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from common.kernel.money import minor_units, rounded

from billing.domain.accounts import AccountId

RATE_DECIMALS = 10
MAX_AMOUNT = Decimal(10) ** 12


class TopupState(StrEnum):
    """Where a top-up is."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"


TRANSITIONS: Mapping[TopupState, frozenset[TopupState]] = {
    TopupState.REQUESTED: frozenset({TopupState.APPROVED, TopupState.REJECTED}),
    TopupState.APPROVED: frozenset(),
    TopupState.REJECTED: frozenset(),
}


class IllegalTopupMove(ValueError):
    """A move that the table does not have."""


@dataclass(frozen=True, slots=True)
class ValueProblem:
    """A value that cannot be taken, and what helps."""

    field: str
    value: object
    message: str
    remedy: str


@dataclass(slots=True)
class Topup:
    """Paid in `paid_currency`, credited in the account's currency at the agreed rate (units of the account's currency
    for one of the paid).
    """

    id: UUID
    number: str
    seller_id: UUID
    account_id: AccountId
    paid_amount: Decimal
    paid_currency: str
    rate: Decimal | None
    credit_amount: Decimal
    credit_currency: str
    state: TopupState
    version: int
    decided_at: datetime | None = None
    decided_by: str = ""
    reason: str = ""

    def move_to(self, target: TopupState, *, at: datetime, by: str, reason: str = "") -> bool:
        """Decide it; returns whether that changed anything, because deciding the same twice does not."""
        if target is self.state:
            return False
        if target not in TRANSITIONS[self.state]:
            raise IllegalTopupMove(f"top-up {self.number} is {self.state} and cannot become {target}")
        self.state = target
        self.version += 1
        self.decided_at, self.decided_by, self.reason = at, by, reason
        return True


def problems_of(amount: Decimal, currency: str, rate: Decimal | None, account_currency: str) -> list[ValueProblem]:
    """Why a top-up cannot be asked for with these values; none means that it can."""
    found = []
    if not amount.is_finite() or amount <= 0 or amount >= MAX_AMOUNT:
        found.append(ValueProblem("amount", str(amount), "must be above 0", "Give the amount that was paid."))
    elif rounded(amount, currency) != amount:
        decimals = minor_units(currency)
        found.append(
            ValueProblem(
                "amount", str(amount), f"{currency} has {decimals} decimals", "Give the amount as it was paid."
            )
        )
    if currency == account_currency:
        if rate is not None and rate != 1:
            found.append(
                ValueProblem("rate", str(rate), f"{currency} is the account's own currency", "Leave the rate out.")
            )
    elif rate is None:
        found.append(
            ValueProblem(
                "rate",
                None,
                f"is required, because {currency} was paid and the account is kept in {account_currency}",
                f"Give the agreed rate: how many {account_currency} one {currency} is.",
            )
        )
    elif not rate.is_finite() or rate <= 0 or -int(rate.as_tuple().exponent) > RATE_DECIMALS:
        found.append(
            ValueProblem(
                "rate",
                str(rate),
                f"must be above 0 with at most {RATE_DECIMALS} decimals",
                f"Give how many {account_currency} one {currency} is.",
            )
        )
    if not found and credited(amount, rate, account_currency) <= 0:
        found.append(
            ValueProblem("amount", str(amount), f"comes to 0 {account_currency} at this rate", "Check amount and rate.")
        )
    return found


def credited(amount: Decimal, rate: Decimal | None, account_currency: str) -> Decimal:
    """What the account gets for what was paid."""
    return rounded(amount if rate is None else amount * rate, account_currency)
