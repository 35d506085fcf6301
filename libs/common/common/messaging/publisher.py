"""A connection for publishing only: confirms and mandatory on every message, rebuilt from nothing when it breaks."""

import asyncio
import contextlib
from collections.abc import Mapping

import aio_pika
import structlog
from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange
from aio_pika.exceptions import DeliveryError, PublishError

from common.messaging.envelope import FRAME_CONTENT_TYPE
from common.messaging.topology import BROKER_TIMEOUT_SECONDS, HEARTBEAT_SECONDS, Topology, declare

log = structlog.get_logger(__name__)

CONFIRM_TIMEOUT_SECONDS = 10

BROKER_AWAY = (TimeoutError, OSError, aio_pika.exceptions.AMQPError, RuntimeError)
"""What a broker that is away looks like to its clients."""


class PublishFailed(Exception):
    """The broker did not confirm; the message may or may not be there, so it is published again."""


def broker_url(url: str) -> str:
    """The URL with our heartbeat."""
    return f"{url}{'&' if '?' in url else '?'}heartbeat={HEARTBEAT_SECONDS}"


class Publisher:
    """Publishes frames and parks messages. Its first use connects and declares the topology."""

    def __init__(self, url: str, topology: Topology, *, declares: bool = True) -> None:
        self._url = broker_url(url)
        self._declares = declares
        self.topology = topology
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None
        self._exchange: AbstractExchange | None = None
        self._dead: AbstractExchange | None = None
        self._lock = asyncio.Lock()

    async def publish(self, routing_key: str, frame: bytes) -> None:
        """Publish one frame and wait for its confirmation; raises PublishFailed."""
        message = Message(
            frame,
            content_type=FRAME_CONTENT_TYPE,
            delivery_mode=DeliveryMode.PERSISTENT,
            type=routing_key,
            app_id="orderdock",
        )
        try:
            async with asyncio.timeout(CONFIRM_TIMEOUT_SECONDS):
                await self.connect()
                assert self._exchange is not None
                await self._exchange.publish(message, routing_key, mandatory=True, timeout=CONFIRM_TIMEOUT_SECONDS)
        except PublishError as error:
            if self.topology.has_listeners(routing_key):
                await self.close()  # Its queues are gone: the next connection declares them again.
                raise PublishFailed(f"{routing_key} was returned: its queues are missing") from error
            # Nobody listens, as the registry says: the return is no loss.
        except DeliveryError as error:
            raise PublishFailed(f"{routing_key} was refused by a queue: {error}") from error
        except BROKER_AWAY as error:
            await self.close()
            raise PublishFailed(f"{routing_key} was not confirmed: {error or type(error).__name__}") from error

    async def park(self, queue: str, body: bytes, headers: Mapping[str, str | int]) -> None:
        """Put a message into the dead letters of `queue`; raises PublishFailed."""
        message = Message(
            body,
            content_type=FRAME_CONTENT_TYPE,
            delivery_mode=DeliveryMode.PERSISTENT,
            headers=dict(headers),
            app_id="orderdock",
        )
        try:
            async with asyncio.timeout(CONFIRM_TIMEOUT_SECONDS):
                await self.connect()
                assert self._dead is not None
                await self._dead.publish(message, queue, mandatory=True, timeout=CONFIRM_TIMEOUT_SECONDS)
        except BROKER_AWAY as error:
            await self.close()
            raise PublishFailed(
                f"parking a message of {queue} was not confirmed: {error or type(error).__name__}"
            ) from error

    async def to_queue(self, queue: str, body: bytes) -> None:
        """Put a frame straight into one queue, as a replay does; raises what the broker said."""
        channel = await self.connect()
        message = Message(
            body, content_type=FRAME_CONTENT_TYPE, delivery_mode=DeliveryMode.PERSISTENT, app_id="orderdock"
        )
        await channel.default_exchange.publish(message, queue, mandatory=True, timeout=CONFIRM_TIMEOUT_SECONDS)

    async def new_channel(self) -> AbstractChannel:
        """Another channel of the connection; whoever asks closes it."""
        await self.connect()
        assert self._connection is not None
        return await self._connection.channel(publisher_confirms=True, on_return_raises=True)

    async def connect(self) -> AbstractChannel:
        """The channel, connected and with the topology declared."""
        async with self._lock:
            if self._channel is not None and self._connection is not None:
                if not self._channel.is_closed and not self._connection.is_closed:
                    return self._channel
                await self._drop()
            self._connection = await _connect(self._url)
            self._channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
            if self._declares:
                await declare(self._channel, self.topology)
            self._exchange = await self._channel.get_exchange(self.topology.exchange, ensure=False)
            self._dead = await self._channel.get_exchange(self.topology.dead_exchange, ensure=False)
            return self._channel

    async def close(self) -> None:
        """Drop the connection; the next use makes another."""
        async with self._lock:
            await self._drop()

    async def _drop(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        self._exchange = self._dead = None
        if connection is not None:
            with contextlib.suppress(*BROKER_AWAY):
                async with asyncio.timeout(2):
                    await connection.close()


async def _connect(url: str) -> AbstractConnection:
    try:
        return await aio_pika.connect(url, timeout=BROKER_TIMEOUT_SECONDS)
    except StopAsyncIteration as error:  # aiormq lets it out when the broker hangs up during the handshake.
        raise ConnectionError("the broker hung up during the handshake") from error
