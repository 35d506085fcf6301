"""Countries and phone numbers, from the libraries that know them."""

import re
from functools import lru_cache

import phonenumbers
import pycountry
from contracts.common_parts import AddressV1

from orders.domain.address import Address
from orders.domain.postal import normalised

_E164 = re.compile(r"\+[1-9][0-9]{7,14}")


@lru_cache(maxsize=1024)
def country_code(name: str) -> str:
    """The ISO 3166-1 alpha-2 code of a country's code or name; what is none comes back as it was, trimmed."""
    trimmed = name.strip()
    if not trimmed:
        return ""
    try:
        return str(pycountry.countries.lookup(trimmed).alpha_2)
    except LookupError:
        return trimmed


def phone_number(phone: str, country: str) -> str:
    """The number in E.164; one that cannot be a number, or is masked, is kept as it came."""
    trimmed = phone.strip()
    if not trimmed or _E164.fullmatch(trimmed):
        return trimmed
    try:
        parsed = phonenumbers.parse(trimmed, country if len(country) == 2 else None)
    except phonenumbers.NumberParseException:
        return trimmed
    if not phonenumbers.is_possible_number(parsed):
        return trimmed
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


class LibraryAddressBook:
    """The AddressBook port."""

    def __init__(self) -> None:
        self._countries = frozenset(country.alpha_2 for country in pycountry.countries)

    @property
    def countries(self) -> frozenset[str]:
        """The ISO 3166-1 alpha-2 codes."""
        return self._countries

    def normalise(self, address: AddressV1) -> Address:
        """The address as it is kept: country by its code, postal code as the country writes it, phone in E.164."""
        country = country_code(address.country)
        return Address(
            name=address.name.strip(),
            company=address.company.strip(),
            phone=phone_number(address.phone, country),
            email=address.email.strip(),
            line1=address.line1.strip(),
            line2=address.line2.strip(),
            city=address.city.strip(),
            region=address.region.strip(),
            postal_code=normalised(address.postal_code, country),
            country=country,
        )
