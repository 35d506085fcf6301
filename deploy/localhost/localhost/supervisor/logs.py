"""What the processes say: to a file each, of bounded size, and to the terminal with the process's name in front."""

import asyncio
from collections import deque
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.text import Text

MAX_LINE_BYTES = 64 * 1024
MAX_FILE_BYTES = 50 * 1024 * 1024
TAIL_LINES = 40
READ_BYTES = 64 * 1024

COLORS = ("cyan", "magenta", "green", "yellow", "blue", "bright_cyan", "bright_magenta", "bright_green", "bright_blue")
LEVEL_STYLES = {"warning": "yellow", "error": "bold red", "critical": "bold red", "traceback": "bold red"}

OnLine = Callable[[str, str], None]
"""Told of every line: the process's name, and the line without its end."""


class LogFile:
    """A process's log file; when it is full, one old part is kept beside it."""

    def __init__(self, path: Path, *, max_bytes: int = MAX_FILE_BYTES) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._file = path.open("ab")

    def write(self, chunk: bytes) -> None:
        """Append, as it came."""
        if self._file.tell() + len(chunk) > self._max_bytes:
            self._file.close()
            self.path.replace(self.path.with_suffix(".log.1"))
            self._file = self.path.open("ab")
        self._file.write(chunk)
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Output:
    """Takes a process's output over all its restarts, and remembers the last lines for an error message."""

    def __init__(self, name: str, *, file: LogFile, on_line: OnLine) -> None:
        self._name = name
        self._file = file
        self._on_line = on_line
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)

    @property
    def tail(self) -> str:
        """The last lines."""
        return "\n".join(self._tail)

    async def take(self, stream: asyncio.StreamReader) -> None:
        """Read to the end of the stream. A line longer than the limit is cut into several."""
        rest = b""
        while chunk := await stream.read(READ_BYTES):
            self._file.write(chunk)
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._say(line)
            if len(rest) > MAX_LINE_BYTES:
                self._say(rest)
                rest = b""
        if rest:
            self._say(rest)

    def note(self, text: str) -> None:
        """Add a line of the supervisor's own."""
        line = f"-- {text}".encode()
        self._file.write(line + b"\n")
        self._say(line)

    def _say(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip("\r")
        self._tail.append(text[:2000])
        self._on_line(self._name, text)


class TerminalLog:
    """Prints lines with a coloured process name; colours only where the terminal has them."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._colors: dict[str, str] = {}

    def __call__(self, name: str, line: str) -> None:
        """Print one line."""
        color = self._colors.setdefault(name, COLORS[len(self._colors) % len(COLORS)])
        text = Text.assemble((f"{name:<12}", color), (" │ ", "dim"))
        # The processes write to a pipe, so a colour code in a line is rare, but one that is never ended would run on.
        text.append_text(Text.from_ansi(line, style=_style_of(line)))
        self._console.print(text, soft_wrap=True, highlight=False)


def _style_of(line: str) -> str:
    head = line[:80].lower()
    return next((style for word, style in LEVEL_STYLES.items() if word in head), "")


def silent(name: str, line: str) -> None:
    """For those who show something else on the terminal: the files have every line."""
