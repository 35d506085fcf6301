"""Scenarios of the review: who gets the stock, and what is not ready to ship."""

import asyncio
from typing import Any

from localhost.demo.plan import EAST
from localhost.demo.scene import Goods

from .world import TO_EAST, TO_EAST_BY_HAND, Row, Shop, World, items, receive, when

ROUNDS = 10


async def s01_two_orders_race_for_the_last_unit(world: World) -> None:
    skus = [f"A-{number}" for number in range(1, ROUNDS + 1)]
    seller = await world.seller("S01", goods=[Goods(sku, sku, {EAST: 1}) for sku in skus], rules=[TO_EAST_BY_HAND])
    sells = {sku.lower(): [(sku, 1)] for sku in skus}
    first = await world.shop(seller, "s01-one", sells=sells)
    second = await world.shop(seller, "s01-two", sells=sells)
    for number, sku in enumerate(skus):
        await first.sells(f"#11{number:02}", (sku.lower(), 1))
        await second.sells(f"#12{number:02}", (sku.lower(), 1))
    for number, sku in enumerate(skus):
        await race(first, f"#11{number:02}", second, f"#12{number:02}", sku)


async def race(one: Shop, number: str, other: Shop, other_number: str, sku: str) -> None:
    """Review an order of each shop at the same instant, where there is enough for one of them."""
    asked = [await one.order_in(number, "pending"), await other.order_in(other_number, "pending")]
    assert await one.stock(sku) == (1, 0)
    await asyncio.gather(one.review(asked[0]), other.review(asked[1]))

    async def both() -> list[Row]:
        return [await one.order(number), await other.order(other_number)]

    def decided(rows: list[Row]) -> bool:
        return all(not row["step"] and (row["status"] != "pending" or row["review_errors"]) for row in rows)

    answers = await when(both, decided, what="two answers")
    won, lost = sorted(answers, key=lambda row: str(row["status"]), reverse=True)
    assert (won["status"], lost["status"]) == ("processing", "pending")
    [error] = lost["review_errors"]
    assert error["message"].startswith(f"{sku} need 1, have 0, {EAST}")
    assert (error["code"], error["need"], error["have"]) == ("insufficient_stock", 1, 0)
    assert await one.stock(sku) == (0, 1)
    assert await one.locks(won) == [(sku, 1, "held")]
    assert await one.locks(lost) == []
    held = await items(one.person, "/api/v1/stock/reservations", state="held", sku=sku)
    assert [(row["reference_id"], row["quantity"]) for row in held] == [(won["id"], 1)]


async def s02_a_mapping_of_three_with_two_in_stock(world: World) -> None:
    seller = await world.seller("S02", goods=[Goods("A-1", "A", {EAST: 2})], rules=[TO_EAST_BY_HAND])
    shop = await world.shop(seller, "s02", sells={"p": [("A-1", 3)]})
    await shop.sells("#2001", ("p", 1))
    await shop.review(await shop.order_in("#2001", "pending"))
    order = await shop.order_refused("#2001")
    [error] = order["review_errors"]
    assert "A-1 need 3, have 2" in error["message"]
    assert (error["need"], error["have"], error["factor"], error["warehouse"]) == (3, 2, 3, EAST)
    assert await shop.stock("A-1") == (2, 0)
    await receive(world.scene, seller, "A-1", 1)
    await shop.review(order)
    order = await shop.order_in("#2001", "processing")
    assert order["review_errors"] == []
    assert await shop.stock("A-1") == (0, 3)
    assert await shop.locks(order) == [("A-1", 3, "held")]


async def s03_a_bundle_is_locked_whole_or_not_at_all(world: World) -> None:
    goods = [Goods("A", "A", {EAST: 4}), Goods("B", "B", {EAST: 1})]
    seller = await world.seller("S03", goods=goods, rules=[TO_EAST])
    shop = await world.shop(seller, "s03", sells={"p": [("A", 2), ("B", 1)]})
    await shop.sells("#3001", ("p", 2))
    order = await shop.order_refused("#3001")
    [error] = order["review_errors"]
    assert (error["code"], error["sku"], error["need"], error["have"]) == ("insufficient_stock", "B", 2, 1)
    assert "B need 2, have 1" in error["message"]
    assert await shop.stock("A") == (4, 0)
    assert await shop.stock("B") == (1, 0)
    assert await shop.locks(order) == []
    assert await shop.fulfillments("#3001") == []
    assert order["fulfillment"] is None


async def s14_a_product_is_not_measured(world: World) -> None:
    goods = [Goods("A-1", "A", {EAST: 10}, measured=False, weight_grams=2000)]
    seller = await world.seller("S14", goods=goods, rules=[TO_EAST_BY_HAND])
    shop = await world.shop(seller, "s14", sells={"p": [("A-1", 1)]})
    await shop.sells("#14001", ("p", 1))
    await shop.review(await shop.order_in("#14001", "pending"))
    order = await shop.order_refused("#14001")
    [error] = order["review_errors"]
    assert (error["code"], error["sku"]) == ("product_not_measured", "A-1")
    assert "A-1 is not measured as new product" in error["message"]
    assert await shop.stock("A-1") == (10, 0)

    sizes: dict[str, Any] = {"weight_grams": 2400, "length_mm": 200, "width_mm": 150, "height_mm": 100}
    rows = [{"seller_id": seller.id, "sku": "A-1", **sizes}]
    await world.scene.admin.post("/api/v1/products/measure", {"rows": rows})

    async def reviewed() -> Row:
        await shop.review(order)
        return await shop.order("#14001")

    await when(reviewed, lambda row: row["attempt"] > 0, what="a review that passes")
    await shop.submit(await shop.drafted("#14001"))
    accepted = await shop.fulfillment_in("#14001", "warehouse_processing")
    assert accepted["weight_grams"] == 2400
    [hold] = await items(seller.person, "/api/v1/holds")
    assert (hold["weight_grams"], hold["amount"]) == (2400, "8.90")
