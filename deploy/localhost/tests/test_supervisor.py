import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import httpx2
import pytest
from common.testing.waiting import eventually
from localhost.errors import LocalhostError, ProcessNotReady
from localhost.ports import free_port
from localhost.supervisor import ProcessPlan, ProcessState, supervisor
from localhost.supervisor.logs import LogFile, Output

from .processes import is_gone


class Planner(Protocol):
    def __call__(self, role: str = "all", *arguments: str, grace: float = 10) -> ProcessPlan: ...


@pytest.fixture
def plan(program: Callable[[str, str], Sequence[str]]) -> Planner:
    def make(role: str = "all", *arguments: str, grace: float = 10) -> ProcessPlan:
        port = free_port()
        return ProcessPlan(
            name="orders",
            command=[*program("orders", role), *arguments],
            env={"ORDERDOCK_PORT": str(port)},
            folder=Path("/"),
            ready_url=f"http://127.0.0.1:{port}/health/ready",
            grace_seconds=grace,
        )

    return make


class TestSupervisor:
    async def test_runs_a_process_until_the_end(self, tmp_path: Path, plan: Planner) -> None:
        async with supervisor(logs=tmp_path) as watch:
            process = watch.add(plan())
            await watch.wait_ready(seconds=30)
            pid = process.pid
            assert pid is not None
            assert process.rss > 1_000_000
            assert process.cpu_seconds > 0
        assert is_gone(pid)
        assert process.state is ProcessState.STOPPED
        assert (tmp_path / "orders.log").read_text().splitlines()[-1] == "stopped cleanly"

    async def test_starts_a_killed_process_again_and_counts_it(self, tmp_path: Path, plan: Planner) -> None:
        async with supervisor(logs=tmp_path) as watch:
            process = watch.add(plan())
            await watch.wait_ready(seconds=30)
            killed = process.kill()
            async with asyncio.timeout(30):
                await process.wait_restarted(restarts=0)
            async with httpx2.AsyncClient() as client:
                assert process.plan.ready_url is not None
                answer = (await client.get(process.plan.ready_url)).json()
            assert process.restarts == 1
            assert answer["pid"] == process.pid != killed
        assert "ended with status -9" in (tmp_path / "orders.log").read_text()

    async def test_gives_up_at_once_on_wrong_settings(self, tmp_path: Path, plan: Planner) -> None:
        async with supervisor(logs=tmp_path) as watch:
            process = watch.add(plan("wrong-settings"))
            with pytest.raises(ProcessNotReady, match=r"orders cannot start:\nORDERDOCK_DATABASE_URL: field required"):
                await watch.wait_ready(seconds=30)
            assert process.restarts == 0

    async def test_gives_up_on_what_dies_before_it_was_ever_ready(self, tmp_path: Path, plan: Planner) -> None:
        async with supervisor(logs=tmp_path) as watch:
            process = watch.add(plan("dies"))
            with pytest.raises(ProcessNotReady, match="boom"):
                await watch.wait_ready(seconds=30)
            assert process.state is ProcessState.FAILED
            assert process.restarts == 2

    async def test_kills_what_does_not_listen_to_the_end(self, tmp_path: Path, plan: Planner) -> None:
        mark = tmp_path / "pid"
        async with supervisor(logs=tmp_path) as watch:
            watch.add(plan("deaf", str(mark), grace=0.1))
            await eventually(lambda: mark.exists() and mark.read_text() != "")
        assert is_gone(int(mark.read_text()))

    async def test_stops_a_process_that_waits_for_its_next_start(self, tmp_path: Path, plan: Planner) -> None:
        async with supervisor(logs=tmp_path) as watch:
            process = watch.add(plan("dies"))
            await eventually(lambda: process.state is ProcessState.BACKING_OFF)
        assert process.state is ProcessState.STOPPED
        assert process.pid is None

    async def test_refuses_a_second_process_of_one_name(self, tmp_path: Path, plan: Planner) -> None:
        async with supervisor(logs=tmp_path) as watch:
            watch.add(plan())
            with pytest.raises(LocalhostError, match="already"):
                watch.add(plan())


class TestOutput:
    async def taken(self, tmp_path: Path, *chunks: bytes) -> tuple[list[str], Output]:
        lines: list[str] = []
        file = LogFile(tmp_path / "x.log")
        output = Output("x", file=file, on_line=lambda name, line: lines.append(line))
        reader = asyncio.StreamReader()
        for chunk in chunks:
            reader.feed_data(chunk)
        reader.feed_eof()
        await output.take(reader)
        file.close()
        return lines, output

    async def test_gives_lines_whole(self, tmp_path: Path) -> None:
        lines, _ = await self.taken(tmp_path, b"one\ntw", b"o\nlast")
        assert lines == ["one", "two", "last"]

    async def test_cuts_a_line_without_end(self, tmp_path: Path) -> None:
        lines, output = await self.taken(tmp_path, b"x" * 1_000_000)
        assert len(lines) > 1
        assert sum(map(len, lines)) == 1_000_000
        assert len(output.tail) < 100_000

    async def test_shows_bytes_that_are_no_text(self, tmp_path: Path) -> None:
        lines, _ = await self.taken(tmp_path, b"\xff\xfe\n")
        assert lines == ["\ufffd\ufffd"]

    def test_a_full_file_is_put_aside(self, tmp_path: Path) -> None:
        file = LogFile(tmp_path / "x.log", max_bytes=10)
        for text in (b"12345678", b"abcdefgh", b"ABCDEFGH"):
            file.write(text)
        file.close()
        assert (tmp_path / "x.log").read_bytes() == b"ABCDEFGH"
        assert (tmp_path / "x.log.1").read_bytes() == b"abcdefgh"
