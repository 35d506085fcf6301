"""Where an order goes: the address as a value, and what keeps it from being shipped to."""

from collections.abc import Set
from dataclasses import dataclass

from orders.domain.postal import is_wellformed, needs_postal_code

_CITY_STATES = frozenset({"SG", "HK", "MO", "MC", "VA", "GI"})


@dataclass(frozen=True, slots=True)
class Address:
    """Where a parcel goes. Absent fields are empty; a masked field keeps its asterisks."""

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

    @property
    def is_masked(self) -> bool:
        """Whether the platform hides part of it, which only a label made by the platform can live with."""
        return "*" in self.name or "*" in self.line1 or "*" in self.line2 or "*" in self.postal_code


def problems(address: Address | None, *, countries: Set[str], platform_label: bool) -> list[str]:
    """What is wrong with an address; nothing means that it can be shipped to. A label of the platform's own needs the
    country only, because the platform knows the rest and may mask it.
    """
    if address is None:
        return ["the order has no shipping address"]
    found = []
    if address.country not in countries:
        found.append(f"country {address.country!r} is not an ISO 3166-1 code")
    if platform_label:
        return found
    if address.is_masked:
        found.append("the platform masks it")
    if not (address.name or address.company):
        found.append("name is empty")
    if not address.line1:
        found.append("line1 is empty")
    if not address.city and address.country not in _CITY_STATES:
        found.append("city is empty")
    if not address.postal_code:
        if needs_postal_code(address.country):
            found.append("postal_code is empty")
    elif not address.is_masked and not is_wellformed(address.postal_code, address.country):
        found.append(f"postal_code {address.postal_code!r} is not one of {address.country}")
    return found
