"""Taking back what runs made, by their journals: at the end of a run, or after a launcher was killed."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from localhost.accounts import remove_folder
from localhost.compose_project import ComposeProject
from localhost.errors import LocalhostError
from localhost.run import Run, dead_runs
from localhost.servers.docker import remove_container
from localhost.servers.postgres import drop_database
from localhost.servers.redis import give_back_database
from localhost.servers.vhosts import delete_prefixed, delete_vhost_by_api, delete_vhost_by_ctl


async def _remove_folder(facts: Mapping[str, str]) -> None:
    remove_folder(Path(facts["path"]))


UNDO: Mapping[str, Callable[[Mapping[str, str]], Awaitable[None]]] = {
    "drop_database": lambda facts: drop_database(facts["server_url"], facts["name"]),
    "delete_vhost_by_api": lambda facts: delete_vhost_by_api(facts["url"], facts["vhost"]),
    "delete_vhost_by_ctl": lambda facts: delete_vhost_by_ctl(facts["url"], facts["vhost"]),
    "delete_prefixed": lambda facts: delete_prefixed(facts["url"], facts["prefix"]),
    "flush_redis": lambda facts: give_back_database(facts["url"], facts["run"]),
    "remove_container": lambda facts: remove_container(facts["name"]),
    "compose_down": lambda facts: ComposeProject(facts["project"], Path(facts["file"])).down(),
    "remove_folder": _remove_folder,
}
"""One entry for every kind that a journal may hold."""


async def undo_run(run: Run, *, say: Callable[[str], None]) -> None:
    """Take back all that the run made outside its folders. What fails is said, and kept for the next launcher."""
    failed = False
    for undo in run.journal.newest_first():
        try:
            await UNDO[undo.kind](undo.facts)
        except KeyError as error:
            # Written by another version of this program; nobody will ever be able to do it, so it is not kept.
            say(f"{run.name}: {undo.kind} {dict(undo.facts)} is not understood ({error}); take it back by hand")
        except LocalhostError as error:
            failed = True
            say(f"{run.name}: {undo.kind} did not work: {error.message}")
    if not failed:
        run.journal.clear()
    run.forget()


async def sweep_dead_runs(project: Path, *, say: Callable[[str], None]) -> None:
    """Take back what runs left whose launcher was killed, and the folders of old runs."""
    for run in dead_runs(project):
        if run.journal.newest_first():
            say(f"Cleaning up after {run.name}, which could not do it itself")
            await undo_run(run, say=say)
        else:
            run.forget()
            remove_folder(run.folder)
