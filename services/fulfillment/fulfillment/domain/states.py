"""The states of a fulfilment order, and which follows which."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum


class Stage(StrEnum):
    """Status and, for a draft, its sub-status: what the state table is about."""

    FETCHING_LABEL = "draft/fetching_label"
    LABEL_ERROR = "draft/label_error"
    PENDING_SUBMIT = "draft/pending_submit"
    SUBMITTING = "submitting"
    WAREHOUSE_PROCESSING = "warehouse_processing"
    CANCELING = "canceling"
    EXCEPTION = "exception"
    SHIPPED = "shipped"
    CANCELED = "canceled"

    @property
    def status(self) -> str:
        """The status by itself."""
        return self.value.partition("/")[0]

    @property
    def draft_status(self) -> str:
        """The sub-status of a draft; empty otherwise."""
        return self.value.partition("/")[2]

    @property
    def is_draft(self) -> bool:
        """Whether it can still be edited."""
        return self.value.startswith("draft/")

    @property
    def is_closed(self) -> bool:
        """Whether nothing follows."""
        return self in {Stage.SHIPPED, Stage.CANCELED}


def stage_of(status: str, draft_status: str) -> Stage:
    """The stage that a row is in."""
    return Stage(f"{status}/{draft_status}" if draft_status else status)


TRANSITIONS: Mapping[Stage, frozenset[Stage]] = {
    Stage.FETCHING_LABEL: frozenset({Stage.PENDING_SUBMIT, Stage.LABEL_ERROR, Stage.CANCELED}),
    Stage.LABEL_ERROR: frozenset({Stage.FETCHING_LABEL, Stage.CANCELED}),
    # Back to fetching_label when the address of a carrier label was edited.
    Stage.PENDING_SUBMIT: frozenset({Stage.SUBMITTING, Stage.FETCHING_LABEL, Stage.CANCELED}),
    # Canceled at once while nothing has left for the warehouse; through canceling afterwards.
    Stage.SUBMITTING: frozenset(
        {Stage.PENDING_SUBMIT, Stage.WAREHOUSE_PROCESSING, Stage.EXCEPTION, Stage.CANCELING, Stage.CANCELED}
    ),
    # To exception when the warehouse (the desk, or a WMS by callback) gives back what it had accepted.
    Stage.WAREHOUSE_PROCESSING: frozenset({Stage.SHIPPED, Stage.CANCELING, Stage.EXCEPTION}),
    Stage.CANCELING: frozenset({Stage.CANCELED, Stage.WAREHOUSE_PROCESSING}),
    # Forward when the answer of a warehouse that seemed not to answer comes after all; to canceling when it is still
    # unknown whether the warehouse has it, because then only the warehouse can say that it will not ship.
    Stage.EXCEPTION: frozenset(
        {Stage.PENDING_SUBMIT, Stage.FETCHING_LABEL, Stage.WAREHOUSE_PROCESSING, Stage.CANCELING, Stage.CANCELED}
    ),
    Stage.SHIPPED: frozenset(),
    Stage.CANCELED: frozenset(),
}
"""Every stage has a row."""


class SubmissionState(StrEnum):
    """What has become of the current submission to the warehouse."""

    NONE = ""
    HOLDING = "holding"
    FUNDS_REFUSED = "funds_refused"
    HANDED_OVER = "handed_over"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    NEVER_RECEIVED = "never_received"
    UNKNOWN = "unknown"
    CANCELED = "canceled"
    SHIPPED = "shipped"


UNSETTLED = frozenset({SubmissionState.HANDED_OVER, SubmissionState.RECEIVED, SubmissionState.UNKNOWN})
"""The warehouse may or may not ship it."""


class ChannelKind(StrEnum):
    """Where the label comes from."""

    PLATFORM_LABEL = "platform_label"
    CARRIER = "carrier"
    OWN_LABEL = "own_label"


class Adapter(StrEnum):
    """How a warehouse is told. The desk is this service itself; `http` is docs/wms-protocol.md."""

    NONE = ""
    DESK = "desk"
    HTTP = "http"


HOLD_RESEND = timedelta(seconds=30)
LABEL_NUDGE = timedelta(minutes=5)
HANDOVER_NUDGE = timedelta(minutes=5)
CANCEL_NUDGE = timedelta(minutes=10)
POLL_UNDECIDED = timedelta(minutes=10)
POLL_ACCEPTED = timedelta(hours=6)
"""How long each stage waits for its answer before the timer asks again."""
