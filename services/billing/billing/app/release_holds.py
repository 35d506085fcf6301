"""Freeing holds of submissions that will not ship."""

from collections.abc import Sequence
from uuid import UUID

from common.kernel.ids import uuid7
from contracts.base import Message
from contracts.billing.v1 import HoldCapturedV1, HoldReleasedV1, ReleaseHoldV1
from contracts.fulfillment.v1 import FulfillmentCanceledV1

from billing.app.ports import Uow
from billing.domain.accounts import Account, AccountId
from billing.domain.holds import Hold, HoldKey, HoldState


class _Undo:
    """One release that is asked for, or follows from a cancellation; `fulfillment_id` is known of both."""

    __slots__ = ("answers", "cause", "key", "reason", "seller_id")

    def __init__(self, message: ReleaseHoldV1 | FulfillmentCanceledV1, fulfillment_id: UUID) -> None:
        self.cause: Message = message
        self.answers = isinstance(message, ReleaseHoldV1)
        self.key = HoldKey(fulfillment_id, message.submission)
        self.reason = message.reason
        self.seller_id = message.seller_id


async def release_holds(messages: Sequence[ReleaseHoldV1 | FulfillmentCanceledV1], *, uow: Uow) -> None:
    """Free each hold once. Where none exists a tombstone stays, so that a hold_funds that comes later holds nothing;
    what was captured stays captured.
    """
    undos = [
        _Undo(message, message.fulfillment_id)
        for message in messages
        if message.fulfillment_id is not None and message.submission > 0
    ]
    if not undos:
        return
    locked = await uow.accounts.lock({undo.seller_id for undo in undos})
    accounts = {account.id: account for account in locked.values()}
    holds = await uow.holds.find({undo.key for undo in undos})
    tombstones: list[Hold] = []
    ended: list[Hold] = []
    changed: dict[AccountId, Account] = {}
    for undo in undos:
        hold = holds.get(undo.key)
        freed = False
        if hold is None:
            hold = Hold(uuid7(), undo.key, undo.seller_id, HoldState.RELEASED, reason=undo.reason)
            holds[undo.key] = hold
            tombstones.append(hold)
        elif hold.state is HoldState.PLACED:
            freed = True
            account = _free(hold, undo.reason, accounts)
            changed[account.id] = account
            ended.append(hold)
        if freed or undo.answers:
            uow.outbox.add(_answer(hold), cause=undo.cause)
    await uow.holds.leave(tombstones)
    await uow.holds.end(ended)
    await uow.accounts.save(changed.values())


def _free(hold: Hold, reason: str, accounts: dict[AccountId, Account]) -> Account:
    account = accounts.get(hold.account_id) if hold.account_id else None
    if account is None or hold.amount is None:
        raise LookupError(
            f"hold {hold.id} is on account {hold.account_id}, which is not one of seller {hold.seller_id}"
        )
    account.release(hold.amount)
    hold.move_to(HoldState.RELEASED)
    hold.reason = reason
    return account


def _answer(hold: Hold) -> HoldCapturedV1 | HoldReleasedV1:
    """What became of the hold: the truth, also where it was charged before anyone asked to release it."""
    if hold.state is HoldState.CAPTURED and hold.amount is not None:
        return HoldCapturedV1(
            seller_id=hold.seller_id,
            fulfillment_id=hold.key.fulfillment_id,
            submission=hold.key.submission,
            hold_id=hold.id,
            amount=hold.amount,
            currency=hold.currency,
        )
    return HoldReleasedV1(
        seller_id=hold.seller_id, fulfillment_id=hold.key.fulfillment_id, submission=hold.key.submission
    )
