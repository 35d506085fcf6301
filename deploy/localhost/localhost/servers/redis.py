"""Redis: finding it, starting it, and taking one of its databases."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from redis.asyncio import Redis as Client
from redis.exceptions import RedisError

from localhost.accounts import server_account, server_folder
from localhost.errors import WayClosed
from localhost.ports import free_port
from localhost.run import Run
from localhost.servers.model import ContainerPlan, Context, Server, Way
from localhost.servers.postgres import hide_password
from localhost.servers.private import PrivateControl, PrivatePlan

OWNER_KEY = "orderdock:run"
"""Says in a database of a found server which run it belongs to."""

LAST_DATABASE = 15


class Redis:
    """The recipe for Redis."""

    kind = "redis"
    title = "Redis"
    setting = "ORDERDOCK_REDIS_URL"
    packages = ("redis-server",)

    async def verify(self, url: str) -> None:
        """Ask for an answer that only Redis gives."""
        client = Client.from_url(url, socket_connect_timeout=3, socket_timeout=3)
        try:
            await client.echo("orderdock")
        except (RedisError, OSError, ValueError) as error:
            raise WayClosed(f"{hide_password(url)}: {error}") from error
        finally:
            await client.aclose()

    def candidates(self) -> Sequence[str]:
        """The default port without a password."""
        return ["redis://127.0.0.1:6379"]

    def container(self, run: Run) -> ContainerPlan:
        """The official image, keeping nothing on disk."""
        return ContainerPlan(
            image="redis:7-bookworm",
            port=6379,
            url="redis://127.0.0.1:{port}",
            arguments=("redis-server", "--save", "", "--appendonly", "no"),
        )

    async def start_private(self, context: Context) -> Server:
        """The server as our child, keeping nothing on disk."""
        program = shutil.which("redis-server")
        if program is None:
            raise WayClosed("redis-server is not installed")
        account = server_account("redis")
        folder = await server_folder(context.run, server=self.kind, account=account)
        port = free_port()
        url = f"redis://127.0.0.1:{port}"
        plan = PrivatePlan(
            title=self.title,
            command=[program, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"],
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            folder=folder,
            account=account,
            check=lambda: self.verify(url),
            log=context.run.logs / "redis.log",
            start_seconds=20,
        )
        control = PrivateControl(plan)
        context.stack.push_async_callback(control.stop)
        context.say(f"{self.title}: starting {Path(program).name} on port {port}")
        await control.start()
        return Server(self.kind, Way.PRIVATE, url, control)


async def take_database(server_url: str, run: Run) -> str:
    """The URL of an empty database of the server, which this run has for itself until it gives it back.

    Raises `WayClosed` when all are in use.
    """
    for number in range(LAST_DATABASE, 0, -1):
        url = urlunsplit(urlsplit(server_url)._replace(path=f"/{number}"))
        client = Client.from_url(url, socket_connect_timeout=3, socket_timeout=3)
        try:
            if await client.dbsize() == 0:
                run.journal.add("flush_redis", url=url, run=run.name)
                if await client.set(OWNER_KEY, run.name, nx=True):
                    return url
        except RedisError as error:
            raise WayClosed(f"{hide_password(url)}: {error}") from error
        finally:
            await client.aclose()
    raise WayClosed(f"every database of {hide_password(server_url)} from 1 to {LAST_DATABASE} is in use")


async def give_back_database(url: str, run_name: str) -> None:
    """Empty a database if it is still that of the run."""
    client = Client.from_url(url, socket_connect_timeout=3, socket_timeout=3, decode_responses=True)
    try:
        if await client.get(OWNER_KEY) == run_name:
            await client.flushdb()
    except RedisError as error:
        raise WayClosed(f"{hide_password(url)}: {error}") from error
    finally:
        await client.aclose()
