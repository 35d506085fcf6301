"""Bodies of the product routes."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from common.http.batch import BatchAnswer
from pydantic import Field, StringConstraints, model_validator

from inventory.app.products import ProductRef
from inventory.domain.product import Measures, Product, ProductData, ProductStatus
from inventory.entrypoints.schemas.parts import MOST_ROWS, Body, Grams, Millimetres, Name, Reason, Sku, View

HazardClass = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=32, pattern=r"^[A-Za-z0-9 ._/-]*$"),
    Field(description="Class of dangerous goods, such as 9 or 2.1; empty for none. Final once approved."),
]
Barcode = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64, pattern=r"^[\x21-\x7e]*$")]


class ProductFields(Body):
    """What a seller says of a product."""

    sku: Sku
    title: Name
    weight_grams: Grams | None = None
    length_mm: Millimetres | None = None
    width_mm: Millimetres | None = None
    height_mm: Millimetres | None = None
    hazard_class: HazardClass = ""
    barcode: Barcode = ""

    def data(self) -> ProductData:
        """What it says."""
        return ProductData(
            sku=self.sku,
            title=self.title,
            hazard_class=self.hazard_class,
            barcode=self.barcode,
            declared=Measures(self.weight_grams, self.length_mm, self.width_mm, self.height_mm),
        )


class ProductIn(ProductFields):
    """A new product."""

    seller_id: UUID | None = Field(None, description="Operators name the seller; sellers leave it out.")


class ProductsIn(Body):
    """Products to make, or to edit where the SKU is known."""

    seller_id: UUID | None = Field(None, description="Operators name the seller; sellers leave it out.")
    rows: list[ProductFields] = Field(min_length=1, max_length=MOST_ROWS)


class ProductEdit(Body):
    """What changes of a product; absent fields stay, null clears."""

    sku: Sku | None = Field(None, description="Fixed: only the present SKU is taken.")
    title: Name | None = None
    weight_grams: Grams | None = None
    length_mm: Millimetres | None = None
    width_mm: Millimetres | None = None
    height_mm: Millimetres | None = None
    hazard_class: HazardClass | None = None
    barcode: Barcode | None = None

    def over(self, before: ProductData) -> ProductData:
        """The product's data with the given fields changed."""
        given = self.model_fields_set
        declared = before.declared

        def text(name: str, old: str) -> str:
            value = getattr(self, name)
            return old if name not in given or value is None else str(value)

        def measure(name: str) -> int | None:
            value: int | None = getattr(self if name in given else declared, name)
            return value

        return ProductData(
            sku=text("sku", before.sku),
            title=text("title", before.title),
            hazard_class=text("hazard_class", before.hazard_class),
            barcode=text("barcode", before.barcode),
            declared=Measures(measure("weight_grams"), measure("length_mm"), measure("width_mm"), measure("height_mm")),
        )


class RejectIn(Body):
    """Why a product is refused."""

    reason: Reason


class ProductNames(Body):
    """Products by id, or by SKU of one seller."""

    seller_id: UUID | None = Field(None, description="Operators who name SKUs say whose.")
    product_ids: list[UUID] = Field(default_factory=list, max_length=MOST_ROWS)
    skus: list[Sku] = Field(default_factory=list, max_length=MOST_ROWS)

    @model_validator(mode="after")
    def _names_something(self) -> "ProductNames":
        if not self.product_ids and not self.skus:
            raise ValueError("name at least one product in product_ids or skus")
        return self

    def refs(self, seller_id: UUID | None) -> list[ProductRef]:
        """The products, once each, SKUs being those of the seller."""
        refs = [ProductRef(product_id=product_id) for product_id in self.product_ids]
        refs += [ProductRef(seller_id=seller_id, sku=sku) for sku in self.skus]
        return list(dict.fromkeys(refs))


class RejectNames(ProductNames):
    """Products to refuse, and why."""

    reason: Reason


class MeasuresIn(Body):
    """What the warehouse measured: grams and millimetres, all of them."""

    weight_grams: Grams
    length_mm: Millimetres
    width_mm: Millimetres
    height_mm: Millimetres

    def measures(self) -> Measures:
        """What it says."""
        return Measures(self.weight_grams, self.length_mm, self.width_mm, self.height_mm)


class MeasureRow(MeasuresIn):
    """What the warehouse measured of one product, named by id or by seller and SKU."""

    product_id: UUID | None = None
    seller_id: UUID | None = None
    sku: Sku | None = None

    @model_validator(mode="after")
    def _names_one(self) -> "MeasureRow":
        if (self.product_id is None) == (self.sku is None):
            raise ValueError("name the product by product_id, or by seller_id and sku")
        if self.sku is not None and self.seller_id is None:
            raise ValueError("seller_id is required with sku")
        return self


class MeasureRows(Body):
    """What the warehouse measured of many products."""

    rows: list[MeasureRow] = Field(min_length=1, max_length=MOST_ROWS)


class MeasuresView(View):
    """Grams and millimetres; absent where not known."""

    weight_grams: int | None
    length_mm: int | None
    width_mm: int | None
    height_mm: int | None


class ProductView(View):
    """A product."""

    id: UUID
    seller_id: UUID
    version: int = Field(description="Send it in If-Match to edit.")
    sku: str
    title: str
    status: ProductStatus
    hazard_class: str
    barcode: str
    declared: MeasuresView = Field(description="What the seller says.")
    measured: bool = Field(description="Whether the warehouse has measured it.")
    measured_at: datetime | None
    measures: MeasuresView = Field(description="What is in force: measured, or else declared.")
    reject_reason: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, product: Product) -> "ProductView":
        """As it is shown."""
        data = product.data
        return cls(
            id=product.id,
            seller_id=product.seller_id,
            version=product.version,
            sku=data.sku,
            title=data.title,
            status=product.status,
            hazard_class=data.hazard_class,
            barcode=data.barcode,
            declared=MeasuresView.model_validate(data.declared),
            measured=product.measured is not None,
            measured_at=product.measured_at,
            measures=MeasuresView.model_validate(product.measures),
            reject_reason=product.reject_reason,
            created_at=product.created_at,
            updated_at=product.updated_at,
        )


class ProductCounts(View):
    """How many products are in each status."""

    draft: int
    in_audit: int
    approved: int
    rejected: int


class ImportAnswer(BatchAnswer):
    """What became, or in a dry run would become, of each line of a file."""

    dry_run: bool


def example_csv() -> dict[str, Any]:
    """How the file of an import looks, for the OpenAPI document."""
    return {
        "text/csv": {
            "schema": {"type": "string"},
            "example": f"{','.join(ProductFields.model_fields)}\nA-1,Blue mug,350,90,90,100,,\n",
        }
    }
