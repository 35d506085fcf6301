"""Running until the end or until somebody wants us to stop: the first signal stops cleanly, the second one at once."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from localhost.errors import LocalhostError
from localhost.spawn import die_with_parent

STOPPED_BY_SIGNAL = 130
FAILED = 1
COMMAND_GRACE_SECONDS = 20
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_in_foreground(main: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run `main` to its end; its status, 130 when a signal stopped it, 1 after a `LocalhostError`, which is shown."""
    try:
        return asyncio.run(_until_signal(main))
    except LocalhostError as error:
        print(f"orderdock: {error}", file=sys.stderr)
        return FAILED


async def _until_signal(main: Callable[[], Coroutine[Any, Any, int]]) -> int:
    task = asyncio.create_task(main())
    asked: list[signal.Signals] = []

    def stop(number: signal.Signals) -> None:
        if asked:
            # Everything that we started dies with us; what is on servers is taken back by the next launcher.
            os._exit(STOPPED_BY_SIGNAL)
        asked.append(number)
        print("\nStopping; once more to end at once.", file=sys.stderr)
        task.cancel(number.name)

    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, stop, number)
    try:
        return await task
    except asyncio.CancelledError:
        if not asked:
            raise
        return STOPPED_BY_SIGNAL


async def run_command(command: Sequence[str], *, env: Mapping[str, str]) -> int:
    """Run a command on our terminal and return its status as a shell would; it hears our Ctrl-C, and dies with us."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command, env=dict(env), preexec_fn=die_with_parent(os.getpid(), signal.SIGKILL)
        )
    except OSError as error:
        raise LocalhostError(f"{command[0]} could not be started: {error}.") from error
    status = await _end_of(process)
    return status if status >= 0 else 128 - status


async def _end_of(process: asyncio.subprocess.Process) -> int:
    """Wait for the end. When we are asked to stop, the command is asked too, and gets time to end by itself."""
    try:
        return await process.wait()
    except asyncio.CancelledError as cancelled:
        asked = cancelled.args[0] if cancelled.args else signal.SIGTERM.name
        # A Ctrl-C reaches the command from the terminal; a second one from us would make it skip its clean-up.
        if not (asked == signal.SIGINT.name and sys.stdin.isatty()):
            process.send_signal(signal.Signals[asked])
        try:
            async with asyncio.timeout(COMMAND_GRACE_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        raise
