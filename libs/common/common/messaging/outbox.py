"""The outbox: a message is a row written in the transaction of its cause; the relay publishes it afterwards."""

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from contracts.base import Envelope, Message
from opentelemetry import trace
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.kernel.clock import utcnow
from common.kernel.ids import uuid7
from common.messaging.envelope import encode

_INSERT = text(
    "INSERT INTO outbox (routing_key, body) SELECT * FROM unnest(CAST(:keys AS text[]), CAST(:bodies AS text[]))"
)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as it will be published."""

    routing_key: str
    body: str


class Outbox:
    """Collects what a transaction says, and writes it in one statement when the transaction ends."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._time = utcnow()
        self._rows: list[Outgoing] = []
        self._replies: defaultdict[UUID, list[Outgoing]] = defaultdict(list)
        self.written = 0

    def add(
        self,
        message: Message,
        *,
        cause: Message | None = None,
        message_id: UUID | None = None,
        correlation_id: UUID | None = None,
    ) -> UUID:
        """Say `message` when the transaction commits; returns its id.

        `cause` is the delivered message that it answers or follows from: correlation and trace go on from it, and
        where it is a command, the message is kept as its reply. A derived `message_id` makes a command that is sent
        again the same command.
        """
        before = cause.envelope if cause else None
        envelope = Envelope(
            id=message_id or uuid7(),
            type=message.message_type,
            source=self._source,
            subject=message.subject,
            time=self._time,
            correlation_id=correlation_id or (before.correlation_id if before else None) or _subject_id(message),
            causation_id=before.id if before else None,
            seller_id=getattr(message, "seller_id", None),
            traceparent=_current_trace() or (before.traceparent if before else None),
        )
        row = Outgoing(message.message_type, encode(message, envelope))
        self._rows.append(row)
        if before:
            self._replies[before.id].append(row)
        return envelope.id

    def repeat(self, rows: list[Outgoing]) -> None:
        """Say stored messages again, unchanged."""
        self._rows.extend(rows)

    def replies_to(self, message_id: UUID) -> list[Outgoing]:
        """What this transaction says because of one message."""
        return self._replies.get(message_id, [])

    async def flush(self, connection: AsyncConnection) -> None:
        """Write the rows; called by the edge just before it commits."""
        if self._rows:
            await connection.execute(
                _INSERT, {"keys": [row.routing_key for row in self._rows], "bodies": [row.body for row in self._rows]}
            )
            self.written += len(self._rows)
            self._rows = []


def _subject_id(message: Message) -> UUID:
    value = getattr(message, message.subject_field, None)
    return value if isinstance(value, UUID) else uuid7()


def _current_trace() -> str | None:
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
