"""Orders from pull to shipped through a whole installation, under sustained load.

The full path calls the sandbox over HTTP for every order: pulls from Shopify and Shopee, Shopee's label chain,
submission to the warehouse system with its callbacks, and the tracking upload. The inner path makes no call outside:
pages of orders are put into sync's outbox, labels are the sellers' own, and the desk ships. Both keep a bounded number
of orders under way, so that the rate is what the installation can sustain.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
from common.kernel.clock import utcnow
from common.kernel.ids import uuid7
from common.messaging.envelope import encode
from contracts.base import Envelope
from contracts.common_parts import AddressV1
from contracts.sync.v1 import CanonicalOrderV1, OrderLineV1, OrdersPulledV1, PlatformStatusV1
from localhost.demo.client import Refused
from localhost.demo.plan import EAST, WEST, Store
from localhost.demo.scene import (
    Channel,
    Goods,
    Rule,
    Scene,
    add_channels,
    add_goods,
    add_mappings,
    add_prices,
    add_rules,
    add_seller,
    add_shop,
    add_warehouse,
    authorize,
    open_scene,
    set_auto_submit,
)
from localhost.demo.waiting import until
from localhost.errors import LocalhostError
from localhost.installation import Installation, Options, installation

from tests.bench.meter import Meter

SELLERS = ("ALFA", "BETA", "GAMA", "DELT")
SKUS = tuple(f"B{number:02}" for number in range(25))
PAGE = 50
SHIP_SECONDS = 0.5
DRAIN_SECONDS = 120
WARM_UP_SECONDS = 15
LATE_COMMIT = timedelta(seconds=2)
"""A row's now() is when its transaction began: a later look may find earlier times."""


@dataclass(slots=True)
class Outcome:
    """What one path measured."""

    name: str
    orders: int = 0
    seconds: float = 0.0
    outside: str = ""
    latencies: list[float] = field(default_factory=list)
    meter: Meter | None = None

    @property
    def rate(self) -> float:
        """Orders shipped a second."""
        return self.orders / self.seconds

    def milliseconds(self, part: str) -> float:
        """CPU milliseconds of one part for each order."""
        assert self.meter is not None
        return 1000 * self.meter.used[part] / max(self.orders, 1)

    @property
    def parts(self) -> list[str]:
        """The parts that count; the sandbox is the outside world."""
        assert self.meter is not None
        return [part for part in self.meter.used if part != self.outside]

    @property
    def total_milliseconds(self) -> float:
        """CPU milliseconds for each order over all processes and servers."""
        return sum(self.milliseconds(part) for part in self.parts)


class Bench:
    """An installation under load."""

    def __init__(self, it: Installation, scene: Scene) -> None:
        self.it = it
        self.scene = scene
        self.stores: list[Store] = []
        self.made = 0

    @asynccontextmanager
    async def database(self, service: str) -> AsyncIterator[asyncpg.Connection]:
        """A connection of the bench's own, for counting."""
        connection = await asyncpg.connect(self.it.databases[service])
        try:
            yield connection
        finally:
            await connection.close()

    async def shipped(self, connection: asyncpg.Connection) -> int:
        """Orders shipped so far, cheaply."""
        return int(await connection.fetchval("SELECT count(*) FROM orders WHERE status = 'shipped'"))


async def set_up(it: Installation, *, full: bool, stores: int) -> Bench:
    """Warehouses, sellers, stores, mappings and stock for a run."""
    scene = await open_scene(it)
    bench = Bench(it, scene)
    await add_warehouse(scene, EAST, adapter="desk")
    if full:
        behaviour = {"ship": "auto", "ship_seconds": 0.5, "accept_in_answer": True}
        await add_warehouse(scene, WEST, adapter="http", behaviour=behaviour)
        await add_channels(
            scene,
            [Channel("OWN", WEST, "own_label", label_required=False), Channel("PL", WEST, "platform_label")],
        )
    else:
        await add_channels(scene, [Channel("OWN", EAST, "own_label", label_required=False)])
        channel = await scene.admin.get(f"/api/v1/channels/{scene.channels['OWN']}")
        path = f"/api/v1/channels/{channel['id']}"
        await scene.admin.patch(path, {"upload_tracking": False}, version=channel["version"])
    await add_prices(scene)
    stock = dict.fromkeys(scene.warehouses, 5_000_000)
    for code in SELLERS:
        seller = await add_seller(scene, code, funds=Decimal("9000000.00"))
        await add_goods(scene, seller, [Goods(sku, sku, stock) for sku in SKUS])
        await set_auto_submit(scene, seller, on=True)
        rules = [Rule(WEST, "PL", platform="shopee"), Rule(WEST, "OWN")] if full else [Rule(EAST, "OWN")]
        await add_rules(scene, seller, rules)
    for number in range(stores):
        shopify = not full or number % 2 == 0
        bench.stores.append(
            Store(
                f"bench-{number}",
                SELLERS[number % len(SELLERS)],
                "shopify" if shopify else "shopee",
                f"bench-{number}.myshopify.com" if shopify else 700_000_000 + number,
                "US" if shopify else "SG",
                "USD" if shopify else "SGD",
            )
        )
    for store in bench.stores:
        await add_shop(scene, store, **({"restore_rate": 100_000} if store.platform == "shopify" else {}))
        await authorize(scene, store)
        await add_mappings(scene, store, {sku: [(sku, 1)] for sku in SKUS})
    return bench


async def inner(seconds: float, *, under_way: int, rate: float | None = None) -> Outcome:
    """The inner path; with `rate`, orders are offered at that rate instead of as fast as they ship."""
    outcome = Outcome("inner", outside="sandbox")
    async with installation(Options(purpose="bench")) as it:
        bench = await set_up(it, full=False, stores=len(SELLERS))
        async with AsyncExitStack() as stack:
            stack.push_async_callback(bench.scene.aclose)
            sync = await stack.enter_async_context(bench.database("sync"))

            async def feed(count: int) -> None:
                for _ in range(max(count // PAGE, 1)):
                    await _page_into_outbox(bench, sync)

            staff = asyncio.create_task(_desk(bench))
            stack.callback(staff.cancel)
            await _run(bench, outcome, feed, seconds=seconds, under_way=under_way, rate=rate)
    return outcome


async def full(seconds: float, *, under_way: int, rate: float | None = None) -> Outcome:
    """The full path."""
    outcome = Outcome("full", outside="sandbox")
    async with installation(Options(purpose="bench")) as it:
        bench = await set_up(it, full=True, stores=8)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(bench.scene.aclose)

            async def feed(count: int) -> None:
                await _orders_into_shop(bench, max(count, PAGE))

            await _run(bench, outcome, feed, seconds=seconds, under_way=under_way, rate=rate)
    return outcome


async def _run(
    bench: Bench, outcome: Outcome, feed: Any, *, seconds: float, under_way: int, rate: float | None
) -> None:
    async with bench.database("orders") as orders, _watching_pulls(bench) as pulled:
        await feed(PAGE * 4)
        await _keep_fed(bench, orders, feed, seconds=WARM_UP_SECONDS, under_way=under_way, rate=rate)
        outcome.meter = Meter({name: process.pid for name, process in bench.it.processes.items() if process.pid})
        before, began, since = await bench.shipped(orders), time.monotonic(), utcnow()
        outcome.meter.start()
        await _keep_fed(bench, orders, feed, seconds=seconds, under_way=under_way, rate=rate)
        outcome.seconds = time.monotonic() - began
        outcome.orders = await bench.shipped(orders) - before
        await outcome.meter.stop()
        outcome.latencies = await _latencies(bench, since, pulled)
        await _drain(bench, orders)


async def _keep_fed(
    bench: Bench, orders: asyncpg.Connection, feed: Any, *, seconds: float, under_way: int, rate: float | None
) -> None:
    began, offered = time.monotonic(), 0
    while (passed := time.monotonic() - began) < seconds:
        if rate is not None:
            wanted = int(rate * passed) - offered
        else:
            wanted = under_way - (bench.made - await bench.shipped(orders))
        if wanted >= PAGE:
            wanted -= wanted % PAGE
            await feed(min(wanted, 500))
            offered += min(wanted, 500)
        await asyncio.sleep(0.25)


async def _drain(bench: Bench, orders: asyncpg.Connection) -> None:
    """Every order that was made must ship; raises AssertionError."""

    async def all_shipped() -> bool:
        return await bench.shipped(orders) == bench.made

    try:
        await until(all_shipped, what="the last shipment", seconds=DRAIN_SECONDS)
    except LocalhostError as late:
        states = await orders.fetch("SELECT status, count(*) FROM orders GROUP BY status")
        raise AssertionError(f"{bench.made} orders were made, now {[tuple(row) for row in states]}") from late


Pulled = dict[tuple[UUID, str], datetime]


@asynccontextmanager
async def _watching_pulls(bench: Bench) -> AsyncIterator[Pulled]:
    """When each order was seen for the first time; sync itself keeps the last time only, and windows overlap."""
    pulled: Pulled = {}

    async def watch() -> None:
        async with bench.database("sync") as sync:
            newest = utcnow() - LATE_COMMIT
            while True:
                rows = await sync.fetch("SELECT * FROM seen_orders WHERE seen_at > $1", newest - LATE_COMMIT)
                for row in rows:
                    pulled.setdefault((row["store_id"], row["platform_order_id"]), row["seen_at"])
                newest = max((row["seen_at"] for row in rows), default=newest)
                await asyncio.sleep(0.5)

    task = asyncio.create_task(watch())
    try:
        yield pulled
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _latencies(bench: Bench, since: datetime, pulled: Pulled) -> list[float]:
    """Seconds from the pull of an order (on the inner path: from its import) to its draft being ready to submit, for
    orders drafted since.
    """
    async with bench.database("fulfillment") as fulfillment:
        drafted = await fulfillment.fetch(
            "SELECT order_id, created_at FROM fulfillments WHERE created_at > $1 LIMIT 50000", since
        )
    times = {row["order_id"]: row["created_at"] for row in drafted}
    async with bench.database("orders") as orders:
        keys = await orders.fetch(
            "SELECT id, store_id, platform_order_id, imported_at FROM orders WHERE id = ANY($1::uuid[])", list(times)
        )
    return sorted(
        (times[row["id"]] - pulled.get((row["store_id"], row["platform_order_id"]), row["imported_at"])).total_seconds()
        for row in keys
    )


async def _desk(bench: Bench) -> None:
    """The staff of the desk, through the gateway."""
    while True:
        page = await bench.scene.admin.get(
            "/api/v1/fulfillments",
            warehouse_id=bench.scene.warehouses[EAST],
            status="warehouse_processing",
            limit=200,
        )
        rows = page["items"]
        if rows:
            parcel = [{"tracking_number": "OWN", "carrier": "Own", "weight_grams": 420}]
            items = [{"ref": row["number"], "parcels": parcel} for row in rows]
            await bench.scene.admin.post("/api/v1/fulfillments/ship", {"items": items})
        if len(rows) < 100:
            await asyncio.sleep(SHIP_SECONDS)


async def _page_into_outbox(bench: Bench, sync: asyncpg.Connection) -> None:
    """A page of orders as a connector would have pulled it."""
    now = utcnow()
    store = bench.stores[(bench.made // PAGE) % len(bench.stores)]
    orders = []
    for _ in range(PAGE):
        bench.made += 1
        orders.append(
            CanonicalOrderV1(
                platform_order_id=f"gid://bench/{bench.made}",
                number=f"#{bench.made}",
                status=PlatformStatusV1.AWAITING_FULFILLMENT,
                raw_status="PAID",
                version=1,
                created_at=now,
                updated_at=now,
                paid_at=now,
                currency="USD",
                total=Decimal("25.00"),
                buyer_name="Ana Silva",
                ship_to=_address(bench.made),
                lines=tuple(
                    OrderLineV1(
                        platform_line_id=str(n), platform_sku=SKUS[(bench.made * 7 + n) % len(SKUS)], quantity=1
                    )
                    for n in range(1 + bench.made % 3)
                ),
            )
        )
    seller = bench.scene.sellers[store.seller]
    message = OrdersPulledV1.model_validate(
        {"seller_id": seller.id, "store_id": bench.scene.stores[store.key], "platform": "shopify", "orders": orders}
    )
    envelope = Envelope(
        uuid7(), message.message_type, "sync", message.subject, now, message.store_id, None, message.seller_id, None
    )
    await sync.execute(
        "INSERT INTO outbox (routing_key, body) VALUES ($1, $2)", message.message_type, encode(message, envelope)
    )


def _address(number: int) -> AddressV1:
    return AddressV1(
        name="Ana Silva", line1=f"{number} Main St", city="Reno", region="NV", postal_code="89501", country="US"
    )


async def _orders_into_shop(bench: Bench, count: int) -> None:
    """Orders in the next shop, and its sync."""
    store = bench.stores[(bench.made // PAGE) % len(bench.stores)]
    since = utcnow() - timedelta(seconds=2)
    orders: list[dict[str, Any]] = []
    for _ in range(count):
        bench.made += 1
        country = store.country
        address = {
            "name": "Ana Silva",
            "line1": f"{bench.made} Main St",
            "city": "Reno" if country == "US" else "Singapore",
            "region": "NV" if country == "US" else "",
            "postal_code": "89501" if country == "US" else "018989",
            "country": country,
        }
        lines = [
            {"sku": SKUS[(bench.made * 7 + n) % len(SKUS)], "title": "Article", "quantity": 1, "price": "12.50"}
            for n in range(1 + bench.made % 3)
        ]
        orders.append({"shop": store.shop, "lines": lines, "address": address})
    await bench.scene.outside.post("/control/orders", {"orders": orders})
    person = bench.scene.sellers[store.seller].person
    path = f"/api/v1/stores/{bench.scene.stores[store.key]}/sync"
    for _ in range(200):
        try:
            await person.post(path, {"since": since.isoformat()})
            return
        except Refused as refused:  # The run before is still under way.
            if refused.status != 409:
                raise
        await asyncio.sleep(0.1)
    raise AssertionError(f"the sync of {store.key} was refused for 20 seconds: another run is still under way")
