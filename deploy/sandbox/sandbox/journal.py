"""Effects and their journal: what happened to the outside world, one JSON line each, to happen again at start.

An effect is a function `(world, **facts)` that decides nothing: all checks are done before it, all random values are
among its facts, and ids come from the world's counter. The same facts in the same order give the same world again.
"""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Concatenate, ParamSpec, TypeVar

import orjson

if TYPE_CHECKING:
    from sandbox.world import World

P = ParamSpec("P")
R = TypeVar("R")
Effect = Callable[Concatenate["World", P], R]
_EFFECTS: dict[str, Callable[..., object]] = {}


class BrokenJournal(Exception):
    """The journal cannot be replayed; the text names file and line."""


def effect(function: Effect[P, R]) -> Effect[P, R]:
    """Mark a function that changes the world; its facts are keyword arguments made of JSON values only."""
    name = f"{function.__module__}.{function.__name__}"
    parameters = list(inspect.signature(function).parameters.values())[1:]
    if name in _EFFECTS or any(parameter.kind is not inspect.Parameter.KEYWORD_ONLY for parameter in parameters):
        raise TypeError(f"effect {name} needs a name of its own and keyword arguments only")

    def recorded(world: "World", /, *args: P.args, **kwargs: P.kwargs) -> R:
        with world.one_effect(name, kwargs):
            return function(world, *args, **kwargs)

    functools.update_wrapper(recorded, function)
    _EFFECTS[name] = recorded
    return recorded


class Journal:
    """An append-only file of effects; lines are written before the answer leaves: `kill -9` loses none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def write(self, name: str, at: float, facts: dict[str, Any]) -> None:
        """Append one effect; a journal that is being replayed is not written."""
        if self._file is not None:
            self._file.write(orjson.dumps([name, at, facts], option=orjson.OPT_APPEND_NEWLINE))

    def replay(self, world: "World") -> int:
        """Let all effects in the file happen, cut off a torn last line, open for appending; return their number."""
        count, good_bytes = 0, 0
        if self._path.exists():
            with self._path.open("rb") as lines:
                for line in lines:
                    if not line.endswith(b"\n"):
                        break
                    try:
                        name, at, facts = orjson.loads(line)
                        world.replay_effect(_EFFECTS[name], at, facts)
                    except (ValueError, KeyError, TypeError) as err:
                        text = (
                            f"{self._path} line {count + 1} cannot be replayed ({err!r}); move it away to start empty"
                        )
                        raise BrokenJournal(text) from err
                    count += 1
                    good_bytes += len(line)
            with self._path.open("rb+") as torn:
                torn.truncate(good_bytes)
        self._file = self._path.open("ab", buffering=0)
        return count

    def restart(self) -> None:
        """Forget everything written so far."""
        if self._file is not None:
            self._file.truncate(0)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
