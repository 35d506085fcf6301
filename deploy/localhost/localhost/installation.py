"""A whole installation on this machine: servers, databases, every service, and the sandbox as the outside world.

async with installation(Options(private_broker=True)) as it:
    it.gateway_url, it.sandbox_url, it.admin, it.apps
    await it.run_cli("orders", "check")
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from localhost.environment import PORTS, ROLES, SERVICES, Surroundings, inherited
from localhost.errors import LocalhostError
from localhost.keys import Admin, MarketplaceApps, new_secrets
from localhost.ports import held_ports
from localhost.run import Run, Say, new_run, say_nothing
from localhost.servers import Servers, servers
from localhost.spawn import Ended, run_to_end
from localhost.supervisor import ManagedProcess, ProcessPlan, Supervisor, supervisor
from localhost.supervisor.logs import OnLine, silent

CLI_SECONDS = 300
MIGRATIONS_AT_ONCE = 3
"""Migrating is mostly the start of Python, so more at once than there are processors gains nothing."""


def python_module(service: str, role: str) -> Sequence[str]:
    """How a service or the sandbox is started."""
    return [sys.executable, "-m", service, role]


@dataclass(frozen=True)
class Options:
    """How to put an installation up.

    `split_roles` gives each service a process for each of api, worker and relay, instead of one for all three.
    `private_broker` asks for a broker that may be restarted and frozen. `env` overlays the settings of every process.
    """

    purpose: str = "run"
    services: Sequence[str] = SERVICES
    with_sandbox: bool = True
    split_roles: bool = False
    private_broker: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
    on_line: OnLine = silent
    say: Say = say_nothing
    ready_seconds: float = 120
    program: Callable[[str, str], Sequence[str]] = python_module


class Target(Protocol):
    """An installation, wherever it runs: what the demo and the tests need of it."""

    @property
    def gateway_url(self) -> str:
        """The public address, as reached from here."""

    @property
    def sandbox_url(self) -> str:
        """The outside world, as reached from here."""

    @property
    def gateway_url_inside(self) -> str:
        """The public address as the sandbox reaches it, for callbacks."""

    @property
    def sandbox_url_inside(self) -> str:
        """The outside world as the services reach it, for the addresses that they are told."""

    @property
    def admin(self) -> Admin:
        """The first operator's sign-in."""

    @property
    def apps(self) -> MarketplaceApps:
        """The marketplace apps that the services are set up with."""

    async def run_cli(self, service: str, *arguments: str) -> Ended:
        """Run `python -m <service> <arguments>` with the service's settings, to its end."""


class Installation:
    """A running installation on this machine."""

    def __init__(self, *, run: Run, servers: Servers, surroundings: Surroundings, options: Options) -> None:
        self.run = run
        self.servers = servers
        self.surroundings = surroundings
        self.options = options
        self._supervisor: Supervisor | None = None

    @property
    def gateway_url(self) -> str:
        """The public address."""
        return self.surroundings.addresses["gateway"]

    @property
    def sandbox_url(self) -> str:
        """The outside world."""
        return self.surroundings.addresses["sandbox"]

    @property
    def gateway_url_inside(self) -> str:
        """The same as outside: everything runs on one machine."""
        return self.gateway_url

    @property
    def sandbox_url_inside(self) -> str:
        """The same as outside: everything runs on one machine."""
        return self.sandbox_url

    @property
    def admin(self) -> Admin:
        """The first operator's sign-in."""
        return self.surroundings.secrets.admin

    @property
    def apps(self) -> MarketplaceApps:
        """The marketplace apps that the services are set up with."""
        return self.surroundings.secrets.apps

    @property
    def databases(self) -> Mapping[str, str]:
        """The URL of every service's database."""
        return self.surroundings.databases

    @property
    def processes(self) -> Mapping[str, ManagedProcess]:
        """Every process by name: `orders` (or `orders-api`, `orders-worker`, `orders-relay`), ..., `sandbox`."""
        return self._supervisor.processes if self._supervisor is not None else {}

    def url(self, service: str) -> str:
        """The address of one service."""
        return self.surroundings.addresses[service]

    def env(self, service: str) -> dict[str, str]:
        """The whole environment of a service's processes."""
        return {
            **inherited(),
            **self.surroundings.of(service),
            **self.options.env,
        }

    async def run_cli(self, service: str, *arguments: str) -> Ended:
        """Run `python -m <service> <arguments>` with the service's settings, to its end."""
        command = [*self.options.program(service, arguments[0]), *arguments[1:]]
        return await run_to_end(command, env=self.env(service), folder=self.run.project, timeout_seconds=CLI_SECONDS)

    async def restart_broker(self) -> None:
        """Kill our broker and start it again on its data; see `Servers.restart_broker`."""
        await self.servers.restart_broker()

    async def start(self, watch: Supervisor) -> None:
        """Migrate every database, then start everything and wait until it is ready."""
        self._supervisor = watch
        await self._migrate()
        if self.options.with_sandbox:
            watch.add(self._sandbox_plan())
        for service in self.options.services:
            for plan in self._service_plans(service):
                watch.add(plan)
        await watch.wait_ready(seconds=self.options.ready_seconds)

    async def _migrate(self) -> None:
        limit = asyncio.Semaphore(MIGRATIONS_AT_ONCE)

        async def migrate(service: str) -> None:
            async with limit:
                ended = await self.run_cli(service, "migrate")
            if ended.status != 0:
                raise LocalhostError(f"{service} could not migrate its database:\n{ended.said.strip()[-4000:]}")

        try:
            async with asyncio.TaskGroup() as group:
                for service in self.options.services:
                    group.create_task(migrate(service))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors

    def _sandbox_plan(self) -> ProcessPlan:
        url = self.sandbox_url
        # The journal lets a killed sandbox remember its world, as the real one does.
        arguments = ["--port", url.rsplit(":", 1)[1], "--public-url", url]
        command = self.options.program("sandbox", "--host")
        return ProcessPlan(
            name="sandbox",
            command=[*command, "127.0.0.1", *arguments, "--journal", str(self.run.folder / "sandbox.journal")],
            env={**inherited(), **self.options.env},
            folder=self.run.project,
            ready_url=f"{url}/health",
        )

    def _service_plans(self, service: str) -> Sequence[ProcessPlan]:
        roles = ROLES if self.options.split_roles else ("all",)
        return [self._plan(service, role) for role in roles]

    def _plan(self, service: str, role: str) -> ProcessPlan:
        ready = f"{self.url(service)}/health/ready" if role in {"api", "all"} else None
        return ProcessPlan(
            name=service if role == "all" else f"{service}-{role}",
            command=self.options.program(service, role),
            env=self.env(service),
            folder=self.run.project,
            ready_url=ready,
            grace_seconds=30,
        )

    def write_settings(self) -> None:
        """Leave the settings of every service in the run's folder, for the owner's eyes, for `check` and `run`."""
        folder = self.run.folder / "settings"
        folder.mkdir(mode=0o700, exist_ok=True)
        for service in self.options.services:
            path = folder / f"{service}.json"
            path.touch(mode=0o600)
            path.write_text(json.dumps({**self.surroundings.of(service), **self.options.env}))


@asynccontextmanager
async def installation(options: Options) -> AsyncIterator[Installation]:
    """Put an installation up; at the end stop it and take back everything that it made.

    Raises `LocalhostError` when a server is missing, a migration fails or a process does not get ready.
    """
    run = new_run(options.purpose)
    async with AsyncExitStack() as stack:
        ports = stack.enter_context(held_ports(PORTS))
        ours = await stack.enter_async_context(servers(run, private_broker=options.private_broker, say=options.say))
        surroundings = Surroundings(
            databases=await ours.create_databases(options.services),
            rabbitmq_url=ours.rabbitmq_url,
            broker_prefix=ours.broker_prefix,
            redis_url=ours.redis_url,
            documents=run.documents,
            addresses={name: f"http://127.0.0.1:{port}" for name, port in ports.items()},
            secrets=new_secrets(),
        )
        it = Installation(run=run, servers=ours, surroundings=surroundings, options=options)
        it.write_settings()
        options.say("Migrating databases and starting services")
        watch = await stack.enter_async_context(supervisor(logs=run.logs, on_line=options.on_line))
        await it.start(watch)
        yield it
