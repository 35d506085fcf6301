"""Products: made and edited in sets, audited by the operator, measured by the warehouse."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.errors import AppError, Conflict, NotFound
from common.http.batch import BatchAnswer, RowResult, answer, done, refused
from common.kernel.ids import uuid7

from inventory.app.announce import announce_product
from inventory.app.ports import InventoryUow
from inventory.domain.product import Measures, Product, ProductData, ProductStatus


class SkuTaken(Conflict):
    """The seller has a product of this SKU already."""

    code = "sku_exists"


@dataclass(frozen=True, slots=True)
class ProductRow:
    """One row of a batch or file, by the name that its sender gave it."""

    ref: str
    data: ProductData


@dataclass(frozen=True, slots=True)
class ProductRef:
    """A product as a caller names it: by id, or by its seller and SKU."""

    product_id: UUID | None = None
    seller_id: UUID | None = None
    sku: str = ""

    def __str__(self) -> str:
        return str(self.product_id or self.sku)


@dataclass(frozen=True, slots=True)
class Measurement:
    """What the warehouse measured of a product."""

    product: ProductRef
    measures: Measures


async def create_product(seller_id: UUID, data: ProductData, *, actor: str, uow: InventoryUow) -> Product:
    """Make a draft; raises SkuTaken."""
    existing = (await uow.products.lock_skus(seller_id, [data.sku])).get(data.sku)
    if existing and not existing.deleted:
        raise _taken(data.sku)
    if existing:
        existing.revive(data)
        await _save([existing], actor=actor, uow=uow)
        return existing
    product = _new(seller_id, data, at=uow.now)
    if await uow.products.add([product]):
        raise _taken(data.sku)
    announce_product(product, uow=uow)
    return product


async def upsert_products(
    seller_id: UUID, rows: Sequence[ProductRow], *, actor: str, dry_run: bool, uow: InventoryUow
) -> BatchAnswer:
    """Make or edit a product for each row; a row that says nothing new changes nothing. A dry run only answers."""
    known = await uow.products.lock_skus(seller_id, [row.data.sku for row in rows])
    new: dict[str, Product] = {}
    seen: set[str] = set()
    results: list[RowResult] = []
    for row in rows:
        sku = row.data.sku
        try:
            if sku in seen:
                raise Conflict(
                    f"{sku!r} is in this request more than once", remedy="Send one row for each SKU.", code="sku_twice"
                )
            seen.add(sku)
            results.append(done(row.ref, _upsert(row.data, known.get(sku), new, seller_id=seller_id, at=uow.now)))
        except AppError as error:
            results.append(refused(row.ref, error))
    if dry_run:
        return answer(results)
    lost = await uow.products.add(list(new.values()))
    await _save(known.values(), actor=actor, uow=uow)
    for sku, product in new.items():
        if sku not in lost:
            announce_product(product, uow=uow)
    return answer(
        refused(row.ref, _taken(row.data.sku)) if result.ok and row.data.sku in lost else result
        for row, result in zip(rows, results, strict=True)
    )


def _upsert(
    data: ProductData, product: Product | None, new: dict[str, Product], *, seller_id: UUID, at: datetime
) -> str:
    """Apply one row to the product of its SKU; returns what it did."""
    if product is None:
        new[data.sku] = _new(seller_id, data, at=at)
        return "created"
    if product.deleted:
        product.revive(data)
        return "created"
    return "updated" if product.edit(data) else "unchanged"


async def edit_product(
    product_id: UUID,
    change: Callable[[ProductData], ProductData],
    *,
    expected: int,
    seller_id: UUID | None,
    actor: str,
    uow: InventoryUow,
) -> Product:
    """Apply `change` to what the seller says of a product; raises NotFound, StaleVersion or ProductLocked."""
    product = await _one(product_id, seller_id=seller_id, uow=uow)
    product.expect(expected)
    product.edit(change(product.data))
    await _save([product], actor=actor, uow=uow)
    return product


async def delete_product(
    product_id: UUID, *, expected: int, seller_id: UUID | None, actor: str, uow: InventoryUow
) -> None:
    """Delete a product that was never approved; raises NotFound, StaleVersion or ProductLocked."""
    product = await _one(product_id, seller_id=seller_id, uow=uow)
    product.expect(expected)
    product.delete()
    await _save([product], actor=actor, uow=uow)


async def move_product(
    product_id: UUID, target: ProductStatus, *, reason: str, seller_id: UUID | None, actor: str, uow: InventoryUow
) -> Product:
    """Submit, approve, reject or reopen one product; raises NotFound or IllegalTransition."""
    product = await _one(product_id, seller_id=seller_id, uow=uow)
    product.move_to(target, reason=reason)
    await _save([product], actor=actor, uow=uow)
    return product


async def move_products(
    refs: Sequence[ProductRef],
    target: ProductStatus,
    *,
    reason: str,
    seller_id: UUID | None,
    actor: str,
    uow: InventoryUow,
) -> BatchAnswer:
    """Submit, approve, reject or reopen many products; each row says what became of it."""
    found = await _lock(refs, seller_id=seller_id, uow=uow)
    results = []
    for ref in refs:
        try:
            product = found.get(ref)
            moved = product.move_to(target, reason=reason)
            results.append(done(ref, product.status.value if moved else "unchanged"))
        except AppError as error:
            results.append(refused(ref, error))
    await _save(found.by_id.values(), actor=actor, uow=uow)
    return answer(results)


async def measure_product(
    product_id: UUID, measures: Measures, *, seller_id: UUID | None, actor: str, uow: InventoryUow
) -> Product:
    """Set what the warehouse measured; it wins over what the seller declared."""
    product = await _one(product_id, seller_id=seller_id, uow=uow)
    product.measure(measures, at=uow.now)
    await _save([product], actor=actor, uow=uow)
    return product


async def measure_products(
    rows: Sequence[Measurement], *, seller_id: UUID | None, actor: str, uow: InventoryUow
) -> BatchAnswer:
    """Set what the warehouse measured of many products."""
    found = await _lock([row.product for row in rows], seller_id=seller_id, uow=uow)
    results = []
    for row in rows:
        try:
            product = found.get(row.product)
            changed = product.measure(row.measures, at=uow.now)
            results.append(done(row.product, "measured" if changed else "unchanged"))
        except AppError as error:
            results.append(refused(row.product, error))
    await _save(found.by_id.values(), actor=actor, uow=uow)
    return answer(results)


async def _save(products: Iterable[Product], *, actor: str, uow: InventoryUow) -> None:
    """Write, audit and announce what changed."""
    changed = [product for product in products if product.changed]
    for product in changed:
        product.updated_at = uow.now
    await uow.products.save(changed)
    moves = [move for product in changed for move in product.transitions]
    await uow.audit.add("product", moves, actor=actor, at=uow.now)
    for product in changed:
        announce_product(product, uow=uow)


async def _one(product_id: UUID, *, seller_id: UUID | None, uow: InventoryUow) -> Product:
    product = (await uow.products.lock_ids([product_id], seller_id=seller_id)).get(product_id)
    if product is None:
        raise not_found(product_id)
    return product


@dataclass(frozen=True, slots=True)
class _Named:
    """Locked products, by each way to name them; the same product is one object, however it is named."""

    by_id: Mapping[UUID, Product]
    by_sku: Mapping[tuple[UUID, str], Product]

    def get(self, ref: ProductRef) -> Product:
        """The product, or NotFound."""
        if ref.product_id:
            product = self.by_id.get(ref.product_id)
        else:
            product = self.by_sku.get((ref.seller_id, ref.sku)) if ref.seller_id else None
        if product is None:
            raise not_found(ref)
        return product


async def _lock(refs: Sequence[ProductRef], *, seller_id: UUID | None, uow: InventoryUow) -> _Named:
    """The products that are named. All are locked by one statement in the order of their ids, so the ids of SKUs are
    looked up before, without locks.
    """
    pairs = {(ref.seller_id, ref.sku) for ref in refs if ref.product_id is None and ref.seller_id}
    ids = await uow.products.ids_of(pairs)
    wanted = {ref.product_id for ref in refs if ref.product_id} | set(ids.values())
    locked = await uow.products.lock_ids(wanted, seller_id=seller_id)
    return _Named(locked, {pair: locked[found] for pair, found in ids.items() if found in locked})


def _new(seller_id: UUID, data: ProductData, *, at: datetime) -> Product:
    return Product(
        id=uuid7(),
        seller_id=seller_id,
        data=data,
        status=ProductStatus.DRAFT,
        version=1,
        created_at=at,
        updated_at=at,
    )


def _taken(sku: str) -> SkuTaken:
    return SkuTaken(f"there is a product {sku!r} already", remedy="Edit that one, or choose another SKU.", sku=sku)


def not_found(ref: object) -> NotFound:
    """The error for a product that is not there, or not the asker's."""
    return NotFound(f"there is no product {ref}", remedy="Check the id or the SKU, which is case-sensitive.")
