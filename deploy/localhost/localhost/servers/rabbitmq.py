"""RabbitMQ: finding it and starting it. `vhosts` gives a run its own corner of it."""

import asyncio
import os
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import aiormq
from aiormq.exceptions import AMQPError

from localhost.accounts import server_account, server_folder
from localhost.errors import WayClosed
from localhost.ports import free_port
from localhost.run import Run
from localhost.servers.docker import listens
from localhost.servers.model import ContainerPlan, Context, Server, Way
from localhost.servers.postgres import hide_password
from localhost.servers.private import PrivateControl, PrivatePlan
from localhost.spawn import Account, spawn

CONNECT_SECONDS = 5
DEBIAN_SCRIPT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Debian's command of that name on PATH insists on its own account and folders; this is the script behind it."""


class RabbitMQ:
    """The recipe for RabbitMQ."""

    kind = "rabbitmq"
    title = "RabbitMQ"
    setting = "ORDERDOCK_RABBITMQ_URL"
    packages = ("rabbitmq-server",)

    async def verify(self, url: str) -> None:
        """Open a connection to the vhost of the URL."""
        parts = urlsplit(url)
        if not await listens(parts.hostname or "127.0.0.1", parts.port or 5672):
            raise WayClosed(f"{hide_password(url)}: nobody listens there")
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                connection = await aiormq.connect(url)
                await connection.close()
        # aiormq lets a StopAsyncIteration out when the broker closes the connection in the middle of the greeting.
        except (OSError, TimeoutError, AMQPError, ValueError, StopAsyncIteration) as error:
            raise WayClosed(f"{hide_password(url)}: {str(error) or type(error).__name__}") from error

    def candidates(self) -> Sequence[str]:
        """The default port as the account that every new broker has."""
        return ["amqp://guest:guest@127.0.0.1:5672/"]

    def container(self, run: Run) -> ContainerPlan:
        """The official image with an account of the run."""
        password = secrets.token_hex(12)
        return ContainerPlan(
            image="rabbitmq:4-management",
            port=5672,
            url=f"amqp://orderdock:{password}@127.0.0.1:{{port}}/",
            options=(
                "--hostname",
                "orderdock",  # The data folder carries the node's name, and must be found again after a restart.
                "--env",
                "RABBITMQ_DEFAULT_USER=orderdock",
                "--env",
                f"RABBITMQ_DEFAULT_PASS={password}",
            ),
            start_seconds=150,
        )

    async def start_private(self, context: Context) -> Server:
        """A node of its own name, port, data folder and port mapper (epmd), as our child."""
        program = _program()
        account = server_account("rabbitmq")
        folder = await server_folder(context.run, server=self.kind, account=account)
        password = secrets.token_hex(12)
        port, mapper_port, distribution_port = free_port(), free_port(), free_port()
        _write_settings(folder, password=password, account=account)
        url = f"amqp://orderdock:{password}@127.0.0.1:{port}/"
        env = _environment(
            folder, run=context.run, port=port, mapper_port=mapper_port, distribution_port=distribution_port
        )

        async def start_mapper() -> None:
            # Started by us in the foreground, because the daemon that Erlang would start by itself stays for ever.
            if await listens("127.0.0.1", mapper_port):
                return
            command = ["epmd", "-port", str(mapper_port), "-address", "127.0.0.1"]
            with (context.run.logs / "epmd.log").open("ab") as output:
                plan.helpers.append(await spawn(command, env=env, folder=folder, account=account, output=output))
            while not await listens("127.0.0.1", mapper_port):
                if plan.helpers[-1].returncode is not None:
                    raise WayClosed(f"epmd ended with status {plan.helpers[-1].returncode}")
                await asyncio.sleep(0.05)

        plan = PrivatePlan(
            title=self.title,
            command=[program],
            env=env,
            folder=folder,
            account=account,
            check=lambda: self.verify(url),
            log=context.run.logs / "rabbitmq.log",
            start_seconds=120,
            grace_seconds=20,
            before_start=start_mapper,
        )
        control = PrivateControl(plan)
        context.stack.push_async_callback(control.stop)
        context.say(f"{self.title}: starting {program} on port {port} in {folder}")
        await control.start()
        return Server(self.kind, Way.PRIVATE, url, control)


def _program() -> Path:
    """The server's script. Raises `WayClosed` where it, or Erlang's port mapper, is not installed."""
    found = DEBIAN_SCRIPT if DEBIAN_SCRIPT.exists() else shutil.which("rabbitmq-server")
    if found is None or shutil.which("epmd") is None:
        raise WayClosed("rabbitmq-server (with Erlang's epmd) is not installed")
    return Path(found)


def _write_settings(folder: Path, *, password: str, account: Account | None) -> None:
    """The broker's configuration: one account, the local address only, no plugins, a cookie of its own."""
    files = {
        "rabbitmq.conf": f"default_user = orderdock\ndefault_pass = {password}\nlog.console = true\nlog.file = false\n",
        "enabled_plugins": "[].\n",
        "rabbitmq-env.conf": "",
        "advanced.config": "[].\n",
        ".erlang.cookie": secrets.token_hex(16),
    }
    for name, text in files.items():
        path = folder / name
        path.write_text(text)
        path.chmod(0o400 if name == ".erlang.cookie" else 0o600)
        if account is not None:
            os.chown(path, account.uid, account.gid)


def _environment(folder: Path, *, run: Run, port: int, mapper_port: int, distribution_port: int) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "RABBITMQ_NODENAME": f"orderdock_{run.name}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution_port),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONFIG_FILES": str(folder / "conf.d"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "generated"),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_SERVER_START_ARGS": "-noinput",
        # The script becomes the Erlang machine instead of watching over it, so that it is our child and ends with us.
        "RABBITMQ_ALLOW_INPUT": "1",
        # Schedulers that spin while they wait would take the processor from the services beside them.
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none +sbwtdcpu none +sbwtdio none",
        "ERL_EPMD_PORT": str(mapper_port),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_CRASH_DUMP_SECONDS": "0",
    }


def vhost_url(server_url: str, vhost: str) -> str:
    """The URL of one vhost of a server."""
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{vhost}"))
