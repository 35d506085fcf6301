"""What is asked of a platform for one order: its label, or to be told of its tracking numbers."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class TaskKind(StrEnum):
    """The job kinds of order tasks; each (order, attempt) is done once."""

    LABEL = "fetch_label"
    TRACKING = "upload_tracking"


class TaskState(StrEnum):
    """`done` and `failed` are ends; the answer of a task that has ended is given again to whoever asks again."""

    OPEN = "open"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a task is tried: at most `tries` counted tries, and not past `timeout` after it was asked for."""

    tries: int | None
    timeout: timedelta | None
    base: timedelta
    most: timedelta

    def exhausted(self, *, tries: int, asked_at: datetime, now: datetime) -> bool:
        """Whether the task is given up after this try."""
        if self.tries is not None and tries >= self.tries:
            return True
        return self.timeout is not None and now >= asked_at + self.timeout

    def wait(self, tries: int, *, least: float | None, spread: float) -> timedelta:
        """The wait before the next try: it doubles up to `most` and is spread over its upper half by `spread` in 0..1;
        never shorter than the platform's own `least` seconds.
        """
        seconds = min(self.base.total_seconds() * 2 ** min(max(tries - 1, 0), 20), self.most.total_seconds())
        return timedelta(seconds=max(least or 0.0, seconds * (0.5 + spread / 2)))
