"""What orders of both platforms have in common."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sandbox.specs import AddressSpec, LabelSpec, MalformedSpec, OrderSpec
from sandbox.times import TimeIndex

COUNTRY_DEFAULTS = {
    "US": ("Reno", "NV", "89501"),
    "CA": ("Toronto", "ON", "M5V 1L9"),
    "GB": ("Leeds", "ENG", "LS1 4DY"),
    "DE": ("Berlin", "BE", "10115"),
    "SG": ("Singapore", "", "018956"),
    "VN": ("Tây Ninh", "", ""),
    "MY": ("Shah Alam", "Selangor", "40150"),
    "TW": ("Taipei", "", "100"),
}


@dataclass(slots=True)
class Address:
    """A postal address; fields are empty strings where unknown."""

    name: str
    company: str
    phone: str
    line1: str
    line2: str
    city: str
    region: str
    postal_code: str
    country: str

    @classmethod
    def of(cls, spec: AddressSpec, country: str) -> "Address":
        """Make an address, filling city, region and postal code of the country when none of them was given."""
        values = spec.model_dump()
        values["country"] = spec.country or country
        if not (spec.city or spec.region or spec.postal_code) and values["country"] in COUNTRY_DEFAULTS:
            values["city"], values["region"], values["postal_code"] = COUNTRY_DEFAULTS[values["country"]]
        return cls(**values)


@dataclass(slots=True)
class Line:
    """One line: `quantity` is what is wanted now, `ordered` what was bought first, `fulfilled` what was shipped."""

    id: int
    item_id: int
    sku: str
    title: str
    quantity: int
    ordered: int
    price: Decimal
    requires_shipping: bool
    fulfilled: int = 0


@dataclass(slots=True, eq=False)
class Order:
    """An order as its platform has it; times are Unix seconds."""

    id: int
    shop: "Shop"
    number: str
    created: float
    updated: float
    paid: float | None
    ship_by: float | None
    currency: str
    address: Address | None
    buyer: str
    email: str
    note: str
    lines: list[Line]
    label: LabelSpec
    fulfilled_by: str = "seller"
    hold: str = ""
    cancelled: float | None = None
    cancel_reason: str = ""
    delivered: float | None = None
    malformed: MalformedSpec | None = None
    malformed_word: str = ""

    def total(self) -> Decimal:
        """Return the sum of all lines as they are now."""
        return sum((line.price * line.quantity for line in self.lines), Decimal(0))

    def names(self) -> tuple[str, ...]:
        """Return every name that the control API may call it by."""
        return (self.number,)

    def item_id(self) -> str:
        """Return the id that the platform's API knows it by."""
        return self.number


@dataclass(slots=True)
class Grant:
    """An access token and its end; `scopes` None means every scope."""

    token: str
    expires: float | None
    scopes: frozenset[str] | None = None


@dataclass(eq=False)
class Shop:
    """A shop on a platform with its orders and the tokens given out for it."""

    key: str
    platform: str
    app: str
    name: str
    currency: str
    region: str
    access_seconds: float
    refresh_seconds: float
    label: LabelSpec
    orders: dict[str, Order] = field(default_factory=dict)
    by_update: TimeIndex = field(default_factory=TimeIndex)
    by_creation: TimeIndex = field(default_factory=TimeIndex)
    granted: bool = False
    codes: dict[str, float] = field(default_factory=dict)
    access: dict[str, Grant] = field(default_factory=dict)
    refresh: dict[str, float] = field(default_factory=dict)

    def index(self, order: Order) -> None:
        """Make a new order findable by number and time."""
        self.orders[order.number] = order
        self.by_update.add(order.updated, order.id)
        self.by_creation.add(order.created, order.id)

    def touch(self, order: Order, now: float) -> None:
        """Let the order have changed now."""
        if now != order.updated:
            self.by_update.move(order.updated, now, order.id)
            order.updated = now

    def end_access(self) -> None:
        """Let every access token be of no use from now on; refresh tokens stay."""
        self.access.clear()

    def revoke(self) -> None:
        """Let every token and code be of no use until the seller authorises again."""
        self.access.clear()
        self.refresh.clear()
        self.codes.clear()

    def give_access(
        self, token: str, now: float, scopes: frozenset[str] | None = None, *, expiring: bool = True
    ) -> Grant:
        """Add an access token and forget those that have ended."""
        for old in [key for key, grant in self.access.items() if grant.expires is not None and grant.expires <= now]:
            del self.access[old]
        self.access[token] = grant = Grant(token, now + self.access_seconds if expiring else None, scopes)
        return grant


def break_on_wire(answer: dict[str, Any], malformed: MalformedSpec) -> None:
    """Change a finished answer so that it is not as documented; a path that is not there changes nothing."""
    *parents, last = malformed.path.split(".")
    target: Any = answer
    for part in parents:
        target = _step(target, part)
        if target is None:
            return
    if isinstance(target, list) and last.isdigit() and int(last) < len(target):
        target[int(last)] = malformed.value
    elif isinstance(target, dict):
        if malformed.remove:
            target.pop(last, None)
        elif last in target:
            target[last] = malformed.value


def _step(target: Any, part: str) -> Any:
    if isinstance(target, list):
        return target[int(part)] if part.isdigit() and int(part) < len(target) else None
    return target.get(part) if isinstance(target, dict) else None


def common_fields(spec: OrderSpec, *, now: float, country: str, currency: str, label: LabelSpec) -> dict[str, Any]:
    """Return the fields of Order that do not depend on the platform."""
    created = spec.created_at if spec.created_at is not None else now
    paid = (spec.paid_at if spec.paid_at is not None else created) if spec.paid else None
    malformed = spec.malformed
    return {
        "created": created,
        "updated": spec.updated_at if spec.updated_at is not None else max(created, paid or created),
        "paid": paid,
        "ship_by": spec.ship_by,
        "currency": spec.currency or currency,
        "address": None if spec.address is None else Address.of(spec.address, country),
        "buyer": spec.buyer or (spec.address.name if spec.address else "A. Buyer"),
        "email": spec.email,
        "note": spec.note,
        "label": spec.label or label,
        "fulfilled_by": spec.fulfilled_by,
        "hold": spec.hold,
        "malformed": malformed if isinstance(malformed, MalformedSpec) else None,
        "malformed_word": malformed if isinstance(malformed, str) else "",
    }
