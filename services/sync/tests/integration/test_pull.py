"""Sync runs: windows, cursors, what is sent on, what is parked, what interrupts them."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from common.testing.waiting import eventually
from contracts.base import Message
from contracts.sync.v1 import OrdersPulledV1, PlatformStatusV1, StoreChangedV1
from sync.app.pull import schedule_pulls, schedule_touched
from sync.app.stores import request_sync
from sync.connectors.kit.connector import OrderPage, ParkedOrder
from sync.connectors.kit.errors import PermissionDenied, ReauthorizationNeeded, Throttled, TokenExpired, Transient
from sync.domain.sync_run import FIRST_REACH, OVERLAP, REGULAR_REACH

from ..fakes import World, credentials, order, page

SELLER = UUID(int=7)


def sent(messages: Sequence[Message]) -> list[str]:
    return [o.platform_order_id for m in messages if isinstance(m, OrdersPulledV1) for o in m.orders]


async def due(world: World) -> None:
    """The next scheduled pull comes."""
    await world.sql("UPDATE stores SET next_pull_at = now()")
    async with world.transactions.begin() as uow:
        await schedule_pulls(uow, every=timedelta(minutes=15))


class TestWindow:
    async def test_the_first_sync_reaches_back_five_days(self, world: World) -> None:
        store_id = await world.store(SELLER, settled=False)
        await world.work()
        ((window, cursor),) = world.market.said("pull_page")
        assert (window.until - window.since, cursor) == (FIRST_REACH, None)
        row = await world.one("SELECT state, trigger, pages FROM sync_runs")
        assert tuple(row) == ("complete", "first", 1)
        assert await world.state(store_id) == "active"

    async def test_later_ones_reach_back_two_days(self, world: World) -> None:
        await world.store(SELLER)
        await due(world)
        await world.work()
        ((window, _),) = world.market.said("pull_page")
        assert window.until - window.since == REGULAR_REACH

    async def test_after_three_days_of_outage_the_window_covers_them(self, world: World) -> None:
        await world.store(SELLER)
        row = await world.one(
            "UPDATE stores SET last_complete_until = now() - interval '3 days' RETURNING last_complete_until"
        )
        await due(world)
        await world.work()
        ((window, _),) = world.market.said("pull_page")
        assert window.since == row.last_complete_until - OVERLAP

    async def test_a_failed_run_does_not_count_as_pulled(self, world: World) -> None:
        await world.store(SELLER, settled=False)
        world.market.pages = [PermissionDenied("read_orders is missing", code="ACCESS_DENIED")]
        await world.work()
        store = await world.one("SELECT last_complete_until, last_error FROM stores")
        assert store.last_complete_until is None
        assert "read_orders is missing" in store.last_error
        await due(world)
        await world.work()
        _, (window, _) = world.market.said("pull_page")
        assert window.until - window.since == FIRST_REACH

    async def test_only_due_stores_are_pulled(self, world: World) -> None:
        await world.store(SELLER)
        async with world.transactions.begin() as uow:
            await schedule_pulls(uow, every=timedelta(minutes=15))
        assert await world.work() == 0


class TestPages:
    async def test_each_page_is_sent_with_its_cursor_and_counted(self, world: World) -> None:
        store_id = await world.store(SELLER, settled=False)
        world.market.pages = [
            page(*(order(n) for n in range(50)), cursor="c1", total=60),
            OrderPage(orders=(order(50),), left_out=("x",), calls=2, throttled_seconds=0.5),
        ]
        await world.work()
        assert [cursor for _, cursor in world.market.said("pull_page")] == [None, "c1"]
        messages = [m for m in await world.said() if isinstance(m, OrdersPulledV1)]
        assert [len(m.orders) for m in messages] == [50, 1]
        assert {(m.seller_id, m.store_id, m.platform) for m in messages} == {(SELLER, store_id, "shopify")}
        run = await world.one("SELECT * FROM sync_runs")
        assert (run.pages, run.calls, run.platform_total, run.orders_read, run.orders_sent) == (2, 3, 60, 51, 51)
        assert (run.orders_left_out, run.throttled_seconds, run.cursor) == (1, 0.5, None)

    async def test_an_unchanged_order_is_not_sent_again_and_a_newer_one_is(self, world: World) -> None:
        await world.store(SELLER, settled=False)
        world.market.pages = [page(order(1), order(2)), page(order(1), order(2, version=2), order(3))]
        await world.work()
        assert sent(await world.said()) == ["o-1", "o-2"]
        await due(world)
        await world.work()
        assert sent(await world.said()) == ["o-2", "o-3"]
        run = (await world.sql("SELECT orders_sent, orders_unchanged FROM sync_runs ORDER BY id DESC LIMIT 1"))[0]
        assert tuple(run) == (2, 1)

    async def test_an_older_version_is_never_sent_after_a_newer_one(self, world: World) -> None:
        await world.store(SELLER, settled=False)
        world.market.pages = [page(order(1, version=5), cursor="c"), page(order(1, version=4))]
        await world.work()
        assert sent(await world.said()) == ["o-1"]

    async def test_an_order_that_is_twice_on_a_page_is_sent_once_in_its_newest_version(self, world: World) -> None:
        await world.store(SELLER, settled=False)
        world.market.pages = [page(order(1, version=1), order(1, version=2))]
        await world.work()
        (message,) = (m for m in await world.said() if isinstance(m, OrdersPulledV1))
        assert [(o.platform_order_id, o.version) for o in message.orders] == [("o-1", 2)]

    async def test_unpaid_orders_wait_until_they_are_paid(self, world: World) -> None:
        await world.store(SELLER, settled=False)
        world.market.pages = [page(order(1, status=PlatformStatusV1.UNPAID)), page(order(1))]
        await world.work()
        assert sent(await world.said()) == []
        await due(world)
        await world.work()
        assert sent(await world.said()) == ["o-1"]

    async def test_an_order_that_becomes_unpaid_is_told(self, world: World) -> None:
        await world.store(SELLER, settled=False)
        world.market.pages = [page(order(1)), page(order(1, version=2, status=PlatformStatusV1.UNPAID))]
        await world.work()
        await due(world)
        await world.work()
        assert sent(await world.said()) == ["o-1", "o-1"]

    async def test_a_page_that_another_worker_has_taken_changes_nothing(self, world: World) -> None:
        await world.store(SELLER, settled=False)

        original = world.market.pull_page

        async def overtaken(*args: object, **kwargs: object) -> OrderPage:
            await world.sql("UPDATE sync_runs SET pages = pages + 1, cursor = 'theirs'")
            world.market.pull_page = original  # type: ignore[method-assign]  # Only the first call is overtaken.
            return page(order(1), cursor="ours")

        world.market.pull_page = overtaken  # type: ignore[method-assign]  # A second worker, simulated.
        await world.work()
        assert sent(await world.said()) == []
        assert (await world.one("SELECT cursor FROM sync_runs")).cursor == "theirs"
        await world.hasten()
        assert world.market.said("pull_page")[0][1] == "theirs"


class TestInterruptions:
    async def test_an_expired_token_is_renewed_midway_and_the_same_page_asked_for_again(self, world: World) -> None:
        await world.store(SELLER, settled=False)
        world.market.pages = [page(order(1), cursor="c1"), TokenExpired("401"), page(order(2))]
        world.market.refreshes = [credentials(token="t-2")]
        await world.work()
        assert [cursor for _, cursor in world.market.said("pull_page")] == [None, "c1", "c1"]
        assert sent(await world.said()) == ["o-1", "o-2"]
        assert world.market.tokens == ["t-1", "t-1", "t-1", "t-2"]
        assert (await world.one("SELECT state FROM sync_runs")).state == "complete"

    async def test_a_refused_refresh_stops_all_calls_and_authorising_resumes_at_the_cursor(self, world: World) -> None:
        store_id = await world.store(SELLER, settled=False)
        world.market.pages = [page(order(1), cursor="c1"), TokenExpired("401")]
        world.market.refreshes = [ReauthorizationNeeded("the grant has ended")]
        await world.work()
        assert await world.state(store_id) == "auth_expired"
        assert (await world.one("SELECT state, cursor FROM sync_runs")).state == "interrupted"
        changes = [m.state for m in await world.said() if isinstance(m, StoreChangedV1)]
        assert changes == ["authorizing", "active", "auth_expired"]
        world.market.calls.clear()
        await due(world)
        await world.hasten()
        assert world.market.calls == []

        async with world.transactions.begin() as uow:
            store = await uow.stores.get(store_id)
            assert store is not None
            await world.root.authorizer.connect_token(store, credentials(token="t-9"), actor="test", uow=uow)
        world.market.pages = [page(order(2))]
        await world.work()
        assert [cursor for _, cursor in world.market.said("pull_page")] == ["c1"]
        assert sent(await world.said()) == ["o-2"]
        run = await world.one("SELECT state, resumed, pages FROM sync_runs")
        assert tuple(run) == ("complete", 1, 2)
        moves = await world.sql("SELECT from_state, to_state, actor, reason FROM store_moves ORDER BY id")
        assert [tuple(move)[:3] for move in moves] == [
            (None, "authorizing", "test"),
            ("authorizing", "active", "test"),
            ("active", "auth_expired", "platform"),
            ("auth_expired", "active", "test"),
        ]
        assert "the grant has ended" in moves[2].reason

    async def test_a_crash_between_pages_resumes_at_the_cursor(self, world: World) -> None:
        await world.store(SELLER, settled=False)
        world.market.pages = [page(order(1), cursor="c1"), RuntimeError("killed"), page(order(2))]
        await world.work()
        assert sent(await world.said()) == ["o-1"]
        await world.hasten()
        assert [cursor for _, cursor in world.market.said("pull_page")] == [None, "c1", "c1"]
        assert sent(await world.said()) == ["o-2"]

    async def test_a_throttled_run_waits_as_long_as_it_is_told_and_goes_on(self, world: World) -> None:
        await world.store(SELLER, settled=False)
        world.market.pages = [Throttled("slow down", retry_after=30.0), page(order(1))]
        await world.work()
        job = await world.one("SELECT next_at - now() AS wait, attempts FROM jobs")
        assert timedelta(seconds=28) < job.wait
        assert job.attempts == 0
        await world.hasten()
        run = await world.one("SELECT state, throttled_seconds, errors FROM sync_runs")
        assert tuple(run) == ("complete", 30.0, 0)

    async def test_a_throttled_store_does_not_delay_another(self, world: World) -> None:
        slow = await world.store(SELLER, settled=False)
        world.market.pages = [Throttled("slow down", retry_after=30.0)]
        await world.work()
        fast = await world.store(SELLER, account="cups.example", settled=False)
        await world.work()
        states = {row.store_id: row.state for row in await world.sql("SELECT store_id, state FROM sync_runs")}
        assert states == {slow: "running", fast: "complete"}

    async def test_failures_are_shown_and_after_eight_the_run_has_failed(self, world: World) -> None:
        await world.store(SELLER, settled=False)
        world.market.pages = [Transient("HTTP 500") for _ in range(8)]
        await world.work()
        run = await world.one("SELECT state, errors, last_error FROM sync_runs")
        assert (run.state, run.errors) == ("running", 1)
        assert "HTTP 500" in run.last_error
        for _ in range(7):
            await world.hasten()
        run = await world.one("SELECT state, errors FROM sync_runs")
        assert tuple(run) == ("failed", 8)
        assert await world.sql("SELECT 1 FROM jobs") == []

    async def test_a_run_that_is_resumed_while_its_job_ends_gets_another_job(self, world: World) -> None:
        store_id = await world.store(SELLER, settled=False)
        await world.sql("UPDATE sync_runs SET state = 'interrupted'")
        original = world.runtime.jobs.kinds["pull"].settle
        assert original is not None

        async def resumed_first(results: object, uow: object) -> None:
            async with world.transactions.begin() as other:
                await other.runs.resume([store_id])
            await original(results, uow)  # type: ignore[arg-type]  # Passed through as they came.

        world.runner._kinds["pull"].settle = resumed_first
        await world.runner.lease_due()
        await world.running()
        world.runner._kinds["pull"].settle = original
        await world.work()
        assert (await world.one("SELECT state FROM sync_runs")).state == "complete"


class TestParked:
    async def test_a_bad_order_is_parked_and_its_page_goes_on(self, world: World) -> None:
        await world.store(SELLER, settled=False)
        world.market.pages = [page(order(1), parked=[ParkedOrder("bad", "quantity is 'abc'", b'{"quantity": "abc"}')])]
        await world.work()
        assert sent(await world.said()) == ["o-1"]
        parked = await world.one("SELECT * FROM parked_orders")
        assert (parked.platform_order_id, parked.state, parked.reason) == ("bad", "parked", "quantity is 'abc'")
        assert parked.raw == '{"quantity": "abc"}'
        assert (await world.one("SELECT orders_parked FROM sync_runs")).orders_parked == 1

    async def test_one_that_can_be_read_again_is_resolved_and_its_payload_erased(self, world: World) -> None:
        await world.store(SELLER, settled=False)
        world.market.pages = [page(parked=[ParkedOrder("o-1", "bad", b"{}")]), page(order(1))]
        await world.work()
        await due(world)
        await world.work()
        assert tuple(await world.one("SELECT state, raw FROM parked_orders")) == ("resolved", None)
        assert sent(await world.said()) == ["o-1"]

    async def test_two_orders_without_an_id_are_both_kept(self, world: World) -> None:
        await world.store(SELLER, settled=False)
        world.market.pages = [page(parked=[ParkedOrder("", "no id", b"{1}"), ParkedOrder("", "no id", b"{2}")])]
        await world.work()
        assert len(await world.sql("SELECT 1 FROM parked_orders")) == 2


class TestPullById:
    async def touch(self, world: World, store_id: UUID, *ids: str) -> None:
        async with world.transactions.begin() as uow:
            await uow.feed.touch(store_id, ids)
            await schedule_touched(uow)

    async def test_touched_orders_are_pulled_and_forgotten(self, world: World) -> None:
        store_id = await world.store(SELLER)
        world.market.by_id = [OrderPage(orders=(order(1),))]
        await self.touch(world, store_id, "o-1")
        await world.work()
        assert world.market.said("pull_orders") == [["o-1"]]
        assert sent(await world.said()) == ["o-1"]
        assert await world.sql("SELECT 1 FROM touched_orders") == []

    async def test_a_touch_during_the_pull_is_not_lost(self, world: World) -> None:
        store_id = await world.store(SELLER)
        original = world.market.pull_orders

        async def touched_again(*args: object, **kwargs: object) -> OrderPage:
            async with world.transactions.begin() as uow:
                await uow.feed.touch(store_id, ["o-1"])
            return OrderPage(orders=(order(1),))

        world.market.pull_orders = touched_again  # type: ignore[method-assign]  # It changes midway.
        await self.touch(world, store_id, "o-1")
        await world.work()
        world.market.pull_orders = original  # type: ignore[method-assign]
        assert len(await world.sql("SELECT 1 FROM touched_orders")) == 1
        world.market.by_id = [OrderPage(orders=(order(1, version=2),))]
        async with world.transactions.begin() as uow:
            await schedule_touched(uow)
        await world.work()
        assert sent(await world.said()) == ["o-1", "o-1"]

    async def test_one_id_that_the_platform_refuses_is_parked_alone(self, world: World) -> None:
        from sync.connectors.kit.errors import Refused

        store_id = await world.store(SELLER)
        refused = Refused("no such id", code="not_found", final=True)
        world.market.by_id = [refused, refused, OrderPage(orders=(order(2),))]
        await self.touch(world, store_id, "o-1")
        await self.touch(world, store_id, "o-2")
        await world.work()
        assert world.market.said("pull_orders") == [["o-1", "o-2"], ["o-1"], ["o-2"]]
        assert (await world.one("SELECT platform_order_id FROM parked_orders")).platform_order_id == "o-1"
        assert sent(await world.said()) == ["o-2"]

    async def test_touches_of_a_store_that_is_not_active_wait(self, world: World) -> None:
        store_id = await world.store(SELLER)
        await world.sql("UPDATE stores SET state = 'auth_expired'")
        await self.touch(world, store_id, "o-1")
        await world.work()
        assert world.market.calls == []
        assert len(await world.sql("SELECT 1 FROM touched_orders")) == 1


@pytest.mark.parametrize("pages", [1, 3])
async def test_checks_hold_after_runs(world: World, pages: int) -> None:
    from common.checks import run_checks

    await world.store(SELLER, settled=False)
    world.market.pages = [page(order(n), cursor=None if n == pages else f"c{n}") for n in range(1, pages + 1)]
    await world.work()
    results = await run_checks(world.transactions.engine, world.runtime.checks)
    assert [result.check.name for result in results if result.broken] == []
    await world.sql("UPDATE stores SET state = 'disabled' WHERE id <> :id", id=uuid4())
    results = await run_checks(world.transactions.engine, world.runtime.checks)
    assert {result.check.name for result in results if result.broken} == {
        "disabled_stores_have_none",
        "stores_are_where_their_history_ends",
    }


class TestLocks:
    @pytest.mark.parametrize(
        ("answer", "state"),
        [(page(order(1)), "complete"), (PermissionDenied("read_orders is missing", code="ACCESS_DENIED"), "failed")],
    )
    async def test_a_run_ends_while_somebody_asks_for_one(
        self, world: World, answer: OrderPage | Exception, state: str
    ) -> None:
        store_id = await world.store(SELLER, settled=False)
        world.market.pages = [answer]

        async def waits_for_a_lock() -> bool:
            row = await world.one(
                "SELECT count(*) AS waiting FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            return bool(row.waiting)

        async with world.transactions.begin() as uow:
            store = await uow.stores.get(store_id)
            assert store is not None
            await world.runner.lease_due()
            await eventually(waits_for_a_lock)
            await request_sync(store, actor="test", since=None, uow=uow)
        await world.running()
        run = await world.one("SELECT state, errors FROM sync_runs")
        assert run.state == state
        assert await world.sql("SELECT last_error FROM jobs WHERE last_error LIKE '%deadlock%'") == []
