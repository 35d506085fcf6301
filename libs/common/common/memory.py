"""Gives memory back to the system: glibc keeps what imports and bursts of messages have freed, unless it is asked."""

import asyncio
import ctypes
import gc
import sys

TRIM_SECONDS = 30


def trim() -> None:
    """Return free heap pages; does nothing where the C library has no such call."""
    if sys.platform != "linux":
        return
    release = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if release:
        release(0)


async def keep_trimmed() -> None:
    """Trim once after start-up, whose objects will live as long as the process, and then every so often."""
    gc.collect()
    gc.freeze()
    while True:
        trim()
        await asyncio.sleep(TRIM_SECONDS)
