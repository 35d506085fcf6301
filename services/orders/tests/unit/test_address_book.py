"""Countries and phones."""

import pytest
from contracts.common_parts import AddressV1
from orders.adapters.address_book import LibraryAddressBook, country_code, phone_number
from orders.entrypoints.export import safe


@pytest.mark.parametrize(
    ("name", "code"), [("us", "US"), ("USA", "US"), ("Germany", "DE"), (" ", ""), ("Nowhere", "Nowhere")]
)
def test_countries_are_known_by_code_and_name(name: str, code: str) -> None:
    assert country_code(name) == code


@pytest.mark.parametrize(
    ("phone", "country", "kept"),
    [
        ("(617) 555-0123", "US", "+16175550123"),
        ("+16175550123", "US", "+16175550123"),
        ("030 901820", "DE", "+4930901820"),
        ("******21", "US", "******21"),
        ("call me", "US", "call me"),
        ("", "US", ""),
    ],
)
def test_phones_become_e164_and_others_stay(phone: str, country: str, kept: str) -> None:
    assert phone_number(phone, country) == kept


def test_an_address_is_normalised_whole() -> None:
    address = LibraryAddressBook().normalise(AddressV1(name=" Ann ", postal_code="1067", country="Germany"))
    assert (address.name, address.postal_code, address.country) == ("Ann", "01067", "DE")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "\tx"])
def test_formulas_are_disarmed(text: str) -> None:
    assert safe(text) == f"'{text}"
