"""What the control API does to the world."""

from typing import Any

from sandbox.faults import Fault
from sandbox.journal import effect
from sandbox.orders import Address, Order
from sandbox.shopee import effects as shopee
from sandbox.shopee.auth import grant_tokens
from sandbox.shopee.model import DEFAULT_CHANNELS, ShopeeOrder, ShopeeShop
from sandbox.shopify import effects as shopify
from sandbox.shopify.model import RESTORE_RATES, Bucket, ShopifyOrder, ShopifyShop
from sandbox.shopify.oauth import grant
from sandbox.specs import AddressSpec, AppSpec, OrderSpec, ShopSpec
from sandbox.world import World

DAY_SECONDS = 86_400
NAMES = ("platform", "shop", "warehouse", "operation", "order")


@effect
def set_app(world: World, *, spec: dict[str, Any]) -> None:
    """Make an app known, or change its secret."""
    app = AppSpec.model_validate(spec)
    if app.platform == "shopify":
        world.shopify_apps[app.client_id] = app.client_secret
    else:
        world.shopee_partners[str(app.partner_id)] = app.partner_key


@effect
def set_shop(world: World, *, spec: dict[str, Any], access: str, refresh: str) -> None:
    """Make a shop, or change the settings of one; with tokens given it is granted without consent."""
    wanted = ShopSpec.model_validate(spec)
    days, access_seconds = (90, 3600.0) if wanted.platform == "shopify" else (30, 14_400.0)
    settings: dict[str, Any] = {
        "app": wanted.app,
        "name": wanted.name or wanted.shop,
        "currency": wanted.currency,
        "region": wanted.region,
        "label": wanted.label,
        "access_seconds": wanted.access_seconds or access_seconds,
        "refresh_seconds": wanted.refresh_seconds or days * DAY_SECONDS,
    }
    known = world.shop(wanted.shop)
    if wanted.platform == "shopify":
        rate = wanted.restore_rate or RESTORE_RATES[wanted.plan]
        settings |= {"plan": wanted.plan, "expiring": wanted.expiring, "bucket": Bucket(rate, rate * 20, world.now())}
        if known is None:
            world.shopify_shops[wanted.shop] = ShopifyShop(
                key=wanted.shop, platform="shopify", id=world.next_id(), location=world.next_id(), **settings
            )
            world.next_id()  # Kept for the location of the platform's own fulfilment service.
    else:
        settings["channels"] = {channel.id: channel for channel in wanted.channels or DEFAULT_CHANNELS}
        if known is None:
            world.shopee_shops[wanted.shop] = ShopeeShop(
                key=wanted.shop, platform="shopee", shop_id=int(wanted.shop), **settings
            )
    if known is not None:
        for name, value in settings.items():
            setattr(known, name, value)
    if access and wanted.platform == "shopify":
        grant(world, shop=wanted.shop, access=access, refresh=refresh, scopes=wanted.scopes)
    elif access:
        grant_tokens(world, shop=wanted.shop, access=access, refresh=refresh)


@effect
def next_consent(world: World, *, shop: str) -> None:
    """Let the next visit to the consent page grant this shop."""
    world.consents.append(shop)


@effect
def create_orders(world: World, *, orders: list[dict[str, Any]]) -> list[Order]:
    """Put orders into their shops."""
    made: list[Order] = []
    for fields in orders:
        spec = OrderSpec.model_validate(fields)
        shop = world.shop(spec.shop)
        if isinstance(shop, ShopifyShop):
            made.append(shopify.make_order(world, shop, spec))
        elif isinstance(shop, ShopeeShop):
            made.append(shopee.make_order(world, shop, spec))
    return made


@effect
def change_order(world: World, *, order_id: int, action: str, facts: dict[str, Any]) -> None:
    """Change an order from outside; its update time moves to now."""
    order = world.orders[order_id]
    match action:
        case "pay":
            order.paid = order.paid or world.now()
        case "edit_note":
            order.note = facts["note"]
        case "repair":
            order.malformed = None
        case "edit_address":
            known = (
                {}
                if order.address is None
                else {name: getattr(order.address, name) for name in AddressSpec.model_fields}
            )
            order.address = Address.of(AddressSpec.model_validate(known | facts["address"]), order.shop.region)
    if isinstance(order, ShopifyOrder):
        shopify.apply_change(world, order, action, facts)
    elif isinstance(order, ShopeeOrder):
        shopee.apply_change(world, order, action, facts)
    order.shop.touch(order, world.now())


@effect
def add_fault(
    world: World, *, kind: str, names: dict[str, str], count: int | None, seconds: float | None, details: dict[str, Any]
) -> int:
    """Let a fault strike from now on; those about tokens strike at once. Return its id."""
    fault_id = world.next_id()
    until = None if seconds is None else world.now() + seconds
    # With a time but no count it strikes as often as there are calls within the time.
    fault = Fault(fault_id, kind, left=count, until=until, details=details)
    for name in NAMES:
        setattr(fault, name, names.get(name, ""))
    shop = world.shop(names.get("shop", ""))
    if kind in ("expire_token", "revoke_token") and shop is not None:
        if kind == "expire_token":
            shop.end_access()
        else:
            shop.revoke()
        fault.left, fault.struck = 0, 1
        world.faults.struck[kind] = world.faults.struck.get(kind, 0) + 1
    world.faults.add(fault)
    return fault_id


@effect
def remove_faults(world: World, *, fault_id: int | None) -> int:
    """End one fault, or all."""
    return world.faults.remove(fault_id)
