"""Values that several owners' messages carry."""

from contracts.base import Part


class AddressV1(Part):
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


class ParcelV1(Part):
    """One parcel with its label: the platform's package number (empty where the platform has none), the tracking
    number, the carrier's name as the label's issuer spells it, the key of the label in the document store with its
    format (`pdf` or `zpl`), and the weight in grams once the warehouse has weighed it.
    """

    package_number: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    carrier: str = ""
    label_key: str = ""
    label_format: str = ""
    weight_grams: int | None = None
