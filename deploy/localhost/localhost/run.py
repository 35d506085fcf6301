"""One run of the launcher: its name, its folders, and the journal of what it made outside them.

Whatever a run makes on a server that is not its own (databases, a vhost, a Redis database) or leaves beside the project
(containers, folders) is written to the journal before it is made. The end of the run undoes the journal from its last
line to its first; when the launcher was killed, the next launcher does it in its place.
"""

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from localhost.errors import LocalhostError

Say = Callable[[str], None]
"""Told in a line what happens, for the user to read."""

KEPT_RUNS = 5
"""How many ended runs keep their logs."""


@dataclass(frozen=True)
class Undo:
    """How to take back one thing that a run made: a kind of `localhost.servers.undo`, and its facts."""

    kind: str
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Run:
    """One run. `name` is part of the names of everything that it makes: `[a-z0-9_]`, at most 24 characters."""

    name: str
    project: Path
    folder: Path = field(init=False)

    def __post_init__(self) -> None:
        if not self.name or len(self.name) > 24 or not set(self.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_"):
            raise LocalhostError(f"Run name {self.name!r} is not usable.", remedy="Use at most 24 of a-z, 0-9 and _.")
        object.__setattr__(self, "folder", self.project / ".run" / self.name)

    @property
    def logs(self) -> Path:
        """Where every process of the run writes its log file."""
        return self.folder / "logs"

    @property
    def documents(self) -> Path:
        """The document store of the run."""
        return self.folder / "documents"

    @property
    def servers(self) -> Path:
        """Where the run's private servers live."""
        return self.project / ".run" / "servers" / self.name

    @property
    def journal(self) -> "Journal":
        """What the run must take back."""
        return Journal(self.folder / "journal.jsonl")

    def open(self) -> None:
        """Make the folders, and say which process the run belongs to."""
        for folder in (self.folder, self.logs, self.documents):
            folder.mkdir(parents=True, exist_ok=True)
        owner = psutil.Process()
        facts = {"pid": owner.pid, "started": owner.create_time()}
        (self.folder / "launcher.json").write_text(json.dumps(facts))

    def is_alive(self) -> bool:
        """Whether the launcher of the run still runs."""
        try:
            facts = json.loads((self.folder / "launcher.json").read_text())
            return bool(psutil.Process(facts["pid"]).create_time() == facts["started"])
        except (OSError, ValueError, KeyError, psutil.NoSuchProcess):
            return False

    def forget(self) -> None:
        """Remove the documents, settings and private servers; the logs stay for whoever wants to know."""
        for folder in (self.documents, self.folder / "settings", self.servers):
            shutil.rmtree(folder, ignore_errors=True)


class Journal:
    """The lines of one run, readable by its owner only, since they carry server URLs."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, kind: str, **facts: str) -> None:
        """Write down what is about to be made; it is on the disk when this returns."""
        line = json.dumps({"kind": kind, "facts": facts}) + "\n"
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, line.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def newest_first(self) -> list[Undo]:
        """What is to be undone, in the order in which to do it."""
        if not self._path.exists():
            return []
        entries = []
        for line in self._path.read_text().splitlines():
            # A line cut short by a machine that went down announced something that was not made any more.
            with contextlib.suppress(ValueError):
                entry = json.loads(line)
                entries.append(Undo(entry["kind"], entry["facts"]))
        return entries[::-1]

    def clear(self) -> None:
        """Everything is undone."""
        self._path.unlink(missing_ok=True)


def say_nothing(line: str) -> None:
    """For those who do not want to know."""


def project_folder() -> Path:
    """The project that this package belongs to.

    Raises `LocalhostError` when the package was installed away from its project.
    """
    for folder in Path(__file__).resolve().parents:
        if (folder / "uv.lock").exists() and (folder / "services").is_dir():
            return folder
    raise LocalhostError(
        "The project folder was not found above the package `localhost`.", remedy="Run it from a clone: make setup."
    )


def new_run(purpose: str, *, project: Path | None = None) -> Run:
    """A run with a name of its own, `<purpose>_<random>`, opened."""
    run = Run(f"{purpose}_{secrets.token_hex(3)}", project or project_folder())
    run.open()
    return run


def dead_runs(project: Path) -> Iterator[Run]:
    """Runs whose launcher is gone, oldest first, except the latest ones that have nothing left to undo."""
    root = project / ".run"
    if not root.is_dir():
        return
    folders = [folder for folder in root.iterdir() if (folder / "launcher.json").exists()]
    dead = [Run(folder.name, project) for folder in sorted(folders, key=lambda folder: folder.stat().st_mtime)]
    dead = [run for run in dead if not run.is_alive()]
    for index, run in enumerate(dead):
        if run.journal.newest_first() or run.servers.exists() or index < len(dead) - KEPT_RUNS:
            yield run
