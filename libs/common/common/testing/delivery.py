"""Delivers messages to a service's handlers in tests, through the inbox and in one transaction, as the runner does."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from contracts.base import Envelope, Message
from contracts.registry import MESSAGES
from sqlalchemy import text

from common.db.unit_of_work import Transactions
from common.kernel.clock import utcnow
from common.kernel.ids import uuid7
from common.messaging import inbox
from common.messaging.consumers import Consumers


def delivered(message: Message, *, message_id: UUID | None = None) -> Message:
    """The message as a consumer gets it."""
    copy = message.model_copy()
    identifier = message_id or uuid7()
    copy.delivered(
        Envelope(
            id=identifier,
            type=message.message_type,
            source="test",
            subject=message.subject,
            time=utcnow(),
            correlation_id=identifier,
            causation_id=None,
            seller_id=getattr(message, "seller_id", None),
            traceparent=None,
        )
    )
    return copy


class Deliverer:
    """Hands messages to handlers. With `twice`, every frame comes a second time, and must change nothing."""

    def __init__(self, consumers: Consumers, transactions: Transactions[Any], *, twice: bool = True) -> None:
        self._consumers = consumers
        self._transactions = transactions
        self._twice = twice

    async def __call__(self, *messages: Message) -> list[Message]:
        """Deliver messages of one type as one frame; returns what the service said because of them."""
        frame = [message if message.was_delivered else delivered(message) for message in messages]
        await self.said()
        await self._once(frame)
        said = await self.said()
        if self._twice:
            await self._once(frame)
            repeated = await self.said()
            first = {(m.message_type, m.envelope.id) for m in said}
            extra = [m for m in repeated if (m.message_type, m.envelope.id) not in first]
            assert not extra, f"a second delivery said something new: {extra}"
        return said

    async def _once(self, frame: Sequence[Message]) -> None:
        consumer = self._consumers.by_type[frame[0].message_type]
        async with self._transactions.begin() as uow:
            fresh = await inbox.claim(uow.connection, frame[0].message_type, frame)
            taken = {message.envelope.id for message in fresh}
            await inbox.repeat_replies(uow.connection, uow.outbox, [m for m in frame if m.envelope.id not in taken])
            if fresh:
                await consumer.handler(fresh, uow)
                await inbox.keep_replies(uow.connection, uow.outbox, fresh)

    async def said(self) -> list[Message]:
        """Take what is in the outbox."""
        return await take_outbox(self._transactions)


async def take_outbox(transactions: Transactions[Any]) -> list[Message]:
    """Empty the outbox, and give what was in it, in order, as a consumer would get it."""
    async with transactions.engine.begin() as connection:
        rows = (
            await connection.execute(
                text("WITH gone AS (DELETE FROM outbox RETURNING *) SELECT body FROM gone ORDER BY position")
            )
        ).scalars()
        found = []
        for body in rows:
            event = orjson.loads(body)
            message = MESSAGES[event["type"]].model_validate(event["data"])
            found.append(delivered(message, message_id=UUID(event["id"])))
        return found
