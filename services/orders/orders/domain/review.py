"""The review: may this order be fulfilled as it is? Pure; every error is found, not only the first."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from orders.domain.address import Address, problems
from orders.domain.mapping import Line, MappedSku, Need, Needs, expand
from orders.domain.status import ChannelKind, PlatformStatus


class ReviewCode(StrEnum):
    """Why a review refuses."""

    SKU_NOT_MAPPED = "sku_not_mapped"
    STORE_HAS_NO_MAPPING = "store_has_no_mapping"
    PRODUCT_NOT_APPROVED = "product_not_approved"
    PRODUCT_NOT_MEASURED = "product_not_measured"
    INSUFFICIENT_STOCK = "insufficient_stock"
    NO_WAREHOUSE = "no_warehouse"
    NO_CHANNEL = "no_channel"
    CHANNEL_NOT_FOR_DESTINATION = "channel_not_for_destination"
    ADDRESS_INVALID = "address_invalid"
    ON_HOLD = "on_hold"
    NOTHING_TO_SHIP = "nothing_to_ship"


@dataclass(frozen=True, slots=True)
class ReviewError:
    """One reason, with what to do in its message. `line` is the platform line, `need` and `have` units of `sku` at
    `warehouse` (its code), `factor` the units that the mapping ships for one platform unit.
    """

    code: str
    message: str
    line: str = ""
    sku: str = ""
    need: int | None = None
    have: int | None = None
    warehouse: str = ""
    factor: int | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """What a review knows of a product."""

    sku: str
    status: str
    measured: bool
    weight_grams: int | None = None


@dataclass(frozen=True, slots=True)
class Warehouse:
    """What a review knows of a warehouse."""

    id: UUID
    code: str
    country: str
    active: bool


@dataclass(frozen=True, slots=True)
class Channel:
    """What a review knows of a channel; no countries means all."""

    id: UUID
    warehouse_id: UUID
    code: str
    kind: str
    countries: tuple[str, ...]
    active: bool


@dataclass(frozen=True, slots=True)
class ReviewContext:
    """The facts of the moment that reviews are decided on: mappings by (store, platform SKU), products by (seller,
    SKU), bindings as (seller, warehouse), ISO country codes.
    """

    mappings: Mapping[tuple[UUID, str], tuple[MappedSku, ...]] = field(default_factory=dict)
    stores_with_mappings: Set[UUID] = frozenset()
    products: Mapping[tuple[UUID, str], Product] = field(default_factory=dict)
    warehouses: Mapping[UUID, Warehouse] = field(default_factory=dict)
    channels: Mapping[UUID, Channel] = field(default_factory=dict)
    bindings: Set[tuple[UUID, UUID]] = frozenset()
    countries: Set[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ReviewSubject:
    """What of an order a review looks at."""

    seller_id: UUID
    store_id: UUID
    warehouse_id: UUID | None
    channel_id: UUID | None
    ship_to: Address | None
    lines: tuple[Line, ...]
    platform_label: bool
    holds: tuple[str, ...] = ()
    platform_status: str = PlatformStatus.AWAITING_FULFILLMENT


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a review found: errors, or what is to be shipped and how."""

    errors: tuple[ReviewError, ...] = ()
    needs: Needs | None = None
    channel_kind: str = ""


_OVER = frozenset({PlatformStatus.SHIPPED, PlatformStatus.DELIVERED, PlatformStatus.RETURNED, PlatformStatus.CANCELLED})
"""What is so on the platform must not be shipped from here, or it would ship twice."""


def decide(subject: ReviewSubject, context: ReviewContext) -> Verdict:
    """Review one order. Stock is not looked at here: inventory answers for it, atomically."""
    errors = [
        ReviewError(ReviewCode.ON_HOLD, f"the order is on hold ({reason}); release the hold, then review it again")
        for reason in subject.holds
    ]
    if subject.platform_status in _OVER:
        message = f"the platform says that the order is {subject.platform_status}; cancel it here"
        errors.append(ReviewError(ReviewCode.NOTHING_TO_SHIP, message))
    warehouse = _warehouse(subject, context, errors)
    channel = _channel(subject, context, errors)
    wrong = problems(
        subject.ship_to,
        countries=context.countries,
        platform_label=channel is not None and channel.kind == ChannelKind.PLATFORM_LABEL,
    )
    if wrong:
        message = f"the address cannot be shipped to: {'; '.join(wrong)}; have the buyer correct it on the platform"
        errors.append(ReviewError(ReviewCode.ADDRESS_INVALID, message))
    needs = _needs(subject, context, errors)
    if errors or channel is None or warehouse is None:
        return Verdict(errors=tuple(errors))
    return Verdict(needs=needs, channel_kind=channel.kind)


def _warehouse(subject: ReviewSubject, context: ReviewContext, errors: list[ReviewError]) -> Warehouse | None:
    warehouse = context.warehouses.get(subject.warehouse_id) if subject.warehouse_id else None
    if subject.warehouse_id is None:
        message = "no warehouse is assigned; assign one, or make a routing rule that takes the order"
    elif warehouse is None:
        message = f"warehouse {subject.warehouse_id} is not known; assign another one"
    elif not warehouse.active:
        message = f"warehouse {warehouse.code} is closed; assign another one"
    elif (subject.seller_id, warehouse.id) not in context.bindings:
        message = f"you may not use warehouse {warehouse.code}; have the operator bind you to it, or assign another one"
    else:
        return warehouse
    errors.append(ReviewError(ReviewCode.NO_WAREHOUSE, message, warehouse=warehouse.code if warehouse else ""))
    return None


def _channel(subject: ReviewSubject, context: ReviewContext, errors: list[ReviewError]) -> Channel | None:
    channel = context.channels.get(subject.channel_id) if subject.channel_id else None
    if subject.channel_id is None:
        message = "no channel is assigned; assign one, or make a routing rule that takes the order"
    elif channel is None:
        message = f"channel {subject.channel_id} is not known; assign another one"
    elif not channel.active:
        message = f"channel {channel.code} is closed; assign another one"
    elif channel.warehouse_id != subject.warehouse_id:
        message = f"channel {channel.code} is not one of the assigned warehouse; assign one that is"
    elif channel.kind == ChannelKind.PLATFORM_LABEL and not subject.platform_label:
        message = f"the platform issues no label for this order, which channel {channel.code} needs; assign another one"
    else:
        country = subject.ship_to.country if subject.ship_to else ""
        if channel.countries and country not in channel.countries:
            text = f"channel {channel.code} does not ship to {country or 'an unknown country'}; assign one that does"
            errors.append(ReviewError(ReviewCode.CHANNEL_NOT_FOR_DESTINATION, text))
        return channel
    errors.append(ReviewError(ReviewCode.NO_CHANNEL, message))
    return None


def _needs(subject: ReviewSubject, context: ReviewContext, errors: list[ReviewError]) -> Needs | None:
    mapping = {
        line.platform_sku: context.mappings[subject.store_id, line.platform_sku]
        for line in subject.lines
        if (subject.store_id, line.platform_sku) in context.mappings
    }
    needs, unmapped = expand(subject.lines, mapping)
    if unmapped and subject.store_id not in context.stores_with_mappings:
        message = "the store has no mapping at all; map its platform SKUs to your SKUs, then review again"
        errors.append(ReviewError(ReviewCode.STORE_HAS_NO_MAPPING, message, line=unmapped[0].platform_line_id))
    else:
        errors.extend(_unmapped(line) for line in unmapped)
    if not needs and not unmapped:
        message = "nothing is left to ship on the platform; cancel the order"
        errors.append(ReviewError(ReviewCode.NOTHING_TO_SHIP, message))
    weight: int | None = 0
    seen: set[str] = set()
    for need in needs:
        product = context.products.get((subject.seller_id, need.sku))
        if need.sku not in seen:
            seen.add(need.sku)
            error = _product_error(need, product)
            if error:
                errors.append(error)
        grams = product.weight_grams if product else None
        weight = None if weight is None or grams is None else weight + grams * need.quantity
    return Needs(needs, weight)


def _unmapped(line: Line) -> ReviewError:
    if not line.platform_sku:
        what = f"{line.title or 'a line'} has no platform SKU; give it one at the store, or map it there"
    else:
        what = f"platform SKU {line.platform_sku!r} is not mapped; map it to your SKUs, then review again"
    return ReviewError(ReviewCode.SKU_NOT_MAPPED, what, line=line.platform_line_id, sku=line.platform_sku)


def _product_error(need: Need, product: Product | None) -> ReviewError | None:
    if product is None:
        code = ReviewCode.PRODUCT_NOT_APPROVED
        what = f"there is no product {need.sku}; create it and have it approved, or map to another SKU"
    elif product.status != "approved":
        code = ReviewCode.PRODUCT_NOT_APPROVED
        what = f"product {need.sku} is {product.status}, not approved; submit it for audit and wait for the approval"
    elif not product.measured:
        code = ReviewCode.PRODUCT_NOT_MEASURED
        what = f"{need.sku} is not measured as new product; have a warehouse measure it, then review again"
    else:
        return None
    return ReviewError(code, what, line=need.line_id, sku=need.sku, need=need.quantity, factor=need.factor)


@dataclass(frozen=True, slots=True)
class Shortage:
    """A SKU of which the warehouse has too little for the whole order."""

    sku: str
    need: int
    have: int


def stock_errors(shortages: tuple[Shortage, ...], needs: Needs | None, *, warehouse: str) -> tuple[ReviewError, ...]:
    """The review errors of a refused reservation."""
    found = []
    for short in shortages:
        line = needs.first_line_of(short.sku) if needs else None
        factor = line.factor if line else None
        mapped = f" (mapping x{factor})" if factor and factor > 1 else ""
        message = (
            f"{short.sku} need {short.need}, have {short.have}, {warehouse}{mapped}; "
            "receive stock there, or assign another warehouse"
        )
        found.append(
            ReviewError(
                ReviewCode.INSUFFICIENT_STOCK,
                message,
                line=line.line_id if line else "",
                sku=short.sku,
                need=short.need,
                have=short.have,
                warehouse=warehouse,
                factor=factor,
            )
        )
    return tuple(found)
