"""Setting money aside for submissions: price, decide in the order of arrival, write all at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from common.kernel.ids import uuid7
from common.kernel.money import Money, rounded
from contracts.billing.v1 import FundsHeldV1, FundsRefusedV1, HoldCapturedV1, HoldFundsV1

from billing.app.capture_holds import SYSTEM, fee_entry
from billing.app.ports import HoldFacts, Uow, Warehouse
from billing.domain.accounts import Account, AccountId
from billing.domain.fees import Fee, FeeSchedule, Unpriced, in_force, price
from billing.domain.holds import Hold, HoldKey, HoldState
from billing.domain.ledger import Entry

NO_ACCOUNT, NO_FEE_SCHEDULE, INSUFFICIENT, RELEASED = (
    "no_account",
    "no_fee_schedule",
    "insufficient_funds",
    "released",
)


@dataclass(slots=True)
class _Desk:
    """What the decisions of one frame need, and what they come to."""

    accounts: dict[tuple[UUID, str], Account]
    holds: dict[HoldKey, Hold]
    warehouses: Mapping[UUID, Warehouse]
    schedules: Sequence[FeeSchedule]
    at: datetime
    chosen: dict[tuple[UUID, UUID, UUID], FeeSchedule | None] = field(default_factory=dict)
    placed: list[HoldFacts] = field(default_factory=list)
    settled: list[HoldFacts] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    changed: dict[AccountId, Account] = field(default_factory=dict)


async def hold_funds(commands: Sequence[HoldFundsV1], *, uow: Uow) -> None:
    """Answer every command with funds_held or funds_refused. A refusal leaves nothing behind, so that the same
    submission may ask again once there is money.
    """
    desk = await _prepare(commands, uow=uow)
    for command in commands:
        uow.outbox.add(_decide(command, desk, uow), cause=command)
    await uow.holds.place(desk.placed)
    await uow.holds.settle_owed(desk.settled)
    await uow.ledger.post(desk.entries)
    await uow.accounts.save(desk.changed.values())


async def _prepare(commands: Sequence[HoldFundsV1], *, uow: Uow) -> _Desk:
    warehouses = await uow.directory.warehouses({command.warehouse_id for command in commands})
    seller_ids = {command.seller_id for command in commands}
    accounts = await uow.accounts.lock(seller_ids)
    wanted = {
        (command.seller_id, warehouses[command.warehouse_id].currency)
        for command in commands
        if command.warehouse_id in warehouses
    }
    if missing := wanted - accounts.keys():
        await uow.accounts.open(missing)
        accounts = await uow.accounts.lock(seller_ids)
    holds = await uow.holds.find({HoldKey(command.fulfillment_id, command.submission) for command in commands})
    schedules = await uow.schedules.of_warehouses(warehouses.keys(), uow.now)
    return _Desk(accounts, holds, warehouses, schedules, uow.now)


def _decide(command: HoldFundsV1, desk: _Desk, uow: Uow) -> FundsHeldV1 | FundsRefusedV1:
    key = HoldKey(command.fulfillment_id, command.submission)
    existing = desk.holds.get(key)
    if existing and existing.state is HoldState.RELEASED:
        return _refused(
            command, RELEASED, "this submission was called off before its funds were held: submit the order again"
        )
    if existing and existing.amount is not None:
        return _held(command, existing)
    warehouse = desk.warehouses.get(command.warehouse_id)
    if warehouse is None:
        return _refused(
            command,
            NO_FEE_SCHEDULE,
            f"warehouse {command.warehouse_id} is not known to billing yet: submit again in a minute",
        )
    account = desk.accounts.get((command.seller_id, warehouse.currency))
    if account is None:
        return _refused(
            command, NO_ACCOUNT, f"seller {command.seller_id} is not known to billing yet: submit again in a minute"
        )
    try:
        fee = _price(command, warehouse, desk)
    except Unpriced as error:
        return _refused(command, NO_FEE_SCHEDULE, str(error), account=account)
    if existing:
        _charge_owed(command, existing, account, fee, desk=desk, uow=uow)
        return _held(command, existing)
    if not account.hold(fee.total):
        return _refused(
            command,
            INSUFFICIENT,
            f"needs {Money(fee.total, account.currency)}, available {Money(account.available, account.currency)}: "
            "top up or raise the credit limit",
            account=account,
            amount=fee.total,
        )
    hold = Hold(
        uuid7(), key, command.seller_id, HoldState.PLACED, account.id, account.currency, fee.total, None, command.number
    )
    desk.holds[key] = hold
    desk.changed[account.id] = account
    desk.placed.append(_facts(command, hold, fee, account.available))
    return _held(command, hold)


def _price(command: HoldFundsV1, warehouse: Warehouse, desk: _Desk) -> Fee:
    scope = (command.warehouse_id, command.channel_id, command.seller_id)
    if scope not in desk.chosen:
        desk.chosen[scope] = in_force(
            (schedule for schedule in desk.schedules if schedule.currency == warehouse.currency),
            warehouse_id=command.warehouse_id,
            channel_id=command.channel_id,
            seller_id=command.seller_id,
            at=desk.at,
        )
    schedule = desk.chosen[scope]
    if schedule is None:
        raise Unpriced(
            f"no fee schedule of warehouse {warehouse.code} applies in {warehouse.currency}: "
            "ask the warehouse to add one, then submit again"
        )
    return price(schedule, units=command.units, weight_grams=command.weight_grams)


def _charge_owed(command: HoldFundsV1, hold: Hold, account: Account, fee: Fee, *, desk: _Desk, uow: Uow) -> None:
    """The shipment came first, so the fee is posted at once, funds or not."""
    hold.move_to(HoldState.CAPTURED)
    hold.account_id, hold.currency, hold.amount, hold.number = account.id, account.currency, fee.total, command.number
    account.charge(fee.total)
    entry = fee_entry(hold, account, actor=SYSTEM)
    hold.entry_id = entry.id
    desk.entries.append(entry)
    desk.changed[account.id] = account
    desk.settled.append(_facts(command, hold, fee, None))
    captured = HoldCapturedV1(
        seller_id=hold.seller_id,
        fulfillment_id=hold.key.fulfillment_id,
        submission=hold.key.submission,
        hold_id=hold.id,
        amount=fee.total,
        currency=account.currency,
    )
    uow.outbox.add(captured, cause=command)


def _facts(command: HoldFundsV1, hold: Hold, fee: Fee, available_after: Decimal | None) -> HoldFacts:
    return HoldFacts(
        hold=hold,
        order_id=command.order_id,
        warehouse_id=command.warehouse_id,
        channel_id=command.channel_id,
        units=command.units,
        weight_grams=command.weight_grams,
        fee=fee,
        available_after=available_after,
    )


def _held(command: HoldFundsV1, hold: Hold) -> FundsHeldV1:
    if hold.amount is None:
        raise LookupError(f"hold {hold.id} has no amount")
    return FundsHeldV1(
        seller_id=command.seller_id,
        fulfillment_id=command.fulfillment_id,
        submission=command.submission,
        hold_id=hold.id,
        amount=hold.amount,
        currency=hold.currency,
    )


def _refused(
    command: HoldFundsV1, code: str, reason: str, *, account: Account | None = None, amount: Decimal | None = None
) -> FundsRefusedV1:
    return FundsRefusedV1(
        seller_id=command.seller_id,
        fulfillment_id=command.fulfillment_id,
        submission=command.submission,
        code=code,
        reason=reason,
        amount=amount,
        available=rounded(account.available, account.currency) if account else None,
        currency=account.currency if account else "",
    )
