"""The day itself: everybody does their work until every order is where it must end."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from localhost.demo.client import Refused
from localhost.demo.plan import EAST, WEST, PlannedOrder, Store
from localhost.demo.scene import Scene, Seller, sync
from localhost.demo.waiting import until, until_accepted
from localhost.errors import LocalhostError

STEP_SECONDS = 240
STAFF_SECONDS = 0.7
BATCH = 100


@dataclass(slots=True)
class Day:
    """Work that goes on beside the script: the desk ships, the other warehouse ships, sellers submit."""

    scene: Scene
    held_back: set[str] = field(default_factory=set)
    """Platform order numbers that the warehouses do not ship yet."""
    _calls: int = 0

    async def desk(self) -> None:
        """The staff of the desk ship what has been accepted."""
        while True:
            rows = [
                row
                async for row in self.scene.admin.pages(
                    "/api/v1/fulfillments", warehouse_id=self.scene.warehouses[EAST], status="warehouse_processing"
                )
                if row["platform_order_number"] not in self.held_back
            ]
            for start in range(0, len(rows), BATCH):
                some = rows[start : start + BATCH]
                items = [{"ref": row["number"], "parcels": _weighed(row)} for row in some]
                await self._batch("/api/v1/fulfillments/ship", {"items": items}, self.scene.admin)
            await asyncio.sleep(STAFF_SECONDS)

    async def west(self) -> None:
        """The other warehouse's system ships what it has accepted."""
        while True:
            cursor = ""
            references: list[str] = []
            while True:
                page = await self.scene.outside.get("/control/submissions", warehouse=WEST, limit=1000, cursor=cursor)
                references += [
                    row["reference"]
                    for row in page["items"]
                    if row["status"] == "accepted" and row["order_number"] not in self.held_back
                ]
                cursor = page.get("next_cursor") or ""
                if not cursor:
                    break
            if references:
                await self.scene.outside.post(f"/control/warehouses/{WEST}/ship", {"references": references})
            await asyncio.sleep(STAFF_SECONDS)

    async def submit_by_hand(self, seller: Seller) -> None:
        """A seller without the auto-submit switch submits all its drafts, again and again."""
        while True:
            rows = [
                row["id"]
                async for row in seller.person.pages(
                    "/api/v1/fulfillments", status="draft", draft_status="pending_submit"
                )
            ]
            for start in range(0, len(rows), BATCH):
                await self._batch("/api/v1/fulfillments/submit", {"ids": rows[start : start + BATCH]}, seller.person)
            await asyncio.sleep(STAFF_SECONDS)

    async def _batch(self, path: str, body: dict[str, Any], person: Any) -> None:
        """A batch whose rows a request that was cut off may have done: they are refused, and nothing is lost."""
        self._calls += 1
        try:
            await person.post(path, body, key=f"{path}-{self._calls}-{id(self)}")
        except Refused as refused:
            if refused.status != 409:
                raise


def _weighed(row: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "package_number": parcel["package_number"],
            "tracking_number": parcel["tracking_number"],
            "carrier": parcel["carrier"],
            "weight_grams": 420,
        }
        for parcel in row["parcels"]
    ]


async def orders_by_number(scene: Scene, **query: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """Every order as the operator sees it, by (store id, number)."""
    return {(row["store_id"], row["number"]): row async for row in scene.admin.pages("/api/v1/orders", **query)}


def key_of(scene: Scene, order: PlannedOrder) -> tuple[str, str]:
    """How an order of the plan is found among ours."""
    return scene.stores[order.store.key], order.number


async def bring(scene: Scene, orders: Sequence[PlannedOrder]) -> None:
    """The marketplaces receive orders."""
    for start in range(0, len(orders), 1000):
        body = {"orders": [order.sandbox_form() for order in orders[start : start + 1000]]}
        await scene.outside.post("/control/orders", body)


async def cancel_on_platform(scene: Scene, orders: Sequence[PlannedOrder]) -> None:
    """The buyers change their minds."""
    changes = [{"shop": order.store.shop, "order": order.number, "action": "cancel"} for order in orders]
    await scene.outside.post("/control/orders/change", {"changes": changes})
    for store in {order.store for order in orders}:
        await sync(scene, store)


async def wait_for(
    scene: Scene, orders: Sequence[PlannedOrder], *statuses: str, what: str, resync: bool = False
) -> None:
    """Wait until all these orders are in one of the states."""
    wanted = {key_of(scene, order) for order in orders}

    async def there() -> bool:
        ours = await orders_by_number(scene, status=list(statuses))
        missing = wanted - set(ours)
        if missing and resync:
            for store in {order.store for order in orders if key_of(scene, order) in missing}:
                await sync(scene, store)
        return not missing

    await until(there, what=what, seconds=STEP_SECONDS)


async def review_what_no_rule_reviews(scene: Scene) -> None:
    """The sellers look at pending orders that nothing has reviewed."""
    for seller in scene.sellers.values():
        rows = [
            row["id"]
            async for row in seller.person.pages("/api/v1/orders", status="pending")
            if not row["review_errors"]
        ]
        if rows:
            await seller.person.post("/api/v1/orders/review", {"order_ids": rows[:500]})


async def go_home(task: "asyncio.Future[None]") -> None:
    """End somebody's work; they never go home by themselves, so say why they did."""
    if task.done() and not task.cancelled():
        task.result()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def review_until_all_have_reasons(scene: Scene, expected: int) -> None:
    """Wait until every order that must be refused is, with its reason."""

    async def there() -> bool:
        await review_what_no_rule_reviews(scene)
        rows = [row async for row in scene.admin.pages("/api/v1/orders", status="pending")]
        return len(rows) == expected and all(row["review_errors"] for row in rows)

    try:
        await until(there, what="a reason for every pending order", seconds=STEP_SECONDS)
    except LocalhostError as late:
        rows = [row async for row in scene.admin.pages("/api/v1/orders", status="pending")]
        found = Counter(row["review_errors"][0]["code"] if row["review_errors"] else "no reason" for row in rows)
        raise LocalhostError(f"{late}: {dict(found)}, expected {expected} in all") from late


async def redo_refused(scene: Scene, orders: Sequence[PlannedOrder]) -> None:
    """The warehouse has refused a submission: the seller takes it back, corrects the address and submits again."""
    for order in orders:
        seller = scene.sellers[order.store.seller]
        found: dict[str, Any] = {}

        async def refused(order: PlannedOrder = order, seller: Seller = seller, found: dict[str, Any] = found) -> bool:
            async for row in seller.person.pages("/api/v1/fulfillments", status="exception"):
                if row["platform_order_number"] == order.number:
                    found.update(row)
            return bool(found)

        await until(refused, what=f"the refusal of {order.number}", seconds=STEP_SECONDS)
        path = f"/api/v1/fulfillments/{found['id']}"
        draft = await seller.person.post(f"{path}/move-to-draft", key=f"draft-{found['id']}")
        address = {**draft["ship_to"], "line2": "Back door"}
        await seller.person.patch(path, {"ship_to": address}, version=draft["version"])
        # A new label comes first, because the address has changed.
        await until_accepted(partial(seller.person.post, f"{path}/submit"), what="the second submission")


async def repair_parked(scene: Scene, orders: Sequence[PlannedOrder], stores: Sequence[Store]) -> int:
    """Orders that could not be read are visible; the marketplace corrects some, and they are retried by hand."""
    changes = [{"shop": order.store.shop, "order": order.number, "action": "repair"} for order in orders]
    parked: dict[str, list[dict[str, Any]]] = {}

    async def all_parked() -> bool:
        for store in stores:
            path = f"/api/v1/stores/{scene.stores[store.key]}/parked-orders"
            parked[store.key] = [row async for row in scene.admin.pages(path) if row["state"] == "parked"]
        return all(parked.values())

    await until(all_parked, what="the parking of unreadable orders", seconds=STEP_SECONDS)
    await scene.outside.post("/control/orders/change", {"changes": changes})
    for store in {order.store for order in orders}:
        person = scene.sellers[store.seller].person
        for row in parked[store.key]:
            await person.post(f"/api/v1/stores/{scene.stores[store.key]}/parked-orders/{row['id']}/retry")
    return sum(map(len, parked.values()))


async def counts(scene: Scene) -> Counter[str]:
    """How many orders are in each state."""
    answer = await scene.admin.get("/api/v1/orders/counts")
    return Counter(answer["by_status"])


async def settle(scene: Scene, expected: dict[str, int]) -> None:
    """Wait until every order is where it must end, and the marketplaces know of every shipment."""

    async def there() -> bool:
        now = {state: count for state, count in (await counts(scene)).items() if count}
        if now != expected:
            return False
        for state in ("waiting", "uploading"):
            page = await scene.admin.get("/api/v1/orders", tracking_upload=state, limit=1)
            if page["items"]:
                return False
        return True

    try:
        await until(there, what="the end of the day", seconds=STEP_SECONDS)
    except LocalhostError:
        found = {state: count for state, count in (await counts(scene)).items() if count}
        raise LocalhostError(f"the day did not end as planned: orders are {found}, expected {expected}") from None
