"""`python -m localhost`: the whole installation on this machine, and commands beside it."""

import asyncio
import json
import runpy
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from localhost.environment import PORTS, SERVICES, Surroundings, inherited
from localhost.errors import LocalhostError
from localhost.foreground import run_command, run_in_foreground
from localhost.installation import Installation, Options, installation, python_module
from localhost.keys import new_secrets
from localhost.run import Run, new_run, project_folder
from localhost.servers import servers
from localhost.spawn import run_to_end
from localhost.supervisor.logs import TerminalLog

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
console = Console(stderr=True)
CHECK_SECONDS = 600


def say(line: str) -> None:
    """Tell what the launcher does, on standard error: standard output belongs to the commands."""
    console.print(f"[dim]•[/dim] {line}", highlight=False, soft_wrap=True)


@app.command()
def up(
    split_roles: Annotated[bool, typer.Option(help="A process for each of api, worker and relay.")] = False,
    private_broker: Annotated[bool, typer.Option(help="A broker of our own, whatever is found.")] = False,
    logs: Annotated[bool, typer.Option(help="Show what the processes say; their files have it in any case.")] = True,
) -> None:
    """Put the whole installation up and keep it up until Ctrl-C."""

    async def main() -> int:
        options = Options(purpose="up", split_roles=split_roles, private_broker=private_broker, say=say)
        if logs:
            options = Options(
                purpose="up",
                split_roles=split_roles,
                private_broker=private_broker,
                say=say,
                on_line=TerminalLog(Console()),
            )
        async with installation(options) as it:
            show_addresses(it)
            await asyncio.Event().wait()
        return 0

    raise typer.Exit(run_in_foreground(main))


def show_addresses(it: Installation) -> None:
    """Print where the installation answers, and the first sign-in."""
    table = Table.grid(padding=(0, 2))
    table.add_row("address", f"[bold]{it.gateway_url}[/bold]")
    table.add_row("sign-in", f"{it.admin.email}  {it.admin.password}")
    table.add_row("outside world", it.sandbox_url)
    table.add_row("logs", str(it.run.logs))
    console.print(Panel(table, title="Orderdock is up", subtitle="Ctrl-C stops it", expand=False))


@app.command("exec", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def exec_(command: Annotated[list[str], typer.Argument(help="The command and its arguments, after --.")]) -> None:
    """Run a command with servers: ORDERDOCK_POSTGRES_URL, ORDERDOCK_RABBITMQ_URL and ORDERDOCK_REDIS_URL name them."""

    async def main() -> int:
        async with servers(new_run("exec"), say=say) as ours:
            env = {
                **inherited(),
                "ORDERDOCK_POSTGRES_URL": ours.postgres_url,
                "ORDERDOCK_RABBITMQ_URL": ours.rabbitmq_url,
                "ORDERDOCK_REDIS_URL": ours.redis_url,
                "ORDERDOCK_BROKER_PREFIX": ours.broker_prefix,
            }
            return await run_command(command, env=env)

    raise typer.Exit(run_in_foreground(main))


@app.command(add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def demo(context: typer.Context) -> None:
    """Play a day of orders, and compare what came of it with what the outside world received."""
    sys.argv = ["localhost demo", *context.args]
    runpy.run_module("localhost.demo", run_name="__main__")


@app.command()
def docs() -> None:
    """Write docs/asyncapi/<service>.yaml from the code of each service."""

    async def main() -> int:
        project = project_folder()
        folder = project / "docs" / "asyncapi"
        for service in SERVICES:
            text = await asyncapi_of(service, project)
            await asyncio.to_thread(write, folder / f"{service}.yaml", text)
            say(f"docs/asyncapi/{service}.yaml")
        return 0

    raise typer.Exit(run_in_foreground(main))


async def asyncapi_of(service: str, project: Path) -> str:
    """The AsyncAPI document of a service, made without any server: its settings name places that nobody asks."""
    nowhere = Surroundings(
        databases=dict.fromkeys(SERVICES, "postgresql://nobody@127.0.0.1:1/nothing"),
        rabbitmq_url="amqp://127.0.0.1:1/",
        broker_prefix="",
        redis_url="redis://127.0.0.1:1/0",
        documents=project / ".run" / "documents",
        addresses={name: f"http://127.0.0.1:{port}" for name, port in PORTS.items()},
        secrets=new_secrets(),
    )
    env = {**inherited(), **nowhere.of(service), "ORDERDOCK_LOG_LEVEL": "error"}
    ended = await run_to_end(python_module(service, "asyncapi"), env=env)
    return ended.require_success()


def write(path: Path, text: str) -> None:
    """Write a file, with its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@app.command()
def check(run: Annotated[str, typer.Option(help="The run; the newest that is up where none is given.")] = "") -> None:
    """Have every service of a running installation prove its invariants."""

    async def main() -> int:
        its_run = _running(run)
        failed = 0
        for service in SERVICES:
            ended = await run_to_end(
                python_module(service, "check"), env=_settings(its_run, service), timeout_seconds=CHECK_SECONDS
            )
            failed += ended.status != 0
            console.print(f"[{'red' if ended.status else 'green'}]{service}[/]: {ended.said.strip()}", highlight=False)
        return 1 if failed else 0

    raise typer.Exit(run_in_foreground(main))


@app.command("run", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run_(
    service: Annotated[str, typer.Argument(help="The service.")],
    arguments: Annotated[list[str], typer.Argument(help="Its command, after --: dead-letters list, check, ...")],
) -> None:
    """Run a service's own command with the settings of the installation that is up."""

    async def main() -> int:
        command = [*python_module(service, arguments[0]), *arguments[1:]]
        return await run_command(command, env=_settings(_running(""), service))

    raise typer.Exit(run_in_foreground(main))


def _running(name: str) -> Run:
    """The named run, or the newest that is up. Raises `LocalhostError` when there is none."""
    project = project_folder()
    names = [name] if name else _newest_first(project / ".run")
    for candidate in names:
        its_run = Run(candidate, project)
        if its_run.is_alive() and (its_run.folder / "settings").is_dir():
            return its_run
    raise LocalhostError(f"No installation is up{f' as {name}' if name else ''}.", remedy="Start one: make up.")


def _newest_first(root: Path) -> list[str]:
    folders = [path.parent for path in root.glob("*/launcher.json")]
    return [folder.name for folder in sorted(folders, key=lambda folder: folder.stat().st_mtime, reverse=True)]


def _settings(run: Run, service: str) -> dict[str, str]:
    path = run.folder / "settings" / f"{service}.json"
    if not path.exists():
        raise LocalhostError(f"{service!r} is no service.", remedy=f"Use one of {', '.join(SERVICES)}.")
    settings: dict[str, str] = json.loads(path.read_text())
    return {**inherited(), **settings}


if __name__ == "__main__":
    sys.exit(app())
