"""What the demo's day brings: every order with what must become of it, made from a seed."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

SHIPPED, CANCELED, PENDING = "shipped", "canceled", "pending"


class Fate(StrEnum):
    """What an order meets on its way."""

    SHIPS = "ships"
    SCARCE = "scarce"
    SKU_NOT_MAPPED = "sku_not_mapped"
    STORE_HAS_NO_MAPPING = "store_has_no_mapping"
    PRODUCT_NOT_APPROVED = "product_not_approved"
    PRODUCT_NOT_MEASURED = "product_not_measured"
    NO_WAREHOUSE = "no_warehouse"
    NO_CHANNEL = "no_channel"
    CHANNEL_NOT_FOR_DESTINATION = "channel_not_for_destination"
    ADDRESS_INVALID = "address_invalid"
    ON_HOLD = "on_hold"
    CANCELED_BEFORE_SUBMISSION = "canceled_before_submission"
    CANCELED_AFTER_SUBMISSION = "canceled_after_submission"
    CANCEL_REFUSED = "cancel_refused"
    LABEL_LATE = "label_late"
    WAREHOUSE_REFUSES = "warehouse_refuses"
    PARKED = "parked"
    REPAIRED = "repaired"


REVIEW_ERRORS = (
    Fate.SKU_NOT_MAPPED,
    Fate.STORE_HAS_NO_MAPPING,
    Fate.PRODUCT_NOT_APPROVED,
    Fate.PRODUCT_NOT_MEASURED,
    Fate.NO_WAREHOUSE,
    Fate.NO_CHANNEL,
    Fate.CHANNEL_NOT_FOR_DESTINATION,
    Fate.ADDRESS_INVALID,
    Fate.ON_HOLD,
)
"""Fates that end in pending, with the review error of the same name."""

ENDS_SHIPPED = (Fate.SHIPS, Fate.CANCEL_REFUSED, Fate.LABEL_LATE, Fate.WAREHOUSE_REFUSES, Fate.REPAIRED)
ENDS_CANCELED = (Fate.CANCELED_BEFORE_SUBMISSION, Fate.CANCELED_AFTER_SUBMISSION)

SCARCE_STOCK = 3
"""Units of the scarce SKU, which more orders want than there are."""


@dataclass(frozen=True, slots=True)
class Store:
    """A shop of the sandbox, authorised by a seller."""

    key: str
    seller: str
    platform: str
    shop: str | int
    country: str
    currency: str


ACME_SHOPIFY = Store("acme-shopify", "ACME", "shopify", "acme-mugs.myshopify.com", "US", "USD")
ACME_SHOPEE = Store("acme-shopee", "ACME", "shopee", 322300101, "SG", "SGD")
BRIO_SHOPIFY = Store("brio-shopify", "BRIO", "shopify", "brio-bags.myshopify.com", "US", "USD")
BRIO_SHOPEE = Store("brio-shopee", "BRIO", "shopee", 322300202, "SG", "SGD")
STORES = (ACME_SHOPIFY, ACME_SHOPEE, BRIO_SHOPIFY, BRIO_SHOPEE)
SELLERS = ("ACME", "BRIO")

GOODS = tuple(f"P{number:02}" for number in range(1, 13))
"""SKUs with plenty of stock in both warehouses; mapped one to one."""
BUNDLE, TRIPLE = "set", "tri"
"""Platform SKUs mapped to two SKUs, and to three units of one."""
SCARCE, UNMEASURED, UNAPPROVED, UNMAPPED = "SCARCE", "RAW", "NEW", "unmapped"

EAST, WEST = "W-E", "W-W"


@dataclass(frozen=True, slots=True)
class Line:
    """A line as the shop sells it."""

    sku: str
    quantity: int
    price: str


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """An order of the day. `wave` 0 comes before the store has any mapping."""

    store: Store
    number: str
    fate: Fate
    lines: tuple[Line, ...]
    address: dict[str, str]
    wave: int = 1
    extra: dict[str, object] = field(default_factory=dict)

    def sandbox_form(self) -> dict[str, object]:
        """The order as the sandbox's control API takes it."""
        return {
            "shop": self.store.shop,
            "order": self.number,
            "lines": [
                {"sku": line.sku, "title": line.sku.upper(), "quantity": line.quantity, "price": line.price}
                for line in self.lines
            ],
            "address": self.address,
            **self.extra,
        }


_STREETS = ("Main St", "Oak Ave", "Lake Rd", "Hill Blvd", "Mill Ln")
_NAMES = ("Ana Silva", "Ben Okoro", "Chen Wei", "Dana Novak", "Eli Roth", "Fay Lind", "Gus Marin", "Hana Sato")


class Plan:
    """Makes the orders; the same seed and count make the same day."""

    def __init__(self, *, count: int, seed: int) -> None:
        self._random = random.Random(seed)
        self._numbers: Counter[str] = Counter()
        self.orders = tuple(self._all(count))

    def of(self, *fates: Fate) -> list[PlannedOrder]:
        """The orders of these fates."""
        return [order for order in self.orders if order.fate in fates]

    def expected_states(self) -> dict[str, int]:
        """How many orders must end in each state."""
        tally: Counter[str] = Counter()
        for order in self.orders:
            if order.fate in ENDS_SHIPPED:
                tally[SHIPPED] += 1
            elif order.fate in ENDS_CANCELED:
                tally[CANCELED] += 1
            elif order.fate in REVIEW_ERRORS:
                tally[PENDING] += 1
        scarce = len(self.of(Fate.SCARCE))
        tally[SHIPPED] += min(scarce, SCARCE_STOCK)
        tally[PENDING] += max(scarce - SCARCE_STOCK, 0)
        return {state: count for state, count in tally.items() if count}

    def expected_reasons(self) -> dict[str, int]:
        """How many orders must end pending with each review error."""
        tally = Counter(order.fate.value for order in self.orders if order.fate in REVIEW_ERRORS)
        scarce = max(len(self.of(Fate.SCARCE)) - SCARCE_STOCK, 0)
        if scarce:
            tally["insufficient_stock"] = scarce
        return dict(tally)

    def _all(self, count: int) -> Iterator[PlannedOrder]:
        special = list(self._special())
        if count < len(special) + len(STORES):
            raise ValueError(f"COUNT={count} is too small: the day needs at least {len(special) + len(STORES)} orders")
        yield from special
        for index in range(count - len(special)):
            yield self._order(STORES[index % len(STORES)], Fate.SHIPS)

    def _special(self) -> Iterator[PlannedOrder]:
        for store in STORES:
            code = self._code
            yield self._order(store, Fate.SKU_NOT_MAPPED, skus=(code(store, GOODS[0]), UNMAPPED))
            yield self._order(store, Fate.PRODUCT_NOT_APPROVED, skus=(code(store, UNAPPROVED),))
            yield self._order(store, Fate.PRODUCT_NOT_MEASURED, skus=(code(store, UNMEASURED),))
            yield self._order(store, Fate.NO_WAREHOUSE, country="BR")
            yield self._order(store, Fate.NO_CHANNEL, country="MX")
            yield self._order(store, Fate.CHANNEL_NOT_FOR_DESTINATION, country="CA")
            fate = Fate.REPAIRED if store.platform == "shopify" else Fate.PARKED
            yield self._order(store, fate, malformed="quantity")
        for store in (BRIO_SHOPEE,):
            for _ in range(4):
                yield self._order(store, Fate.STORE_HAS_NO_MAPPING, wave=0)
        for store in (ACME_SHOPIFY, BRIO_SHOPIFY):
            yield self._order(store, Fate.ON_HOLD, hold="HIGH_RISK_OF_FRAUD")
            yield self._order(store, Fate.ADDRESS_INVALID, broken_address=True)
        for _ in range(SCARCE_STOCK + 5):
            yield self._order(ACME_SHOPIFY, Fate.SCARCE, skus=(self._code(ACME_SHOPIFY, SCARCE),), east=True)
        for store in (BRIO_SHOPIFY, BRIO_SHOPEE):
            for _ in range(3):
                yield self._order(store, Fate.CANCELED_BEFORE_SUBMISSION)
        for store in (ACME_SHOPIFY, BRIO_SHOPIFY):
            for _ in range(2):
                yield self._order(store, Fate.CANCELED_AFTER_SUBMISSION, east=False)
        yield self._order(ACME_SHOPIFY, Fate.CANCEL_REFUSED, east=False)
        yield self._order(ACME_SHOPIFY, Fate.WAREHOUSE_REFUSES, east=False)
        for store in (ACME_SHOPEE, BRIO_SHOPEE):
            for _ in range(3):
                yield self._order(store, Fate.LABEL_LATE, late=True)

    @staticmethod
    def _code(store: Store, sku: str) -> str:
        return f"{store.seller.lower()}-{sku.lower()}"

    def _order(
        self,
        store: Store,
        fate: Fate,
        *,
        skus: tuple[str, ...] = (),
        country: str = "",
        east: bool | None = None,
        broken_address: bool = False,
        wave: int = 1,
        hold: str = "",
        late: bool = False,
        malformed: str = "",
    ) -> PlannedOrder:
        self._numbers[store.key] += 1
        number = self._numbers[store.key]
        extra: dict[str, object] = {}
        if hold:
            extra["hold"] = hold
        if late:
            extra["label"] = {"tracking_empty_calls": 2, "document_processing_calls": 1}
        if malformed:
            extra["malformed"] = malformed
        address = self._address(country or store.country, east=self._random.random() < 0.5 if east is None else east)
        if broken_address:
            address |= {"line1": "", "city": ""}
        return PlannedOrder(
            store,
            f"#{1000 + number}" if store.platform == "shopify" else f"2611{store.shop}{number:05}",
            fate,
            tuple(Line(sku, 1, "9.90") for sku in skus) or self._lines(store),
            address,
            wave,
            extra,
        )

    def _lines(self, store: Store) -> tuple[Line, ...]:
        chosen = self._random.sample([*GOODS, BUNDLE, TRIPLE], self._random.choice((1, 1, 1, 2, 3)))
        return tuple(Line(self._code(store, sku), self._random.choice((1, 1, 2)), "12.50") for sku in chosen)

    def _address(self, country: str, *, east: bool) -> dict[str, str]:
        """`east` is nearer to W-E: the routing rules go by the first digits of the postal code."""
        postal = {
            "US": f"{self._random.randint(10000, 49999) if east else self._random.randint(50000, 99999)}",
            "SG": f"{self._random.randint(10000, 399999) if east else self._random.randint(400000, 829999):06}",
            "CA": "M5V 1L9",
            "BR": "20231-090",
            "MX": "06600",
        }[country]
        return {
            "name": self._random.choice(_NAMES),
            "phone": "",
            "line1": f"{self._random.randint(1, 999)} {self._random.choice(_STREETS)}",
            "line2": "",
            "city": {"US": "Reno", "SG": "Singapore", "CA": "Toronto", "BR": "Rio de Janeiro", "MX": "Mexico City"}[
                country
            ],
            "region": {"US": "NV", "SG": "", "CA": "ON", "BR": "RJ", "MX": "CDMX"}[country],
            "postal_code": postal,
            "country": country,
        }
