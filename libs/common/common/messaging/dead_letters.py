"""Parked messages of a service: counted, listed, replayed to their queue or dropped by a person."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import orjson
from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import ChannelNotFoundEntity

from common.messaging.publisher import Publisher
from common.messaging.topology import BROKER_TIMEOUT_SECONDS, Topology

LISTED_MOST = 1000


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One parked message: its event id (empty for what could not be read), the queue, the error and the body."""

    message_id: str
    queue: str
    error: str
    error_type: str
    body: str


class DeadLetters:
    """The dead letters of one service."""

    def __init__(self, service: str, publisher: Publisher) -> None:
        self._publisher = publisher
        self.queues = publisher.topology.queues_of(service)

    async def counts(self) -> dict[str, int]:
        """How many messages are parked, by queue, without the empty ones."""
        found: dict[str, int] = {}
        channel = await self._publisher.new_channel()
        for name in self.queues:
            try:
                queue = await channel.declare_queue(
                    Topology.dead_queue(name), passive=True, timeout=BROKER_TIMEOUT_SECONDS
                )
            except ChannelNotFoundEntity:  # Nothing was ever started here; the broker closes the channel with it.
                channel = await self._publisher.new_channel()
                continue
            if queue.declaration_result.message_count:
                found[name] = queue.declaration_result.message_count
        await channel.close()
        return found

    async def parked(self) -> list[DeadLetter]:
        """The parked messages, oldest first; they stay where they are."""
        letters: list[DeadLetter] = []
        async with self._read() as found:
            letters.extend(letter for letter, _ in found)
        return letters

    async def replay(self, message_id: UUID | None = None) -> int:
        """Send parked messages (one, or all) back to their queues; returns how many went."""
        moved = 0
        async with self._read() as found:
            for letter, message in found:
                if message_id is None or letter.message_id == str(message_id):
                    await self._publisher.to_queue(letter.queue, message.body)
                    await message.ack()
                    moved += 1
        return moved

    async def drop(self, message_id: UUID) -> int:
        """Forget one parked message; returns 0 where there is none of that id."""
        dropped = 0
        async with self._read() as found:
            for letter, message in found:
                if letter.message_id == str(message_id):
                    await message.ack()
                    dropped += 1
        return dropped

    @contextlib.asynccontextmanager
    async def _read(self) -> AsyncIterator[list[tuple[DeadLetter, AbstractIncomingMessage]]]:
        """Take the parked messages; what is not acknowledged goes back."""
        await self._publisher.connect()
        channel = await self._publisher.new_channel()
        found: list[tuple[DeadLetter, AbstractIncomingMessage]] = []
        try:
            for name in self.queues:
                queue = await channel.get_queue(Topology.dead_queue(name), ensure=False)
                while len(found) < LISTED_MOST:
                    message = await queue.get(fail=False, timeout=BROKER_TIMEOUT_SECONDS)
                    if message is None:
                        break
                    found.append((_letter(name, message), message))
            yield found
        finally:
            await channel.close()


def _letter(queue: str, message: AbstractIncomingMessage) -> DeadLetter:
    headers = message.headers or {}
    error = str(headers.get("x-orderdock-error", "")) or "delivered too often: the process died on it each time"
    try:
        content = orjson.loads(message.body)
        first = content[0] if isinstance(content, list) else content
        message_id = str(first["id"])
    except (orjson.JSONDecodeError, LookupError, TypeError):
        message_id = ""
    return DeadLetter(
        message_id,
        queue,
        error,
        str(headers.get("x-orderdock-error-type", "")),
        message.body.decode(errors="replace")[:4000],
    )
