"""PostgreSQL: finding it, starting it, and making databases on it."""

import getpass
import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from localhost.accounts import server_account, server_folder
from localhost.errors import CommandFailed, WayClosed
from localhost.ports import free_port
from localhost.run import Run
from localhost.servers.model import ContainerPlan, Context, Server, Way
from localhost.servers.private import PrivateControl, PrivatePlan
from localhost.spawn import output_of

OPTIONS = {
    "max_connections": "300",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "fsync": "on",
    "synchronous_commit": "on",
    "jit": "off",
}
"""A private server's settings: room for every process of an installation, and a commit that is one."""

SOCKET_FOLDERS = ("/var/run/postgresql", tempfile.gettempdir())
CONNECT_SECONDS = 5


class Postgres:
    """The recipe for PostgreSQL."""

    kind = "postgres"
    title = "PostgreSQL"
    setting = "ORDERDOCK_POSTGRES_URL"
    packages = ("postgresql",)

    async def verify(self, url: str) -> None:
        """Connect, and see that the account may make databases."""
        connection = await connect(url)
        try:
            may = await connection.fetchval("SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user")
        finally:
            await connection.close()
        if not may:
            raise WayClosed(f"the account of {hide_password(url)} may not make databases")

    def candidates(self) -> Sequence[str]:
        """The default port and sockets, as the accounts postgres and the current user, without or with PGPASSWORD."""
        port = os.environ.get("PGPORT", "5432")
        password = os.environ.get("PGPASSWORD", "")
        secret = f":{quote(password, safe='')}" if password else ""
        users = dict.fromkeys([os.environ.get("PGUSER", "postgres"), "postgres", getpass.getuser()])
        urls = [f"postgresql://{quote(user)}{secret}@127.0.0.1:{port}/postgres" for user in users]
        for folder in SOCKET_FOLDERS:
            if Path(folder, f".s.PGSQL.{port}").exists():
                urls += [f"postgresql://{quote(user)}{secret}@/postgres?host={folder}&port={port}" for user in users]
        return urls

    def container(self, run: Run) -> ContainerPlan:
        """The official image with the settings of a private server."""
        password = secrets.token_hex(12)
        return ContainerPlan(
            image="postgres:17-bookworm",
            port=5432,
            url=f"postgresql://postgres:{password}@127.0.0.1:{{port}}/postgres",
            options=("--env", f"POSTGRES_PASSWORD={password}", "--shm-size", "256m"),
            arguments=("postgres", *(f"--{name}={value}" for name, value in OPTIONS.items())),
        )

    async def start_private(self, context: Context) -> Server:
        """initdb in a private folder, then the server as our child, on TCP only."""
        programs = _programs()
        account = server_account("postgres")
        folder = await server_folder(context.run, server=self.kind, account=account)
        password = secrets.token_hex(12)
        port = free_port()
        url = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
        data = folder / "data"
        options = {**OPTIONS, "listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": ""}
        flags = [f"--{name}={value}" for name, value in options.items()]
        plan = PrivatePlan(
            title=self.title,
            command=[programs / "postgres", "-D", data, *flags],
            env=_plain_environment(folder),
            folder=folder,
            account=account,
            check=lambda: self.verify(url),
            log=context.run.logs / "postgres.log",
            stop_signal=signal.SIGINT,
        )
        control = PrivateControl(plan)
        context.stack.push_async_callback(control.stop)
        context.say(f"{self.title}: starting {programs}/postgres on port {port} in {folder}")
        await _make_cluster(programs, plan, data=data, password=password)
        await control.start()
        return Server(self.kind, Way.PRIVATE, url, control)


async def _make_cluster(programs: Path, plan: PrivatePlan, *, data: Path, password: str) -> None:
    """Run initdb with a password for the account postgres. Raises `WayClosed`."""
    secret = plan.folder / "password"
    secret.write_text(password)
    secret.chmod(0o600)
    if plan.account is not None:
        os.chown(secret, plan.account.uid, plan.account.gid)
    flags = ["-U", "postgres", "-E", "UTF8", "--locale=C", "--auth=scram-sha-256", f"--pwfile={secret}"]
    try:
        await output_of(
            [programs / "initdb", "-D", data, *flags],
            env=plan.env,
            folder=plan.folder,
            account=plan.account,
            timeout_seconds=120,
        )
    except CommandFailed as error:
        raise WayClosed(f"initdb failed: {error.said.strip()[-500:]}") from error
    finally:
        secret.unlink()


def _programs() -> Path:
    """The folder of the newest installed PostgreSQL. Raises `WayClosed`."""
    debian = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if debian:
        return max(debian, key=lambda path: int(path.parent.name) if path.parent.name.isdigit() else 0)
    found = shutil.which("initdb")
    if found is None or not Path(found).resolve().with_name("postgres").exists():
        raise WayClosed("PostgreSQL's programs (initdb, postgres) are not installed")
    return Path(found).resolve().parent


def _plain_environment(folder: Path) -> dict[str, str]:
    """Nothing of the user's PG* settings may reach a private server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "LC_ALL": "C"}


async def connect(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    """Connect without TLS where nothing else is said. Raises `WayClosed`."""
    try:
        return await asyncpg.connect(url, timeout=CONNECT_SECONDS)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise WayClosed(f"{hide_password(url)}: {str(error) or type(error).__name__}") from error


def database_url(server_url: str, name: str) -> str:
    """The URL of one database of a server."""
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))


async def create_database(server_url: str, name: str) -> None:
    """Make one database, empty: what a run of the same name left is dropped first."""
    connection = await connect(server_url)
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await connection.execute(f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'")
    finally:
        await connection.close()


async def drop_database(server_url: str, name: str) -> None:
    """Drop one database of ours, whoever is still connected; it may be gone already."""
    connection = await connect(server_url)
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        await connection.close()


def hide_password(url: str) -> str:
    """The URL as it may be shown."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return url.replace(f":{parts.password}@", ":***@", 1)
