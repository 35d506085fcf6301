"""Labels and tracking uploads: from the command to the last word."""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

from common.messaging.job_runner import JobRunner
from common.testing.delivery import delivered
from contracts.common_parts import ParcelV1
from contracts.sync.v1 import (
    FetchLabelV1,
    LabelFailedV1,
    LabelFetchedV1,
    TrackingUploadedV1,
    TrackingUploadFailedV1,
    UploadTrackingV1,
)
from sync.connectors.kit.connector import LabelledParcel, LabelPending, LabelReady, LabelRequest
from sync.connectors.kit.errors import (
    NotReady,
    OutcomeUnknown,
    ReauthorizationNeeded,
    Refused,
    Throttled,
    TokenExpired,
    Transient,
)

from ..fakes import World, credentials, without_timers

SELLER = UUID(int=7)
ORDER = UUID(int=70)


def fetch(store_id: UUID, *, attempt: int = 1, order_id: UUID = ORDER, seller_id: UUID = SELLER) -> FetchLabelV1:
    return FetchLabelV1(
        seller_id=seller_id,
        order_id=order_id,
        attempt=attempt,
        store_id=store_id,
        platform_order_id="o-1",
        package_numbers=("P1",),
        weight_grams=300,
    )


def upload(store_id: UUID, *, attempt: int = 1) -> UploadTrackingV1:
    return UploadTrackingV1(
        seller_id=SELLER,
        order_id=ORDER,
        attempt=attempt,
        store_id=store_id,
        platform_order_id="o-1",
        parcels=(ParcelV1(tracking_number="T1", carrier="UPS"),),
    )


def ready() -> LabelReady:
    parcels = tuple(
        LabelledParcel(
            package_number=f"P{n}",
            tracking_number=f"T{n}",
            carrier="SPX",
            label=b"%PDF-" + bytes([n]),
            label_format="pdf",
        )
        for n in (1, 2)
    )
    return LabelReady(parcels)


class TestLabel:
    async def test_documents_are_kept_and_the_order_is_told(self, world: World) -> None:
        store_id = await world.store(SELLER)
        world.market.labels = [ready()]
        assert await world.deliver(fetch(store_id)) == []
        await world.work()
        assert world.market.said("fetch_label") == [(LabelRequest("o-1", ("P1",), 300), None)]
        (said,) = await world.said()
        assert isinstance(said, LabelFetchedV1)
        assert [(p.package_number, p.tracking_number, p.carrier) for p in said.parcels] == [
            ("P1", "T1", "SPX"),
            ("P2", "T2", "SPX"),
        ]
        assert said.parcels[0].label_key == f"{SELLER}/labels/{ORDER}-1-1.pdf"
        assert (Path(world.folder) / said.parcels[1].label_key).read_bytes() == b"%PDF-\x02"
        row = await world.one("SELECT state, tries FROM order_tasks")
        assert tuple(row) == ("done", 1)

    async def test_a_late_label_is_waited_for_with_its_progress_and_each_try_is_told(self, world: World) -> None:
        store_id = await world.store(SELLER)
        late = NotReady("tracking number is being drawn", retry_after=2.0)
        late.progress = {"at": "tracking"}
        world.market.labels = [LabelPending({"at": "arranged"}, "processing", "document is made", 1.0), late, ready()]
        await world.deliver(fetch(store_id))
        await world.work()
        first = await world.one("SELECT next_at - now() AS wait FROM jobs")
        await world.hasten()
        second = await world.one("SELECT next_at - now() AS wait FROM jobs")
        assert first.wait < second.wait
        await world.hasten()
        assert [progress for _, progress in world.market.said("fetch_label")] == [
            None,
            {"at": "arranged"},
            {"at": "tracking"},
        ]
        said = await world.said()
        assert [(m.final, m.tries, m.code) for m in said if isinstance(m, LabelFailedV1)] == [
            (False, 1, "processing"),
            (False, 2, "not_ready"),
        ]
        assert isinstance(said[-1], LabelFetchedV1)

    async def test_a_final_refusal_ends_it(self, world: World) -> None:
        store_id = await world.store(SELLER)
        world.market.labels = [Refused("package cannot be printed", code="package_can_not_print", final=True)]
        await world.deliver(fetch(store_id))
        await world.work()
        (said,) = await world.said()
        assert isinstance(said, LabelFailedV1)
        assert (said.final, said.tries, said.code, said.reason) == (
            True,
            1,
            "package_can_not_print",
            "package cannot be printed",
        )
        assert await world.sql("SELECT 1 FROM jobs") == []

    async def test_a_label_that_never_comes_times_out(self, world: World) -> None:
        store_id = await world.store(SELLER)
        world.market.labels = [NotReady("not yet"), NotReady("not yet")]
        await world.deliver(fetch(store_id))
        await world.work()
        await world.said()
        await world.sql(
            "UPDATE jobs SET payload = payload || jsonb_build_object('asked_at', now() - interval '2 days')"
        )
        await world.hasten()
        (said,) = await world.said()
        assert isinstance(said, LabelFailedV1)
        assert (said.final, said.code, said.tries) == (True, "label_timeout", 2)
        assert "not yet" in said.reason

    async def test_a_command_that_comes_again_is_answered_again(self, world: World) -> None:
        store_id = await world.store(SELLER)
        world.market.labels = [ready()]
        command = delivered(fetch(store_id))
        await world.deliver(command)
        await world.work()
        (first,) = await world.said()
        (again,) = await world.deliver(command)
        assert again.envelope.id == first.envelope.id
        (other,) = await world.deliver(fetch(store_id))
        assert isinstance(other, LabelFetchedV1)
        assert isinstance(first, LabelFetchedV1)
        assert other.parcels == first.parcels
        await world.work()
        assert len(world.market.said("fetch_label")) == 1

    async def test_a_label_waits_while_its_store_is_auth_expired_and_goes_on_afterwards(self, world: World) -> None:
        store_id = await world.store(SELLER)
        world.market.labels = [TokenExpired("401"), ready()]
        world.market.refreshes = [ReauthorizationNeeded("the grant has ended")]
        await world.deliver(fetch(store_id))
        await world.work()
        told = [m for m in await world.said() if isinstance(m, LabelFailedV1)]
        assert [(m.final, m.tries, m.code) for m in told] == [(False, 0, "store_not_active")]
        await world.hasten()
        assert await world.said() == []
        async with world.transactions.begin() as uow:
            store = await uow.stores.get(store_id)
            assert store is not None
            await world.root.authorizer.connect_token(store, credentials(token="t-9"), actor="test", uow=uow)
        await world.work()
        said = [m for m in await world.said() if isinstance(m, LabelFetchedV1)]
        assert len(said) == 1
        assert world.market.tokens[-1] == "t-9"

    async def test_a_disabled_store_ends_it_with_that_reason(self, world: World) -> None:
        store_id = await world.store(SELLER)
        await world.sql("UPDATE stores SET state = 'disabled'")
        await world.deliver(fetch(store_id))
        await world.work()
        (said,) = await world.said()
        assert isinstance(said, LabelFailedV1)
        assert (said.final, said.code) == (True, "store_disabled")
        assert world.market.calls == []

    async def test_a_command_for_another_sellers_store_is_refused(self, world: World) -> None:
        store_id = await world.store(UUID(int=8))
        await world.deliver(fetch(store_id))
        await world.work()
        (said,) = await world.said()
        assert isinstance(said, LabelFailedV1)
        assert (said.final, said.code) == (True, "store_not_found")
        assert world.market.calls == []

    async def test_a_whole_frame_is_accepted_and_settled(self, world: World) -> None:
        store_id = await world.store(SELLER)
        world.market.labels = [ready() for _ in range(30)]
        await world.deliver(*(fetch(store_id, order_id=uuid4()) for _ in range(30)))
        await world.work()
        assert len([m for m in await world.said() if isinstance(m, LabelFetchedV1)]) == 30
        assert (await world.one("SELECT count(*) AS n FROM order_tasks WHERE state = 'done'")).n == 30


class TestUpload:
    async def test_tries_are_counted_over_failures(self, world: World) -> None:
        store_id = await world.store(SELLER)
        world.market.uploads = [Transient("HTTP 500"), Transient("HTTP 500"), "done"]
        await world.deliver(upload(store_id))
        await world.work()
        await world.hasten()
        await world.hasten()
        said = await world.said()
        assert [(m.final, m.tries) for m in said if isinstance(m, TrackingUploadFailedV1)] == [(False, 1), (False, 2)]
        assert isinstance(said[-1], TrackingUploadedV1)
        assert said[-1].tries == 3

    async def test_a_refusal_is_final(self, world: World) -> None:
        store_id = await world.store(SELLER)
        world.market.uploads = [Refused("carrier unknown", code="carrier", final=True)]
        await world.deliver(upload(store_id))
        await world.work()
        (said,) = await world.said()
        assert isinstance(said, TrackingUploadFailedV1)
        assert (said.final, said.code) == (True, "carrier")

    async def test_after_ten_tries_it_is_given_up(self, world: World) -> None:
        store_id = await world.store(SELLER)
        world.market.uploads = [OutcomeUnknown("no answer") for _ in range(10)]
        await world.deliver(upload(store_id))
        await world.work()
        for _ in range(9):
            await world.hasten()
        said = await world.said()
        assert isinstance(said[-1], TrackingUploadFailedV1)
        assert (said[-1].final, said[-1].code, said[-1].tries) == (True, "upload_exhausted", 10)
        assert await world.sql("SELECT 1 FROM jobs") == []

    async def test_a_throttled_try_is_not_counted_and_not_told(self, world: World) -> None:
        store_id = await world.store(SELLER)
        world.market.uploads = [Throttled("slow down", retry_after=5.0), "done"]
        await world.deliver(upload(store_id))
        await world.work()
        assert await world.said() == []
        await world.hasten()
        (said,) = await world.said()
        assert isinstance(said, TrackingUploadedV1)
        assert said.tries == 1

    async def test_after_a_crash_between_call_and_settling_it_is_looked_up_and_told_once(self, world: World) -> None:
        store_id = await world.store(SELLER)
        await world.deliver(upload(store_id))

        async def killed(*_: object) -> None:
            raise asyncio.CancelledError

        dying = JobRunner(without_timers(world.runtime.jobs), world.transactions)
        # The process dies before it can settle.
        for batcher in dying._settling.values():
            batcher._work = killed
        await dying.lease_due()
        await asyncio.gather(*(t for tasks in dying._running.values() for t in tasks), return_exceptions=True)
        assert len(world.market.said("upload_tracking")) == 1
        assert await world.said() == []
        await world.sql("UPDATE jobs SET next_at = now() - interval '1 second'")
        await world.work()
        # The second call is the connector's look-up: its contract is to read before it writes.
        assert len(world.market.said("upload_tracking")) == 2
        (said,) = await world.said()
        assert isinstance(said, TrackingUploadedV1)


async def test_crashes_alone_exhaust_an_upload_too(world: World) -> None:
    store_id = await world.store(SELLER)
    world.market.uploads = [RuntimeError("a defect") for _ in range(10)]
    await world.deliver(upload(store_id))
    await world.work()
    for _ in range(10):
        await world.hasten()
    said = await world.said()
    assert isinstance(said[-1], TrackingUploadFailedV1)
    assert (said[-1].final, said[-1].code) == (True, "upload_exhausted")


async def test_waits_grow_and_are_bounded(world: World) -> None:
    store_id = await world.store(SELLER)
    world.market.labels = [NotReady("not yet") for _ in range(14)]
    await world.deliver(fetch(store_id))
    await world.work()
    for _ in range(12):
        await world.hasten()
    wait = (await world.one("SELECT next_at - now() AS wait FROM jobs")).wait
    assert timedelta(minutes=2) < wait <= timedelta(minutes=5)
