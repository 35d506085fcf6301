"""Accounts: the copies that they are made from, and the credit limit."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from common.errors import InvalidInput, NotFound, StaleVersion
from common.kernel.money import minor_units, rounded
from contracts.billing.v1 import AccountChangedV1

from billing.app.ports import Change, Seller, Uow, Warehouse
from billing.domain.accounts import Account
from billing.domain.topups import MAX_AMOUNT


async def keep_sellers(sellers: Sequence[Seller], *, uow: Uow) -> None:
    """Keep copies of sellers, and open the account of each in its own currency."""
    await uow.directory.save_sellers(sellers)
    await uow.accounts.open({(seller.id, seller.currency) for seller in sellers})


async def keep_warehouses(warehouses: Sequence[Warehouse], *, uow: Uow) -> None:
    """Keep copies of warehouses; accounts in their currencies are opened when somebody needs one."""
    await uow.directory.save_warehouses(warehouses)


async def seller_of(seller_id: UUID, *, uow: Uow) -> Seller:
    """The seller; raises NotFound."""
    seller = await uow.directory.seller(seller_id)
    if seller is None:
        raise NotFound(
            f"seller {seller_id} is not known to billing",
            remedy="Check the id; a seller that was just created is known here within seconds.",
            code="seller_not_found",
            seller_id=str(seller_id),
        )
    return seller


async def locked_account(seller_id: UUID, currency: str | None, *, uow: Uow) -> Account:
    """The seller's account in `currency`, or in its own one, opened if need be, and locked."""
    seller = await seller_of(seller_id, uow=uow)
    key = (seller_id, currency or seller.currency)
    accounts = await uow.accounts.lock({seller_id})
    if key not in accounts:
        await uow.accounts.open({key})
        accounts = await uow.accounts.lock({seller_id})
    return accounts[key]


async def set_credit_limit(
    seller_id: UUID, currency: str | None, credit_limit: Decimal, *, version: int, actor: str, uow: Uow
) -> None:
    """Set how far holds may overdraw the account; raises StaleVersion, InvalidInput."""
    account = await locked_account(seller_id, currency, uow=uow)
    if account.version != version:
        raise StaleVersion("account", account.id, expected=version, current=account.version)
    if not 0 <= credit_limit < MAX_AMOUNT or rounded(credit_limit, account.currency) != credit_limit:
        decimals = minor_units(account.currency)
        raise InvalidInput.of(
            "credit_limit",
            str(credit_limit),
            f"must be 0 or more with at most {decimals} decimals",
            f"Give an amount in {account.currency}.",
        )
    before = account.credit_limit
    account.limit(rounded(credit_limit, account.currency))
    await uow.accounts.save([account])
    await uow.changes.add(
        Change(
            subject_kind="account",
            subject_id=account.id,
            seller_id=seller_id,
            actor=actor,
            action="credit_limit",
            details={"from": str(before), "to": str(account.credit_limit), "currency": account.currency},
        )
    )
    say_changed(account, uow=uow)


def say_changed(account: Account, *, uow: Uow) -> None:
    """Tell the others that a person changed the account."""
    uow.outbox.add(
        AccountChangedV1(
            seller_id=account.seller_id,
            account_id=account.id,
            version=account.version,
            currency=account.currency,
            balance=rounded(account.balance, account.currency),
            credit_limit=rounded(account.credit_limit, account.currency),
            held=rounded(account.held, account.currency),
        )
    )
