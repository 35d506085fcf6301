"""Debian's packages, where we are root: installed without letting their own system servers start."""

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from localhost.errors import CommandFailed, WayClosed
from localhost.spawn import output_of

POLICY = Path("/usr/sbin/policy-rc.d")
FORBIDDEN = 101
"""The status with which that file forbids an action."""

SYSTEMD_RUNS = Path("/run/systemd/system").is_dir()
INSTALL_SECONDS = 900
_one_at_a_time = asyncio.Lock()


async def install(packages: Sequence[str], *, say: Callable[[str], None]) -> None:
    """Install packages with apt-get. Raises `WayClosed` where that is not possible."""
    if shutil.which("apt-get") is None:
        raise WayClosed("this is not Debian (no apt-get)")
    if os.geteuid() != 0:
        raise WayClosed(f"only root may run apt-get install {' '.join(packages)}")
    async with _one_at_a_time:
        say(f"Installing Debian's {' '.join(packages)}")
        with _services_must_not_start():
            await _apt_get("update", "-qq")
            await _apt_get("install", "-y", "-qq", "--no-install-recommends", *packages)
        if SYSTEMD_RUNS:
            await _leave_disabled(packages)


@contextmanager
def _services_must_not_start() -> Iterator[None]:
    """Keep maintainer scripts from starting services: we start our own, on our own ports."""
    if POLICY.exists():  # The machine has its own say in this, as images for containers do.
        yield
        return
    POLICY.write_text(f"#!/bin/sh\nexit {FORBIDDEN}\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)


async def _apt_get(*arguments: str) -> None:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        await output_of(
            ["apt-get", "-o", "DPkg::Lock::Timeout=300", *arguments], env=env, timeout_seconds=INSTALL_SECONDS
        )
    except CommandFailed as error:
        raise WayClosed(f"apt-get {arguments[0]} failed: {error.said.strip()[-500:]}") from error


async def _leave_disabled(packages: Sequence[str]) -> None:
    """Keep the new servers from starting with the next boot."""
    try:
        await output_of(["systemctl", "disable", *packages])
    except CommandFailed as error:
        raise WayClosed(f"systemctl disable failed: {error.said.strip()[-300:]}") from error
