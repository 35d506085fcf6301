"""A channel: a way to ship from a warehouse."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from common.errors import InvalidInput, StaleVersion

from fulfillment.domain.states import ChannelKind

CODE = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,39}")
PREFIX = re.compile(r"[A-Z]{2,4}")


@dataclass(frozen=True, slots=True)
class CarrierSettings:
    """How the house carrier labels what ships through a channel: tracking numbers are the prefix, ten digits and a
    check digit; `label_format` is pdf or zpl.
    """

    prefix: str = "HC"
    service: str = "House Carrier"
    label_format: str = "pdf"

    def __post_init__(self) -> None:
        if not PREFIX.fullmatch(self.prefix):
            raise InvalidInput.of(
                "carrier.prefix", self.prefix, "is not 2 to 4 capital letters", "Choose a prefix such as HC."
            )
        if not 1 <= len(self.service) <= 40:
            raise InvalidInput.of(
                "carrier.service", self.service, "is not 1 to 40 characters long", "Name the service, such as Ground."
            )
        if self.label_format not in {"pdf", "zpl"}:
            raise InvalidInput.of(
                "carrier.label_format", self.label_format, "is neither pdf nor zpl", "Choose pdf or zpl."
            )


@dataclass(slots=True)
class Channel:
    """Kind, code and warehouse never change; the rest is edited with the version that was read."""

    id: UUID
    warehouse_id: UUID
    code: str
    kind: ChannelKind
    name: str
    countries: tuple[str, ...]
    active: bool
    label_required: bool
    upload_tracking: bool
    carrier: CarrierSettings
    created_at: datetime
    updated_at: datetime
    version: int = field(default=1)

    def __post_init__(self) -> None:
        if not CODE.fullmatch(self.code):
            raise InvalidInput.of(
                "code",
                self.code,
                "is not 1 to 40 capital letters, digits, hyphens or underscores",
                "Choose a code such as USPS-GA.",
            )

    def expect_version(self, version: int) -> None:
        """Raise StaleVersion unless it is still the version that was read."""
        if version != self.version:
            raise StaleVersion("channel", self.code, expected=version, current=self.version)


def country_codes(countries: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """The destinations of a channel as ISO 3166-1 alpha-2, sorted; raises InvalidInput."""
    for index, country in enumerate(countries):
        if not re.fullmatch(r"[A-Z]{2}", country):
            raise InvalidInput.of(
                f"countries.{index}", country, "is not an ISO 3166-1 alpha-2 code", "Write it like US or GB."
            )
    return tuple(sorted(set(countries)))
