"""The inbox: which messages a consumer has already taken, written in the transaction of their effect."""

from collections.abc import Sequence
from uuid import UUID

from contracts.base import Command, Message
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.messaging.outbox import Outbox, Outgoing

_CLAIM = text(
    "INSERT INTO inbox (consumer, message_id) SELECT :consumer, id FROM unnest(CAST(:ids AS uuid[])) AS id "
    "ORDER BY id ON CONFLICT DO NOTHING RETURNING message_id"
)
_REPLIES = text(
    "SELECT routing_key, body FROM inbox_replies WHERE message_id = ANY(CAST(:ids AS uuid[])) "
    "ORDER BY message_id, number"
)
_KEEP_REPLIES = text(
    "INSERT INTO inbox_replies (message_id, number, routing_key, body) "
    "SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:numbers AS smallint[]), CAST(:keys AS text[]), "
    "CAST(:bodies AS text[])) "
    "ON CONFLICT DO NOTHING"
)


async def claim(connection: AsyncConnection, consumer: str, messages: Sequence[Message]) -> list[Message]:
    """The messages that `consumer` has not had before, now marked as had, each once, in the order given."""
    result = await connection.execute(
        _CLAIM, {"consumer": consumer, "ids": list({message.envelope.id for message in messages})}
    )
    fresh = set(result.scalars())
    taken: list[Message] = []
    for message in messages:
        if message.envelope.id in fresh:
            fresh.discard(message.envelope.id)
            taken.append(message)
    return taken


async def repeat_replies(connection: AsyncConnection, outbox: Outbox, commands: Sequence[Message]) -> None:
    """Say again what was answered to commands that came a second time."""
    ids: list[UUID] = [message.envelope.id for message in commands if isinstance(message, Command)]
    if ids:
        result = await connection.execute(_REPLIES, {"ids": ids})
        outbox.repeat([Outgoing(row.routing_key, row.body) for row in result])


async def keep_replies(connection: AsyncConnection, outbox: Outbox, commands: Sequence[Message]) -> None:
    """Store what this transaction answers to its commands."""
    ids, numbers, keys, bodies = [], [], [], []
    for message in commands:
        if isinstance(message, Command):
            for number, row in enumerate(outbox.replies_to(message.envelope.id)):
                ids.append(message.envelope.id)
                numbers.append(number)
                keys.append(row.routing_key)
                bodies.append(row.body)
    if ids:
        await connection.execute(_KEEP_REPLIES, {"ids": ids, "numbers": numbers, "keys": keys, "bodies": bodies})
