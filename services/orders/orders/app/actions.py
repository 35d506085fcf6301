"""What people do with orders, one or many at once: valid rows are done, each row says what became of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from common.errors import AppError, Conflict, IllegalTransition, InvalidInput, NotFound, StaleVersion

from orders.app.ports import AddressBook, Uow
from orders.app.review_orders import BY_USER, Candidate, review
from orders.app.saving import save_orders
from orders.domain.order import Order
from orders.domain.state import By
from orders.domain.status import IllegalMove, OrderStatus, Step


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one order: nothing is wrong where there is no error."""

    order_id: UUID
    message: str = ""
    error: AppError | None = None


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and whose orders they may touch: all where `seller_id` is None."""

    actor: str
    seller_id: UUID | None


Act = Callable[[Order, By], str]
"""Does something with one order and says what; raises IllegalMove."""


def translated(order: Order, error: IllegalMove) -> AppError:
    """The domain's refusal as an answer."""
    if error.why:
        return Conflict(
            f"order {order.number}: {error.why}",
            remedy=error.remedy,
            code="illegal_transition",
            state=str(error.current),
            id=str(order.id),
        )
    remedy = error.remedy or f"Look at the order: it is {error.current}."
    return IllegalTransition("order", order.number, error.current, error.target, remedy=remedy)


def unknown(order_id: UUID) -> NotFound:
    """There is no such order, or it is somebody else's."""
    return NotFound(f"there is no order {order_id}", remedy="Take the id from the list of orders.", id=str(order_id))


async def lock_own(ids: Sequence[UUID], *, uow: Uow, asker: Asker) -> dict[UUID, Order]:
    """The orders that the asker may touch, locked."""
    locked = await uow.orders.lock(ids)
    if asker.seller_id is None:
        return locked
    return {order_id: order for order_id, order in locked.items() if order.seller_id == asker.seller_id}


async def act(
    ids: Sequence[UUID], do: Act, *, uow: Uow, asker: Asker, expected_version: int | None = None
) -> list[Done]:
    """Do the same with many orders; what is refused for one stops no other."""
    wanted = list(dict.fromkeys(ids))
    orders = await lock_own(wanted, uow=uow, asker=asker)
    by = By(asker.actor, uow.now)
    results = []
    for order_id in wanted:
        order = orders.get(order_id)
        if order is None:
            results.append(Done(order_id, error=unknown(order_id)))
            continue
        if expected_version is not None and order.version != expected_version:
            stale = StaleVersion("order", order.number, expected=expected_version, current=order.version)
            results.append(Done(order_id, error=stale))
            continue
        try:
            results.append(Done(order_id, do(order, by)))
        except IllegalMove as error:
            results.append(Done(order_id, error=translated(order, error)))
    await save_orders(orders.values(), uow=uow)
    return results


def cancel(reason: str) -> Act:
    """Stop orders, wherever they are."""

    def do(order: Order, by: By) -> str:
        order.cancel(by, reason=reason)
        return str(order.status)

    return do


def move_to_pending() -> Act:
    """Begin anew with canceled orders."""

    def do(order: Order, by: By) -> str:
        order.move_to_pending(by)
        return str(order.status)

    return do


def hold(reason: str) -> Act:
    """Keep orders from being reviewed."""

    def do(order: Order, by: By) -> str:
        return "held" if order.hold(reason, by) else "was held for this reason already"

    return do


def release() -> Act:
    """Lift what users held."""

    def do(order: Order, by: By) -> str:
        return "released" if order.release(by) else "no user holds it"

    return do


def retry_tracking() -> Act:
    """Tell the platform again what was shipped."""

    def do(order: Order, by: By) -> str:
        order.retry_tracking(by)
        return str(order.tracking_upload)

    return do


async def assign(
    ids: Sequence[UUID],
    *,
    warehouse_id: UUID,
    channel_id: UUID,
    uow: Uow,
    asker: Asker,
    expected_version: int | None = None,
) -> list[Done]:
    """Choose by hand where orders ship from and how. Raises InvalidInput for a channel or warehouse that is none."""
    surroundings = await uow.reference.surroundings([asker.seller_id] if asker.seller_id else [])
    warehouse = surroundings.warehouses.get(warehouse_id)
    channel = surroundings.channels.get(channel_id)
    remedy = "Take it from the list of your warehouses."
    if warehouse is None or (asker.seller_id and (asker.seller_id, warehouse_id) not in surroundings.bindings):
        raise InvalidInput.of("warehouse_id", warehouse_id, "is no warehouse that you may use", remedy)
    if channel is None or channel.warehouse_id != warehouse_id:
        raise InvalidInput.of(
            "channel_id", channel_id, f"is no channel of {warehouse.code}", "Take it from the warehouse's channels."
        )

    def do(order: Order, by: By) -> str:
        changed = order.assign(warehouse_id, channel_id, by, assigned_by=BY_USER)
        return f"{warehouse.code}, {channel.code}" if changed else "was assigned so already"

    return await act(ids, do, uow=uow, asker=asker, expected_version=expected_version)


async def review_by_hand(ids: Sequence[UUID], *, uow: Uow, book: AddressBook, asker: Asker) -> list[Done]:
    """Review pending orders. One that is under review already stays so; one that is refused says why, and shows it."""
    wanted = list(dict.fromkeys(ids))
    orders = await lock_own(wanted, uow=uow, asker=asker)
    by = By(asker.actor, uow.now)
    ready = [order for order in orders.values() if order.may_be_reviewed]
    details = await uow.orders.details([order.id for order in ready])
    candidates = [Candidate(order, details[order.id], by) for order in ready]
    facts = await review(candidates, uow=uow, book=book)
    await uow.orders.save_needs(
        {
            order_id: (fact.needs, [line.platform_sku for line in details[order_id].content.lines])
            for order_id, fact in facts.items()
            if fact.needs
        }
    )
    reviewed = {order.id for order in ready}
    results = [_reviewed(order_id, orders, reviewed) for order_id in wanted]
    await save_orders(orders.values(), uow=uow, facts=facts)
    return results


def _reviewed(order_id: UUID, orders: Mapping[UUID, Order], reviewed: set[UUID]) -> Done:
    order = orders.get(order_id)
    if order is None:
        return Done(order_id, error=unknown(order_id))
    if order.step is Step.RESERVE_STOCK:
        return Done(order_id, "under review: stock is being reserved")
    if order_id not in reviewed:
        return Done(order_id, error=translated(order, IllegalMove(order.status, OrderStatus.PROCESSING)))
    codes = ", ".join(dict.fromkeys(error.code for error in order.review_errors))
    message = "; ".join(error.message for error in order.review_errors)
    return Done(order_id, error=Conflict(message, remedy="Put right what is named, then review again.", code=codes))
