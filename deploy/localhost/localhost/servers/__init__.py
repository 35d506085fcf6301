"""PostgreSQL, RabbitMQ and Redis for one run, wherever they can be had.

    async with servers(run) as our:
        urls = await our.create_databases(["orders", "billing"])
        our.rabbitmq_url, our.broker_prefix, our.redis_url

Each server is come by in the first way that is open: its ORDERDOCK_*_URL setting, a server that answers on the default
local port, a Docker engine, installed binaries, Debian's packages. ORDERDOCK_SERVERS names one way to allow no other.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from localhost.errors import LocalhostError, ServerMissing, WayClosed
from localhost.run import Run, Say, say_nothing
from localhost.servers.docker import start_container
from localhost.servers.model import Context, Recipe, Server, ServerControl, Way
from localhost.servers.packages import install
from localhost.servers.postgres import Postgres, create_database, database_url, hide_password
from localhost.servers.rabbitmq import RabbitMQ
from localhost.servers.redis import Redis, take_database
from localhost.servers.undo import sweep_dead_runs, undo_run
from localhost.servers.vhosts import take_corner

__all__ = ["Server", "Servers", "Way", "allowed_ways", "servers"]

CHOICE_SETTING = "ORDERDOCK_SERVERS"
OUR_OWN = (Way.DOCKER, Way.PRIVATE, Way.PACKAGES)
"""The ways that end in a server which may be killed and frozen."""


@dataclass(frozen=True)
class Servers:
    """Three servers, ready to use; `rabbitmq_url` and `redis_url` are the run's own vhost and database."""

    run: Run
    postgres: Server
    rabbitmq: Server
    redis: Server
    rabbitmq_url: str
    redis_url: str
    broker_prefix: str

    @property
    def postgres_url(self) -> str:
        """An account that may make databases, on the database that every server has."""
        return self.postgres.url

    async def create_databases(self, services: Iterable[str]) -> dict[str, str]:
        """An empty database `orderdock_<run>_<service>` for each service; its URL by service."""
        urls: dict[str, str] = {}
        for service in services:
            name = f"orderdock_{self.run.name}_{service}"
            if not self.postgres.is_ours:
                self.run.journal.add("drop_database", server_url=self.postgres.url, name=name)
            await create_database(self.postgres.url, name)
            urls[service] = database_url(self.postgres.url, name)
        return urls

    async def restart_broker(self) -> None:
        """Kill our broker and start it again on its data. Raises `LocalhostError` when it is not ours.

        RabbitMQ loses a quorum queue that was declared less than 5 seconds before the kill.
        """
        await self._broker().kill_and_restart()

    async def freeze_broker(self) -> None:
        """Stop our broker where it stands, its connections staying open."""
        await self._broker().freeze()

    async def thaw_broker(self) -> None:
        """Let our broker go on."""
        await self._broker().thaw()

    def _broker(self) -> ServerControl:
        if self.rabbitmq.control is None:
            raise LocalhostError(
                f"The broker at {hide_password(self.rabbitmq.url)} is not ours to disturb.",
                remedy="Ask for a private broker (private_broker=True).",
            )
        return self.rabbitmq.control

    def process_ids(self) -> dict[str, Sequence[int]]:
        """The processes of each server that is ours."""
        every = (self.postgres, self.rabbitmq, self.redis)
        return {server.kind: server.control.process_ids() for server in every if server.control is not None}


def allowed_ways() -> Sequence[Way]:
    """Every way, or the one of ORDERDOCK_SERVERS. Raises `LocalhostError` for a word that is none."""
    word = os.environ.get(CHOICE_SETTING, "auto")
    if word == "auto":
        return tuple(Way)
    try:
        return (Way(word),)
    except ValueError as error:
        raise LocalhostError(
            f"{CHOICE_SETTING}={word} is no way to servers.", remedy=f"Use auto or one of {', '.join(Way)}."
        ) from error


@asynccontextmanager
async def servers(run: Run, *, private_broker: bool = False, say: Say = say_nothing) -> AsyncIterator[Servers]:
    """Find or start the servers of a run; at the end take back all that was made, and stop what was started.

    `private_broker` asks for a broker that may be killed and frozen. Raises `ServerMissing`.
    """
    ways = allowed_ways()
    broker_ways = tuple(way for way in ways if way in OUR_OWN) or OUR_OWN if private_broker else ways
    await sweep_dead_runs(run.project, say=say)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(undo_run, run, say=say)
        context = Context(run, say, stack)
        try:
            async with asyncio.TaskGroup() as group:
                postgres = group.create_task(_obtain(Postgres(), context, ways))
                rabbitmq = group.create_task(_obtain(RabbitMQ(), context, broker_ways))
                redis = group.create_task(_obtain(Redis(), context, ways))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors
        corner = await take_corner(rabbitmq.result(), run)
        redis_url = await _redis_database(redis.result(), run)
        yield Servers(run, postgres.result(), rabbitmq.result(), redis.result(), corner.url, redis_url, corner.prefix)


async def _redis_database(server: Server, run: Run) -> str:
    if server.is_ours:
        return f"{server.url}/0"
    if urlsplit(server.url).path.strip("/"):
        return server.url  # The setting names a database, so that is what it gives us.
    return await take_database(server.url, run)


async def _obtain(recipe: Recipe, context: Context, ways: Sequence[Way]) -> Server:
    """The server by the first way that is open. Raises `ServerMissing` with the reason of each that is not."""
    reasons: list[str] = []
    for way in ways:
        try:
            server = await _by(way, recipe, context)
        except WayClosed as closed:
            reasons.append(f"{way}: {closed.message}")
            continue
        context.say(f"{recipe.title}: {hide_password(server.url)} ({server.way})")
        return server
    raise ServerMissing(recipe.title, reasons=reasons, packages=recipe.packages, setting=recipe.setting)


async def _by(way: Way, recipe: Recipe, context: Context) -> Server:
    match way:
        case Way.SETTINGS:
            url = os.environ.get(recipe.setting, "")
            if not url:
                raise WayClosed(f"{recipe.setting} is not set")
            return await _from_setting(recipe, url)
        case Way.FOUND:
            return await _found(recipe)
        case Way.DOCKER:
            return await start_container(recipe, context)
        case Way.PRIVATE:
            return await recipe.start_private(context)
        case Way.PACKAGES:
            await install(recipe.packages, say=context.say)
            return await recipe.start_private(context)


async def _from_setting(recipe: Recipe, url: str) -> Server:
    """A setting that does not work is an error, not a reason to use another server than the one that was asked for."""
    try:
        await recipe.verify(url)
    except WayClosed as closed:
        raise LocalhostError(
            f"{recipe.setting} does not work: {closed.message}", remedy="Correct it, or unset it."
        ) from closed
    return Server(recipe.kind, Way.SETTINGS, url)


async def _found(recipe: Recipe) -> Server:
    reasons: list[str] = []
    for url in recipe.candidates():
        try:
            await recipe.verify(url)
            return Server(recipe.kind, Way.FOUND, url)
        except WayClosed as closed:
            reasons.append(closed.message)
    raise WayClosed("; ".join(reasons))
