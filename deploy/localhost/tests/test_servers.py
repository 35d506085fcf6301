import asyncio
import json
import os
import shutil
import signal
import sys
from pathlib import Path

import aio_pika
import asyncpg
import psutil
import pytest
from aio_pika.exceptions import AMQPError
from common.testing.waiting import eventually
from localhost.accounts import server_account, server_folder
from localhost.errors import LocalhostError, ServerMissing, WayClosed
from localhost.run import Run
from localhost.servers import Way, allowed_ways, servers
from localhost.servers.model import Server
from localhost.servers.postgres import Postgres, connect, hide_password
from localhost.servers.rabbitmq import DEBIAN_SCRIPT
from localhost.servers.undo import UNDO, sweep_dead_runs, undo_run
from localhost.servers.vhosts import delete_prefixed, take_corner
from redis.asyncio import Redis

from .processes import is_gone

has_binaries = pytest.mark.skipif(
    not (list(Path("/usr/lib/postgresql").glob("*/bin/initdb")) and DEBIAN_SCRIPT.exists() and shutil.which("epmd")),
    reason="the servers' programs are not installed here, so private ones cannot be started",
)


async def databases(url: str) -> set[str]:
    connection = await connect(url)
    try:
        return {row[0] for row in await connection.fetch("SELECT datname FROM pg_database")}
    finally:
        await connection.close()


def forget_launcher(run: Run) -> None:
    """Let the run look as if its launcher had been killed."""
    (run.folder / "launcher.json").write_text(json.dumps({"pid": psutil.Process().pid, "started": 1.0}))


class TestAllowedWays:
    def test_all_in_order_by_default(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("ORDERDOCK_SERVERS", raising=False)
        assert [*allowed_ways()] == ["settings", "found", "docker", "private", "packages"]

    def test_one_when_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ORDERDOCK_SERVERS", "private")
        assert allowed_ways() == (Way.PRIVATE,)

    def test_names_what_can_be_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ORDERDOCK_SERVERS", "magic")
        with pytest.raises(LocalhostError, match="auto or one of settings, found, docker, private, packages"):
            allowed_ways()


class TestServers:
    async def test_gives_a_run_its_own_databases_and_takes_all_back(self, run: Run) -> None:
        async with servers(run) as ours:
            urls = await ours.create_databases(["orders", "billing"])
            admin = ours.postgres_url
            made = {f"orderdock_{run.name}_orders", f"orderdock_{run.name}_billing"}
            assert made <= await databases(admin)
            async with await aio_pika.connect(ours.rabbitmq_url) as broker:
                await (await broker.channel()).declare_queue(f"{ours.broker_prefix}orders.x")
            async with Redis.from_url(ours.redis_url) as redis:
                await redis.set("sessions:1", "x")
            # Somebody who is still connected must not keep the database.
            connection = await asyncpg.connect(urls["orders"])
        connection.terminate()
        if not ours.postgres.is_ours:
            assert not made & await databases(admin)
            assert run.journal.newest_first() == []
        if not ours.rabbitmq.is_ours and not ours.broker_prefix:
            with pytest.raises(AMQPError):
                await aio_pika.connect(ours.rabbitmq_url)

    async def test_takes_back_what_a_killed_launcher_left(self, run: Run, tmp_path: Path) -> None:
        said: list[str] = []
        async with servers(run) as ours:
            if ours.postgres.is_ours:
                pytest.skip("servers of our own end with their launcher")
            await ours.create_databases(["orders"])
            forget_launcher(run)
            await sweep_dead_runs(tmp_path, say=said.append)
            assert f"orderdock_{run.name}_orders" not in await databases(ours.postgres_url)
        assert said == [f"Cleaning up after {run.name}, which could not do it itself"]

    async def test_a_setting_that_does_not_work_is_an_error(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ORDERDOCK_SERVERS", "settings")
        for name, scheme in (("POSTGRES", "postgresql"), ("RABBITMQ", "amqp"), ("REDIS", "redis")):
            monkeypatch.setenv(f"ORDERDOCK_{name}_URL", f"{scheme}://me:secret@127.0.0.1:1/x")
        with pytest.raises(LocalhostError, match=r"ORDERDOCK_[A-Z]+_URL does not work") as caught:
            async with servers(run):
                pass
        assert "secret" not in str(caught.value)

    async def test_says_why_each_way_is_closed_and_what_to_install(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ORDERDOCK_SERVERS", "settings")
        for name in ("POSTGRES", "RABBITMQ", "REDIS"):
            monkeypatch.delenv(f"ORDERDOCK_{name}_URL", raising=False)
        with pytest.raises(ServerMissing, match=r"(?s)is not set.*apt-get install"):
            async with servers(run):
                pass

    async def test_a_found_broker_is_not_ours_to_disturb(self, run: Run) -> None:
        async with servers(run) as ours:
            if ours.rabbitmq.is_ours:
                pytest.skip("no broker was found here, so this one is ours")
            with pytest.raises(LocalhostError, match="not ours"):
                await ours.restart_broker()

    @has_binaries
    async def test_private_servers_work_and_leave_nothing(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ORDERDOCK_SERVERS", "private")
        async with servers(run, private_broker=True) as ours:
            pids = [pid for group in ours.process_ids().values() for pid in group]
            owners = {psutil.Process(pid).uids().effective for pid in pids}
            urls = await ours.create_databases(["orders"])
            connection = await asyncpg.connect(urls["orders"])
            assert await connection.fetchval("SHOW fsync") == "on"
            await connection.close()
            await ours.restart_broker()
            assert not set(ours.process_ids()["rabbitmq"]) & set(pids)
            async with await aio_pika.connect(ours.rabbitmq_url) as broker:
                await (await broker.channel()).declare_queue("works")
            pids += ours.process_ids()["rabbitmq"]
        assert 0 not in owners or os.geteuid() != 0
        await eventually(lambda: all(is_gone(pid) for pid in pids))
        assert not run.servers.exists()


class TestUndoRun:
    async def test_does_what_it_can_and_says_what_it_cannot(self, run: Run) -> None:
        said: list[str] = []
        run.journal.add("remove_folder", path=str(run.documents))
        run.journal.add("from_another_version", what="x")
        await undo_run(run, say=said.append)
        assert said == [
            (
                f"{run.name}: from_another_version {{'what': 'x'}} is not understood ('from_another_version'); "
                "take it back by hand"
            )
        ]
        assert not run.documents.exists()
        assert run.journal.newest_first() == []

    async def test_keeps_the_journal_of_what_did_not_work(self, run: Run) -> None:
        said: list[str] = []
        run.journal.add("drop_database", server_url="postgresql://nobody@127.0.0.1:1/postgres", name="x")
        await undo_run(run, say=said.append)
        assert "drop_database did not work" in said[0]
        assert [undo.kind for undo in run.journal.newest_first()] == ["drop_database"]


class TestPrivateServersOfAKilledLauncher:
    SCRIPT = """
import asyncio, json, sys
from pathlib import Path
from localhost.run import Run
from localhost.servers import servers
async def main():
    run = Run("killed", Path(sys.argv[1]))
    run.open()
    async with servers(run) as ours:
        print(json.dumps([pid for group in ours.process_ids().values() for pid in group]), flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""

    @has_binaries
    async def test_end_with_it(self, tmp_path: Path) -> None:
        launcher = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            self.SCRIPT,
            str(tmp_path),
            env={**os.environ, "ORDERDOCK_SERVERS": "private"},
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        assert launcher.stdout is not None
        pids = json.loads(await launcher.stdout.readline())
        launcher.send_signal(signal.SIGKILL)
        await launcher.wait()
        await eventually(lambda: all(is_gone(pid) for pid in pids))
        assert (tmp_path / ".run/servers/killed").exists()
        await sweep_dead_runs(tmp_path, say=print)
        assert not (tmp_path / ".run/servers/killed").exists()


@pytest.fixture
def closed_project(tmp_path: Path) -> Run:
    run = Run("closed", tmp_path)
    run.open()
    tmp_path.chmod(0o700)
    return run


class TestServerFolder:
    @pytest.mark.skipif(os.geteuid() != 0, reason="only root has another account to give the folder to")
    async def test_lies_elsewhere_where_the_project_is_closed(self, closed_project: Run) -> None:
        run = closed_project
        account = server_account("postgres")
        assert account is not None
        folder = await server_folder(run, server="postgres", account=account)
        try:
            assert not folder.is_relative_to(run.project)
            assert (run.servers / "postgres").resolve() == folder
            assert folder.stat().st_uid == account.uid
        finally:
            undo = run.journal.newest_first()[0]
            await UNDO[undo.kind](undo.facts)
        assert not folder.exists()


class TestPrefix:
    async def test_everything_under_it_is_deleted(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        async def closed(*arguments: str) -> None:
            raise WayClosed("not here")

        monkeypatch.setattr("localhost.servers.vhosts._make_by_api", closed)
        monkeypatch.setattr("localhost.servers.vhosts._make_by_ctl", closed)
        async with servers(Run(run.name, run.project)) as ours:
            found = Server("rabbitmq", Way.FOUND, ours.rabbitmq_url)
            corner = await take_corner(found, run)
            assert (corner.url, corner.prefix) == (found.url, f"orderdock_{run.name}.")
            name = f"{corner.prefix}billing.billing.hold_funds.v1"
            async with await aio_pika.connect(corner.url) as broker:
                await (await broker.channel()).declare_queue(name, durable=True)
            await delete_prefixed(corner.url, corner.prefix)
            async with await aio_pika.connect(corner.url) as broker:
                with pytest.raises(AMQPError, match="NOT_FOUND"):
                    await (await broker.channel()).declare_queue(name, passive=True)


class TestPostgres:
    def test_looks_for_accounts_and_password_of_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PGPASSWORD", "p@ss")
        monkeypatch.setenv("PGPORT", "6543")
        assert "postgresql://postgres:p%40ss@127.0.0.1:6543/postgres" in Postgres().candidates()

    def test_hides_passwords(self) -> None:
        assert hide_password("amqp://guest:secret@h:1/v") == "amqp://guest:***@h:1/v"
        assert hide_password("redis://h:1/0") == "redis://h:1/0"
