"""Accounts for private servers: PostgreSQL refuses to run as root, and no server should."""

import os
import pwd
import shutil
import tempfile
from pathlib import Path

from localhost.errors import LocalhostError
from localhost.run import Run
from localhost.spawn import Account, run_to_end

AWAY = Path("/") / "var" / "tmp"
"""Where every account may go; kept over a restart of the machine, unlike /tmp on many."""


def server_account(preferred: str) -> Account | None:
    """The account for a private server when we are root: `preferred` where it exists, else nobody. None: as we are."""
    if os.geteuid() != 0:
        return None
    for name in (preferred, "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise LocalhostError(
        f"Neither the account {preferred} nor nobody exists, and servers must not run as root.",
        remedy=f"Make one: useradd --system {preferred}.",
    )


async def server_folder(run: Run, *, server: str, account: Account | None) -> Path:
    """A fresh private folder that `account` owns and reaches.

    It lies in the project, or, where a folder above is closed to the account, under /var/tmp with a link to it.
    """
    place = _make_folder(run, server=server, account=account)
    if account is None or await _can_write(place, account):
        return place
    return _move_away(run, place, server=server, account=account)


def _make_folder(run: Run, *, server: str, account: Account | None) -> Path:
    run.servers.mkdir(parents=True, exist_ok=True)
    place = run.servers / server
    place.mkdir(mode=0o700)
    if account is not None:
        for parent in (run.servers, run.servers.parent, run.servers.parent.parent):
            parent.chmod(parent.stat().st_mode | 0o711)
        os.chown(place, account.uid, account.gid)
    return place


async def _can_write(folder: Path, account: Account) -> bool:
    """Ask the kernel, as the account itself: modes, owners and access lists along the path all count."""
    probe = ["/bin/sh", "-c", 'test -w "$0" && cd "$0"', str(folder)]
    return (await run_to_end(probe, folder=Path("/"), account=account)).status == 0


def _move_away(run: Run, place: Path, *, server: str, account: Account) -> Path:
    place.rmdir()
    away = Path(tempfile.mkdtemp(prefix=f"orderdock-{run.name}-{server}-", dir=AWAY))
    run.journal.add("remove_folder", path=str(away))
    os.chown(away, account.uid, account.gid)
    place.symlink_to(away)
    return away


def remove_folder(path: Path) -> None:
    """Remove a private folder of ours; it may be gone already."""
    shutil.rmtree(path, ignore_errors=True)
