"""Webhooks: signed ones are taken, for the shop that they are about and for no other."""

from typing import Any
from uuid import UUID, uuid4

from sync.app.webhooks import REFUSED
from sync.connectors.kit.connector import OrderPage

from ..fakes import World, order

SELLER, OTHER = UUID(int=7), UUID(int=8)


class TestWebhooks:
    async def hook(self, world: World, store: object, body: str, *, signature: str = "good") -> Any:
        url = f"/api/v1/hooks/shopify/{store}" if store else "/api/v1/hooks/shopify"
        return await world.client.post(url, content=body, headers={"x-signature": signature})

    async def test_the_orders_it_names_are_pulled(self, world: World) -> None:
        store_id = await world.store(SELLER)
        world.market.by_id = [OrderPage(orders=(order(1), order(2)))]
        answer = await self.hook(world, store_id, "orders_touched,mugs.example,o-1,o-2")
        assert answer.status_code == 204
        await self.hook(world, store_id, "orders_touched,mugs.example,o-1")
        await world.work()
        assert [sorted(ids) for ids in world.market.said("pull_orders")] == [["o-1", "o-2"]]

    async def test_an_address_of_the_app_finds_the_store_by_its_shop(self, world: World) -> None:
        await world.store(SELLER)
        assert (await self.hook(world, None, "orders_touched,mugs.example,o-1")).status_code == 204
        assert (await self.hook(world, None, "orders_touched,none.example,o-1")).status_code == 404

    async def test_a_bad_signature_is_counted_and_changes_nothing(self, world: World) -> None:
        store_id = await world.store(SELLER)
        counter = REFUSED.labels("shopify", "signature")
        before = counter._value.get()
        answer = await self.hook(world, store_id, "orders_touched,mugs.example,o-1", signature="bad")
        assert (answer.status_code, answer.json()["code"]) == (401, "signature_invalid")
        assert counter._value.get() == before + 1
        assert await world.sql("SELECT 1 FROM touched_orders") == []

    async def test_a_signed_webhook_of_one_shop_does_not_reach_another(self, world: World) -> None:
        await world.store(SELLER)
        theirs = await world.store(OTHER, account="cups.example")
        answer = await self.hook(world, theirs, "orders_touched,mugs.example,o-1")
        assert answer.status_code == 404
        assert (await self.hook(world, uuid4(), "orders_touched,mugs.example,o-1")).status_code == 404
        assert await world.sql("SELECT 1 FROM touched_orders") == []

    async def test_a_seller_who_removed_the_app_is_noticed_by_asking_the_platform(self, world: World) -> None:
        store_id = await world.store(SELLER)
        assert (await self.hook(world, store_id, "access_ended,mugs.example")).status_code == 204
        await world.work()
        assert len(world.market.said("pull_page")) == 1
        assert await world.state(store_id) == "active"

    async def test_a_huge_body_is_refused(self, world: World) -> None:
        store_id = await world.store(SELLER)
        assert (await self.hook(world, store_id, "x" * (1024 * 1024 + 1))).status_code == 413
