"""What ships for an order line: a platform SKU stands for one or more units of one or more SKUs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class MappedSku:
    """`quantity` units of `sku` ship for one platform unit."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line as the platform has it; `quantity` is what is left to ship."""

    platform_line_id: str
    platform_sku: str
    quantity: int
    title: str = ""
    platform_product_id: str = ""
    unit_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """Units of one SKU for one line; `factor` is how many ship for one platform unit."""

    line_id: str
    sku: str
    quantity: int
    factor: int
    title: str = ""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a reviewed order ships, line by line; `weight_grams` is None while a product has no weight."""

    lines: tuple[Need, ...]
    weight_grams: int | None = None

    def by_sku(self) -> dict[str, int]:
        """Units per SKU over all lines, in the order of their first line."""
        total: dict[str, int] = {}
        for need in self.lines:
            total[need.sku] = total.get(need.sku, 0) + need.quantity
        return total

    def first_line_of(self, sku: str) -> Need | None:
        """The first line that needs the SKU."""
        return next((need for need in self.lines if need.sku == sku), None)


def expand(
    lines: Iterable[Line], mapping: Mapping[str, tuple[MappedSku, ...]]
) -> tuple[tuple[Need, ...], tuple[Line, ...]]:
    """The needs of the mapped lines, and the lines that have no mapping. SKUs are compared as they are written, and
    lines with nothing left to ship are passed over. A bundle that names a SKU twice needs the sum.
    """
    needs: list[Need] = []
    unmapped: list[Line] = []
    for line in lines:
        if line.quantity <= 0:
            continue
        items = mapping.get(line.platform_sku) if line.platform_sku else None
        if not items:
            unmapped.append(line)
            continue
        factors: dict[str, int] = {}
        for item in items:
            factors[item.sku] = factors.get(item.sku, 0) + item.quantity
        needs.extend(
            Need(line.platform_line_id, sku, line.quantity * factor, factor, line.title)
            for sku, factor in factors.items()
        )
    return tuple(needs), tuple(unmapped)
