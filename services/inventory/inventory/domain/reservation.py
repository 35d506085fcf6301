"""Reservations: stock locked for one attempt of one order, all lines or none, with exactly one end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from common.errors import Conflict, InvalidInput

from inventory.domain.stock import Stock


class ReservationState(StrEnum):
    """Where an attempt stands. `refused` and a `released` that was never held are single rows without stock."""

    HELD = "held"
    CONSUMED = "consumed"
    RELEASED = "released"
    REFUSED = "refused"


TRANSITIONS: Mapping[ReservationState, frozenset[ReservationState]] = {
    ReservationState.HELD: frozenset({ReservationState.CONSUMED, ReservationState.RELEASED}),
    ReservationState.CONSUMED: frozenset(),
    ReservationState.RELEASED: frozenset(),
    ReservationState.REFUSED: frozenset({ReservationState.RELEASED}),
}
"""Every state has a row; repeating the last move changes nothing."""


class AnomalyKind(StrEnum):
    """What happened outside that stock cannot follow. Nothing is changed by it; a person has to look."""

    SHIPPED_TWICE = "shipped_twice"
    SHIPPED_AFTER_RELEASE = "shipped_after_release"
    SHIPPED_WITHOUT_RESERVATION = "shipped_without_reservation"
    RELEASED_AFTER_SHIPMENT = "released_after_shipment"


class RefusalCode(StrEnum):
    """Why nothing was reserved."""

    INSUFFICIENT_STOCK = "insufficient_stock"
    RELEASED = "released"
    NO_WAREHOUSE = "no_warehouse"


class OtherSeller(Conflict):
    """A command about an attempt that belongs to somebody else."""

    code = "other_seller"


@dataclass(frozen=True, slots=True)
class AttemptKey:
    """What a reservation is found by: the order and its review attempt."""

    reference_id: UUID
    attempt: int


@dataclass(frozen=True, slots=True)
class Line:
    """Units of one SKU for one order line."""

    line_id: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Request:
    """What one reserve command asks for."""

    key: AttemptKey
    seller_id: UUID
    warehouse_id: UUID
    lines: Sequence[Line]

    def check(self) -> None:
        """Raise InvalidInput where the command makes no sense; whoever sent it has a defect."""
        if not self.lines:
            raise InvalidInput.of("lines", [], "is empty", "Reserve at least one line.")
        for index, line in enumerate(self.lines):
            if line.quantity <= 0:
                raise InvalidInput.of(
                    f"lines.{index}.quantity", line.quantity, "must be at least 1", "Leave out lines that need nothing."
                )

    def need(self) -> dict[str, int]:
        """Units of each SKU over all lines, in the order of the lines."""
        need: dict[str, int] = {}
        for line in self.lines:
            need[line.sku] = need.get(line.sku, 0) + line.quantity
        return need


@dataclass(frozen=True, slots=True)
class Shortage:
    """A SKU of which there is too little: `need` over the whole order, `have` available at that moment."""

    sku: str
    need: int
    have: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is answered to a request; the same to every repeat of it."""

    seller_id: UUID
    state: ReservationState
    code: str = ""
    shortages: tuple[Shortage, ...] = ()

    @property
    def reserved(self) -> bool:
        """Whether the attempt got its stock."""
        return self.state in {ReservationState.HELD, ReservationState.CONSUMED}


Shelf = Mapping[str, Stock]
"""The locked good product stock of one seller at one warehouse, by SKU."""


def decide(request: Request, shelf: Shelf) -> Verdict:
    """Reserve all lines on the shelf, or none and say what is short."""
    need = request.need()
    shortages = []
    for sku, quantity in need.items():
        stock = shelf.get(sku)
        have = stock.available if stock else 0
        if have < quantity:
            shortages.append(Shortage(sku, quantity, have))
    if shortages:
        return Verdict(request.seller_id, ReservationState.REFUSED, RefusalCode.INSUFFICIENT_STOCK, tuple(shortages))
    for sku, quantity in need.items():
        shelf[sku].reserve(quantity)
    return Verdict(request.seller_id, ReservationState.HELD)


def answer_again(request: Request, before: Verdict) -> Verdict:
    """What an attempt that was decided before gets: the same, unless it was released in the meantime."""
    same_seller(request.key, asked=request.seller_id, owner=before.seller_id)
    if before.state is ReservationState.RELEASED:
        return Verdict(before.seller_id, ReservationState.RELEASED, RefusalCode.RELEASED)
    return before


def same_seller(key: AttemptKey, *, asked: UUID, owner: UUID) -> None:
    """Raise OtherSeller where a message names a seller that the attempt does not belong to."""
    if asked != owner:
        raise OtherSeller(
            f"attempt {key.attempt} of {key.reference_id} belongs to seller {owner}, not {asked}",
            remedy="Find the defect in the sender; nothing was changed.",
        )


@dataclass(frozen=True, slots=True)
class ReservedRow:
    """One row of a reservation. `stock_id` is absent on refusals and tombstones."""

    key: AttemptKey
    number: int
    seller_id: UUID
    stock_id: UUID | None
    quantity: int
    state: ReservationState


@dataclass(slots=True)
class Attempt:
    """All rows of one attempt, locked; they move together."""

    key: AttemptKey
    seller_id: UUID
    state: ReservationState
    rows: list[ReservedRow]

    def end(self, target: ReservationState) -> AnomalyKind | None:
        """Move to `target` if that is allowed; otherwise nothing changes, and what is odd about it is returned."""
        if target in TRANSITIONS[self.state]:
            self.state = target
            return None
        if target is ReservationState.CONSUMED:
            match self.state:
                case ReservationState.CONSUMED:
                    return AnomalyKind.SHIPPED_TWICE
                case ReservationState.RELEASED:
                    return AnomalyKind.SHIPPED_AFTER_RELEASE
                case _:
                    return AnomalyKind.SHIPPED_WITHOUT_RESERVATION
        return AnomalyKind.RELEASED_AFTER_SHIPMENT if self.state is ReservationState.CONSUMED else None
