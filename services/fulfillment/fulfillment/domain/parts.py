"""The values inside a fulfilment order: where it goes, what is picked, and its parcels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Address:
    """Where a parcel goes. Absent fields are empty; the country is ISO 3166-1 alpha-2; postal codes are text."""

    name: str = ""
    company: str = ""
    phone: str = ""
    email: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""

    def erased(self) -> "Address":
        """What may stay when the buyer's personal data is erased: the region that fees and statistics need."""
        return Address(region=self.region, country=self.country)


@dataclass(frozen=True, slots=True)
class Line:
    """Units of one SKU to pick; SKUs are case-sensitive."""

    line_id: str
    sku: str
    quantity: int
    title: str = ""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One parcel with its label's place in the document store; the weight in grams is None until it was weighed."""

    package_number: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    carrier: str = ""
    label_key: str = ""
    label_format: str = ""
    weight_grams: int | None = None


def merge_parcels(known: Sequence[Parcel], reported: Sequence[Parcel]) -> tuple[Parcel, ...]:
    """The parcels that left, as the warehouse reports them, each with the label that we know it by.

    A reported parcel is the known one of its package number or tracking number; where exactly one is known and one
    reported, they are the same. What the warehouse left empty stays as it was. No report keeps what is known.
    """
    if not reported:
        return tuple(known)
    by_package = {parcel.package_number: parcel for parcel in known if parcel.package_number}
    by_tracking = {parcel.tracking_number: parcel for parcel in known if parcel.tracking_number}
    merged = []
    for parcel in reported:
        own = by_package.get(parcel.package_number) or by_tracking.get(parcel.tracking_number)
        if own is None and len(known) == len(reported) == 1:
            own = known[0]
        if own is None:
            merged.append(parcel)
            continue
        relabelled = parcel.tracking_number not in ("", own.tracking_number)
        merged.append(
            replace(
                own,
                tracking_number=parcel.tracking_number or own.tracking_number,
                tracking_url="" if relabelled else own.tracking_url,
                carrier=parcel.carrier or own.carrier,
                weight_grams=own.weight_grams if parcel.weight_grams is None else parcel.weight_grams,
            )
        )
    return tuple(merged)
