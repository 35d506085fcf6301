"""What a label of the house carrier says; PDF and ZPL are made from this one description.

The process that draws PDFs imports this module and little else, so it stays with the standard library.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LabelContent:
    """What is printed, in Latin letters."""

    service: str
    ship_from: str
    name: str
    lines: tuple[str, ...]
    country: str
    tracking_number: str
    number: str
    order_number: str
