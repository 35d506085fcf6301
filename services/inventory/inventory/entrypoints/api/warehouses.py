"""Routes of warehouses and of who may use them."""

from typing import Annotated, Any
from uuid import UUID

from common.http.identity import CurrentIdentity
from common.http.paging import CursorParameter, Limit, Page, decode_cursor, page_of
from common.http.preconditions import IfMatch, version_of
from common.http.problem import RESPONSES
from fastapi import APIRouter, Query, Response

from inventory.app.warehouses import bind_seller, create_warehouse, edit_warehouse, not_found
from inventory.domain.warehouse import Place
from inventory.entrypoints.api.access import Admin, Operator, Service
from inventory.entrypoints.api.parameters import number_of, uuid_of
from inventory.entrypoints.schemas.warehouses import AuditEntry, BoundSeller, WarehouseEdit, WarehouseIn, WarehouseView

router = APIRouter(prefix="/api/v1/warehouses", tags=["warehouses"], responses=RESPONSES)


@router.post("", status_code=201, summary="Make a warehouse")
async def create_warehouse_route(body: WarehouseIn, identity: Admin, service: Service) -> WarehouseView:
    """Only operator admins; sellers use it once they are bound to it."""
    async with service.transactions.begin() as uow:
        warehouse = await create_warehouse(body.data(), actor=identity.actor, uow=uow)
    return WarehouseView.of(warehouse, whole=True)


@router.get("", summary="List warehouses", response_model=Page[WarehouseView])
async def list_warehouses(
    *,
    identity: CurrentIdentity,
    service: Service,
    seller_id: Annotated[UUID | None, Query(description="Only those bound to this seller.")] = None,
    code: str | None = None,
    limit: Limit = 50,
    cursor: CursorParameter = None,
) -> Any:
    """By code. Sellers see those that they are bound to."""
    key = decode_cursor(cursor, 1)
    async with service.transactions.begin() as uow:
        rows = await uow.warehouse_queries.warehouses(
            seller_id=identity.scope(seller_id), code=code, after=key[0] if key else None, limit=limit + 1
        )
    whole = identity.is_operator
    return page_of(
        rows, limit=limit, key=lambda row: (row.data.code,), item=lambda row: WarehouseView.of(row, whole=whole)
    )


@router.get("/{warehouse_id}", summary="Read a warehouse")
async def get_warehouse(
    warehouse_id: UUID, identity: CurrentIdentity, service: Service, response: Response
) -> WarehouseView:
    """Sellers read those that they are bound to."""
    async with service.transactions.begin() as uow:
        warehouse = await uow.warehouses.get(warehouse_id)
        seller_id = identity.scope()
        if warehouse and seller_id and not await uow.warehouse_queries.is_bound(Place(seller_id, warehouse_id)):
            warehouse = None
    if warehouse is None:
        raise not_found(warehouse_id)
    response.headers["ETag"] = f'"{warehouse.version}"'
    return WarehouseView.of(warehouse, whole=identity.is_operator)


@router.patch("/{warehouse_id}", summary="Edit a warehouse")
async def edit_warehouse_route(
    warehouse_id: UUID, body: WarehouseEdit, identity: Admin, service: Service, if_match: IfMatch = None
) -> WarehouseView:
    """The code never changes, the currency not once a seller was bound."""
    expected = version_of(if_match)
    async with service.transactions.begin() as uow:
        warehouse = await edit_warehouse(warehouse_id, body.changes(), expected=expected, actor=identity.actor, uow=uow)
    return WarehouseView.of(warehouse, whole=True)


@router.get(
    "/{warehouse_id}/sellers", summary="List the sellers bound to a warehouse", response_model=Page[BoundSeller]
)
async def list_bound_sellers(
    warehouse_id: UUID, identity: Operator, service: Service, limit: Limit = 50, cursor: CursorParameter = None
) -> Any:
    """Operators only."""
    key = decode_cursor(cursor, 1)
    after = uuid_of(key[0]) if key else None
    async with service.transactions.begin() as uow:
        rows = await uow.warehouse_queries.bindings(warehouse_id, after=after, limit=limit + 1)
    return page_of(rows, limit=limit, key=lambda row: (row.seller_id,), item=BoundSeller.model_validate)


@router.put("/{warehouse_id}/sellers/{seller_id}", status_code=204, summary="Open a warehouse to a seller")
async def bind_seller_route(warehouse_id: UUID, seller_id: UUID, identity: Admin, service: Service) -> None:
    """Repeating it changes nothing."""
    async with service.transactions.begin() as uow:
        await bind_seller(Place(seller_id, warehouse_id), bound=True, actor=identity.actor, uow=uow)


@router.delete("/{warehouse_id}/sellers/{seller_id}", status_code=204, summary="Close a warehouse to a seller")
async def unbind_seller_route(warehouse_id: UUID, seller_id: UUID, identity: Admin, service: Service) -> None:
    """Nothing new is reserved or received there for the seller; what is reserved still ships."""
    async with service.transactions.begin() as uow:
        await bind_seller(Place(seller_id, warehouse_id), bound=False, actor=identity.actor, uow=uow)


@router.get("/{warehouse_id}/audit", summary="Who changed a warehouse", response_model=Page[AuditEntry])
async def list_warehouse_audit(
    warehouse_id: UUID, identity: Operator, service: Service, limit: Limit = 50, cursor: CursorParameter = None
) -> Any:
    """Oldest first; operators only."""
    key = decode_cursor(cursor, 1)
    async with service.transactions.begin() as uow:
        rows = await uow.audit.of(warehouse_id, after=number_of(key[0]) if key else 0, limit=limit + 1)
    return page_of(rows, limit=limit, key=lambda row: (row.id,), item=AuditEntry.model_validate)
