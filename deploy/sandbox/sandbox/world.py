"""The world outside: apps, shops, orders, warehouses, faults, and what was asked of it."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sandbox.faults import Fault, Faults, Scope, strike
from sandbox.journal import Journal
from sandbox.orders import Order

if TYPE_CHECKING:
    from sandbox.shopee.model import ShopeeOrder, ShopeeShop
    from sandbox.shopify.model import Fulfillment, FulfillmentOrder, LabelPurchase, ShopifyShop
    from sandbox.wms.model import Submission, Warehouse

FIRST_NUMBER = 1001
FIRST_ID = 8_800_000_000_001  # Real ids do not fit 32 bits, so none here does.


class World:
    """All state; changed by effects only (see journal.py), read by everyone, in one thread."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        public_url: str = "http://127.0.0.1:8410",
        journal: Journal | None = None,
    ) -> None:
        self.public_url = public_url
        self.journal = journal
        self._clock = clock
        self._effect_time: float | None = None
        self.on_submission: Callable[[Submission], None] = lambda _: None
        self.clear()

    def clear(self) -> None:
        """Forget everything; ids start again."""
        self.shopify_apps: dict[str, str] = {}
        self.shopee_partners: dict[str, str] = {}
        self.shopify_shops: dict[str, ShopifyShop] = {}
        self.shopee_shops: dict[str, ShopeeShop] = {}
        self.consents: list[str] = []
        self.warehouses: dict[str, Warehouse] = {}
        self.orders: dict[int, Order] = {}
        self.fulfillment_orders: dict[int, FulfillmentOrder] = {}
        self.fulfillments: dict[int, Fulfillment] = {}
        self.label_purchases: dict[int, LabelPurchase] = {}
        self.shopee_tracking: dict[str, ShopeeOrder] = {}
        self.submissions_by_number: dict[str, list[Submission]] = {}
        self.duplicates: list[dict[str, str]] = []
        self.faults = Faults()
        self.calls: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.signature_failures: Counter[str] = Counter({"shopify": 0, "shopee": 0, "wms": 0})
        self._last_id = FIRST_ID - 1
        self._last_number = FIRST_NUMBER - 1

    def now(self) -> float:
        """Return Unix seconds; while an effect happens, the moment it began."""
        return self._clock() if self._effect_time is None else self._effect_time

    def next_id(self) -> int:
        """Return an id that nothing else has; to be called in effects only."""
        self._last_id += 1
        return self._last_id

    def next_number(self) -> int:
        """Return an order number that no shop has used; to be called in effects only."""
        self._last_number += 1
        return self._last_number

    def shop(self, key: str) -> "ShopifyShop | ShopeeShop | None":
        """Return a shop of either platform."""
        return self.shopify_shops.get(key) or self.shopee_shops.get(key)

    def strike(self, kind: str, scope: Scope) -> Fault | None:
        """Return the fault of this kind that strikes now, if any."""
        fault = self.faults.find(kind, scope, self.now())
        if fault is not None:
            strike(self, fault_id=fault.id)
        return fault

    @contextmanager
    def one_effect(self, name: str, facts: dict[str, Any]) -> Iterator[None]:
        """Write the effect down and stop the clock while it happens; effects within it are part of it."""
        if self._effect_time is not None:
            yield
            return
        self._effect_time = now = self._clock()
        try:
            if self.journal is not None:
                self.journal.write(name, now, facts)
            yield
        finally:
            self._effect_time = None

    def replay_effect(self, function: Callable[..., object], at: float, facts: dict[str, Any]) -> None:
        """Let an effect happen again at the time it first happened."""
        self._effect_time = at
        try:
            function(self, **facts)
        finally:
            self._effect_time = None
