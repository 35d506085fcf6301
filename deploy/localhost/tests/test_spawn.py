import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from common.testing.waiting import eventually
from localhost.errors import CommandFailed, LocalhostError
from localhost.spawn import run_to_end, spawn, stop_group

from .processes import is_gone

LAUNCHER = """
import asyncio, sys
from localhost.spawn import spawn
async def main():
    child = await spawn(["sleep", "1000"])
    print(child.pid, flush=True)
    await child.wait()
asyncio.run(main())
"""


class TestSpawn:
    async def test_a_child_does_not_outlive_a_killed_launcher(self) -> None:
        launcher = await asyncio.create_subprocess_exec(
            sys.executable, "-c", LAUNCHER, stdout=asyncio.subprocess.PIPE, start_new_session=True
        )
        assert launcher.stdout is not None
        child = int(await launcher.stdout.readline())
        launcher.kill()
        await launcher.wait()
        await eventually(lambda: is_gone(child))

    async def test_a_child_does_not_hear_the_terminal(self) -> None:
        child = await spawn(["sleep", "1000"])
        try:
            assert os.getsid(child.pid) == child.pid
        finally:
            await stop_group(child, grace_seconds=5)

    async def test_says_which_program_is_missing(self) -> None:
        with pytest.raises(LocalhostError, match="no-such-program could not be started"):
            await spawn(["no-such-program"])


class TestStopGroup:
    async def test_kills_what_does_not_listen(self, tmp_path: Path) -> None:
        mark = tmp_path / "pid"
        script = f"trap '' TERM; sleep 1000 & echo $! > {mark}.new; mv {mark}.new {mark}; wait"
        shell = await spawn(["/bin/sh", "-c", script])
        await eventually(mark.exists)
        await stop_group(shell, grace_seconds=0.1)
        assert shell.returncode == -signal.SIGKILL
        await eventually(lambda: is_gone(int(mark.read_text())))


class TestRunToEnd:
    async def test_gives_status_and_all_that_was_said(self) -> None:
        ended = await run_to_end(["/bin/sh", "-c", "echo out; echo err >&2; exit 3"])
        assert (ended.status, ended.said) == (3, "out\nerr\n")
        with pytest.raises(CommandFailed, match="status 3: out\nerr"):
            ended.require_success()

    async def test_ends_what_takes_too_long(self) -> None:
        with pytest.raises(CommandFailed, match="did not end in time"):
            await run_to_end(["sleep", "1000"], timeout_seconds=0.1)
