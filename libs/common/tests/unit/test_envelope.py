from uuid import UUID

import orjson
from common.kernel.clock import utcnow
from common.kernel.ids import uuid7
from common.messaging.envelope import encode, pack, read, unpack
from contracts.base import Envelope
from contracts.generate import sample
from contracts.registry import MESSAGES
from hypothesis import given
from hypothesis import strategies as st


def envelope(subject: str, *, type_: str = "billing.hold_funds.v1", traceparent: str | None = None) -> Envelope:
    return Envelope(uuid7(), type_, "test", subject, utcnow(), uuid7(), uuid7(), UUID(int=7), traceparent)


@given(st.text(max_size=60))
def test_any_subject_survives_the_way(subject: str) -> None:
    sent = envelope(subject, traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    event = read(unpack(pack([encode(sample(MESSAGES["billing.hold_funds.v1"]), sent)]))[0])  # type: ignore[arg-type]
    assert event.envelope == sent


def test_every_message_survives_the_way() -> None:
    for name, message in MESSAGES.items():
        payload = sample(message)
        event = read(orjson.loads(encode(payload, envelope("s", type_=name))))  # type: ignore[arg-type]
        assert message.model_validate(event.data) == payload
