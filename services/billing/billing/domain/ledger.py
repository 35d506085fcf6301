"""The journal: entries of postings that sum to 0."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from billing.domain.accounts import Account, AccountId, LedgerKind, house_account_id


class EntryKind(StrEnum):
    """Why money moved."""

    FEE = "fee"
    TOPUP = "topup"


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of an entry; `balance_after` is known of seller accounts, whose balance is kept."""

    account_id: AccountId
    amount: Decimal
    balance_after: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A movement of money. `reference_id` is what caused it, and causes no second entry."""

    id: UUID
    kind: EntryKind
    seller_id: UUID
    currency: str
    reference_id: UUID
    description: str
    actor: str
    postings: tuple[Posting, ...]
    details: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        total = sum(posting.amount for posting in self.postings)
        if total != 0:
            raise ValueError(f"the postings of entry {self.id} sum to {total}, not 0")


def fee_postings(account: Account, amount: Decimal) -> tuple[Posting, ...]:
    """The seller pays the house; `account` has the amount taken off already."""
    return (
        Posting(account.id, -amount, account.balance),
        Posting(house_account_id(LedgerKind.REVENUE, account.currency), amount),
    )


def topup_postings(account: Account, amount: Decimal) -> tuple[Posting, ...]:
    """Money came in; `account` has the amount added already."""
    return (
        Posting(account.id, amount, account.balance),
        Posting(house_account_id(LedgerKind.CLEARING, account.currency), -amount),
    )
