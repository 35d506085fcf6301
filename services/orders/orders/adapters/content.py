"""What was ordered, between its row and its values."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from orders.domain.address import Address
from orders.domain.mapping import Line, Need, Needs
from orders.domain.platform import Content, Details, Package


def needs_of(value: Mapping[str, Any]) -> Needs:
    """The needs in a JSON value."""
    return Needs(tuple(Need(**need) for need in value["lines"]), value["weight_grams"])


def packages_of(value: Iterable[Mapping[str, Any]]) -> tuple[Package, ...]:
    """The packages in a JSON value."""
    return tuple(Package(item["package_number"], tuple(item["platform_line_ids"])) for item in value)


def skus_of(platform_skus: Iterable[str], needs: Needs | None) -> list[str]:
    """Every SKU that an order can be found by: the platform's and ours."""
    ours = [need.sku for need in needs.lines] if needs else []
    return sorted({sku for sku in (*platform_skus, *ours) if sku})


def line_of(value: Mapping[str, Any]) -> Line:
    """The line in a JSON value."""
    price = value["unit_price"]
    return Line(
        platform_line_id=value["platform_line_id"],
        platform_sku=value["platform_sku"],
        quantity=value["quantity"],
        title=value["title"],
        platform_product_id=value["platform_product_id"],
        unit_price=Decimal(price) if price is not None else None,
    )


def details_of(row: Row[Any]) -> Details:
    """The details in a row."""
    return Details(
        order_id=row.order_id,
        content=Content(
            raw_status=row.raw_status,
            currency=row.currency,
            total=row.total,
            paid_at=row.paid_at,
            buyer_name=row.buyer_name,
            buyer_email=row.buyer_email,
            buyer_note=row.buyer_note,
            ship_to=Address(**row.ship_to) if row.ship_to else None,
            platform_label=row.platform_label,
            lines=tuple(line_of(line) for line in row.lines),
            packages=packages_of(row.packages or ()),
        ),
        needs=needs_of(row.needs) if row.needs else None,
    )


def details_row(details: Details) -> dict[str, Any]:
    """The row of details."""
    content = details.content
    platform_skus: Sequence[str] = [line.platform_sku for line in content.lines]
    return {
        "order_id": details.order_id,
        "raw_status": content.raw_status,
        "currency": content.currency,
        "total": content.total,
        "paid_at": content.paid_at,
        "buyer_name": content.buyer_name,
        "buyer_email": content.buyer_email,
        "buyer_note": content.buyer_note,
        "ship_to": content.ship_to,
        "platform_label": content.platform_label,
        "lines": content.lines,
        "packages": content.packages or None,
        "needs": details.needs,
        "skus": skus_of(platform_skus, details.needs),
    }
