"""Fees: what shipping one order costs by a schedule, and which schedule counts."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from common.kernel.money import minor_units, rounded


@dataclass(frozen=True, slots=True)
class WeightBand:
    """What a parcel up to and including that many grams costs more; None as the limit takes every heavier one."""

    up_to_grams: int | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """Prices of a warehouse, in its currency, from an instant on: for everyone, or for one channel, seller or both."""

    id: UUID
    warehouse_id: UUID
    channel_id: UUID | None
    seller_id: UUID | None
    currency: str
    starts_at: datetime
    per_order: Decimal
    per_further_unit: Decimal
    bands: tuple[WeightBand, ...] = ()
    _limits: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        limits = tuple(band.up_to_grams for band in self.bands if band.up_to_grams is not None)
        object.__setattr__(self, "_limits", limits)

    def band_of(self, weight_grams: int) -> WeightBand | None:
        """The first band that takes the weight; None where the heaviest band is too light."""
        index = bisect_left(self._limits, weight_grams)
        return self.bands[index] if index < len(self.bands) else None


@dataclass(frozen=True, slots=True)
class Fee:
    """A price with its parts."""

    schedule_id: UUID
    currency: str
    per_order: Decimal
    units: Decimal
    weight: Decimal
    total: Decimal


class Unpriced(ValueError):
    """There is no price; the message says why and what helps."""


def problems_of(bands: Sequence[WeightBand], amounts: Iterable[tuple[str, Decimal]], currency: str) -> list[str]:
    """What is wrong with the prices of a schedule: bands ascend, only the last is open, no amount is negative or
    finer than the currency's minor unit.
    """
    found = []
    named = [*amounts, *((f"bands.{index}.amount", band.amount) for index, band in enumerate(bands))]
    for name, amount in named:
        if amount < 0:
            found.append(f"{name}: {amount} is negative; give 0 or more")
        elif rounded(amount, currency) != amount:
            found.append(f"{name}: {amount} has more than the {minor_units(currency)} decimals of {currency}")
    limits = [band.up_to_grams for band in bands]
    if None in limits[:-1]:
        found.append("bands: only the last band may be without up_to_grams; move it to the end")
    closed = [limit for limit in limits if limit is not None]
    if closed != sorted(set(closed)):
        found.append(f"bands: up_to_grams must ascend, but are {', '.join(map(str, closed))}; sort them")
    return found


def in_force(
    schedules: Iterable[FeeSchedule], *, warehouse_id: UUID, channel_id: UUID | None, seller_id: UUID, at: datetime
) -> FeeSchedule | None:
    """The schedule that counts: the most specific that applies, in this order: seller and channel, seller, channel,
    neither; among equals the one that started last.
    """
    applying = (
        schedule
        for schedule in schedules
        if schedule.warehouse_id == warehouse_id
        and schedule.channel_id in {None, channel_id}
        and schedule.seller_id in {None, seller_id}
        and schedule.starts_at <= at
    )
    return max(
        applying,
        key=lambda schedule: (schedule.seller_id is not None, schedule.channel_id is not None, schedule.starts_at),
        default=None,
    )


def price(schedule: FeeSchedule, *, units: int, weight_grams: int) -> Fee:
    """What shipping that many units of that weight in all costs; raises Unpriced."""
    weight = Decimal(0)
    if schedule.bands:
        band = schedule.band_of(weight_grams)
        if band is None:
            raise Unpriced(
                f"{weight_grams} g is above the heaviest band of the fee schedule, {schedule.bands[-1].up_to_grams} g: "
                "ask the warehouse to add a band, or split the order"
            )
        weight = band.amount
    further = schedule.per_further_unit * max(units - 1, 0)
    total = rounded(schedule.per_order + further + weight, schedule.currency)
    return Fee(schedule.id, schedule.currency, schedule.per_order, further, weight, total)


def start_of(day: date, time_zone: str) -> datetime:
    """The instant at which `day` begins where the warehouse is."""
    return datetime.combine(day, time(0), ZoneInfo(time_zone))
