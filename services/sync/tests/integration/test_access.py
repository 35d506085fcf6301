"""Credentials: renewed in time, by one alone, never lost, never readable as another's."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from common.crypto import Keyring
from structlog.testing import capture_logs
from sync.app.credential_box import CredentialBox
from sync.app.errors import CredentialsLost, RefreshUnderway, StoreGone, StoreNotActive
from sync.connectors.kit.connector import Connector, Credentials
from sync.connectors.kit.errors import OutcomeUnknown, ReauthorizationNeeded, TokenExpired, Transient

from ..fakes import KEYS, World, credentials

SELLER = UUID(int=7)


async def token_of(_: Connector, given: Credentials) -> str:
    """A call that shows what it was made with."""
    return given.access_token


class TestRenewal:
    async def test_a_token_that_is_about_to_end_is_renewed_before_the_call(self, world: World) -> None:
        store_id = await world.store(SELLER, given=credentials(life=timedelta(minutes=4)))
        await world.sql("UPDATE credentials SET updated_at = now() - interval '20 hours'")
        access = world.access()
        world.market.refreshes = [credentials(token="t-2", life=timedelta(hours=1))]
        assert await access.call(store_id, token_of) == "t-2"
        await access.aclose()

    async def test_a_token_with_time_left_is_used_as_it_is(self, world: World) -> None:
        store_id = await world.store(SELLER, given=credentials(life=timedelta(hours=1)))
        access = world.access()
        assert await access.call(store_id, token_of) == "t-1"
        assert world.market.said("refresh") == []
        await access.aclose()

    async def test_a_short_lived_token_is_not_renewed_at_each_call(self, world: World) -> None:
        store_id = await world.store(SELLER, given=credentials(life=timedelta(seconds=60)))
        access = world.access()
        assert await access.call(store_id, token_of) == "t-1"
        await access.aclose()

    async def test_an_early_renewal_that_fails_does_not_stop_calls(self, world: World) -> None:
        store_id = await world.store(SELLER, given=credentials(life=timedelta(seconds=50)))
        await world.sql("UPDATE credentials SET updated_at = now() - interval '1 hour'")
        world.market.refreshes = [Transient("HTTP 503")]
        access = world.access()
        assert await access.call(store_id, token_of) == "t-1"
        assert await access.call(store_id, token_of) == "t-1"
        assert len(world.market.said("refresh")) == 1
        await access.aclose()

    async def test_many_calls_at_once_spend_the_refresh_token_once(self, world: World) -> None:
        store_id = await world.store(SELLER, given=credentials(life=timedelta(seconds=-1)))
        world.market.refreshes = [credentials(token="t-2", life=timedelta(hours=1))]
        access = world.access()
        assert await asyncio.gather(*(access.call(store_id, token_of) for _ in range(20))) == ["t-2"] * 20
        assert world.market.said("refresh") == ["r-t-1"]
        await access.aclose()

    async def test_two_processes_never_spend_the_same_refresh_token(self, world: World) -> None:
        store_id = await world.store(SELLER, given=credentials(life=timedelta(seconds=-1)))
        world.market.refreshes = [credentials(token="t-2", life=timedelta(hours=1))]
        world.market.gate = asyncio.Event()
        here, there = world.access(), world.access()
        first = asyncio.create_task(here.call(store_id, token_of))
        async with asyncio.timeout(10):
            await world.market.entered.wait()
        with pytest.raises(RefreshUnderway):
            await there.call(store_id, token_of)
        world.market.gate.set()
        assert await first == "t-2"
        assert await there.call(store_id, token_of) == "t-2"
        assert world.market.said("refresh") == ["r-t-1"]
        await here.aclose()
        await there.aclose()

    async def test_a_cancelled_caller_does_not_lose_the_new_pair(self, world: World) -> None:
        store_id = await world.store(SELLER, given=credentials(life=timedelta(seconds=-1)))
        world.market.refreshes = [credentials(token="t-2", life=timedelta(hours=1))]
        world.market.gate = asyncio.Event()
        access = world.access()
        caller = asyncio.create_task(access.call(store_id, token_of))
        async with asyncio.timeout(10):
            await world.market.entered.wait()
        caller.cancel()
        world.market.gate.set()
        await access.aclose()
        assert caller.cancelled() or caller.cancelling()
        again = world.access()
        assert await again.call(store_id, token_of) == "t-2"
        await again.aclose()

    async def test_an_unanswered_refresh_is_tried_once_more_and_then_says_why(self, world: World) -> None:
        store_id = await world.store(SELLER, given=credentials(life=timedelta(seconds=-1)))
        world.market.refreshes = [OutcomeUnknown("no answer"), ReauthorizationNeeded("token was used")]
        access = world.access()
        with pytest.raises(OutcomeUnknown):
            await access.call(store_id, token_of)
        with pytest.raises(ReauthorizationNeeded, match="cut off before its answer could be stored"):
            await access.call(store_id, token_of)
        assert world.market.said("refresh") == ["r-t-1", "r-t-1"]
        assert await world.state(store_id) == "auth_expired"
        await access.aclose()

    async def test_a_lease_of_a_dead_process_runs_out(self, world: World) -> None:
        store_id = await world.store(SELLER, given=credentials(life=timedelta(seconds=-1)))
        await world.sql(
            "UPDATE credentials SET refresh_lease = :lease, refresh_until = now() + interval '1 minute'", lease=uuid4()
        )
        access = world.access()
        with pytest.raises(RefreshUnderway):
            await access.call(store_id, token_of)
        await world.sql("UPDATE credentials SET refresh_until = now() - interval '1 second'")
        world.market.refreshes = [credentials(token="t-2", life=timedelta(hours=1))]
        assert await access.call(store_id, token_of) == "t-2"
        await access.aclose()

    async def test_a_refusal_after_the_seller_came_back_changes_nothing(self, world: World) -> None:
        store_id = await world.store(SELLER, given=credentials(life=timedelta(hours=1)))
        access = world.access()
        opened = await access.open(store_id)
        async with world.transactions.begin() as uow:
            store = await uow.stores.get(store_id)
            assert store is not None
            await world.root.authorizer.connect_token(store, credentials(token="t-5"), actor="test", uow=uow)
        await access.expire(opened, "an answer from before")
        assert await world.state(store_id) == "active"
        await access.aclose()

    async def test_the_alert_is_given_once(self, world: World) -> None:
        store_id = await world.store(SELLER)
        access = world.access()
        opened = await access.open(store_id)
        with capture_logs() as logs:
            for _ in range(3):
                await access.expire(opened, "the grant has ended")
        assert [entry["log_level"] for entry in logs if entry["event"] == "store_auth_expired"] == ["error"]
        await access.aclose()

    async def test_a_token_refused_right_after_a_renewal_is_not_renewed_again(self, world: World) -> None:
        store_id = await world.store(SELLER)
        world.market.refreshes = [credentials(token="t-2")]

        async def refused(_: Connector, __: Credentials) -> str:
            raise TokenExpired("401")

        access = world.access()
        with pytest.raises(TokenExpired):
            await access.call(store_id, refused)
        assert len(world.market.said("refresh")) == 1
        await access.aclose()


class TestOpening:
    async def test_nothing_is_called_for_a_store_that_is_not_active(self, world: World) -> None:
        store_id = await world.store(SELLER)
        access = world.access()
        await access.open(store_id)
        await world.sql("UPDATE stores SET state = 'disabled'")
        with pytest.raises(StoreNotActive):
            await access.call(store_id, token_of)
        with pytest.raises(StoreGone):
            await access.call(uuid4(), token_of)
        await access.aclose()

    async def test_credentials_of_another_store_cannot_be_opened(self, world: World) -> None:
        mine = await world.store(SELLER)
        theirs = await world.store(
            UUID(int=8), account="cups.example", given=credentials("cups.example", token="secret")
        )
        await world.sql(
            "UPDATE credentials SET sealed = (SELECT sealed FROM credentials WHERE store_id = :theirs) "
            "WHERE store_id = :mine",
            mine=mine,
            theirs=theirs,
        )
        access = world.access()
        with pytest.raises(CredentialsLost):
            await access.open(mine)
        await access.aclose()

    async def test_no_token_is_in_the_database_in_clear(self, world: World) -> None:
        store_id = await world.store(SELLER, given=credentials(token="very-secret"))
        row = await world.one("SELECT sealed, key_id FROM credentials WHERE store_id = :id", id=store_id)
        assert b"very-secret" not in bytes(row.sealed)
        assert row.key_id == "k2"

    async def test_rows_under_an_older_key_are_sealed_again(self, world: World) -> None:
        store_id = await world.store(SELLER)
        old = CredentialBox(Keyring.parse(KEYS.split(",")[1]))
        sealed = old.seal(credentials(token="t-1"), store_id=store_id, seller_id=SELLER)
        await world.sql("UPDATE credentials SET key_id = :key, sealed = :data", key=sealed.key_id, data=sealed.data)
        access = world.access()
        async with world.transactions.begin() as uow:
            await access.seal_again(uow)
        assert (await world.one("SELECT key_id FROM credentials")).key_id == "k2"
        assert await access.call(store_id, token_of) == "t-1"
        await access.aclose()
