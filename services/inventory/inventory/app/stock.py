"""Receiving and correcting stock, row by row: the valid rows are done, each row says what became of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from common.errors import AppError, Conflict, NotFound
from common.http.batch import BatchAnswer, RowResult, answer, done, refused

from inventory.app.announce import save_stock
from inventory.app.ports import InventoryUow
from inventory.domain.product import ProductStatus
from inventory.domain.stock import Movement, MovementKind, Stock, StockKey
from inventory.domain.warehouse import Place


@dataclass(frozen=True, slots=True)
class Receipt:
    """Units that arrived."""

    ref: str
    key: StockKey
    quantity: int
    reason: str


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A correction of what is on hand by `delta` units; it always has a reason."""

    ref: str
    key: StockKey
    delta: int
    reason: str


async def receive_stock(rows: Sequence[Receipt], *, actor: str, uow: InventoryUow) -> BatchAnswer:
    """Take goods in: approved products of sellers who use the warehouse."""
    problems = await _problems([row.key for row in rows], uow=uow)
    stocks = await uow.stock.lock_keys({row.key for row in rows if row.key not in problems})
    results: list[RowResult] = []
    movements: list[Movement] = []
    for row in rows:
        try:
            if row.key in problems:
                raise problems[row.key]
            stock = stocks[row.key]
            stock.receive(row.quantity)
        except AppError as error:
            results.append(refused(row.ref, error))
        else:
            movements.append(
                Movement(stock.id, stock.seller_id, MovementKind.RECEIVED, row.quantity, actor=actor, reason=row.reason)
            )
            results.append(done(row.ref, _now(stock)))
    await uow.stock.add_movements(movements, at=uow.now)
    await save_stock(stocks.values(), uow=uow)
    return answer(results)


async def adjust_stock(rows: Sequence[Adjustment], *, actor: str, uow: InventoryUow) -> BatchAnswer:
    """Correct counts, never below what is reserved."""
    problems = await _problems([row.key for row in rows], uow=uow)
    stocks = await uow.stock.lock_keys({row.key for row in rows if row.key not in problems})
    results: list[RowResult] = []
    movements: list[Movement] = []
    for row in rows:
        try:
            if row.key in problems:
                raise problems[row.key]
            stock = stocks[row.key]
            stock.adjust(row.delta)
        except AppError as error:
            results.append(refused(row.ref, error))
        else:
            movements.append(
                Movement(stock.id, stock.seller_id, MovementKind.ADJUSTED, row.delta, actor=actor, reason=row.reason)
            )
            results.append(done(row.ref, _now(stock)))
    await uow.stock.add_movements(movements, at=uow.now)
    await save_stock(stocks.values(), uow=uow)
    return answer(results)


def _now(stock: Stock) -> str:
    return f"{stock.on_hand} on hand, {stock.available} available"


async def _problems(keys: Collection[StockKey], *, uow: InventoryUow) -> dict[StockKey, AppError]:
    """Which keys can have no stock, and why."""
    places = {Place(key.seller_id, key.warehouse_id) for key in keys}
    open_places = await uow.warehouses.open_places(places)
    statuses = await uow.products.statuses({(key.seller_id, key.sku) for key in keys})
    problems: dict[StockKey, AppError] = {}
    for key in keys:
        status = statuses.get((key.seller_id, key.sku))
        if Place(key.seller_id, key.warehouse_id) not in open_places:
            problems[key] = _not_open(key.seller_id, key.warehouse_id)
        elif status is None:
            problems[key] = NotFound(
                f"seller {key.seller_id} has no product {key.sku!r}",
                remedy="Check the SKU, which is case-sensitive, or have the seller make the product.",
                code="unknown_sku",
            )
        elif status != ProductStatus.APPROVED:
            problems[key] = Conflict(
                f"product {key.sku!r} is {status}, not approved",
                remedy="Approve it first; only then is its SKU final.",
                code="product_not_approved",
            )
    return problems


def _not_open(seller_id: UUID, warehouse_id: UUID) -> AppError:
    return Conflict(
        f"seller {seller_id} does not use warehouse {warehouse_id}, or it is not active",
        remedy="Bind the seller to the warehouse first (PUT /api/v1/warehouses/{id}/sellers/{seller_id}).",
        code="warehouse_not_bound",
    )
