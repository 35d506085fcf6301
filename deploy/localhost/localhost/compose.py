"""The installation of compose.yaml, put up for a run and taken down after it: what `TARGET=compose` plays against.

async with compose_installation(purpose="demo", say=say) as it:
    it.gateway_url, it.sandbox_url, it.admin, it.apps
    await it.run_cli("orders", "check")
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2

from localhost.compose_project import ComposeProject
from localhost.environment import PORTS, SERVICES
from localhost.errors import CommandFailed, LocalhostError
from localhost.keys import Admin, MarketplaceApps, Secrets, new_secrets
from localhost.ports import held_ports
from localhost.run import Run, Say, new_run, say_nothing
from localhost.servers.docker import require_engine
from localhost.servers.undo import sweep_dead_runs, undo_run
from localhost.spawn import Ended

UP_SECONDS = 1800
"""The first time every image is pulled or built."""

READY_SECONDS = 120
CLI_SECONDS = 300


class ComposeInstallation:
    """A running installation of compose.yaml. It is a `localhost.installation.Target`."""

    def __init__(self, *, run: Run, project: ComposeProject, ports: dict[str, int], secrets: Secrets) -> None:
        self.run = run
        self.project = project
        self._ports = ports
        self._secrets = secrets

    @property
    def gateway_url(self) -> str:
        """The public address, as reached from here."""
        return f"http://127.0.0.1:{self._ports['gateway']}"

    @property
    def sandbox_url(self) -> str:
        """The outside world, as reached from here."""
        return f"http://127.0.0.1:{self._ports['sandbox']}"

    @property
    def gateway_url_inside(self) -> str:
        """The public address as the sandbox reaches it."""
        return f"http://gateway:{PORTS['gateway']}"

    @property
    def sandbox_url_inside(self) -> str:
        """The outside world as the services reach it."""
        return f"http://sandbox:{PORTS['sandbox']}"

    @property
    def admin(self) -> Admin:
        """The first operator's sign-in."""
        return self._secrets.admin

    @property
    def apps(self) -> MarketplaceApps:
        """The marketplace apps that the services are set up with."""
        return self._secrets.apps

    async def run_cli(self, service: str, *arguments: str) -> Ended:
        """Run `python -m <service> <arguments>` in the service's container, to its end."""
        return await self.project.run(
            "exec", "-T", service, "/app/run-service", *arguments, timeout_seconds=CLI_SECONDS
        )

    async def start(self) -> None:
        """Build, migrate, start, and wait until everything is ready. Raises `LocalhostError` with the last lines."""
        ended = await self.project.run("up", "--detach", "--build", timeout_seconds=UP_SECONDS)
        if ended.status != 0:
            raise LocalhostError(f"docker-compose up failed:\n{ended.said[-3000:]}\n{await self._last_lines()}")
        waiting = list(SERVICES)
        try:
            async with asyncio.timeout(READY_SECONDS):
                while True:
                    waiting = await self._not_ready()
                    if not waiting:
                        return
                    await asyncio.sleep(0.5)
        except TimeoutError as error:
            raise LocalhostError(
                f"Not ready within {READY_SECONDS} s: {', '.join(waiting)}.\n{await self._last_lines()}"
            ) from error

    async def _not_ready(self) -> list[str]:
        """The services that do not answer yet; each is asked inside its own container, as compose.yaml does."""
        asked = {
            service: ("exec", "-T", service, "healthy", str(PORTS[service]), "/health/ready") for service in SERVICES
        }
        ended = await asyncio.gather(*(self.project.run(*arguments) for arguments in asked.values()))
        waiting = [service for service, answer in zip(asked, ended, strict=True) if answer.status != 0]
        return waiting if waiting or await _answers(f"{self.sandbox_url}/health") else ["sandbox"]

    async def _last_lines(self) -> str:
        return (await self.project.run("logs", "--no-color", "--tail", "30")).said[-8000:]

    async def keep_logs(self) -> None:
        """Write what all containers said to the run's folder, since they go with their containers."""
        ended = await self.project.run("logs", "--no-color", "--timestamps")
        await asyncio.to_thread((self.run.logs / "compose.log").write_text, ended.said)


async def _answers(url: str) -> bool:
    try:
        async with httpx2.AsyncClient(timeout=5, trust_env=False) as client:
            return (await client.get(url)).status_code == 200
    except httpx2.HTTPError:
        return False


def _variables(secrets: Secrets, ports: dict[str, int]) -> dict[str, str]:
    return {
        "ORDERDOCK_GATEWAY_PORT": str(ports["gateway"]),
        "ORDERDOCK_SANDBOX_PORT": str(ports["sandbox"]),
        "ORDERDOCK_IDENTITY_PUBLIC_KEY": secrets.identity.public,
        "ORDERDOCK_IDENTITY_PRIVATE_KEY": secrets.identity.private,
        "ORDERDOCK_CREDENTIAL_KEYS": secrets.credential_keys,
        "ORDERDOCK_ADMIN_EMAIL": secrets.admin.email,
        "ORDERDOCK_ADMIN_PASSWORD": secrets.admin.password,
        "ORDERDOCK_SHOPIFY_CLIENT_ID": secrets.apps.shopify_client_id,
        "ORDERDOCK_SHOPIFY_CLIENT_SECRET": secrets.apps.shopify_client_secret,
        "ORDERDOCK_SHOPEE_PARTNER_ID": str(secrets.apps.shopee_partner_id),
        "ORDERDOCK_SHOPEE_PARTNER_KEY": secrets.apps.shopee_partner_key,
    }


@asynccontextmanager
async def compose_installation(
    *, purpose: str = "compose", say: Say = say_nothing
) -> AsyncIterator[ComposeInstallation]:
    """Put compose.yaml up under a name of its own; at the end take it down with its volumes.

    Raises `LocalhostError` when there is no Docker engine, or something does not start.
    """
    await require_engine()
    run = new_run(purpose)
    await sweep_dead_runs(run.project, say=say)
    secrets = new_secrets()
    file = run.project / "compose.yaml"
    with held_ports({name: PORTS[name] for name in ("gateway", "sandbox")}) as ports:
        project = ComposeProject(f"orderdock_{run.name}", file, _variables(secrets, ports))
        it = ComposeInstallation(run=run, project=project, ports=ports, secrets=secrets)
        run.journal.add("compose_down", project=project.name, file=str(file))
        say(f"docker-compose up as {project.name} (the first time it builds the images)")
        try:
            await it.start()
            yield it
        finally:
            try:
                await it.keep_logs()
            except CommandFailed as error:
                say(f"The containers' logs could not be kept: {error.message}")
            await undo_run(run, say=say)
