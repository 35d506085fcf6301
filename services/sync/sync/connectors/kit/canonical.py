"""From a platform's page to canonical orders: one unreadable order is parked and its neighbours go on.

Also the hooks through which a connector tells what it met: nothing unknown is guessed and nothing is swallowed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

import orjson
from contracts.common_parts import AddressV1
from contracts.sync.v1 import CanonicalOrderV1, OrderLineV1, PlatformStatusV1
from pydantic import ValidationError

from sync.connectors.kit.connector import ParkedOrder

_SHORT_POSTAL_CODES = {
    "US": 5,
    "DE": 5,
    "FR": 5,
    "IT": 5,
    "ES": 5,
    "MX": 5,
    "MY": 5,
    "TH": 5,
    "SG": 6,
    "CN": 6,
    "RU": 6,
}
"""Countries whose postal codes are digits of one length; a platform that sends numbers has dropped leading zeros."""


def _ignore(*_: object) -> None:
    """Count nothing."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a connector reports while it works; each is called often and must return at once.

    `unlisted_field(platform, path)`: the platform sent a field that we neither read nor ignore on purpose.
    `unknown_status(platform, word)`: a status that our table lacks; the order goes on as UNKNOWN. An alert.
    `call_made(platform, call, outcome, seconds)`: outcome is the HTTP status or `no_answer`.
    """

    unlisted_field: Callable[[str, str], None] = _ignore
    unknown_status: Callable[[str, str], None] = _ignore
    call_made: Callable[[str, str, str, float], None] = _ignore


NO_HOOKS = Hooks()
MAX_NAME = 200
MAX_QUANTITY = 100_000
"""Far above what anybody ships in one order; what is beyond it would not fit into counts of stock either."""

_LATER_IN_A_SECOND = {
    PlatformStatusV1.UNKNOWN: 0,
    PlatformStatusV1.UNPAID: 1,
    PlatformStatusV1.AWAITING_FULFILLMENT: 2,
    PlatformStatusV1.ON_HOLD: 3,
    PlatformStatusV1.SHIPPED: 4,
    PlatformStatusV1.DELIVERED: 5,
    PlatformStatusV1.CANCELLED: 6,
    PlatformStatusV1.RETURNED: 7,
}


def version_of(updated_at: datetime, status: PlatformStatusV1) -> int:
    """The version of an order by its last change, in milliseconds.

    Platforms tell that time in whole seconds, so an order that is cancelled in the second of another change has the
    time that we know already: the status that comes later in an order's life counts as the newer one.
    """
    return int(updated_at.timestamp() * 1000) + _LATER_IN_A_SECOND[status]


@dataclass(slots=True)
class PageBuilder:
    """Collects the outcome of each order of a page."""

    orders: list[CanonicalOrderV1] = field(default_factory=list)
    parked: list[ParkedOrder] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def add_all(
        self,
        raw_orders: Iterable[object],
        *,
        name_of: Callable[[object], str],
        read: Callable[[object], CanonicalOrderV1 | None],
    ) -> None:
        """Read each order; None from `read` means that somebody else fulfils it."""
        for raw in raw_orders:
            try:
                order = read(raw)
                if order is None:
                    self.left_out.append(name_of(raw))
                else:
                    self.orders.append(check(order))
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(str(part) for part in first["loc"])
                self.park(name_of(raw), f"{where}: {first['msg']}", raw)
            except ValueError as error:
                self.park(name_of(raw), str(error), raw)

    def park(self, platform_order_id: str, reason: str, raw: object) -> None:
        """Put one order aside with its reason and its JSON."""
        self.parked.append(ParkedOrder(platform_order_id, reason, orjson.dumps(raw)))


def check(order: CanonicalOrderV1) -> CanonicalOrderV1:
    """What every canonical order must hold; a ValueError says which does not."""
    seen = {line.platform_line_id for line in order.lines}
    if len(seen) != len(order.lines):
        raise ValueError("two lines carry the same id, expected one id a line")
    if len(order.platform_order_id) > MAX_NAME or len(order.number) > MAX_NAME:
        raise ValueError(f"the order's id or number has more than {MAX_NAME} characters")
    for line in order.lines:
        if not 0 < line.quantity <= MAX_QUANTITY:
            raise ValueError(f"line {line.platform_line_id} has quantity {line.quantity}, expected 1 to {MAX_QUANTITY}")
    if len(order.currency) != 3 or not order.currency.isascii() or not order.currency.isupper():
        raise ValueError(f"currency is {order.currency!r}, expected an ISO 4217 code such as USD")
    return order


def name_under(key: str) -> Callable[[object], str]:
    """A `name_of` that looks up `key`, for orders so broken that nothing else can be read."""

    def name_of(raw: object) -> str:
        value = raw.get(key) if isinstance(raw, dict) else None
        return str(value) if isinstance(value, str | int) else ""

    return name_of


def address(
    *,
    country: str,
    postal_code: str = "",
    name: str = "",
    company: str = "",
    phone: str = "",
    email: str = "",
    line1: str = "",
    line2: str = "",
    city: str = "",
    region: str = "",
) -> AddressV1:
    """An address with its texts trimmed, the country upper-case, and leading zeros of the postal code restored."""
    country = country.strip().upper()
    postal_code = postal_code.strip()
    digits = _SHORT_POSTAL_CODES.get(country, 0)
    if postal_code.isascii() and postal_code.isdigit() and len(postal_code) < digits:
        postal_code = postal_code.zfill(digits)
    return AddressV1(
        name=name.strip(),
        company=company.strip(),
        phone=phone.strip(),
        email=email.strip(),
        line1=line1.strip(),
        line2=line2.strip(),
        city=city.strip(),
        region=region.strip(),
        postal_code=postal_code,
        country=country,
    )


def unique_line_ids(lines: Iterable[OrderLineV1]) -> tuple[OrderLineV1, ...]:
    """The lines with `#2`, `#3` after an id that came before: platforms that number by item repeat themselves."""
    counts: dict[str, int] = {}
    result: list[OrderLineV1] = []
    for line in lines:
        seen = counts[line.platform_line_id] = counts.get(line.platform_line_id, 0) + 1
        own = line.platform_line_id if seen == 1 else f"{line.platform_line_id}#{seen}"
        result.append(line if seen == 1 else line.model_copy(update={"platform_line_id": own}))
    return tuple(result)
