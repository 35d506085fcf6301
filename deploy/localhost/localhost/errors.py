"""What can go wrong while an installation is put up on one machine.

LocalhostError
├── WayClosed           one way to a server did not work; the next one is tried
├── ServerMissing       no way to a server worked; says what to install
├── CommandFailed       a program that we ran ended with another status than 0
└── ProcessNotReady     a process of the installation died, or did not become ready in time
"""

from collections.abc import Sequence


class LocalhostError(Exception):
    """An expected failure: what happened, and what to do next."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(f"{message}\n{remedy}" if remedy else message)
        self.message = message
        self.remedy = remedy


class WayClosed(LocalhostError):
    """This way to a server is not open here."""


class ServerMissing(LocalhostError):
    """A server could neither be found nor started."""

    def __init__(self, server: str, *, reasons: Sequence[str], packages: Sequence[str], setting: str) -> None:
        self.reasons = tuple(reasons)
        super().__init__(
            f"{server} could neither be found nor started:\n" + "\n".join(f"  - {reason}" for reason in reasons),
            remedy=(
                f"Install {server} (Debian: apt-get install {' '.join(packages)}), or start a Docker engine, "
                f"or set {setting} to a server on which databases can be made."
            ),
        )


class CommandFailed(LocalhostError):
    """A program ended badly; carries the end of what it said."""

    def __init__(self, command: Sequence[str], *, status: int | None, said: str) -> None:
        self.status = status
        self.said = said
        ending = "did not end in time" if status is None else f"ended with status {status}"
        super().__init__(f"{' '.join(command)} {ending}: {said.strip()[-2000:]}")


class ProcessNotReady(LocalhostError):
    """A process did not get ready; carries its last lines."""
