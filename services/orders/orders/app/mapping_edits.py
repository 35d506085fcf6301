"""Editing mappings."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from common.errors import AppError, Conflict, InvalidInput, NotFound, StaleVersion
from common.kernel.ids import uuid7

from orders.app.ports import SkuMapping, Uow
from orders.domain.mapping import MappedSku


@dataclass(frozen=True, slots=True)
class WantedMapping:
    """A mapping as somebody wants it."""

    store_id: UUID
    platform_sku: str
    items: tuple[MappedSku, ...]


@dataclass(frozen=True, slots=True)
class MappingDone:
    """What became of one row."""

    ref: str
    mapping: SkuMapping | None = None
    error: AppError | None = None


def unknown_mapping(mapping_id: UUID) -> NotFound:
    """There is no such mapping, or it is somebody else's."""
    return NotFound(f"there is no mapping {mapping_id}", remedy="Take the id from the list of mappings.")


async def _seller_of(store_id: UUID, *, uow: Uow, seller_id: UUID | None) -> UUID:
    owner = await uow.reference.store_seller(store_id)
    if owner is None or (seller_id is not None and owner != seller_id):
        raise InvalidInput.of("store_id", store_id, "is no store of yours", "Take it from the list of stores.")
    return owner


def _made(wanted: WantedMapping, owner: UUID, uow: Uow) -> SkuMapping:
    return SkuMapping(uuid7(), owner, wanted.store_id, wanted.platform_sku, wanted.items, 1, uow.now, uow.now)


async def create_mapping(wanted: WantedMapping, *, uow: Uow, seller_id: UUID | None) -> SkuMapping:
    """Add a mapping; raises Conflict where the platform SKU has one."""
    made = _made(wanted, await _seller_of(wanted.store_id, uow=uow, seller_id=seller_id), uow)
    if not await uow.mappings.insert(made):
        raise Conflict(
            f"platform SKU {wanted.platform_sku!r} of this store is mapped already",
            remedy="Change the mapping that is there.",
            code="mapping_exists",
        )
    return made


async def upsert_mappings(wanted: Sequence[WantedMapping], *, uow: Uow, seller_id: UUID | None) -> list[MappingDone]:
    """Add or change many; the last row of a platform SKU counts, and a refused row stops no other."""
    owners: dict[UUID, UUID | AppError] = {}
    for store_id in {each.store_id for each in wanted}:
        try:
            owners[store_id] = await _seller_of(store_id, uow=uow, seller_id=seller_id)
        except InvalidInput as error:
            owners[store_id] = error
    rows: dict[tuple[UUID, str], SkuMapping] = {}
    for each in wanted:
        owner = owners[each.store_id]
        if isinstance(owner, UUID):
            rows[each.store_id, each.platform_sku] = _made(each, owner, uow)
    written = {(row.store_id, row.platform_sku): row for row in await uow.mappings.upsert(list(rows.values()))}
    results = []
    for each in wanted:
        owner = owners[each.store_id]
        refusal = owner if isinstance(owner, AppError) else None
        results.append(MappingDone(each.platform_sku, written.get((each.store_id, each.platform_sku)), refusal))
    return results


async def change_mapping(
    mapping_id: UUID, items: tuple[MappedSku, ...], *, expected_version: int, uow: Uow, seller_id: UUID | None
) -> SkuMapping:
    """Set what a platform SKU stands for; raises NotFound or StaleVersion."""
    found = await _locked(mapping_id, expected_version=expected_version, uow=uow, seller_id=seller_id)
    (changed,) = await uow.mappings.upsert([replace(found, items=items, updated_at=uow.now)])
    return changed


async def delete_mapping(mapping_id: UUID, *, expected_version: int, uow: Uow, seller_id: UUID | None) -> None:
    """Remove a mapping; raises NotFound or StaleVersion."""
    await _locked(mapping_id, expected_version=expected_version, uow=uow, seller_id=seller_id)
    await uow.mappings.delete(mapping_id)


async def _locked(mapping_id: UUID, *, expected_version: int, uow: Uow, seller_id: UUID | None) -> SkuMapping:
    found = await uow.mappings.get(mapping_id, seller_id=seller_id, lock=True)
    if found is None:
        raise unknown_mapping(mapping_id)
    if found.version != expected_version:
        raise StaleVersion("mapping", mapping_id, expected=expected_version, current=found.version)
    return found
