"""What the scenarios share: one installation with its warehouses and channels, and the shop that a scenario opens."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import httpx2
from localhost.demo.client import Outside, Person
from localhost.demo.plan import EAST, WEST, Store
from localhost.demo.scene import (
    PROOF,
    Channel,
    Goods,
    Rule,
    Scene,
    Seller,
    add_channels,
    add_goods,
    add_mappings,
    add_rules,
    add_seller,
    add_shop,
    add_warehouse,
    authorize,
    sync,
)
from localhost.demo.waiting import until_accepted

T = TypeVar("T")
Row = dict[str, Any]
Parts = Sequence[tuple[str, int]]

SECONDS = 40
POLL_SECONDS = 0.1
SHOP_IDS = count(322300001)
FEE = "6.40"
"""Of an order of one kind of goods below two kilograms."""
FUNDS = Decimal("1000.00")
SETTINGS = {
    "ORDERDOCK_PULL_INTERVAL_SECONDS": "5",
    "ORDERDOCK_WAREHOUSE_TIMEOUT": "PT1S",
    "ORDERDOCK_WAREHOUSE_RETRY_BASE": "PT3S",
}

HOUSE_EAST, HOUSE_WEST, OWN_EAST, PLATFORM_EAST = "HC-E", "HC-W", "OWN-E", "PL-E"
TO_EAST = Rule(EAST, HOUSE_EAST, ("US",))
TO_EAST_BY_HAND = Rule(EAST, HOUSE_EAST, ("US",), auto_review=False)
TO_WEST = Rule(WEST, HOUSE_WEST, ("US",))
OWN_LABEL = Rule(EAST, OWN_EAST, ("US",))
PLATFORM_LABEL = Rule(EAST, PLATFORM_EAST, ("SG",))

ADDRESSES: Mapping[str, Mapping[str, str]] = {
    "shopify": {
        "name": "Ana Silva",
        "line1": "1 Main St",
        "city": "New York",
        "region": "NY",
        "postal_code": "10001",
        "country": "US",
    },
    "shopee": {
        "name": "Chen Wei",
        "phone": "6591234567",
        "line1": "10 Lake Rd",
        "city": "Singapore",
        "postal_code": "018956",
        "country": "SG",
    },
}


async def when(
    read: Callable[[], Awaitable[T]], holds: Callable[[T], bool], *, what: str, seconds: float = SECONDS
) -> T:
    """Read until it is so, and give what was read then."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not holds(found := await read()):
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"{what} did not happen within {seconds:.0f} seconds; at last it was {found}")
        await asyncio.sleep(POLL_SECONDS)
    return found


async def when_past(moment: datetime, *, what: str) -> None:
    """Wait for a moment that the installation has planned something for."""

    async def now() -> datetime:
        return datetime.now(UTC)

    await when(now, lambda now: now > moment, what=what)


async def set_up(scene: Scene) -> None:
    """Two warehouses, one of them with a system of its own that ships and cancels by hand only; channels and prices."""
    await add_warehouse(scene, EAST, adapter="desk")
    await add_warehouse(
        scene, WEST, adapter="http", behaviour={"ship": "manual", "cancel": "pending", "cancel_seconds": 3600}
    )
    channels = [
        Channel(HOUSE_EAST, EAST, "carrier"),
        Channel(HOUSE_WEST, WEST, "carrier"),
        Channel(OWN_EAST, EAST, "own_label"),
        Channel(PLATFORM_EAST, EAST, "platform_label"),
    ]
    await add_channels(scene, channels)
    for code in scene.warehouses:
        await add_price(scene, code, per_order="4.90")


async def add_price(scene: Scene, warehouse: str, *, per_order: str, seller_id: str | None = None) -> Row:
    """A fee schedule of a warehouse, or of one seller there; it costs more from two kilograms on."""
    body = {
        "warehouse_id": scene.warehouses[warehouse],
        "seller_id": seller_id,
        "name": "scenarios",
        "valid_from": "2020-01-01",
        "per_order": per_order,
        "bands": [{"up_to_grams": 2000, "amount": "1.50"}, {"up_to_grams": None, "amount": "4.00"}],
    }
    path = "/api/v1/fee-schedules"
    made: Row = await until_accepted(partial(scene.admin.post, path, body), what="a fee schedule")
    return made


async def ask_topup(seller: Seller, amount: str, currency: str, *, rate: str = "", proof: bytes = PROOF) -> Row:
    """Ask for a top-up."""
    form = {"amount": amount, "currency": currency, **({"rate": rate} if rate else {})}
    asked: Row = await seller.person.call(
        "POST",
        "/api/v1/topups",
        data=form,
        files={"proof": ("receipt.pdf", proof, "application/pdf")} if proof else None,
        headers={"Idempotency-Key": f"{seller.code}-{amount}-{currency}-{rate}"},
    )
    return asked


async def set_credit_limit(scene: Scene, seller: Seller, limit: str) -> None:
    """Let a seller's holds overdraw its account this far."""
    account = await scene.admin.get("/api/v1/account", seller_id=seller.id)
    body = {"seller_id": seller.id, "credit_limit": limit}
    await scene.admin.put("/api/v1/account/credit-limit", body, version=account["version"])


async def account(seller: Seller) -> Row:
    """A seller's money."""
    found: Row = await seller.person.get("/api/v1/account")
    return found


async def receive(scene: Scene, seller: Seller, sku: str, quantity: int) -> None:
    """Take more of a product in at the desk."""
    rows = [{"seller_id": seller.id, "sku": sku, "quantity": quantity}]
    await scene.admin.post("/api/v1/stock/receive", {"warehouse_id": scene.warehouses[EAST], "rows": rows})


async def items(person: Person, path: str, **query: Any) -> list[Row]:
    """All rows of a list."""
    return [row async for row in person.pages(path, **query)]


async def consent(url: str) -> None:
    """Go to the platform's consent page and back, as a browser would."""
    async with httpx2.AsyncClient(timeout=60, follow_redirects=True) as browser:
        (await browser.get(url)).raise_for_status()


@dataclass(frozen=True, slots=True)
class Shop:
    """A store of a seller, and everything that can be seen of it from outside."""

    scene: Scene
    seller: Seller
    store: Store

    @property
    def id(self) -> str:
        """The store's id."""
        return self.scene.stores[self.store.key]

    @property
    def person(self) -> Person:
        """Who works for the seller."""
        return self.seller.person

    @property
    def outside(self) -> Outside:
        """The marketplace, from behind."""
        return self.scene.outside

    async def sells(self, number: str, *lines: tuple[str, int], **more: Any) -> Row:
        """Somebody buys."""
        [made] = await self.sells_many([number], *lines, **more)
        return made

    async def sells_many(self, numbers: Sequence[str], *lines: tuple[str, int], **more: Any) -> list[Row]:
        """The same is bought once for each number."""
        defaults = {
            "shop": self.store.shop,
            "lines": [{"sku": sku, "title": sku, "quantity": quantity, "price": "12.50"} for sku, quantity in lines],
            "address": ADDRESSES[self.store.platform],
            **more,
        }
        body = {"defaults": defaults, "orders": [{"order": number} for number in numbers]}
        made: list[Row] = (await self.outside.post("/control/orders", body))["orders"]
        return made

    async def changes(self, number: str, action: str, **more: Any) -> None:
        """Something happens to an order on the marketplace."""
        change = {"shop": self.store.shop, "order": number, "action": action, **more}
        await self.outside.post("/control/orders/change", {"changes": [change]})

    async def sync(self) -> None:
        """Pull now."""
        await sync(self.scene, self.store)

    async def orders(self, **query: Any) -> list[Row]:
        """Its orders here."""
        return await items(self.person, "/api/v1/orders", store_id=self.id, **query)

    async def order(self, number: str) -> Row:
        """An order as it is here now; pulled if it is not here yet."""
        found = [row for row in await self.orders(search=number) if row["number"] == number]
        if not found:
            await self.sync()
            return {"status": "not here", "step": "", "review_errors": []}
        [row] = found
        return row

    async def order_when(self, number: str, holds: Callable[[Row], bool], *, what: str) -> Row:
        """An order once it is so."""
        return await when(partial(self.order, number), holds, what=f"{number}: {what}")

    async def order_in(self, number: str, status: str) -> Row:
        """An order once it is in a state, and waits for no other service."""
        return await self.order_when(number, lambda row: row["status"] == status and not row["step"], what=status)

    async def order_refused(self, number: str) -> Row:
        """An order once its review has refused it."""
        return await self.order_when(
            number,
            lambda row: row["status"] == "pending" and bool(row["review_errors"]) and not row["step"],
            what="a refusal",
        )

    async def review(self, order: Row) -> None:
        """Review by hand; the answer is shown on the order."""
        await self.person.post("/api/v1/orders/review", {"order_ids": [order["id"]]})

    async def timeline(self, order: Row, event: str) -> list[str]:
        """The reasons of everything of one kind that became of an order."""
        rows = (await self.person.get(f"/api/v1/orders/{order['id']}/timeline"))["items"]
        return [row["reason"] for row in rows if row["event"] == event]

    async def fulfillments(self, number: str) -> list[Row]:
        """The fulfilment orders of an order."""
        return await items(self.person, "/api/v1/fulfillments", platform_order_number=number)

    async def fulfillment(self, number: str) -> Row:
        """The only fulfilment order of an order, whole."""
        [row] = await self.fulfillments(number)
        found: Row = await self.person.get(f"/api/v1/fulfillments/{row['id']}")
        return found

    async def fulfillment_when(self, number: str, holds: Callable[[Row], bool], *, what: str) -> Row:
        """The fulfilment order of an order once it is so."""
        return await when(partial(self.fulfillment, number), holds, what=f"fulfilment of {number}: {what}")

    async def fulfillment_in(self, number: str, status: str, draft_status: str = "") -> Row:
        """The fulfilment order of an order once it is in a state."""
        wanted = (status, draft_status)
        return await self.fulfillment_when(
            number, lambda row: (row["status"], row["draft_status"]) == wanted, what="/".join(wanted)
        )

    async def drafted(self, number: str) -> Row:
        """The fulfilment order of an order that has just come in, ready to be submitted."""
        await self.order_in(number, "processing")
        return await self.fulfillment_in(number, "draft", "pending_submit")

    async def submit(self, draft: Row) -> Row:
        """Submit by hand, once the weight of what is in it is known everywhere."""
        path = f"/api/v1/fulfillments/{draft['id']}/submit"
        submitted: Row = await until_accepted(partial(self.person.post, path), what="submission")
        return submitted

    async def submit_refused(self, draft: Row) -> Row:
        """Submit what cannot be paid for, and give what the draft says of it."""
        submission = (await self.submit(draft))["submission"]
        number = draft["platform_order_number"]
        draft = await self.fulfillment_in(number, "draft", "pending_submit")
        assert draft["submission"] == submission
        assert draft["reason_code"] == "insufficient_funds"
        return draft

    async def ship(self, fulfillment: Row) -> None:
        """The desk hands the parcels to the carrier."""
        await self.scene.admin.post(f"/api/v1/fulfillments/{fulfillment['id']}/ship", {})

    async def stock(self, sku: str, warehouse: str = EAST) -> tuple[int, int]:
        """How much of a SKU is available, and how much is locked."""
        query = {"sku": sku, "warehouse_id": self.scene.warehouses[warehouse]}
        [row] = await items(self.person, "/api/v1/stock", **query)
        return row["available"], row["reserved"]

    async def locks(self, order: Row) -> list[tuple[str, int, str]]:
        """SKU, quantity and state of everything that was ever locked for an order."""
        rows = await items(self.person, "/api/v1/stock/reservations", reference_id=order["id"])
        return [(row["sku"], row["quantity"], row["state"]) for row in rows if row["stock_id"]]

    async def at_platform(self, number: str) -> Row:
        """What the marketplace has of an order."""
        [row] = (await self.outside.get("/control/orders", shop=self.store.shop, order=number))["items"]
        found: Row = row
        return found

    async def runs(self) -> list[Row]:
        """Its sync runs, newest first."""
        return await items(self.person, f"/api/v1/stores/{self.id}/sync-runs")

    async def first_run(self) -> Row:
        """The run that its activation started, once it is complete."""

        async def first() -> Row:
            runs = await self.runs()
            return runs[-1] if runs else {"state": "not here"}

        return await when(first, lambda run: run["state"] == "complete", what="the first run")

    async def state(self) -> Row:
        """The store."""
        found: Row = await self.person.get(f"/api/v1/stores/{self.id}")
        return found


@dataclass(slots=True)
class World:
    """The installation as one scenario sees it."""

    scene: Scene
    logs: Path
    opened: list[str] = field(default_factory=list)

    async def seller(
        self, code: str, *, goods: Sequence[Goods] = (), rules: Sequence[Rule] = (), funds: Decimal = FUNDS
    ) -> Seller:
        """A seller with money, products in stock and routing rules."""
        seller = await add_seller(self.scene, code, funds=funds)
        if goods:
            await add_goods(self.scene, seller, goods)
        await add_rules(self.scene, seller, rules)
        return seller

    def closed_shop(self, seller: Seller, name: str, *, platform: str = "shopify") -> Shop:
        """A shop that nobody knows of yet."""
        if platform == "shopify":
            store = Store(name, seller.code, platform, f"{name}.myshopify.com", "US", "USD")
        else:
            store = Store(name, seller.code, platform, next(SHOP_IDS), "SG", "SGD")
        return Shop(self.scene, seller, store)

    async def connect(self, shop: Shop) -> None:
        """Have the seller authorise a shop, which begins its first run."""
        await authorize(self.scene, shop.store)
        self.opened.append(shop.id)

    async def shop(
        self, seller: Seller, name: str, *, sells: Mapping[str, Parts], platform: str = "shopify", **more: Any
    ) -> Shop:
        """A shop that is connected, with what ships for each platform SKU."""
        shop = self.closed_shop(seller, name, platform=platform)
        await add_shop(self.scene, shop.store, **more)
        await self.connect(shop)
        await add_mappings(self.scene, shop.store, sells)
        return shop

    async def summary(self) -> Row:
        """What the outside world counted."""
        found: Row = await self.scene.outside.get("/control/summary")
        return found

    async def close(self) -> None:
        """Leave the platforms in peace: shops that are still connected would be pulled on and on."""
        for store_id in self.opened:
            await self.scene.admin.post(f"/api/v1/stores/{store_id}/disable")
