import asyncio
import json
import os
import signal
import sys

from localhost.spawn import run_to_end

SHOW = "import os, json; print(json.dumps({k: v for k, v in os.environ.items() if k.startswith('ORDERDOCK_')}))"


async def localhost(*arguments: str) -> tuple[int, str]:
    ended = await run_to_end([sys.executable, "-m", "localhost", *arguments], timeout_seconds=100)
    return ended.status, ended.said


class TestExec:
    async def test_gives_a_command_the_servers_and_its_own_status_back(self) -> None:
        status, said = await localhost("exec", "--", sys.executable, "-c", f"{SHOW}; exit(5)")
        settings = json.loads(next(line for line in said.splitlines() if line.startswith("{")))
        assert status == 5
        assert settings["ORDERDOCK_POSTGRES_URL"].startswith("postgresql://")
        assert settings["ORDERDOCK_RABBITMQ_URL"].startswith("amqp://")
        assert settings["ORDERDOCK_REDIS_URL"].startswith("redis://")
        assert said.splitlines()[-1].startswith("{"), "nothing is said after the command"

    async def test_says_which_command_is_missing(self) -> None:
        status, said = await localhost("exec", "--", "no-such-command")
        assert status == 1
        assert "no-such-command could not be started" in said

    async def test_hands_a_signal_on_and_cleans_up(self) -> None:
        script = (
            "import time\ntry: print('ready', flush=True); time.sleep(100)\nexcept KeyboardInterrupt: print('asked')"
        )
        launcher = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "localhost", "exec", "--", sys.executable, "-c", script),
            env=dict(os.environ),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        assert launcher.stdout is not None
        assert await launcher.stdout.readline() == b"ready\n"
        launcher.send_signal(signal.SIGINT)
        said, _ = await launcher.communicate()
        assert said == b"asked\n"
        assert launcher.returncode == 130


class TestCheck:
    async def test_says_how_to_start_an_installation_where_none_is_up(self) -> None:
        status, said = await localhost("check", "--run", "nothing")
        assert status == 1
        assert "Start one: make up." in said
