"""Stock over HTTP."""

from datetime import timedelta
from typing import Any

import pytest
from common.kernel.ids import uuid7
from common.testing.delivery import take_outbox
from contracts.inventory.v1 import StockChangedV1
from inventory.app.sweep import OLD_HOLDS, OPEN_ANOMALIES, Sweeper

from .harness import STAFF, Harness, of_type


class TestReceive:
    async def test_each_row_says_what_became_of_it(self, harness: Harness) -> None:
        warehouse = await harness.warehouse()
        await harness.approved("A")
        await harness.call("POST", "/products", json={"seller_id": str(harness.seller_id), "sku": "D", "title": "x"})
        seller = str(harness.seller_id)
        rows = [
            {"seller_id": seller, "sku": "A", "quantity": 5, "ref": "first"},
            {"seller_id": seller, "sku": "A", "quantity": 2, "reason": "note 7"},
            {"seller_id": seller, "sku": "a", "quantity": 1},
            {"seller_id": seller, "sku": "D", "quantity": 1},
            {"seller_id": str(uuid7()), "sku": "A", "quantity": 1},
            {"seller_id": seller, "sku": "A", "quantity": 3, "condition": "defective"},
        ]
        body = {"warehouse_id": str(warehouse), "rows": rows}
        await take_outbox(harness.runtime.transactions)
        answer = (await harness.call("POST", "/stock/receive", roles=STAFF, json=body)).json()
        assert [(r["ref"], r["code"] or r["message"]) for r in answer["results"]] == [
            ("first", "5 on hand, 5 available"),
            ("A", "7 on hand, 7 available"),
            ("a", "unknown_sku"),
            ("D", "product_not_approved"),
            ("A", "warehouse_not_bound"),
            ("A", "3 on hand, 3 available"),
        ]
        assert all(r["remedy"] for r in answer["results"] if not r["ok"])
        (event,) = of_type(await take_outbox(harness.runtime.transactions), StockChangedV1)
        assert (event.sku, event.on_hand, event.reserved, event.version) == ("A", 7, 0, 1)
        moved = (await harness.get("/stock/movements"))["items"]
        assert [(m["quantity"], m["condition"], m["reason"]) for m in reversed(moved)] == [
            (5, "good", ""),
            (2, "good", "note 7"),
            (3, "defective", ""),
        ]
        assert moved[0]["actor"].startswith("operator:")
        assert await harness.broken() == {}

    async def test_once_for_a_key(self, harness: Harness) -> None:
        warehouse = await harness.stocked(A=1)
        row = {"seller_id": str(harness.seller_id), "sku": "A", "quantity": 5}
        body = {"warehouse_id": str(warehouse), "rows": [row]}
        key = {"Idempotency-Key": "delivery 7"}
        first, second = [await harness.call("POST", "/stock/receive", json=body, headers=key) for _ in range(2)]
        assert first.json() == second.json()
        assert second.headers["Idempotency-Replayed"] == "true"
        assert await harness.stock("A") == (6, 0)
        other = await harness.call(
            "POST", "/stock/receive", json={**body, "rows": [{**row, "quantity": 6}]}, headers=key
        )
        assert other.json()["code"] == "idempotency_key_reused"

    @pytest.mark.parametrize("quantity", [0, -1, 1.5, 10**9, "many"])
    async def test_a_wrong_quantity_is_refused(self, harness: Harness, quantity: object) -> None:
        row = {"seller_id": str(uuid7()), "sku": "A", "quantity": quantity}
        answer = await harness.call("POST", "/stock/receive", json={"warehouse_id": str(uuid7()), "rows": [row]})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "rows.0.quantity"


class TestAdjust:
    async def test_never_below_what_is_reserved(self, harness: Harness) -> None:
        warehouse = await harness.stocked(A=5)
        await harness.deliver(harness.reserve(warehouse, ("A", 3)))
        row = {"seller_id": str(harness.seller_id), "sku": "A", "reason": "counted"}
        rows = [{**row, "delta": -3}, {**row, "delta": 0}, {**row, "delta": -2}, {**row, "delta": -1}]
        body = {"warehouse_id": str(warehouse), "rows": rows}
        answer = (await harness.call("POST", "/stock/adjust", roles=STAFF, json=body)).json()
        assert [r["code"] for r in answer["results"]] == ["below_reserved", "invalid_input", "", "below_reserved"]
        assert await harness.stock("A") == (3, 3)
        assert await harness.broken() == {}

    async def test_always_with_a_reason(self, harness: Harness) -> None:
        row = {"seller_id": str(uuid7()), "sku": "A", "delta": 1, "reason": " "}
        answer = await harness.call("POST", "/stock/adjust", json={"warehouse_id": str(uuid7()), "rows": [row]})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "rows.0.reason")


class TestLists:
    async def test_pages(self, harness: Harness) -> None:
        skus = {f"S{n}": n + 1 for n in range(5)}
        warehouse = await harness.stocked(**skus)
        order = uuid7()
        await harness.deliver(harness.reserve(warehouse, *((sku, 1) for sku in skus), order_id=order))
        await harness.deliver(harness.reserve(warehouse, ("S4", 1)))

        async def whole(path: str, **params: Any) -> list[Any]:
            items: list[Any] = []
            cursor = None
            while True:
                page = await harness.get(path, params={"limit": 2, **params, **({"cursor": cursor} if cursor else {})})
                assert len(page["items"]) <= 2
                items += page["items"]
                cursor = page["next_cursor"]
                if not cursor:
                    return items

        assert [row["sku"] for row in await whole("/stock")] == list(skus)
        assert [row["available"] for row in await whole("/stock")] == [0, 1, 2, 3, 3]
        assert [row["sku"] for row in await whole("/stock/movements")] == list(reversed(skus))
        assert [row["sku"] for row in await whole("/stock/reservations", reference_id=str(order))] == list(skus)
        assert len(await whole("/stock/reservations", state="held")) == 6
        assert len(await whole("/stock/reservations", state="held", sku="S4")) == 2
        assert len(await whole("/stock", warehouse_id=str(uuid7()))) == 0
        assert [row["sku"] for row in await whole("/stock", sku="S3")] == ["S3"]
        (level,) = await whole("/stock", sku="S3")
        assert await harness.get(f"/stock/{level['id']}") == level

    async def test_a_refusal_shows_what_was_short(self, harness: Harness) -> None:
        warehouse = await harness.stocked(A=1)
        command = harness.reserve(warehouse, ("A", 2))
        await harness.deliver(command)
        params = {"reference_id": str(command.reference_id)}
        (row,) = (await harness.get("/stock/reservations", params=params))["items"]
        assert (row["state"], row["shortages"]) == ("refused", [{"sku": "A", "need": 2, "have": 1}])

    @pytest.mark.parametrize(
        ("path", "params"),
        [
            ("/stock/reservations", {}),
            ("/stock/reservations", {"state": "released"}),
            ("/stock", {"cursor": "W10"}),
            ("/stock", {"cursor": "WyJ4Il0"}),
            ("/stock/movements", {"cursor": "WyItMSJd"}),
            ("/stock", {"limit": 0}),
            ("/stock", {"stock_type": "pallet"}),
        ],
    )
    async def test_wrong_parameters_are_refused(self, harness: Harness, path: str, params: dict[str, Any]) -> None:
        answer = await harness.call("GET", path, params=params)
        assert answer.status_code == 422
        assert answer.json()["remedy"]


class TestSweeper:
    async def test_counts_what_waits_for_a_person(self, harness: Harness) -> None:
        warehouse = await harness.stocked(A=5)
        sweep = Sweeper(older_than=timedelta(0))

        async def look() -> tuple[float, float]:
            async with harness.runtime.transactions.begin() as uow:
                await sweep(uow)
            return OPEN_ANOMALIES._value.get(), OLD_HOLDS._value.get()

        assert await look() == (0, 0)
        command = harness.reserve(warehouse, ("A", 1))
        await harness.deliver(command)
        await harness.deliver(harness.shipped(uuid7()))
        assert await look() == (1, 1)
        await harness.deliver(harness.shipped(command.reference_id))
        assert await look() == (1, 0)
