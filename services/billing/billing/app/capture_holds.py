"""Turning holds into charges when goods have left. A capture never fails for lack of funds: the goods are gone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from common.kernel.ids import uuid7
from contracts.base import Command
from contracts.billing.v1 import CaptureHoldV1, HoldCapturedV1
from contracts.fulfillment.v1 import FulfillmentShippedV1

from billing.app.ports import Anomaly, Uow
from billing.domain.accounts import Account, AccountId
from billing.domain.holds import AnomalyKind, Hold, HoldKey, HoldState
from billing.domain.ledger import Entry, EntryKind, fee_postings

SYSTEM = "system:billing"

Shipment = FulfillmentShippedV1 | CaptureHoldV1


@dataclass(slots=True)
class _Books:
    """What one frame of shipments comes to."""

    accounts: dict[AccountId, Account]
    holds: dict[HoldKey, Hold]
    ended: list[Hold] = field(default_factory=list)
    owed: list[Hold] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    anomalies: list[Anomaly] = field(default_factory=list)
    changed: dict[AccountId, Account] = field(default_factory=dict)


async def capture_holds(shipments: Sequence[Shipment], *, uow: Uow) -> None:
    """Charge each shipment once. What was never held is owed until its price is known; what was released is charged
    all the same; both are reported.
    """
    locked = await uow.accounts.lock({shipment.seller_id for shipment in shipments})
    holds = await uow.holds.find({_key(shipment) for shipment in shipments})
    books = _Books({account.id: account for account in locked.values()}, holds)
    for shipment in shipments:
        for answer in _capture(shipment, books):
            uow.outbox.add(answer, cause=shipment)
    await uow.holds.end(books.ended)
    await uow.holds.leave(books.owed)
    await uow.holds.report(books.anomalies)
    await uow.ledger.post(books.entries)
    await uow.accounts.save(books.changed.values())


def fee_entry(hold: Hold, account: Account, *, actor: str, amount: Decimal | None = None) -> Entry:
    """The journal entry of a hold's charge; `account` has it taken off already."""
    charged = hold.amount if amount is None else amount
    if charged is None:
        raise LookupError(f"hold {hold.id} has no amount to charge")
    return Entry(
        id=uuid7(),
        kind=EntryKind.FEE,
        seller_id=account.seller_id,
        currency=account.currency,
        reference_id=hold.id,
        description=f"Shipping fee of {hold.number or hold.key.fulfillment_id}",
        actor=actor,
        postings=fee_postings(account, charged),
    )


def _key(shipment: Shipment) -> HoldKey:
    return HoldKey(shipment.fulfillment_id, shipment.submission)


def _capture(shipment: Shipment, books: _Books) -> Iterator[HoldCapturedV1]:
    key = _key(shipment)
    hold = books.holds.get(key)
    if hold is None:
        hold = Hold(uuid7(), key, shipment.seller_id, HoldState.OWED, number=_number(shipment))
        hold.reason = "shipped before anything was held"
        books.holds[key] = hold
        books.owed.append(hold)
        _report(AnomalyKind.SHIPPED_WITHOUT_HOLD, hold, books)
    elif hold.entry_id is None and hold.state is not HoldState.OWED:
        _charge(hold, books)
    elif not isinstance(shipment, Command):
        return  # Charged or owed already, and nobody asked to hear it again.
    if hold.entry_id and hold.amount is not None:
        yield HoldCapturedV1(
            seller_id=hold.seller_id,
            fulfillment_id=key.fulfillment_id,
            submission=key.submission,
            hold_id=hold.id,
            amount=hold.amount,
            currency=hold.currency,
        )


def _charge(hold: Hold, books: _Books) -> None:
    if hold.account_id is None or hold.amount is None:  # A tombstone: nobody ever said what it would have cost.
        _report(AnomalyKind.SHIPPED_AFTER_RELEASE, hold, books)
        return
    account = books.accounts.get(hold.account_id)
    if account is None:
        raise LookupError(
            f"hold {hold.id} is on account {hold.account_id}, which is not one of seller {hold.seller_id}"
        )
    if hold.state is HoldState.PLACED:
        account.capture(hold.amount)
        hold.move_to(HoldState.CAPTURED)
    else:
        account.charge(hold.amount)
        _report(AnomalyKind.SHIPPED_AFTER_RELEASE, hold, books)
    entry = fee_entry(hold, account, actor=SYSTEM)
    hold.entry_id = entry.id
    books.entries.append(entry)
    books.ended.append(hold)
    books.changed[account.id] = account


def _number(shipment: Shipment) -> str:
    return shipment.number if isinstance(shipment, FulfillmentShippedV1) else ""


def _report(kind: AnomalyKind, hold: Hold, books: _Books) -> None:
    charged = hold.amount if kind is AnomalyKind.SHIPPED_AFTER_RELEASE else None
    name = hold.number or f"fulfillment {hold.key.fulfillment_id}"
    what = "was shipped before anything was held" if kind is AnomalyKind.SHIPPED_WITHOUT_HOLD else (
        "was shipped after its hold had been released"
    )  # fmt: skip
    then = (
        f"{charged} {hold.currency} were charged all the same: check why it was shipped"
        if charged is not None
        else "its price is not known: charge it by resolving this anomaly with an amount"
    )
    books.anomalies.append(
        Anomaly(
            kind=kind,
            key=hold.key,
            seller_id=hold.seller_id,
            number=hold.number,
            message=f"{name} submission {hold.key.submission} {what}; {then}",
            charged=charged,
            currency=hold.currency,
            open=True,
        )
    )
