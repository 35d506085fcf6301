"""Anomalies: shipments whose money did not go the usual way, seen to by a person."""

from decimal import Decimal
from uuid import UUID

from common.errors import Conflict, InvalidInput, NotFound
from common.kernel.money import rounded

from billing.app.accounts import locked_account, say_changed
from billing.app.capture_holds import fee_entry
from billing.app.ports import Change, Uow
from billing.app.views import AnomalyView
from billing.domain.holds import Hold, HoldKey, HoldState


async def close_anomaly(
    anomaly_id: UUID, *, amount: Decimal | None, currency: str | None, note: str, actor: str, uow: Uow
) -> None:
    """Mark an anomaly as seen to, charging `amount` for a shipment that nothing was charged for. Closing a closed
    one changes nothing. Raises NotFound, Conflict, InvalidInput.
    """
    anomaly = await uow.holds.anomaly(anomaly_id)
    if anomaly is None:
        raise NotFound(
            f"there is no anomaly {anomaly_id}",
            remedy="Check the id in GET /api/v1/holds/anomalies.",
            code="anomaly_not_found",
        )
    if not anomaly.open:
        return
    charged, charged_currency = anomaly.charged, anomaly.currency
    if amount is not None:
        charged_currency = await _charge(anomaly, amount, currency, actor=actor, uow=uow)
        charged = rounded(amount, charged_currency)
    await uow.holds.close_anomaly(anomaly_id, charged=charged, currency=charged_currency, note=note)
    await uow.changes.add(
        Change("anomaly", anomaly_id, anomaly.seller_id, actor, "close", "open", "closed", note, {"charged": charged})
    )


async def _charge(anomaly: AnomalyView, amount: Decimal, currency: str | None, *, actor: str, uow: Uow) -> str:
    account = await locked_account(anomaly.seller_id, currency, uow=uow)
    key = HoldKey(anomaly.fulfillment_id, anomaly.submission)
    hold: Hold | None = (await uow.holds.find({key})).get(key)
    if hold is None or hold.entry_id is not None:
        raise Conflict(
            f"submission {anomaly.submission} of {anomaly.number or anomaly.fulfillment_id} has been charged already",
            remedy="Close the anomaly without an amount.",
            code="already_charged",
        )
    if amount <= 0 or rounded(amount, account.currency) != amount:
        raise InvalidInput.of(
            "amount", str(amount), f"must be above 0, in whole minor units of {account.currency}", "Correct the amount."
        )
    hold.account_id, hold.currency, hold.amount = account.id, account.currency, rounded(amount, account.currency)
    account.charge(hold.amount)
    if hold.state is HoldState.OWED:
        hold.move_to(HoldState.CAPTURED)
    entry = fee_entry(hold, account, actor=actor)
    hold.entry_id = entry.id
    await uow.holds.save(hold)
    await uow.ledger.post([entry])
    account.version += 1
    await uow.accounts.save([account])
    say_changed(account, uow=uow)
    return account.currency
