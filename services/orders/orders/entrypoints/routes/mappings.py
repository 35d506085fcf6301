"""Mappings: what ships for a platform SKU."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from common.http.batch import BatchAnswer, RowResult, answer, done, refused
from common.http.identity import CurrentIdentity
from common.http.paging import CursorParameter, Limit, Page, decode_cursor, page_of
from common.http.preconditions import IdempotencyKey, IfMatch, once, version_of
from common.http.problem import RESPONSES
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from orders.app import mapping_edits
from orders.app.mapping_edits import MappingDone, WantedMapping
from orders.app.ports import SkuMapping
from orders.domain.mapping import MappedSku
from orders.entrypoints.dependencies import TheRoot, Writer
from orders.entrypoints.paging import id_cursor
from orders.entrypoints.schemas import Input, QueryText, View

router = APIRouter(prefix="/api/v1/mappings", tags=["mappings"], responses=RESPONSES)
Sku = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^\S(.*\S)?$")]


class MappedItem(Input):
    """Units of a SKU that ship for one platform unit."""

    sku: Sku = Field(description="Case-sensitive.")
    quantity: Annotated[int, Field(ge=1, le=100_000)]


class MappingItems(Input):
    """What a platform SKU stands for; several SKUs are a bundle."""

    items: Annotated[list[MappedItem], Field(min_length=1, max_length=50)]

    def mapped(self) -> tuple[MappedSku, ...]:
        """The items as values."""
        return tuple(MappedSku(item.sku, item.quantity) for item in self.items)


class NewMapping(MappingItems):
    """A mapping to be made."""

    store_id: UUID
    platform_sku: Sku

    def wanted(self) -> WantedMapping:
        """The row as a value."""
        return WantedMapping(self.store_id, self.platform_sku, self.mapped())


class MappingBatch(Input):
    """Many mappings, made or changed."""

    mappings: Annotated[list[NewMapping], Field(min_length=1, max_length=1000)]


class MappedItemView(View):
    """Units of a SKU that ship for one platform unit."""

    sku: str
    quantity: int


class MappingView(View):
    """A mapping."""

    id: UUID
    seller_id: UUID
    store_id: UUID
    platform_sku: str
    items: list[MappedItemView]
    version: int = Field(description="Send it in If-Match.")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, mapping: SkuMapping) -> "MappingView":
        """The mapping, shown."""
        return cls.model_validate(mapping)


@router.get("", summary="List mappings")
async def list_mappings(
    *,
    root: TheRoot,
    identity: CurrentIdentity,
    seller_id: Annotated[UUID | None, Query(description="For operators.")] = None,
    store_id: UUID | None = None,
    search: Annotated[QueryText, Query(description="A platform SKU or one of yours, as it is written.")] = "",
    limit: Limit = 50,
    cursor: CursorParameter = None,
) -> Page[MappingView]:
    """A page of mappings, newest first."""
    rows = await root.queries.mappings(
        seller_id=identity.scope(seller_id),
        store_id=store_id,
        search=search,
        after=id_cursor(decode_cursor(cursor, 1), cursor),
        limit=limit,
    )
    page: dict[str, Any] = page_of(rows, limit=limit, key=lambda row: [row.id], item=MappingView.of)
    return Page[MappingView](**page)


@router.post("", summary="Make a mapping", status_code=201, response_model=MappingView)
async def create_mapping(
    request: Request, root: TheRoot, identity: Writer, body: NewMapping, key: IdempotencyKey
) -> Response:
    """Say what ships for one unit of a platform SKU. Pending orders read it at their next review."""
    async with root.begin() as uow:

        async def work() -> BaseModel:
            made = await mapping_edits.create_mapping(body.wanted(), uow=uow, seller_id=identity.scope())
            return MappingView.of(made)

        return await once(uow, request=request, identity=identity, key=key, body=body, work=work, status=201)


@router.post("/batch", summary="Make or change many mappings")
async def upsert_mappings(root: TheRoot, identity: Writer, body: MappingBatch) -> BatchAnswer:
    """Set what ships for each platform SKU, whether it is mapped yet or not; a repeat changes nothing more."""
    async with root.begin() as uow:
        results = await mapping_edits.upsert_mappings(
            [row.wanted() for row in body.mappings], uow=uow, seller_id=identity.scope()
        )
    return answer(_row(result) for result in results)


def _row(result: MappingDone) -> RowResult:
    return refused(result.ref, result.error) if result.error else done(result.ref)


@router.get("/{mapping_id}", summary="Show a mapping")
async def show_mapping(root: TheRoot, identity: CurrentIdentity, mapping_id: UUID) -> MappingView:
    """One mapping."""
    async with root.begin() as uow:
        found = await uow.mappings.get(mapping_id, seller_id=identity.scope())
    if found is None:
        raise mapping_edits.unknown_mapping(mapping_id)
    return MappingView.of(found)


@router.put("/{mapping_id}", summary="Change a mapping")
async def change_mapping(
    root: TheRoot, identity: Writer, mapping_id: UUID, body: MappingItems, if_match: IfMatch = None
) -> MappingView:
    """Set what the platform SKU stands for."""
    async with root.begin() as uow:
        changed = await mapping_edits.change_mapping(
            mapping_id, body.mapped(), expected_version=version_of(if_match), uow=uow, seller_id=identity.scope()
        )
    return MappingView.of(changed)


@router.delete("/{mapping_id}", summary="Remove a mapping", status_code=204)
async def delete_mapping(root: TheRoot, identity: Writer, mapping_id: UUID, if_match: IfMatch = None) -> None:
    """Orders that are under way keep what their review read."""
    async with root.begin() as uow:
        await mapping_edits.delete_mapping(
            mapping_id, expected_version=version_of(if_match), uow=uow, seller_id=identity.scope()
        )
