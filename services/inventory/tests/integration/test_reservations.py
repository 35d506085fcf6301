"""Reserve, release and ship through the handlers, on a real database. Every frame is delivered twice."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from common.errors import InvalidInput
from common.kernel.ids import uuid7
from common.testing.delivery import Deliverer
from contracts.inventory.v1 import (
    ReserveLineV1,
    ShortageV1,
    StockChangedV1,
    StockRefusedV1,
    StockReleasedV1,
    StockReservedV1,
)
from inventory.domain.reservation import OtherSeller
from sqlalchemy import event

from .harness import Harness, of_type


class TestReserve:
    async def test_holds_every_line_and_says_the_stock_once(self, harness: Harness) -> None:
        warehouse = await harness.stocked(A=10, B=5)
        command = harness.reserve(warehouse, ("A", 2), ("B", 1), ("A", 1))
        said = await harness.deliver(command)
        assert [type(message) for message in said] == [StockReservedV1, StockChangedV1, StockChangedV1]
        assert said[0].model_dump() == {
            "seller_id": harness.seller_id,
            "reference_id": command.reference_id,
            "attempt": 1,
            "warehouse_id": warehouse,
        }
        assert {(m.sku, m.on_hand, m.reserved, m.version) for m in of_type(said, StockChangedV1)} == {
            ("A", 10, 3, 2),
            ("B", 5, 1, 2),
        }
        rows = (await harness.get("/stock/reservations", params={"reference_id": command.reference_id}))["items"]
        assert [(row["line_id"], row["sku"], row["quantity"], row["state"]) for row in rows] == [
            ("L0", "A", 2, "held"),
            ("L1", "B", 1, "held"),
            ("L2", "A", 1, "held"),
        ]
        assert await harness.broken() == {}

    async def test_bundle_is_all_or_nothing(self, harness: Harness) -> None:
        warehouse = await harness.stocked(A=4, B=1)
        said = await harness.deliver(harness.reserve(warehouse, ("A", 4), ("B", 2)))
        (refused,) = of_type(said, StockRefusedV1)
        assert (refused.code, refused.shortages) == ("insufficient_stock", (ShortageV1(sku="B", need=2, have=1),))
        assert await harness.stock("A") == (4, 0)
        assert of_type(said, StockChangedV1) == []
        assert await harness.broken() == {}

    async def test_mapping_three_stock_two(self, harness: Harness) -> None:
        warehouse = await harness.stocked(A_1=2)
        order = uuid7()
        refused = await harness.refused(harness.reserve(warehouse, ("A-1", 3), order_id=order))
        assert refused.shortages == (ShortageV1(sku="A-1", need=3, have=2),)
        assert await harness.stock("A-1") == (2, 0)
        await harness.receive(warehouse, A_1=1)
        said = await harness.deliver(harness.reserve(warehouse, ("A-1", 3), order_id=order, attempt=2))
        assert of_type(said, StockReservedV1)
        assert await harness.stock("A-1") == (3, 3)

    async def test_need_is_summed_over_lines(self, harness: Harness) -> None:
        warehouse = await harness.stocked(A=3)
        refused = await harness.refused(harness.reserve(warehouse, ("A", 2), ("A", 2)))
        assert refused.shortages == (ShortageV1(sku="A", need=4, have=3),)

    async def test_commands_of_a_frame_are_decided_in_order(self, harness: Harness) -> None:
        warehouse = await harness.stocked(A=5)
        said = await harness.deliver(*(harness.reserve(warehouse, ("A", quantity)) for quantity in (3, 3, 2)))
        assert [type(m) for m in said[:3]] == [StockReservedV1, StockRefusedV1, StockReservedV1]
        (refused,) = of_type(said, StockRefusedV1)
        assert refused.shortages == (ShortageV1(sku="A", need=3, have=2),)
        assert len(of_type(said, StockChangedV1)) == 1

    async def test_unknown_sku_has_none_and_case_matters(self, harness: Harness) -> None:
        warehouse = await harness.stocked(A=5)
        refused = await harness.refused(harness.reserve(warehouse, ("a", 1)))
        assert refused.shortages == (ShortageV1(sku="a", need=1, have=0),)

    async def test_defective_and_returned_stock_is_not_reserved(self, harness: Harness) -> None:
        warehouse = await harness.stocked(A=1)
        for kind, condition in (("product", "defective"), ("return", "good"), ("carton", "good")):
            row = {"seller_id": str(harness.seller_id), "sku": "A", "quantity": 9}
            body = {"warehouse_id": str(warehouse), "rows": [{**row, "stock_type": kind, "condition": condition}]}
            answer = await harness.call("POST", "/stock/receive", json=body)
            assert answer.json()["ok"] == 1
        refused = await harness.refused(harness.reserve(warehouse, ("A", 2)))
        assert refused.shortages == (ShortageV1(sku="A", need=2, have=1),)

    @pytest.mark.parametrize("how", ["unbound", "inactive", "unknown"])
    async def test_a_closed_warehouse_reserves_nothing(self, harness: Harness, how: str) -> None:
        warehouse = await harness.stocked(A=5)
        if how == "unbound":
            await harness.call("DELETE", f"/warehouses/{warehouse}/sellers/{harness.seller_id}")
        elif how == "inactive":
            await harness.call("PATCH", f"/warehouses/{warehouse}", json={"active": False}, headers={"If-Match": "1"})
        else:
            warehouse = uuid7()
        refused = await harness.refused(harness.reserve(warehouse, ("A", 1)))
        assert refused.code == "no_warehouse"

    async def test_another_command_for_the_same_attempt_gets_the_same_answer(self, harness: Harness) -> None:
        warehouse = await harness.stocked(A=5)
        held = harness.reserve(warehouse, ("A", 4))
        refused = harness.reserve(warehouse, ("A", 2))
        first = await harness.deliver(held, refused)
        await harness.receive(warehouse, A=10)
        again = await harness.deliver(held, refused, held)
        assert [m.model_dump() for m in again] == [m.model_dump() for m in (first[0], first[1], first[0])]
        assert await harness.stock("A") == (15, 4)

    async def test_a_command_that_makes_no_sense_is_refused_whole(self, harness: Harness) -> None:
        warehouse = await harness.stocked(A=5)
        good = harness.reserve(warehouse, ("A", 1))
        for bad in (
            harness.reserve(warehouse),
            harness.reserve(warehouse, ("A", 0)),
            harness.reserve(warehouse, ("A", -1)),
        ):
            with pytest.raises(InvalidInput, match="lines"):
                await harness.deliver(good, bad)
        assert await harness.stock("A") == (5, 0)

    async def test_an_absurd_quantity_is_refused(self, harness: Harness) -> None:
        warehouse = await harness.stocked(A=5)
        refused = await harness.refused(harness.reserve(warehouse, ("A", 10**15)))
        assert refused.shortages[0].need == 10**15

    async def test_another_sellers_attempt_is_not_touched(self, harness: Harness) -> None:
        warehouse = await harness.stocked(A=5)
        command = harness.reserve(warehouse, ("A", 1))
        await harness.deliver(command)
        thief = uuid7()
        for message in (
            command.model_copy(update={"seller_id": thief}),
            harness.release(command.reference_id).model_copy(update={"seller_id": thief}),
            harness.shipped(command.reference_id).model_copy(update={"seller_id": thief}),
        ):
            with pytest.raises(OtherSeller):
                await harness.deliver(message)
        assert await harness.stock("A") == (5, 1)

    async def test_sellers_of_the_same_sku_have_stock_of_their_own(self, harness: Harness) -> None:
        other = uuid7()
        warehouse = await harness.warehouse("W-E", harness.seller_id, other)
        await harness.approved("A")
        await harness.approved("A", seller_id=other)
        await harness.receive(warehouse, A=1)
        await harness.receive(warehouse, other, A=7)
        mine = harness.reserve(warehouse, ("A", 2))
        said = await harness.deliver(mine, mine.model_copy(update={"seller_id": other, "reference_id": uuid7()}))
        assert [type(m) for m in said[:2]] == [StockRefusedV1, StockReservedV1]

    async def test_lines_without_end_fit(self, harness: Harness) -> None:
        warehouse = await harness.stocked(A=1000)
        command = harness.reserve(warehouse).model_copy(
            update={"lines": tuple(ReserveLineV1(line_id=f"{n}" * 50, sku="A", quantity=1) for n in range(300))}
        )
        assert of_type(await harness.deliver(command), StockReservedV1)
        assert await harness.broken() == {}


class TestRelease:
    @pytest.mark.parametrize("how", ["release_stock", "fulfillment_canceled"])
    async def test_gives_back_once(self, harness: Harness, how: str) -> None:
        warehouse = await harness.stocked(A=5, B=5)
        command = harness.reserve(warehouse, ("A", 2), ("B", 1))
        await harness.deliver(command)
        end = harness.release if how == "release_stock" else harness.canceled
        for _ in range(3):
            said = await harness.deliver(end(command.reference_id), end(command.reference_id))
            assert [m.model_dump() for m in of_type(said, StockReleasedV1)] == [
                {"seller_id": harness.seller_id, "reference_id": command.reference_id, "attempt": 1}
            ] * 2
            assert await harness.stock("A") == (5, 0)
        rows = (await harness.get("/stock/reservations", params={"reference_id": command.reference_id}))["items"]
        assert {row["state"] for row in rows} == {"released"}
        assert all(row["reason"] and row["ended_at"] for row in rows)
        assert await harness.broken() == {}

    async def test_before_its_reserve_leaves_a_tombstone(self, harness: Harness) -> None:
        warehouse = await harness.stocked(A=5)
        command = harness.reserve(warehouse, ("A", 2))
        assert len(of_type(await harness.deliver(harness.release(command.reference_id)), StockReleasedV1)) == 1
        refused = await harness.refused(command)
        assert (refused.code, refused.shortages) == ("released", ())
        later = command.model_copy(update={"attempt": 2})
        assert of_type(await harness.deliver(later), StockReservedV1)
        assert await harness.stock("A") == (5, 2)
        assert await harness.broken() == {}

    async def test_of_a_refused_attempt_closes_it(self, harness: Harness) -> None:
        warehouse = await harness.stocked(A=1)
        command = harness.reserve(warehouse, ("A", 2))
        await harness.deliver(command)
        await harness.deliver(harness.release(command.reference_id))
        await harness.receive(warehouse, A=5)
        refused = await harness.refused(command)
        assert refused.code == "released"
        assert await harness.broken() == {}

    async def test_after_the_shipment_is_an_anomaly(self, harness: Harness) -> None:
        warehouse = await harness.stocked(A=5)
        command = harness.reserve(warehouse, ("A", 2))
        await harness.deliver(command)
        await harness.deliver(harness.shipped(command.reference_id))
        await harness.deliver(harness.canceled(command.reference_id))
        assert await harness.stock("A") == (3, 0)
        assert list(await harness.broken()) == ["no_open_anomalies"]


class TestShip:
    async def test_takes_reserved_goods_off_the_shelf(self, harness: Harness) -> None:
        warehouse = await harness.stocked(A=5, B=5)
        commands = [harness.reserve(warehouse, ("A", 2), ("B", 1), ("A", 1)), harness.reserve(warehouse, ("A", 1))]
        await harness.deliver(*commands)
        said = await harness.deliver(*(harness.shipped(command.reference_id) for command in commands))
        assert {(m.sku, m.on_hand, m.reserved) for m in of_type(said, StockChangedV1)} == {("A", 1, 0), ("B", 4, 0)}
        moved = (await harness.get("/stock/movements", params={"kind": "shipped"}))["items"]
        assert sorted((row["sku"], row["quantity"]) for row in moved) == [("A", -2), ("A", -1), ("A", -1), ("B", -1)]
        assert {row["reference_id"] for row in moved} == {str(command.reference_id) for command in commands}
        assert await harness.broken() == {}

    async def test_twice_is_an_anomaly_that_changes_nothing(self, harness: Harness) -> None:
        warehouse = await harness.stocked(A=5)
        command = harness.reserve(warehouse, ("A", 2))
        await harness.deliver(command)
        await harness.deliver(harness.shipped(command.reference_id), harness.shipped(command.reference_id))
        await harness.deliver(harness.shipped(command.reference_id))
        assert await harness.stock("A") == (3, 0)
        (anomaly,) = (await harness.get("/stock/anomalies"))["items"]
        assert (anomaly["kind"], anomaly["reference_id"]) == ("shipped_twice", str(command.reference_id))
        assert list(await harness.broken()) == ["no_open_anomalies"]
        path = f"/stock/anomalies/{anomaly['id']}/resolve"
        assert (await harness.call("POST", path, json={"note": "one callback, told twice"})).status_code == 204
        assert (await harness.get("/stock/anomalies", params={"open": True}))["items"] == []
        assert await harness.broken() == {}

    @pytest.mark.parametrize("before", ["released", "refused", "never reserved"])
    async def test_without_a_reservation_is_an_anomaly(self, harness: Harness, before: str) -> None:
        warehouse = await harness.stocked(A=5)
        command = harness.reserve(warehouse, ("A", 9 if before == "refused" else 2))
        if before != "never reserved":
            await harness.deliver(command)
        if before == "released":
            await harness.deliver(harness.release(command.reference_id))
        await harness.deliver(harness.shipped(command.reference_id))
        assert await harness.stock("A") == (5, 0)
        (anomaly,) = (await harness.get("/stock/anomalies"))["items"]
        expected = "shipped_after_release" if before == "released" else "shipped_without_reservation"
        assert anomaly["kind"] == expected

    async def test_a_repeated_reserve_after_the_shipment_is_still_answered_reserved(self, harness: Harness) -> None:
        warehouse = await harness.stocked(A=5)
        command = harness.reserve(warehouse, ("A", 2))
        await harness.deliver(command)
        await harness.deliver(harness.shipped(command.reference_id))
        (again,) = await harness.deliver(command)
        assert isinstance(again, StockReservedV1)
        assert await harness.stock("A") == (3, 0)


async def test_the_database_itself_refuses_to_promise_too_much(harness: Harness) -> None:
    await harness.stocked(A=5)
    for change in ("reserved = 6", "reserved = -1", "on_hand = -1"):
        with pytest.raises(Exception, match="ck_stock_reserved"):
            async with harness.runtime.transactions.begin() as uow:
                await uow.connection.exec_driver_sql(f"UPDATE stock SET {change}")


async def test_a_frame_costs_the_same_statements_however_long(harness: Harness) -> None:
    warehouse = await harness.stocked(A=500, B=500)
    once = Deliverer(harness.runtime.consumers, harness.runtime.transactions, twice=False)
    counts = []
    for size in (2, 60):
        with counted(harness) as statements:
            await once(*(harness.reserve(warehouse, ("A", 1), ("B", 1)) for _ in range(size)))
        counts.append(len(statements))
    assert counts[0] == counts[1]


@contextmanager
def counted(harness: Harness) -> Iterator[list[str]]:
    """The statements that are sent to the database."""
    seen: list[str] = []
    engine = harness.runtime.transactions.engine.sync_engine

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
