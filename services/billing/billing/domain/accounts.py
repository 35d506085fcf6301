"""A seller's account: what is there, what may be overdrawn, and what is set aside."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NewType
from uuid import UUID

from common.kernel.ids import derived_id

AccountId = NewType("AccountId", UUID)


class LedgerKind(StrEnum):
    """Whose side of the ledger an account is on."""

    SELLER = "seller"
    CLEARING = "clearing"
    REVENUE = "revenue"


def seller_account_id(seller_id: UUID, currency: str) -> AccountId:
    """The id of the one account that a seller has in a currency."""
    return AccountId(derived_id("account", seller_id, currency))


def house_account_id(kind: LedgerKind, currency: str) -> AccountId:
    """The id of the warehouse company's own account of a kind in a currency."""
    return AccountId(derived_id("account", kind, currency))


@dataclass(slots=True)
class Account:
    """One seller's money in one currency; all amounts in that currency.

    `version` counts what people change (credit limit, top-ups): the flow of holds and charges does not move it, or an
    edit with If-Match could never be made on a busy account.
    """

    id: AccountId
    seller_id: UUID
    currency: str
    balance: Decimal
    credit_limit: Decimal
    held: Decimal
    version: int

    @property
    def available(self) -> Decimal:
        """What a hold may still take; negative once the credit limit was lowered or a charge exceeded the funds."""
        return self.balance + self.credit_limit - self.held

    def hold(self, amount: Decimal) -> bool:
        """Set `amount` aside, if that much is available; returns whether it was."""
        if amount > self.available or self.available < 0:
            return False
        self.held += amount
        return True

    def release(self, amount: Decimal) -> None:
        """Free what was set aside."""
        self.held -= amount

    def capture(self, amount: Decimal) -> None:
        """Turn what was set aside into a charge."""
        self.held -= amount
        self.balance -= amount

    def charge(self, amount: Decimal) -> None:
        """Charge without a hold: the goods are gone, so it never fails for lack of funds."""
        self.balance -= amount

    def credit(self, amount: Decimal) -> None:
        """Add money that a person approved."""
        self.balance += amount
        self.version += 1

    def limit(self, credit_limit: Decimal) -> None:
        """Set how far the balance may be overdrawn by holds."""
        self.credit_limit = credit_limit
        self.version += 1
