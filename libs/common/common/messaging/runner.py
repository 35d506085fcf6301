"""The consumer runner: takes frames, opens the transaction, keeps the inbox, calls the handler with all new events at
once, tries again what may be tried again, and parks an event that nothing helps, alone.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from contracts.base import Message
from prometheus_client import Counter
from pydantic import ValidationError

from common.db.failures import is_contention, is_lost
from common.db.unit_of_work import Transactions
from common.messaging import inbox
from common.messaging.batcher import Batcher
from common.messaging.consumers import Consumer
from common.messaging.envelope import MalformedEvent, encode, pack, read, unpack

log = structlog.get_logger(__name__)

TRIES = 3
CONTENTION_TRIES = 10
LOST_POLL_SECONDS = (0.5, 1.0, 2.0, 5.0)

HANDLED = Counter("orderdock_events_handled_total", "Events handled.", ["consumer"])
REPEATED = Counter("orderdock_events_repeated_total", "Events that had been handled before.", ["consumer"])
PARKED = Counter("orderdock_events_parked_total", "Events moved to the dead letters.", ["consumer"])

Park = Callable[[str, bytes, dict[str, str | int]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Frame:
    """The events of one delivery that could be read."""

    messages: list[Message]


class QueueRunner:
    """Handles one queue."""

    def __init__(
        self, queue: str, consumer: Consumer, *, transactions: Transactions[Any], park: Park, batch_events: int
    ) -> None:
        self.queue = queue
        self._consumer = consumer
        self._name = consumer.message.message_type
        self._transactions = transactions
        self._park = park
        self._batcher: Batcher[Frame] = Batcher(
            self._handle_frames, limit=batch_events, weight=lambda frame: len(frame.messages)
        )

    async def take(self, body: bytes) -> None:
        """Handle a frame; when this returns, every event of it is done or parked, and the frame may be acknowledged."""
        messages: list[Message] = []
        try:
            items = unpack(body)
        except MalformedEvent as error:
            await self._park_bytes(body, error, tries=1)
            return
        for item in items:
            try:
                messages.append(self._parse(item))
            except (MalformedEvent, ValidationError) as error:
                await self._park_bytes(orjson.dumps([item]), error, tries=1)
        if messages:
            await self._batcher.submit(Frame(messages))

    async def close(self) -> None:
        """Stop; frames under way are not acknowledged and come again."""
        await self._batcher.close()

    def _parse(self, item: object) -> Message:
        event = read(item)
        if event.envelope.type != self._name:
            raise MalformedEvent(f"type is {event.envelope.type!r}, but this queue takes {self._name!r}")
        message = self._consumer.message.model_validate(event.data)
        message.delivered(event.envelope)
        return message

    async def _handle_frames(self, frames: Sequence[Frame]) -> None:
        messages = [message for frame in frames for message in frame.messages]
        try:
            await self._persist(messages)
        except Exception as error:  # Any failure of the whole: find out which event it is.
            if len(messages) > 1:
                log.info("frame_split", consumer=self._name, events=len(messages), error=_brief(error))
            for message in messages:
                await self._handle_alone(message)

    async def _handle_alone(self, message: Message) -> None:
        last: Exception | None = None
        for attempt in range(TRIES):
            if attempt:
                await asyncio.sleep(0.05 * 2**attempt)
            try:
                await self._persist([message])
                return
            except Exception as error:  # The last of the tries parks it, with this error.
                last = error
        assert last is not None
        log.error("event_parked", consumer=self._name, message_id=str(message.envelope.id), exc_info=last)
        await self._park_bytes(pack([encode(message, message.envelope)]), last, tries=TRIES)

    async def _persist(self, messages: Sequence[Message]) -> None:
        """Handle in one transaction; contention is tried again, a lost database is waited for."""
        contended = 0
        lost = 0
        while True:
            try:
                await self._once(messages)
            except Exception as error:
                if is_contention(error) and contended < CONTENTION_TRIES:
                    contended += 1
                    await asyncio.sleep(random.uniform(0.005, 0.02) * contended)
                elif is_lost(error):
                    if not lost:
                        log.warning("consumer_paused", consumer=self._name, error=_brief(error))
                    await asyncio.sleep(LOST_POLL_SECONDS[min(lost, len(LOST_POLL_SECONDS) - 1)])
                    lost += 1
                else:
                    raise
            else:
                if lost:
                    log.info("consumer_resumed", consumer=self._name)
                return

    async def _once(self, messages: Sequence[Message]) -> None:
        async with self._transactions.begin() as uow:
            fresh = await inbox.claim(uow.connection, self._name, messages)
            if len(fresh) < len(messages):
                seen = {message.envelope.id for message in fresh}
                repeated = [message for message in messages if message.envelope.id not in seen]
                await inbox.repeat_replies(uow.connection, uow.outbox, repeated)
                REPEATED.labels(self._name).inc(len(messages) - len(fresh))
            if fresh:
                await self._consumer.handler(fresh, uow)
                await inbox.keep_replies(uow.connection, uow.outbox, fresh)
        HANDLED.labels(self._name).inc(len(fresh))

    async def _park_bytes(self, body: bytes, error: Exception, *, tries: int) -> None:
        PARKED.labels(self._name).inc()
        if tries == 1:
            log.error("event_unreadable", consumer=self._name, error=_brief(error))
        await self._park(
            self.queue,
            body,
            {
                "x-orderdock-error": _brief(error),
                "x-orderdock-error-type": type(error).__name__,
                "x-orderdock-tries": tries,
            },
        )


def _brief(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:2000]
