"""Accounts for private servers: PostgreSQL refuses to run as root, and no server should."""

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from localhost.errors import LocalhostError
from localhost.run import Run


@dataclass(frozen=True)
class Account:
    """Whom a server runs as."""

    name: str
    uid: int
    gid: int


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


def server_folder(run: Run, *, server: str, account: Account | None) -> Path:
    """A fresh private folder that `account` owns and reaches.

    It lies in the project, or, where a folder above is closed to the account, under /var/tmp with a link in the project.
    """
    run.servers.mkdir(parents=True, exist_ok=True)
    place = run.servers / server
    if account is None:
        place.mkdir(mode=0o700)
        return place
    for parent in (run.servers, run.servers.parent, run.servers.parent.parent):
        parent.chmod(parent.stat().st_mode | 0o711)
    place.mkdir(mode=0o700)
    os.chown(place, account.uid, account.gid)
    if _can_write(place, account):
        return place
    place.rmdir()
    away = Path(tempfile.mkdtemp(prefix=f"orderdock-{run.name}-{server}-", dir="/var/tmp"))
    run.journal.add("remove_folder", path=str(away))
    os.chown(away, account.uid, account.gid)
    place.symlink_to(away)
    return away


def remove_folder(path: Path) -> None:
    """Remove a private folder of ours; it may be gone already."""
    shutil.rmtree(path, ignore_errors=True)


def _can_write(folder: Path, account: Account) -> bool:
    """Ask the kernel, as the account itself: modes, owners and access lists along the path all count."""
    probe = ["/bin/sh", "-c", 'cd / && test -w "$0" && cd "$0"', str(folder)]
    done = subprocess.run(
        probe, check=False, user=account.uid, group=account.gid, extra_groups=[], capture_output=True, cwd="/"
    )
    return done.returncode == 0
