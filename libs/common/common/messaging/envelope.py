"""Messages as CloudEvents 1.0 JSON, one by one in the outbox and batched in a frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from contracts.base import Envelope, Message

_ID_LENGTH = 36

FRAME_CONTENT_TYPE = "application/cloudevents-batch+json"


class MalformedEvent(ValueError):
    """Bytes or fields that are not a message of ours; says which field and what was found."""


@dataclass(frozen=True, slots=True)
class RawEvent:
    """One event of a frame, its attributes read and its data not yet."""

    envelope: Envelope
    data: object
    body: bytes


def encode(message: Message, envelope: Envelope) -> str:
    """The message as one CloudEvents JSON object.

    Put together as text, because this is done for every message and none of the attributes needs escaping: they are
    ids, times and names of ours. A subject that is not an id is escaped.
    """
    subject = envelope.subject if envelope.subject.isalnum() else _subject(envelope.subject)
    parts = [
        (
            f'{{"specversion":"1.0","id":"{envelope.id}","type":"{envelope.type}","source":"{envelope.source}",'
            f'"subject":"{subject}","time":"{envelope.time.isoformat()}","datacontenttype":"application/json",'
            f'"correlationid":"{envelope.correlation_id}"'
        )
    ]
    if envelope.causation_id:
        parts.append(f',"causationid":"{envelope.causation_id}"')
    if envelope.seller_id:
        parts.append(f',"sellerid":"{envelope.seller_id}"')
    if envelope.traceparent:
        parts.append(f',"traceparent":"{envelope.traceparent}"')
    parts.append(f',"data":{message.__pydantic_serializer__.to_json(message).decode()}}}')
    return "".join(parts)


def _subject(text: str) -> str:
    if len(text) == _ID_LENGTH and text.replace("-", "").isalnum():
        return text
    return orjson.dumps(text)[1:-1].decode()


def pack(bodies: Sequence[str]) -> bytes:
    """A frame: the JSON array of the events."""
    return ("[" + ",".join(bodies) + "]").encode()


def unpack(frame: bytes) -> list[object]:
    """The events of a frame, or the one event that a foreign producer sent alone; raises MalformedEvent."""
    try:
        content = orjson.loads(frame)
    except orjson.JSONDecodeError as error:
        raise MalformedEvent(f"the body is not JSON ({error}); send a CloudEvents JSON batch") from error
    return content if isinstance(content, list) else [content]


def read(item: object) -> RawEvent:
    """Read the attributes of one event; raises MalformedEvent."""
    if not isinstance(item, dict):
        raise MalformedEvent(f"an event is a JSON object, not {type(item).__name__}")
    try:
        envelope = Envelope(
            id=UUID(item["id"]),
            type=str(item["type"]),
            source=str(item["source"]),
            subject=str(item.get("subject", "")),
            time=datetime.fromisoformat(item["time"]),
            correlation_id=UUID(item.get("correlationid") or item["id"]),
            causation_id=_optional_id(item, "causationid"),
            seller_id=_optional_id(item, "sellerid"),
            traceparent=_traceparent(item.get("traceparent")),
        )
        data = item["data"]
    except KeyError as error:
        raise MalformedEvent(f"the event has no attribute {error}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise MalformedEvent(f"an attribute of the event cannot be read: {error}") from error
    return RawEvent(envelope, data, b"")


def _optional_id(item: dict[str, object], name: str) -> UUID | None:
    value = item.get(name)
    return UUID(str(value)) if value else None


def _traceparent(value: object) -> str | None:
    """A W3C trace context; anything else is dropped rather than passed on."""
    return value if isinstance(value, str) and len(value) <= 64 and value.replace("-", "").isalnum() else None
