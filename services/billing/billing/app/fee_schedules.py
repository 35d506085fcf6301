"""Fee schedules: their editing, and what an order would cost."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from common.errors import FieldError, InvalidInput, NotFound, StaleVersion
from common.kernel.ids import uuid7
from common.kernel.money import rounded

from billing.app.ports import Change, Uow, Warehouse
from billing.app.views import ScheduleView
from billing.domain.fees import Fee, Unpriced, WeightBand, in_force, price, problems_of, start_of


@dataclass(frozen=True, slots=True)
class ScheduleTerms:
    """What an editor sets; the currency is the warehouse's."""

    warehouse_id: UUID
    channel_id: UUID | None
    seller_id: UUID | None
    name: str
    valid_from: date
    per_order: Decimal
    per_further_unit: Decimal
    bands: tuple[WeightBand, ...]


@dataclass(frozen=True, slots=True)
class PriceQuestion:
    """An order to be priced."""

    seller_id: UUID
    warehouse_id: UUID
    channel_id: UUID | None
    units: int
    weight_grams: int
    at: datetime


async def add_schedule(terms: ScheduleTerms, *, actor: str, uow: Uow) -> UUID:
    """Make a schedule; raises InvalidInput, NotFound, Conflict. Returns its id."""
    warehouse = await _warehouse(terms.warehouse_id, uow=uow)
    schedule = _view(terms, warehouse, schedule_id=uuid7(), version=1, uow=uow)
    await uow.schedules.add(schedule, start_of(terms.valid_from, warehouse.time_zone))
    await _write_down(schedule, "create", actor=actor, uow=uow)
    return schedule.id


async def edit_schedule(schedule_id: UUID, terms: ScheduleTerms, *, version: int, actor: str, uow: Uow) -> None:
    """Replace the terms; holds keep the price that they were placed with. Raises StaleVersion and what add does."""
    current = await _current(schedule_id, version=version, uow=uow)
    warehouse = await _warehouse(terms.warehouse_id, uow=uow)
    schedule = _view(terms, warehouse, schedule_id=current.id, version=current.version + 1, uow=uow)
    await uow.schedules.save(schedule, start_of(terms.valid_from, warehouse.time_zone))
    await _write_down(schedule, "edit", actor=actor, uow=uow)


async def remove_schedule(schedule_id: UUID, *, version: int, actor: str, uow: Uow) -> None:
    """Take a schedule away; raises NotFound, StaleVersion."""
    current = await _current(schedule_id, version=version, uow=uow)
    await uow.schedules.remove(schedule_id)
    await _write_down(current, "remove", actor=actor, uow=uow)


async def preview(question: PriceQuestion, *, uow: Uow) -> Fee:
    """What an order would cost; raises NotFound for an unknown warehouse, InvalidInput where there is no price."""
    warehouse = await _warehouse(question.warehouse_id, uow=uow)
    schedules = await uow.schedules.of_warehouses({warehouse.id}, question.at)
    schedule = in_force(
        (schedule for schedule in schedules if schedule.currency == warehouse.currency),
        warehouse_id=warehouse.id,
        channel_id=question.channel_id,
        seller_id=question.seller_id,
        at=question.at,
    )
    if schedule is None:
        raise InvalidInput.of(
            "warehouse_id",
            str(warehouse.id),
            f"no fee schedule of warehouse {warehouse.code} applies",
            "Ask the warehouse to add a fee schedule.",
            code="no_fee_schedule",
        )
    try:
        return price(schedule, units=question.units, weight_grams=question.weight_grams)
    except Unpriced as error:
        raise InvalidInput.of(
            "weight_grams", question.weight_grams, str(error), "Add a band or split the order.", code="no_fee_schedule"
        ) from error


def schedule_not_found(schedule_id: UUID) -> NotFound:
    """The error for a schedule that is not there."""
    return NotFound(
        f"there is no fee schedule {schedule_id}",
        remedy="Check the id in GET /api/v1/fee-schedules.",
        code="fee_schedule_not_found",
    )


async def _current(schedule_id: UUID, *, version: int, uow: Uow) -> ScheduleView:
    current = await uow.schedules.get(schedule_id)
    if current is None:
        raise schedule_not_found(schedule_id)
    if current.version != version:
        raise StaleVersion("fee schedule", schedule_id, expected=version, current=current.version)
    return current


async def _warehouse(warehouse_id: UUID, *, uow: Uow) -> Warehouse:
    warehouse = (await uow.directory.warehouses({warehouse_id})).get(warehouse_id)
    if warehouse is None:
        raise NotFound(
            f"warehouse {warehouse_id} is not known to billing",
            remedy="Check the id; a warehouse that was just created is known here within seconds.",
            code="warehouse_not_found",
        )
    return warehouse


def _view(terms: ScheduleTerms, warehouse: Warehouse, *, schedule_id: UUID, version: int, uow: Uow) -> ScheduleView:
    currency = warehouse.currency
    amounts = [("per_order", terms.per_order), ("per_further_unit", terms.per_further_unit)]
    problems = problems_of(terms.bands, amounts, currency)
    if problems:
        pairs = (problem.partition(": ") for problem in problems)
        raise InvalidInput([FieldError(name, None, text, "Correct it and send it again.") for name, _, text in pairs])
    return ScheduleView(
        id=schedule_id,
        warehouse_id=terms.warehouse_id,
        channel_id=terms.channel_id,
        seller_id=terms.seller_id,
        name=terms.name,
        currency=currency,
        valid_from=terms.valid_from,
        per_order=rounded(terms.per_order, currency),
        per_further_unit=rounded(terms.per_further_unit, currency),
        bands=tuple(replace(band, amount=rounded(band.amount, currency)) for band in terms.bands),
        version=version,
        updated_at=uow.now,
    )


async def _write_down(schedule: ScheduleView, action: str, *, actor: str, uow: Uow) -> None:
    details = {
        "warehouse_id": str(schedule.warehouse_id),
        "channel_id": str(schedule.channel_id) if schedule.channel_id else None,
        "valid_from": schedule.valid_from.isoformat(),
        "per_order": str(schedule.per_order),
        "per_further_unit": str(schedule.per_further_unit),
        "bands": [[band.up_to_grams, str(band.amount)] for band in schedule.bands],
    }
    await uow.changes.add(Change("fee_schedule", schedule.id, schedule.seller_id, actor, action, details=details))
