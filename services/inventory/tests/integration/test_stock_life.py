"""The life of stock as a state machine: receive, adjust, reserve, release, ship, in any order, doubled, undone before
done, on a real database, against a model of a few lines.
"""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from common.kernel.ids import uuid7
from common.testing.delivery import delivered
from common.testing.postgres import TemplateDatabase
from contracts.base import Message
from contracts.inventory.v1 import StockChangedV1, StockRefusedV1, StockReservedV1
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from .harness import Harness, of_type, running

SKUS = ("A", "a", "B")
QUANTITIES = st.integers(1, 4)
LINES = st.lists(st.tuples(st.sampled_from(SKUS), QUANTITIES), min_size=1, max_size=3)
ORDERS = st.integers(0, 5)
HOW = ("shipped", "release", "canceled")


@dataclass
class Model:
    """What should be: units by SKU, and each order's state and lines."""

    on_hand: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SKUS, 0))
    reserved: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SKUS, 0))
    state: dict[int, str] = field(default_factory=dict)
    lines: dict[int, list[tuple[str, int]]] = field(default_factory=dict)

    def move(self, order: int, *, shipped: bool) -> None:
        """End a held order."""
        for sku, quantity in self.lines[order]:
            self.reserved[sku] -= quantity
            if shipped:
                self.on_hand[sku] -= quantity
        self.state[order] = "consumed" if shipped else "released"


class StockLife(RuleBasedStateMachine):
    """One run: a warehouse of its own, so that runs can share a database."""

    runner: asyncio.Runner
    harness: Harness

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.warehouse = UUID(int=0)
        self.orders: dict[int, UUID] = {}
        self.past: list[Message] = []
        self.versions: dict[UUID, int] = {}

    def do(self, awaitable: Any) -> Any:
        return self.runner.run(awaitable)

    def deliver(self, message: Message) -> list[Message]:
        message = delivered(message)
        self.past.append(message)
        said: list[Message] = self.do(self.harness.deliver(message))
        self.follow(said)
        return said

    def follow(self, said: list[Message]) -> None:
        for event in of_type(said, StockChangedV1):
            assert event.version > self.versions.get(event.stock_id, 0)
            self.versions[event.stock_id] = event.version

    @initialize()
    def open_warehouse(self) -> None:
        self.harness.seller_id = uuid7()
        self.warehouse = self.do(self.harness.warehouse(f"W{uuid7().hex[-8:].upper()}"))
        self.do(self.harness.approved(*SKUS))
        for sku in SKUS:
            self.receive(sku, 5)

    @rule(sku=st.sampled_from(SKUS), quantity=QUANTITIES)
    def something_arrives(self, sku: str, quantity: int) -> None:
        self.receive(sku, quantity)

    def receive(self, sku: str, quantity: int) -> None:
        assert self.do(self.harness.receive(self.warehouse, **{sku: quantity}))["ok"] == 1
        self.model.on_hand[sku] += quantity

    @rule(sku=st.sampled_from(SKUS), delta=st.integers(-5, 5))
    def adjust(self, sku: str, delta: int) -> None:
        row = {"seller_id": str(self.harness.seller_id), "sku": sku, "delta": delta, "reason": "counted"}
        body = {"warehouse_id": str(self.warehouse), "rows": [row]}
        answer = self.do(self.harness.call("POST", "/stock/adjust", json=body)).json()
        allowed = delta != 0 and self.model.on_hand[sku] + delta >= self.model.reserved[sku]
        assert answer["ok"] == int(allowed), answer
        if allowed:
            self.model.on_hand[sku] += delta

    @rule(order=ORDERS, lines=LINES)
    def reserve(self, order: int, lines: list[tuple[str, int]]) -> None:
        order_id = self.orders.setdefault(order, uuid7())
        said = self.deliver(self.harness.reserve(self.warehouse, *lines, order_id=order_id))
        state = self.model.state.get(order)
        if state is None:
            need = {sku: sum(q for s, q in lines if s == sku) for sku, _ in lines}
            have = {sku: self.model.on_hand[sku] - self.model.reserved[sku] for sku in need}
            short = {sku for sku in need if need[sku] > have[sku]}
            self.model.state[order] = state = "refused" if short else "held"
            self.model.lines[order] = lines
            if short:
                (refused,) = of_type(said, StockRefusedV1)
                assert {(s.sku, s.need, s.have) for s in refused.shortages} == {(s, need[s], have[s]) for s in short}
            else:
                for sku, quantity in need.items():
                    self.model.reserved[sku] += quantity
        expected = StockReservedV1 if state in {"held", "consumed"} else StockRefusedV1
        assert [type(m) for m in said if not isinstance(m, StockChangedV1)] == [expected]
        if state == "released":
            assert said[0].model_dump()["code"] == "released"

    def any_order(self, data: st.DataObject) -> int:
        """One that is held, or else any, such as one that was never heard of."""
        held = [order for order, state in self.model.state.items() if state == "held"]
        return data.draw(st.sampled_from(held) | ORDERS if held else ORDERS)

    @rule(data=st.data(), how=st.sampled_from(HOW))
    def end_one(self, data: st.DataObject, how: str) -> None:
        self.end(self.any_order(data), how)

    def end(self, order: int, how: str) -> None:
        order_id = self.orders.setdefault(order, uuid7())
        state = self.model.state.get(order)
        match how:
            case "shipped":
                self.deliver(self.harness.shipped(order_id))
            case "release":
                self.deliver(self.harness.release(order_id))
            case _:
                self.deliver(self.harness.canceled(order_id))
        if state == "held":
            self.model.move(order, shipped=how == "shipped")
        elif how != "shipped" and state != "consumed":
            self.model.state[order] = "released"

    @rule(data=st.data())
    def something_comes_again(self, data: st.DataObject) -> None:
        if self.past:
            self.follow(self.do(self.harness.deliver(data.draw(st.sampled_from(self.past)))))

    @invariant()
    def stock_is_what_it_should_be(self) -> None:
        if self.warehouse.int:
            rows = self.do(
                self.harness.rows(
                    "SELECT sku, on_hand, reserved FROM stock WHERE warehouse_id = :id", id=self.warehouse
                )
            )
            found = {row.sku: (row.on_hand, row.reserved) for row in rows}
            for sku in SKUS:
                assert found.get(sku, (0, 0)) == (self.model.on_hand[sku], self.model.reserved[sku])

    def teardown(self) -> None:
        for order in [order for order, state in self.model.state.items() if state == "held"]:
            self.end(order, HOW[order % len(HOW)])
        self.stock_is_what_it_should_be()
        broken = self.do(self.harness.broken())
        broken.pop("no_open_anomalies", None)  # Shipments of what is not held are part of the game.
        assert broken == {}


def test_stock_life(template: TemplateDatabase, tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        clone = template.clone()
        url = runner.run(clone.__aenter__())
        service = running(url, str(tmp_path))
        StockLife.runner, StockLife.harness = runner, runner.run(service.__aenter__())
        try:
            run_state_machine_as_test(
                StockLife,
                settings=settings(
                    max_examples=30,
                    stateful_step_count=20,
                    deadline=None,
                    phases=(Phase.generate,),  # Shrinking against a database would take minutes; steps are printed.
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(service.__aexit__(None, None, None))
            runner.run(clone.__aexit__(None, None, None))
