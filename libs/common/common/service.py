"""The processes of a service: `python -m <service> api | worker | relay | migrate | check | dead-letters | all`."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import UUID

import structlog
import typer
import uvicorn
import uvloop
from fastapi import APIRouter

from common import logging as service_logging
from common.checks import MESSAGING_CHECKS, Check, run_checks
from common.db.unit_of_work import Transactions
from common.http.app import build_app
from common.http.identity import IdentityVerifier
from common.memory import keep_trimmed
from common.messaging.consumers import Consumers
from common.messaging.dead_letters import DeadLetters
from common.messaging.housekeeping import add_housekeeping
from common.messaging.job_runner import JobRunner
from common.messaging.jobs import Jobs
from common.messaging.publisher import BROKER_AWAY, Publisher
from common.messaging.relay import Relay
from common.messaging.topology import Topology
from common.messaging.worker import Worker
from common.settings import ServiceSettings, load

log = structlog.get_logger(__name__)

S = TypeVar("S", bound=ServiceSettings)


@dataclass(slots=True)
class Runtime:
    """What a service's bootstrap wires together. `root` is handed to routes as `request.app.state.service`."""

    transactions: Transactions[Any]
    root: object
    consumers: Consumers
    jobs: Jobs
    routers: Sequence[APIRouter]
    checks: Sequence[Check]
    description: str
    close: Callable[[], Awaitable[None]] | None = None
    after_migrate: Callable[[], Coroutine[Any, Any, None]] | None = None


@dataclass(frozen=True, slots=True)
class Service(Generic[S]):
    """A service as its `__main__` names it: the package, its settings, and the function that wires it."""

    name: str
    settings: type[S]
    bootstrap: Callable[[S], Runtime]


@dataclass(slots=True)
class _Process:
    """One running process and what it has to stop."""

    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def start(self, work: Awaitable[None], name: str) -> None:
        async def guarded() -> None:
            try:
                await work
            except asyncio.CancelledError:
                raise
            except BaseException as error:
                log.exception("part_died", part=name, exc_info=error)
                self.stop.set()
                raise

        self.tasks.append(asyncio.create_task(guarded(), name=name))

    async def end(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def serve(service: Service[S], settings: S, *, roles: frozenset[str]) -> int:
    """Run the given roles until a signal; returns the exit status."""
    runtime = service.bootstrap(settings)
    transactions = runtime.transactions
    publisher = Publisher(settings.broker_url.get_secret_value(), Topology(settings.broker_prefix))
    process = _Process()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, process.stop.set)
    worker: Worker | None = None
    if "relay" in roles:
        relay = Relay(transactions.engine, publisher, linger_seconds=settings.relay_linger_ms / 1000)
        transactions.wake(messages=relay.wake)
        process.start(relay.run(), "relay")
    if "worker" in roles:
        add_housekeeping(runtime.jobs)
        runner = JobRunner(runtime.jobs, transactions)
        transactions.wake(jobs=runner.wake)
        process.start(_run_jobs(runner), "jobs")
        worker = Worker(
            settings.broker_url.get_secret_value(),
            runtime.consumers,
            transactions=transactions,
            publisher=publisher,
            prefetch=settings.prefetch_frames,
            batch_events=settings.batch_events,
        )
        process.start(worker.run(), "worker")
    process.start(keep_trimmed(), "memory")
    log.info("started", roles=sorted(roles))
    if "api" in roles:
        await _serve_http(service, settings, runtime, process)
    else:
        await process.stop.wait()
    died = any(task.done() and not task.cancelled() and task.exception() for task in process.tasks)
    await process.end()
    if worker:
        await worker.close()
    await publisher.close()
    if runtime.close:
        await runtime.close()
    await transactions.engine.dispose()
    log.info("stopped", roles=sorted(roles))
    return 1 if died else 0


async def _run_jobs(runner: JobRunner) -> None:
    while True:
        try:
            await runner.add_timers()
            break
        except Exception as error:  # The database may come up after us.
            log.warning("timers_wait", error=str(error))
            await asyncio.sleep(1)
    await runner.run()


async def _serve_http(service: Service[S], settings: S, runtime: Runtime, process: _Process) -> None:
    app = build_app(
        service.name,
        description=runtime.description,
        routers=runtime.routers,
        state=runtime.root,
        verifier=IdentityVerifier(settings.identity_public_key),
        engine=runtime.transactions.engine,
    )
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        lifespan="on",
        loop="none",
        http="httptools",
        timeout_graceful_shutdown=20,
        timeout_keep_alive=30,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(), name="api")
    stopping = asyncio.create_task(process.stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    stopping.cancel()
    with contextlib.suppress(SystemExit):
        await serving
    if not server.started:
        process.start(_fail(f"the API cannot listen on {settings.host}:{settings.port}"), "api")
        await asyncio.sleep(0)


async def _fail(message: str) -> None:
    raise RuntimeError(message)


async def print_checks(service: Service[S], settings: S) -> int:
    """Try the invariants and print them; returns 1 where one is broken."""
    from rich.console import Console
    from rich.table import Table

    runtime = service.bootstrap(settings)
    publisher = Publisher(settings.broker_url.get_secret_value(), Topology(settings.broker_prefix), declares=False)
    try:
        results = await run_checks(runtime.transactions.engine, [*runtime.checks, *MESSAGING_CHECKS])
        parked = await _parked(service.name, publisher)
    finally:
        await publisher.close()
        if runtime.close:
            await runtime.close()
        await runtime.transactions.engine.dispose()
    table = Table("", "invariant", "rows that break it", title=service.name, title_justify="left")
    for result in results:
        mark = "[green]ok[/]" if not result.broken else "[red]broken[/]"
        found = "" if not result.broken else "\n".join([str(result.broken), *result.examples])
        table.add_row(mark, f"{result.check.name}: {result.check.meaning}", found)
    if isinstance(parked, str):
        table.add_row("[red]unknown[/]", "no message is parked", parked)
    else:
        for queue, count in parked.items():
            table.add_row("[red]broken[/]", "no message is parked", f"{count} in {queue}")
    Console().print(table)
    return 1 if parked or any(result.broken for result in results) else 0


async def _parked(service: str, publisher: Publisher) -> dict[str, int] | str:
    """Parked messages by queue, or why they cannot be counted."""
    try:
        return await DeadLetters(service, publisher).counts()
    except BROKER_AWAY as error:
        return f"the broker does not answer ({error or type(error).__name__}); start it and check again"


async def _dead_letters(service: Service[S], settings: S, action: str, message_id: str) -> int:
    from rich.console import Console
    from rich.table import Table

    publisher = Publisher(settings.broker_url.get_secret_value(), Topology(settings.broker_prefix))
    letters = DeadLetters(service.name, publisher)
    console = Console()
    try:
        if action == "list":
            table = Table("message", "queue", "error", "body", title=f"dead letters of {service.name}")
            for letter in await letters.parked():
                table.add_row(
                    letter.message_id, letter.queue, f"{letter.error_type}: {letter.error}", letter.body[:300]
                )
            console.print(table)
        elif action == "replay":
            moved = await letters.replay(UUID(message_id) if message_id else None)
            console.print(f"{moved} sent back to their queues")
        else:
            dropped = await letters.drop(UUID(message_id))
            console.print(f"{dropped} dropped")
            return 0 if dropped else 1
        return 0
    finally:
        await publisher.close()


def run(service: Service[S]) -> None:
    """The command line of a service."""
    cli = typer.Typer(add_completion=False, no_args_is_help=True, help=f"The {service.name} service of Orderdock.")

    def settings() -> S:
        loaded = load(service.settings)
        service_logging.configure(service.name, log_format=loaded.log_format, level=loaded.log_level)
        return loaded

    def role(name: str, roles: frozenset[str], text: str) -> None:
        @cli.command(name, help=text)
        def command() -> None:
            loaded = settings()
            sys.exit(uvloop.run(serve(service, loaded, roles=roles)))

    role("api", frozenset({"api"}), "Serve HTTP.")
    role("worker", frozenset({"worker"}), "Consume messages and run jobs.")
    role("relay", frozenset({"relay"}), "Carry the outbox to the broker.")
    role("all", frozenset({"api", "worker", "relay"}), "Do all three in one process.")

    @cli.command(help="Bring the database up to this release.")
    def migrate() -> None:
        from common.db.migrate import upgrade  # Long-running processes do not carry Alembic.

        loaded = settings()
        upgrade(service.name, loaded.database_url.get_secret_value())
        runtime = service.bootstrap(loaded)
        if runtime.after_migrate:
            uvloop.run(runtime.after_migrate())

    @cli.command(help="Print the AsyncAPI document.")
    def asyncapi() -> None:
        from common.asyncapi import asyncapi_yaml  # Only this command needs the generator, which is large.

        runtime = service.bootstrap(settings())
        print(asyncapi_yaml(runtime.consumers, description=runtime.description))

    @cli.command(help="Prove the invariants of this service; exit status 1 where one is broken.")
    def check() -> None:
        sys.exit(uvloop.run(print_checks(service, settings())))

    @cli.command("dead-letters", help="List, replay (all, or one by id) or drop (one by id) parked messages.")
    def dead_letters(action: str = typer.Argument("list", help="list, replay or drop"), message_id: str = "") -> None:
        if action not in {"list", "replay", "drop"} or (action == "drop" and not message_id):
            print("dead-letters: the action is list, replay [--message-id ID] or drop --message-id ID", file=sys.stderr)
            sys.exit(2)
        sys.exit(uvloop.run(_dead_letters(service, settings(), action, message_id)))

    cli()
