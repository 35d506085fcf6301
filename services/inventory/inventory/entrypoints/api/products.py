"""Routes of products."""

from typing import Annotated, Any
from uuid import UUID

from common.http.batch import BatchAnswer
from common.http.identity import CurrentIdentity, Identity
from common.http.paging import CursorParameter, Limit, Page, decode_cursor, page_of
from common.http.preconditions import IfMatch, version_of
from common.http.problem import RESPONSES
from fastapi import APIRouter, Query, Request, Response

from inventory.app import products as use_cases
from inventory.app.ports import InventoryUow
from inventory.app.products import Measurement, ProductRef, ProductRow
from inventory.app.views import ProductFilter
from inventory.domain.product import Product, ProductStatus
from inventory.entrypoints.api.access import ProductEditor, Service, WarehouseStaff
from inventory.entrypoints.api.parameters import number_of, uuid_of
from inventory.entrypoints.product_csv import MOST_BYTES, parse_products
from inventory.entrypoints.schemas.parts import Sku
from inventory.entrypoints.schemas.products import (
    ImportAnswer,
    MeasureRows,
    MeasuresIn,
    ProductCounts,
    ProductEdit,
    ProductIn,
    ProductNames,
    ProductsIn,
    ProductView,
    RejectIn,
    RejectNames,
    example_csv,
)
from inventory.entrypoints.schemas.warehouses import AuditEntry

router = APIRouter(prefix="/api/v1/products", tags=["products"], responses=RESPONSES)

SellerParameter = Annotated[UUID | None, Query(description="Of which seller; operators only, sellers see their own.")]


@router.post("", status_code=201, summary="Make a product")
async def create_product(body: ProductIn, identity: ProductEditor, service: Service) -> ProductView:
    """A draft; submit it for audit next."""
    seller_id = identity.acting_seller(body.seller_id)
    async with service.transactions.begin() as uow:
        product = await use_cases.create_product(seller_id, body.data(), actor=identity.actor, uow=uow)
    return ProductView.of(product)


@router.post("/batch", summary="Make or edit many products")
async def upsert_products(body: ProductsIn, identity: ProductEditor, service: Service) -> BatchAnswer:
    """A row makes a draft, or edits the product of its SKU; sending it again changes nothing."""
    seller_id = identity.acting_seller(body.seller_id)
    rows = [ProductRow(row.sku, row.data()) for row in body.rows]
    async with service.transactions.begin() as uow:
        return await use_cases.upsert_products(seller_id, rows, actor=identity.actor, dry_run=False, uow=uow)


@router.post(
    "/import",
    summary="Make or edit products from a CSV file",
    openapi_extra={"requestBody": {"required": True, "content": example_csv()}},
)
async def import_products(
    request: Request,
    identity: ProductEditor,
    service: Service,
    seller_id: SellerParameter = None,
    dry_run: Annotated[bool, Query(description="Only say what would become of each line.")] = False,
) -> ImportAnswer:
    """The body is the file: UTF-8, with a header line. Bad lines are refused one by one; importing a file again adds
    nothing.
    """
    owner = identity.acting_seller(seller_id)
    parsed = parse_products(await read_body(request))
    async with service.transactions.begin() as uow:
        done = await use_cases.upsert_products(owner, parsed.rows, actor=identity.actor, dry_run=dry_run, uow=uow)
    results = sorted([*done.results, *parsed.refused], key=lambda row: int(row.ref.removeprefix("line ")))
    return ImportAnswer(ok=done.ok, failed=done.failed + len(parsed.refused), results=results, dry_run=dry_run)


@router.get("", summary="List products", response_model=Page[ProductView])
async def list_products(
    *,
    identity: CurrentIdentity,
    service: Service,
    seller_id: SellerParameter = None,
    status: ProductStatus | None = None,
    sku: Sku | None = None,
    measured: bool | None = None,
    search: Annotated[str | None, Query(min_length=1, max_length=100, description="Part of SKU or title.")] = None,
    limit: Limit = 50,
    cursor: CursorParameter = None,
) -> Any:
    """In the order in which they were made."""
    wanted = ProductFilter(identity.scope(seller_id), status, sku, measured, search)
    key = decode_cursor(cursor, 1)
    after = uuid_of(key[0]) if key else None
    async with service.transactions.begin() as uow:
        rows = await uow.product_queries.products(wanted, after=after, limit=limit + 1)
    return page_of(rows, limit=limit, key=lambda row: (row.id,), item=ProductView.of)


@router.get("/counts", summary="Count products by status")
async def count_products(
    identity: CurrentIdentity, service: Service, seller_id: SellerParameter = None
) -> ProductCounts:
    """For the tabs of the list."""
    async with service.transactions.begin() as uow:
        counts = await uow.product_queries.counts(seller_id=identity.scope(seller_id))
    return ProductCounts(**counts)


@router.post("/submit", summary="Submit products for audit")
async def submit_products(body: ProductNames, identity: ProductEditor, service: Service) -> BatchAnswer:
    """Drafts become in_audit."""
    return await _move_many(body, ProductStatus.IN_AUDIT, identity, service)


@router.post("/approve", summary="Approve products")
async def approve_products(body: ProductNames, identity: WarehouseStaff, service: Service) -> BatchAnswer:
    """From now on SKU and hazard class are final."""
    return await _move_many(body, ProductStatus.APPROVED, identity, service)


@router.post("/reject", summary="Reject products")
async def reject_products(body: RejectNames, identity: WarehouseStaff, service: Service) -> BatchAnswer:
    """The seller sees the reason, edits, and submits again."""
    return await _move_many(body, ProductStatus.REJECTED, identity, service, reason=body.reason)


@router.post("/reopen", summary="Make rejected products drafts again")
async def reopen_products(body: ProductNames, identity: ProductEditor, service: Service) -> BatchAnswer:
    """Editing a rejected product does the same."""
    return await _move_many(body, ProductStatus.DRAFT, identity, service)


@router.post("/measure", summary="Enter what the warehouse measured of many products")
async def measure_products(body: MeasureRows, identity: WarehouseStaff, service: Service) -> BatchAnswer:
    """Measured values win over declared ones."""
    rows = [Measurement(ProductRef(row.product_id, row.seller_id, row.sku or ""), row.measures()) for row in body.rows]
    async with service.transactions.begin() as uow:
        return await use_cases.measure_products(rows, seller_id=identity.scope(), actor=identity.actor, uow=uow)


@router.get("/{product_id}", summary="Read a product")
async def get_product(product_id: UUID, identity: CurrentIdentity, service: Service, response: Response) -> ProductView:
    """Its version is also the ETag."""
    async with service.transactions.begin() as uow:
        product = await _read(product_id, identity, uow)
    response.headers["ETag"] = f'"{product.version}"'
    return ProductView.of(product)


@router.patch("/{product_id}", summary="Edit a product")
async def edit_product(
    product_id: UUID, body: ProductEdit, identity: ProductEditor, service: Service, if_match: IfMatch = None
) -> ProductView:
    """Absent fields stay. Not while in audit; the hazard class not after approval; the SKU never."""
    expected = version_of(if_match)
    async with service.transactions.begin() as uow:
        product = await use_cases.edit_product(
            product_id, body.over, expected=expected, seller_id=identity.scope(), actor=identity.actor, uow=uow
        )
    return ProductView.of(product)


@router.delete("/{product_id}", status_code=204, summary="Delete a product")
async def delete_product(product_id: UUID, identity: ProductEditor, service: Service, if_match: IfMatch = None) -> None:
    """Drafts and rejected ones only."""
    expected = version_of(if_match)
    async with service.transactions.begin() as uow:
        await use_cases.delete_product(
            product_id, expected=expected, seller_id=identity.scope(), actor=identity.actor, uow=uow
        )


@router.post("/{product_id}/submit", summary="Submit a product for audit")
async def submit_product(product_id: UUID, identity: ProductEditor, service: Service) -> ProductView:
    """A draft becomes in_audit."""
    return await _move(product_id, ProductStatus.IN_AUDIT, identity, service)


@router.post("/{product_id}/approve", summary="Approve a product")
async def approve_product(product_id: UUID, identity: WarehouseStaff, service: Service) -> ProductView:
    """From now on SKU and hazard class are final."""
    return await _move(product_id, ProductStatus.APPROVED, identity, service)


@router.post("/{product_id}/reject", summary="Reject a product")
async def reject_product(product_id: UUID, body: RejectIn, identity: WarehouseStaff, service: Service) -> ProductView:
    """The seller sees the reason, edits, and submits again."""
    return await _move(product_id, ProductStatus.REJECTED, identity, service, reason=body.reason)


@router.post("/{product_id}/reopen", summary="Make a rejected product a draft again")
async def reopen_product(product_id: UUID, identity: ProductEditor, service: Service) -> ProductView:
    """Editing a rejected product does the same."""
    return await _move(product_id, ProductStatus.DRAFT, identity, service)


@router.post("/{product_id}/measure", summary="Enter what the warehouse measured")
async def measure_product(
    product_id: UUID, body: MeasuresIn, identity: WarehouseStaff, service: Service
) -> ProductView:
    """Measured values win over declared ones."""
    async with service.transactions.begin() as uow:
        product = await use_cases.measure_product(
            product_id, body.measures(), seller_id=identity.scope(), actor=identity.actor, uow=uow
        )
    return ProductView.of(product)


@router.get("/{product_id}/audit", summary="Who moved a product", response_model=Page[AuditEntry])
async def list_product_audit(
    product_id: UUID, identity: CurrentIdentity, service: Service, limit: Limit = 50, cursor: CursorParameter = None
) -> Any:
    """Oldest first."""
    key = decode_cursor(cursor, 1)
    async with service.transactions.begin() as uow:
        await _read(product_id, identity, uow)
        rows = await uow.audit.of(product_id, after=number_of(key[0]) if key else 0, limit=limit + 1)
    return page_of(rows, limit=limit, key=lambda row: (row.id,), item=AuditEntry.model_validate)


async def read_body(request: Request) -> bytes:
    """The body of a request, of which no more is read than a file may have."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MOST_BYTES:
            break
    return bytes(content)


async def _read(product_id: UUID, identity: Identity, uow: InventoryUow) -> Product:
    product = await uow.products.get(product_id, seller_id=identity.scope())
    if product is None:
        raise use_cases.not_found(product_id)
    return product


async def _move(
    product_id: UUID, target: ProductStatus, identity: Identity, service: Service, *, reason: str = ""
) -> ProductView:
    async with service.transactions.begin() as uow:
        product = await use_cases.move_product(
            product_id, target, reason=reason, seller_id=identity.scope(), actor=identity.actor, uow=uow
        )
    return ProductView.of(product)


async def _move_many(
    body: ProductNames, target: ProductStatus, identity: Identity, service: Service, *, reason: str = ""
) -> BatchAnswer:
    owner = identity.acting_seller(body.seller_id) if body.skus else identity.scope(body.seller_id)
    async with service.transactions.begin() as uow:
        return await use_cases.move_products(
            body.refs(owner), target, reason=reason, seller_id=identity.scope(), actor=identity.actor, uow=uow
        )
