"""Reserve and release: whole frames of commands in a handful of statements, decided in pure code in between."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from contracts.base import Message
from contracts.fulfillment.v1 import FulfillmentCanceledV1
from contracts.inventory.v1 import (
    ReleaseStockV1,
    ReserveStockV1,
    ShortageV1,
    StockRefusedV1,
    StockReleasedV1,
    StockReservedV1,
)
from prometheus_client import Counter

from inventory.app.announce import save_stock
from inventory.app.ports import Anomaly, Decision, InventoryUow
from inventory.domain.reservation import (
    AttemptKey,
    Line,
    RefusalCode,
    Request,
    ReservationState,
    Verdict,
    answer_again,
    decide,
    same_seller,
)
from inventory.domain.warehouse import Place

log = structlog.get_logger(__name__)

DECIDED = Counter("orderdock_reservations_total", "Reservation attempts decided.", ["outcome"])
ANOMALIES = Counter("orderdock_stock_anomalies_total", "Events that stock could not follow.", ["kind"])


async def reserve_stock(commands: Sequence[ReserveStockV1], *, uow: InventoryUow) -> None:
    """Reserve each command's lines whole, in the order given, or refuse it; answer all of them.

    The stock rows of all commands are locked by one ordered statement, so that frames which overlap wait for each
    other instead of deadlocking, and nobody reserves what another is about to take.
    """
    requests = [_request(command) for command in commands]
    known = await uow.reservations.verdicts({request.key for request in requests})
    undecided = [request for request in requests if request.key not in known]
    open_places = await uow.warehouses.open_places({Place(r.seller_id, r.warehouse_id) for r in undecided})
    wanted: dict[Place, set[str]] = {place: set() for place in open_places}
    for request in undecided:
        place = Place(request.seller_id, request.warehouse_id)
        if place in wanted:
            wanted[place].update(line.sku for line in request.lines)
    shelves = await uow.stock.lock_shelves(wanted)
    decisions: list[Decision] = []
    for request, command in zip(requests, commands, strict=True):
        before = known.get(request.key)
        if before:
            verdict = answer_again(request, before)
        else:
            shelf = shelves.get(Place(request.seller_id, request.warehouse_id))
            if shelf is None:
                verdict = Verdict(request.seller_id, ReservationState.REFUSED, RefusalCode.NO_WAREHOUSE)
            else:
                verdict = decide(request, shelf)
            known[request.key] = verdict
            decisions.append(Decision(request, verdict, shelf or {}))
        _answer(command, verdict, uow=uow)
    await uow.reservations.add(decisions, at=uow.now)
    await save_stock((stock for shelf in shelves.values() for stock in shelf.values()), uow=uow)
    held = sum(decision.verdict.reserved for decision in decisions)
    DECIDED.labels("reserved").inc(held)
    DECIDED.labels("refused").inc(len(decisions) - held)


def _request(command: ReserveStockV1) -> Request:
    request = Request(
        AttemptKey(command.reference_id, command.attempt),
        command.seller_id,
        command.warehouse_id,
        [Line(line.line_id, line.sku, line.quantity) for line in command.lines],
    )
    request.check()
    return request


def _answer(command: ReserveStockV1, verdict: Verdict, *, uow: InventoryUow) -> None:
    if verdict.reserved:
        uow.outbox.add(
            StockReservedV1(
                seller_id=command.seller_id,
                reference_id=command.reference_id,
                attempt=command.attempt,
                warehouse_id=command.warehouse_id,
            ),
            cause=command,
        )
        return
    uow.outbox.add(
        StockRefusedV1(
            seller_id=command.seller_id,
            reference_id=command.reference_id,
            attempt=command.attempt,
            warehouse_id=command.warehouse_id,
            code=verdict.code,
            shortages=tuple(ShortageV1(sku=s.sku, need=s.need, have=s.have) for s in verdict.shortages),
        ),
        cause=command,
    )


@dataclass(frozen=True, slots=True)
class Release:
    """A message that ends a reservation: release_stock, or fulfillment_canceled."""

    key: AttemptKey
    seller_id: UUID
    reason: str
    cause: Message

    @classmethod
    def from_command(cls, command: ReleaseStockV1) -> "Release":
        """What release_stock asks for."""
        return cls(AttemptKey(command.reference_id, command.attempt), command.seller_id, command.reason, command)

    @classmethod
    def from_cancellation(cls, event: FulfillmentCanceledV1) -> "Release":
        """What follows from fulfillment_canceled."""
        return cls(AttemptKey(event.order_id, event.attempt), event.seller_id, event.reason, event)


async def release_stock(releases: Sequence[Release], *, uow: InventoryUow) -> None:
    """Give back what each attempt holds, once, and answer stock_released to all.

    An attempt that was never reserved gets a tombstone: its reserve_stock, should it still come, is refused. One
    that was shipped stays shipped, and is recorded as an anomaly.
    """
    wanted = {release.key: release for release in releases}
    attempts = await uow.reservations.lock_attempts(wanted)
    missing = {key: item.seller_id for key, item in wanted.items() if key not in attempts}
    if missing:
        buried = await uow.reservations.add_tombstones(
            missing, reasons=[wanted[key].reason for key in missing], at=uow.now
        )
        # Whoever decided one of them a moment ago has committed by now, because the insertion waited for it.
        attempts.update(await uow.reservations.lock_attempts(missing.keys() - buried))
    ended, anomalies = [], []
    for key, item in wanted.items():
        attempt = attempts.get(key)
        if attempt is None:
            continue
        same_seller(key, asked=item.seller_id, owner=attempt.seller_id)
        before = attempt.state
        odd = attempt.end(ReservationState.RELEASED)
        if odd:
            anomalies.append(Anomaly(odd, key, attempt.seller_id, f"asked to release: {item.reason}"))
        elif attempt.state is not before:
            ended.append(attempt)
    stock = await uow.stock.lock_ids({row.stock_id for attempt in ended for row in attempt.rows if row.stock_id})
    for attempt in ended:
        for row in attempt.rows:
            if row.stock_id:
                stock[row.stock_id].release(row.quantity)
    await uow.reservations.release(
        [attempt.key for attempt in ended], reasons=[wanted[attempt.key].reason for attempt in ended], at=uow.now
    )
    await save_stock(stock.values(), uow=uow)
    await record(anomalies, uow=uow)
    for release in releases:
        uow.outbox.add(
            StockReleasedV1(
                seller_id=release.seller_id, reference_id=release.key.reference_id, attempt=release.key.attempt
            ),
            cause=release.cause,
        )


async def record(anomalies: Sequence[Anomaly], *, uow: InventoryUow) -> None:
    """Write down and say aloud what stock could not follow."""
    if not anomalies:
        return
    await uow.reservations.add_anomalies(anomalies, at=uow.now)
    for anomaly in anomalies:
        ANOMALIES.labels(anomaly.kind).inc()
        log.error(
            "stock_anomaly",
            kind=anomaly.kind.value,
            reference_id=str(anomaly.key.reference_id),
            attempt=anomaly.key.attempt,
            detail=anomaly.detail,
        )
