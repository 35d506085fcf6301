"""Sets the scene: warehouses, channels, prices, sellers with money, products, stock, stores, mappings and routing
rules, all through the gateway as people would do it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

import httpx2

from localhost.demo.client import Outside, Person, Refused, all_rows_ok
from localhost.demo.plan import EAST, WEST, Store
from localhost.demo.waiting import until_accepted
from localhost.errors import LocalhostError
from localhost.installation import Target

WMS_SECRET = "whsec_b3JkZXJkb2NrLWRlbW8td2FyZWhvdXNlLXNlY3JldA=="
PASSWORD = "demo-Orderdock-2026"
PROOF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
"""A payment receipt."""

ROWS_A_CALL = 500


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to ship that the scene needs."""

    code: str
    warehouse: str
    kind: str
    countries: tuple[str, ...] = ()
    label_required: bool | None = None


@dataclass(frozen=True, slots=True)
class Goods:
    """A product of a seller: how much of it is where, and how far it has come."""

    sku: str
    title: str
    stock: Mapping[str, int]
    approved: bool = True
    measured: bool = True
    weight_grams: int = 400


@dataclass(frozen=True, slots=True)
class Rule:
    """A routing rule: orders to these countries and postal codes go to a warehouse through a channel."""

    warehouse: str
    channel: str
    countries: tuple[str, ...] = ()
    postal_ranges: tuple[tuple[str, str], ...] = ()
    platform: str = ""
    auto_review: bool = True


@dataclass(slots=True)
class Seller:
    """A seller with its user."""

    code: str
    id: str
    person: Person
    email: str


@dataclass(slots=True)
class Scene:
    """What was set up, by the names of the plan."""

    target: Target
    admin: Person
    outside: Outside
    warehouses: dict[str, str] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    sellers: dict[str, Seller] = field(default_factory=dict)
    stores: dict[str, str] = field(default_factory=dict)

    async def aclose(self) -> None:
        """Sign everybody out."""
        for person in (self.admin, *(seller.person for seller in self.sellers.values())):
            await person.aclose()
        await self.outside.aclose()


async def open_scene(target: Target) -> Scene:
    """Sign the first operator in, and tell the sandbox which apps it knows."""
    admin = await Person(target.gateway_url).sign_in(target.admin.email, target.admin.password)
    outside = Outside(target.sandbox_url)
    apps = target.apps
    await outside.post(
        "/control/apps",
        {"platform": "shopify", "client_id": apps.shopify_client_id, "client_secret": apps.shopify_client_secret},
    )
    await outside.post(
        "/control/apps",
        {"platform": "shopee", "partner_id": apps.shopee_partner_id, "partner_key": apps.shopee_partner_key},
    )
    return Scene(target, admin, outside)


async def add_warehouse(scene: Scene, code: str, *, adapter: str, behaviour: Mapping[str, Any] | None = None) -> None:
    """Make a warehouse; one with the adapter `http` is played by the sandbox, which behaves as told."""
    base_url = f"{scene.target.sandbox_url_inside}/wms/{code}" if adapter == "http" else ""
    body = {
        "code": code,
        "name": {EAST: "East coast", WEST: "West coast"}.get(code, code),
        "country": "US",
        "time_zone": "America/New_York",
        "currency": "USD",
        "adapter": {"kind": adapter, "base_url": base_url},
    }
    warehouse = await scene.admin.post("/api/v1/warehouses", body)
    scene.warehouses[code] = warehouse["id"]
    if adapter == "http":
        callback = f"{scene.target.gateway_url_inside}/api/v1/hooks/wms/{warehouse['id']}"
        await scene.outside.post(
            "/control/warehouses",
            {"code": code, "secret": WMS_SECRET, "callback_url": callback, **(behaviour or {})},
        )
        path = f"/api/v1/warehouse-connections/{warehouse['id']}"
        await until_accepted(partial(scene.admin.put, path, {"secret": WMS_SECRET}), what="warehouse connection")


async def add_channels(scene: Scene, channels: Sequence[Channel]) -> None:
    """Make channels."""
    for channel in channels:
        body: dict[str, Any] = {
            "warehouse_id": scene.warehouses[channel.warehouse],
            "code": channel.code,
            "name": channel.code,
            "kind": channel.kind,
            "countries": list(channel.countries),
        }
        if channel.label_required is not None:
            body["label_required"] = channel.label_required
        made = await until_accepted(partial(scene.admin.post, "/api/v1/channels", body), what=channel.code)
        scene.channels[channel.code] = made["id"]


async def add_prices(scene: Scene) -> None:
    """A fee schedule for each warehouse: per order, per further unit, and by weight."""
    for code, warehouse_id in scene.warehouses.items():
        body = {
            "warehouse_id": warehouse_id,
            "name": f"{code} standard",
            "valid_from": "2020-01-01",
            "per_order": "2.40",
            "per_further_unit": "0.35",
            "bands": [
                {"up_to_grams": 1000, "amount": "1.50"},
                {"up_to_grams": 10000, "amount": "4.00"},
                {"up_to_grams": None, "amount": "9.00"},
            ],
        }
        await until_accepted(partial(scene.admin.post, "/api/v1/fee-schedules", body), what="fee schedule")


async def add_seller(scene: Scene, code: str, *, funds: Decimal) -> Seller:
    """Make a seller with a user, bind it to all warehouses, and have a top-up asked for and approved."""
    made = await scene.admin.post("/api/v1/sellers", {"code": code, "name": f"{code.title()} Ltd", "currency": "USD"})
    email = f"owner@{code.lower()}.example"
    await scene.admin.post(
        "/api/v1/users",
        {
            "email": email,
            "password": PASSWORD,
            "name": f"{code.title()} owner",
            "roles": ["seller_owner"],
            "seller_id": made["id"],
        },
    )
    person = await Person(scene.target.gateway_url).sign_in(email, PASSWORD)
    seller = scene.sellers[code] = Seller(code, made["id"], person, email)
    for warehouse_id in scene.warehouses.values():
        path = f"/api/v1/warehouses/{warehouse_id}/sellers/{seller.id}"
        await until_accepted(partial(scene.admin.put, path), what="binding")
    topup = await until_accepted(partial(_ask_topup, seller, funds), what="top-up")
    await scene.admin.call(
        "POST",
        f"/api/v1/topups/{topup['id']}/approve",
        json={},
        headers={"If-Match": f'"{topup["version"]}"', "Idempotency-Key": f"approve-{topup['id']}"},
    )
    return seller


async def _ask_topup(seller: Seller, funds: Decimal) -> Any:
    return await seller.person.call(
        "POST",
        "/api/v1/topups",
        data={"amount": str(funds), "currency": "USD"},
        files={"proof": ("receipt.pdf", PROOF, "application/pdf")},
        headers={"Idempotency-Key": f"topup-{seller.code}"},
    )


async def add_goods(scene: Scene, seller: Seller, goods: Sequence[Goods]) -> None:
    """Make products, bring them through audit and measurement as far as each goes, and take their stock in."""
    for start in range(0, len(goods), ROWS_A_CALL):
        some = goods[start : start + ROWS_A_CALL]
        rows = [{"sku": g.sku, "title": g.title[:200], "weight_grams": g.weight_grams} for g in some]
        all_rows_ok(await seller.person.post("/api/v1/products/batch", {"rows": rows}), "products")
        approved = [g.sku for g in some if g.approved]
        all_rows_ok(await seller.person.post("/api/v1/products/submit", {"skus": [g.sku for g in some]}), "submit")
        if approved:
            body = {"seller_id": seller.id, "skus": approved}
            all_rows_ok(await scene.admin.post("/api/v1/products/approve", body), "approve")
        measured = [
            {
                "seller_id": seller.id,
                "sku": g.sku,
                "weight_grams": g.weight_grams,
                "length_mm": 200,
                "width_mm": 150,
                "height_mm": 100,
            }
            for g in some
            if g.approved and g.measured
        ]
        if measured:
            all_rows_ok(await scene.admin.post("/api/v1/products/measure", {"rows": measured}), "measure")
        for code, warehouse_id in scene.warehouses.items():
            received = [
                {"seller_id": seller.id, "sku": g.sku, "quantity": g.stock[code]}
                for g in some
                if g.approved and g.stock.get(code)
            ]
            if received:
                key = f"receive-{seller.code}-{code}-{start}"
                receipt = {"warehouse_id": warehouse_id, "rows": received}
                answer = await until_accepted(
                    partial(scene.admin.post, "/api/v1/stock/receive", receipt, key=key), what="receive"
                )
                all_rows_ok(answer, "receive")


async def add_shop(scene: Scene, store: Store, **more: Any) -> None:
    """Open a shop in the sandbox; nobody has authorised it yet."""
    app = scene.target.apps
    await scene.outside.post(
        "/control/shops",
        {
            "platform": store.platform,
            "shop": store.shop,
            "app": app.shopify_client_id if store.platform == "shopify" else app.shopee_partner_id,
            "currency": store.currency,
            **({"plan": "enterprise"} if store.platform == "shopify" else {"region": store.country}),
            **more,
        },
    )


async def authorize(scene: Scene, store: Store) -> None:
    """Have the seller authorise its shop, as a browser would: to the platform's page and back."""
    seller = scene.sellers[store.seller]
    body = {"platform": store.platform, "name": store.key}
    if store.platform == "shopify":
        body["shop"] = str(store.shop)
    else:
        await scene.outside.post("/control/consent", {"shop": store.shop})
    made = await seller.person.post("/api/v1/stores", body, key=f"store-{store.key}")
    scene.stores[store.key] = made["id"]
    await _consent(scene, made["authorize_url"])


async def _consent(scene: Scene, url: str) -> None:
    """Follow the redirects; addresses inside the installation are reached by the ones outside."""
    target = scene.target
    async with httpx2.AsyncClient(timeout=60) as browser:
        for _ in range(5):
            for inside, outside in (
                (target.sandbox_url_inside, target.sandbox_url),
                (target.gateway_url_inside, target.gateway_url),
            ):
                if url.startswith(inside):
                    url = outside + url.removeprefix(inside)
                    break
            answer = await browser.get(url)
            if answer.status_code < 300:
                return
            if answer.status_code >= 400:
                raise LocalhostError(f"authorising failed: GET {answer.request.url.path} -> {answer.text[:500]}")
            url = answer.headers["location"]
    raise LocalhostError("authorising failed: the redirects do not end")


async def add_mappings(scene: Scene, store: Store, items: Mapping[str, Sequence[tuple[str, int]]]) -> None:
    """Say which SKUs ship for each platform SKU of a store."""
    rows = [
        {
            "store_id": scene.stores[store.key],
            "platform_sku": platform_sku,
            "items": [{"sku": sku, "quantity": quantity} for sku, quantity in parts],
        }
        for platform_sku, parts in items.items()
    ]
    person = scene.sellers[store.seller].person
    for start in range(0, len(rows), ROWS_A_CALL):
        body = {"mappings": rows[start : start + ROWS_A_CALL]}
        await until_accepted(partial(_mapped, person, body), what="mappings")


async def _mapped(person: Person, body: Mapping[str, Any]) -> None:
    answer = await person.post("/api/v1/mappings/batch", body)
    if answer["failed"]:
        first = next(row for row in answer["results"] if not row["ok"])
        raise Refused("POST", "/api/v1/mappings/batch", 422, {"code": first["code"], "detail": first["message"]})


async def add_rules(scene: Scene, seller: Seller, rules: Sequence[Rule]) -> None:
    """Make a seller's routing rules, in order."""
    for number, rule in enumerate(rules, 1):
        body: dict[str, Any] = {
            "name": f"{number}: {','.join(rule.countries) or 'anywhere'} -> {rule.channel}",
            "platform": rule.platform,
            "countries": list(rule.countries),
            "postal_ranges": [{"first": first, "last": last} for first, last in rule.postal_ranges],
            "warehouse_id": scene.warehouses[rule.warehouse],
            "channel_id": scene.channels[rule.channel],
            "auto_review": rule.auto_review,
        }
        key = f"rule-{seller.code}-{number}"
        await until_accepted(partial(seller.person.post, "/api/v1/routing-rules", body, key=key), what="routing rule")


async def close_channel(scene: Scene, code: str) -> None:
    """Take a channel out of use."""
    path = f"/api/v1/channels/{scene.channels[code]}"
    channel = await scene.admin.get(path)
    await scene.admin.patch(path, {"active": False}, version=channel["version"])


async def set_auto_submit(scene: Scene, seller: Seller, *, on: bool) -> None:
    """Turn a seller's auto-submit switch."""
    await until_accepted(
        partial(seller.person.put, "/api/v1/submission-settings", {"auto_submit": on, "delay_seconds": 0}),
        what="auto-submit",
    )


async def sync(scene: Scene, store: Store) -> None:
    """Have a store pulled now; while a run is under way, that one is enough."""
    person = scene.sellers[store.seller].person
    try:
        await person.post(f"/api/v1/stores/{scene.stores[store.key]}/sync")
    except Refused as refused:
        if refused.status != 409:
            raise
