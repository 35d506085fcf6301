"""One move of something from one state to another, as the audit keeps it."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Transition:
    """What moved from where to where, and why."""

    subject_id: UUID
    source: str
    target: str
    reason: str
