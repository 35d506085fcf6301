"""Ports of 127.0.0.1: finding free ones, and keeping launchers that start at the same moment from taking the same."""

import contextlib
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from localhost.errors import LocalhostError


def free_port(wanted: int = 0) -> int:
    """`wanted` where nobody listens on it, another port of 127.0.0.1 otherwise."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            # Without it a port that a process of the last run used a moment ago would look taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return int(probe.getsockname()[1])
    raise LocalhostError("No free port on 127.0.0.1.", remedy="End programs that hold many ports, and try again.")


@contextmanager
def held_ports(wanted: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """A free port for each name, the wanted one where possible, which no other launcher takes until the end."""
    with ExitStack() as stack:
        yield {name: _held_port(port, stack) for name, port in wanted.items()}


def _held_port(wanted: int, stack: ExitStack) -> int:
    """Between finding a port and listening on it passes a while, in which the mark says that it is spoken for."""
    port = free_port(wanted)
    while not _mark(port, stack):
        port = free_port()
    return port


def _mark(port: int, stack: ExitStack) -> bool:
    """Take the mark of a port, an abstract address that only one process can have and that goes with it."""
    if sys.platform != "linux":
        return True
    mark = socket.socket(socket.AF_UNIX)
    try:
        mark.bind(f"\0orderdock-port-{port}")
    except OSError:
        mark.close()
        return False
    stack.callback(mark.close)
    return True
