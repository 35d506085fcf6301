"""A run's own corner of a broker that is not its own: a vhost, or where none can be made, a prefix for every name."""

import asyncio
import shutil
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

import aio_pika
import httpx2
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import AMQPError

from localhost.errors import CommandFailed, LocalhostError, WayClosed
from localhost.run import Run
from localhost.servers.model import Server
from localhost.servers.rabbitmq import RabbitMQ, vhost_url
from localhost.spawn import output_of

MANAGEMENT_PORT = 15672
CTL_SECONDS = 30


@dataclass(frozen=True)
class Corner:
    """Where a run's exchanges and queues live."""

    url: str
    prefix: str = ""


async def take_corner(server: Server, run: Run) -> Corner:
    """A vhost made through the management API, else through rabbitmqctl, else a prefix in the vhost of the URL.

    A broker of our own is a corner already.
    """
    if server.is_ours:
        return Corner(server.url)
    vhost = f"orderdock_{run.name}"
    url = vhost_url(server.url, vhost)
    try:
        run.journal.add("delete_vhost_by_api", url=server.url, vhost=vhost)
        await _make_by_api(server.url, vhost)
        await RabbitMQ().verify(url)
        return Corner(url)
    except WayClosed:
        pass  # No management API here; the next way tells whether a vhost can be made at all.
    try:
        run.journal.add("delete_vhost_by_ctl", url=server.url, vhost=vhost)
        await _make_by_ctl(server.url, vhost)
        await RabbitMQ().verify(url)
        return Corner(url)
    except WayClosed:
        pass  # Not our broker's host, or not our right: the prefix keeps us apart.
    prefix = f"{vhost}."
    run.journal.add("delete_prefixed", url=server.url, prefix=prefix)
    return Corner(server.url, prefix)


async def _call_api(server_url: str, method: str, path: str, body: dict[str, str] | None = None) -> int:
    """Call the management API beside the broker. Raises `WayClosed` when there is none or it refuses."""
    parts = urlsplit(server_url)
    account = (unquote(parts.username or "guest"), unquote(parts.password or "guest"))
    url = f"http://{parts.hostname}:{MANAGEMENT_PORT}/api{path}"
    try:
        async with httpx2.AsyncClient(timeout=5, auth=account, trust_env=False) as client:
            answer = await client.request(method, url, json=body)
    except httpx2.HTTPError as error:
        raise WayClosed(f"{url}: {error}") from error
    if answer.status_code >= 400 and answer.status_code != 404:
        raise WayClosed(f"{url} answered {answer.status_code}")
    return answer.status_code


async def _make_by_api(server_url: str, vhost: str) -> None:
    user = quote(unquote(urlsplit(server_url).username or "guest"), safe="")
    if await _call_api(server_url, "PUT", f"/vhosts/{vhost}") == 404:
        raise WayClosed("this is not RabbitMQ's management API")
    await _call_api(server_url, "PUT", f"/permissions/{vhost}/{user}", {"configure": ".*", "write": ".*", "read": ".*"})


async def delete_vhost_by_api(url: str, vhost: str) -> None:
    """Delete a vhost of ours; it may never have been made, and the API may not exist."""
    try:
        await _call_api(url, "DELETE", f"/vhosts/{vhost}")
    except WayClosed:
        if await _answers(vhost_url(url, vhost)):
            raise


async def _answers(url: str) -> bool:
    try:
        await RabbitMQ().verify(url)
    except WayClosed:
        return False
    return True


async def _ctl(*arguments: str) -> str:
    program = shutil.which("rabbitmqctl")
    if program is None:
        raise WayClosed("there is no rabbitmqctl")
    try:
        return await output_of([program, "--quiet", *arguments], timeout_seconds=CTL_SECONDS)
    except CommandFailed as error:
        raise WayClosed(f"rabbitmqctl {arguments[0]}: {error.said.strip()[-300:]}") from error


async def _make_by_ctl(server_url: str, vhost: str) -> None:
    parts = urlsplit(server_url)
    if parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
        raise WayClosed("the broker is on another machine")
    await _ctl("add_vhost", vhost)
    await _ctl("set_permissions", "-p", vhost, unquote(parts.username or "guest"), ".*", ".*", ".*")


async def delete_vhost_by_ctl(url: str, vhost: str) -> None:
    """Delete a vhost of ours; it may never have been made, where rabbitmqctl is missing or not for us."""
    try:
        await _ctl("delete_vhost", vhost)
    except WayClosed:
        if await _answers(vhost_url(url, vhost)):
            raise


async def delete_prefixed(url: str, prefix: str) -> None:
    """Delete every exchange and queue that the topology of a run can have made under its prefix."""
    from common.messaging.topology import Topology  # Takes a second to import, and is needed here only.

    topology = Topology(prefix)
    queues = [queue for queue, _ in topology.subscriptions()]
    names = [*queues, *map(topology.dead_queue, queues)]
    try:
        async with asyncio.timeout(60):
            connection = await aio_pika.connect(url)
            async with connection:
                await _delete(connection, queues=names, exchanges=[topology.exchange, topology.dead_exchange])
    except (OSError, TimeoutError, AMQPError) as error:
        raise LocalhostError(f"What the run left under the prefix {prefix} could not be deleted: {error}") from error


async def _delete(connection: AbstractConnection, *, queues: list[str], exchanges: list[str]) -> None:
    channel = await connection.channel()
    for queue in queues:
        await channel.queue_delete(queue)  # Deleting what is not there is no error in RabbitMQ.
    for exchange in exchanges:
        await channel.exchange_delete(exchange)
