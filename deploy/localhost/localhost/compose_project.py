"""docker-compose for one project name: the command itself, and a Docker client that can build with it."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from localhost.errors import CommandFailed, LocalhostError
from localhost.spawn import Ended, run_to_end

DOWN_SECONDS = 180


@dataclass(frozen=True)
class ComposeProject:
    """One project: its name, the compose file, and the variables that the file takes."""

    name: str
    file: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    async def run(self, *arguments: str, timeout_seconds: float = 120) -> Ended:
        """Run one docker-compose command. Raises `LocalhostError` where there is none."""
        env = {**os.environ, **await _build_environment(), **self.variables}
        command = [*await _command(), "--project-name", self.name, "--file", str(self.file), *arguments]
        return await run_to_end(command, env=env, folder=self.file.parent, timeout_seconds=timeout_seconds)

    async def down(self) -> None:
        """Remove the project's containers, networks and volumes; they may be gone already."""
        (await self.run("down", "--volumes", "--remove-orphans", timeout_seconds=DOWN_SECONDS)).require_success()


async def _works(command: Sequence[str], *, env: Mapping[str, str] | None = None) -> bool:
    try:
        return (await run_to_end(command, env=env, timeout_seconds=20)).status == 0
    except (LocalhostError, CommandFailed):
        return False


async def _command() -> Sequence[str]:
    """Docker's compose plugin, else the older program of its own."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if await _works([*command, "version"]):
            return command
    raise LocalhostError(
        "There is no docker-compose.", remedy="Install it (Debian: apt-get install docker.io docker-compose)."
    )


async def _build_environment() -> dict[str, str]:
    """BuildKit, with the first Docker client on PATH that has it: a client without its buildx plugin cannot build."""
    for folder in os.get_exec_path():
        program = shutil.which("docker", path=folder)
        if program is None:
            continue
        env = {**os.environ, "DOCKER_BUILDKIT": "1"}
        if await _works([program, "build", "--help"], env=env):
            return {"DOCKER_BUILDKIT": "1", "PATH": os.pathsep.join([folder, *os.get_exec_path()])}
    return {"DOCKER_BUILDKIT": "0"}
