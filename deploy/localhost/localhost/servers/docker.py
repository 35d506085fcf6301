"""Servers in containers of a Docker engine on this machine, named after the run and gone with it."""

import asyncio
import json
import shutil
import socket
from collections.abc import Sequence
from typing import Any

import psutil

from localhost.errors import CommandFailed, LocalhostError, WayClosed
from localhost.ports import free_port
from localhost.servers.model import Context, Recipe, Server, Way, until_answers
from localhost.spawn import output_of

ENGINE_SECONDS = 8
PULL_SECONDS = 600


async def docker(*arguments: str, timeout_seconds: float = 60) -> str:
    """Run the Docker client. Raises `CommandFailed`."""
    return await output_of(["docker", *arguments], timeout_seconds=timeout_seconds)


async def require_engine() -> None:
    """Return when an engine answers. Raises `WayClosed` otherwise."""
    if shutil.which("docker") is None:
        raise WayClosed("there is no docker command")
    try:
        await docker("version", "--format", "{{.Server.Version}}", timeout_seconds=ENGINE_SECONDS)
    except (CommandFailed, LocalhostError) as error:
        raise WayClosed("no Docker engine answers") from error


async def start_container(recipe: Recipe, context: Context) -> Server:
    """Start the recipe's container on a free port of 127.0.0.1 and wait until it answers.

    Raises `WayClosed` when there is no engine, the image cannot be had, or the server does not come up.
    """
    await require_engine()
    plan = recipe.container(context.run)
    name = f"orderdock-{context.run.name}-{recipe.kind}"
    port = free_port()
    context.run.journal.add("remove_container", name=name)
    control = ContainerControl(name, url=plan.url.format(port=port), recipe=recipe, start_seconds=plan.start_seconds)
    context.stack.push_async_callback(control.stop)
    context.say(f"{recipe.title}: starting {plan.image} as {name}")
    try:
        await docker(
            "run",
            "--detach",
            "--name",
            name,
            "--label",
            f"orderdock.run={context.run.name}",
            "--publish",
            f"127.0.0.1:{port}:{plan.port}",
            *plan.options,
            plan.image,
            *plan.arguments,
            timeout_seconds=PULL_SECONDS,
        )
    except CommandFailed as error:
        raise WayClosed(f"the container of {plan.image} did not start: {error.said.strip()[-300:]}") from error
    await control.wait()
    return Server(recipe.kind, Way.DOCKER, control.url, control)


class ContainerControl:
    """Handles one container."""

    def __init__(self, name: str, *, url: str, recipe: Recipe, start_seconds: float) -> None:
        self.url = url
        self._name = name
        self._recipe = recipe
        self._start_seconds = start_seconds
        self._root_pid = 0

    async def wait(self) -> None:
        """Wait until the server answers its clients."""
        await until_answers(
            self._check, what=f"container {self._name}", alive=lambda: None, seconds=self._start_seconds
        )
        state = await self._state()
        self._root_pid = int(state["Pid"])

    async def _check(self) -> None:
        state = await self._state()
        if not state["Running"]:
            raise WayClosed(f"container {self._name} ended with status {state['ExitCode']}")
        await self._recipe.verify(self.url)

    async def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(await docker("inspect", "--format", "{{json .State}}", self._name))
        return state

    async def kill_and_restart(self) -> None:
        """Kill the container's processes and start them again on the same data."""
        await docker("kill", self._name)
        await docker("start", self._name)
        await self.wait()

    async def freeze(self) -> None:
        """Freeze every process of the container."""
        await docker("pause", self._name)

    async def thaw(self) -> None:
        """Let the processes go on."""
        await docker("unpause", self._name)

    def process_ids(self) -> Sequence[int]:
        """The container's processes as this machine sees them."""
        try:
            root = psutil.Process(self._root_pid)
            return [root.pid, *(child.pid for child in root.children(recursive=True))]
        except psutil.NoSuchProcess:
            return []

    async def stop(self) -> None:
        """Remove the container with its data."""
        await remove_container(self._name)


async def remove_container(name: str) -> None:
    """Remove a container of ours with its volumes; it may be gone already."""
    try:
        await docker("rm", "--force", "--volumes", name)
    except CommandFailed as error:
        if "No such container" not in error.said:
            raise


async def listens(host: str, port: int, *, seconds: float = 1) -> bool:
    """Whether somebody accepts connections there."""
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(host, port, family=socket.AF_UNSPEC)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
