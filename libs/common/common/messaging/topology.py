"""The messaging topology, declared whole from one place, with every option written out because the defaults of
RabbitMQ, aio-pika and FastStream lose messages.

    exchange <prefix>orderdock            topic, durable     every message, by its type
    queue    <prefix><service>.<type>     quorum             one per (consumer, message)
    exchange <prefix>orderdock.dead       direct, durable    what was parked, by the name of its queue
    queue    <prefix><service>.<type>.dead  quorum           parked messages, listed and replayed by `dead-letters`
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel
from contracts.base import Message
from contracts.registry import SUBSCRIPTIONS, queue_name
from faststream.rabbit import Channel, QueueType, RabbitExchange, RabbitQueue
from faststream.rabbit import ExchangeType as FastStreamExchangeType
from faststream.rabbit.schemas.queue import QuorumQueueArgs
from pamqp.common import FieldTable

DELIVERY_LIMIT = 20
"""Redeliveries after which RabbitMQ itself parks a frame: only a process that dies on it gets that far."""

BROKER_TIMEOUT_SECONDS = 5
HEARTBEAT_SECONDS = 10
GRACEFUL_TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Topology:
    """Names and arguments, under the prefix of an installation that has no vhost of its own."""

    prefix: str = ""
    only: frozenset[type[Message]] | None = None
    """The messages to declare queues for; all, unless a test needs but a few."""

    @property
    def exchange(self) -> str:
        """The topic exchange of all messages."""
        return f"{self.prefix}orderdock"

    @property
    def dead_exchange(self) -> str:
        """The direct exchange of parked messages."""
        return f"{self.prefix}orderdock.dead"

    def queue(self, service: str, message: type[Message]) -> str:
        """The queue in which a service finds a message."""
        return f"{self.prefix}{queue_name(service, message)}"

    @staticmethod
    def dead_queue(queue: str) -> str:
        """The queue of what was parked from `queue`."""
        return f"{queue}.dead"

    def queue_arguments(self, queue: str) -> FieldTable:
        """What makes a queue keep its messages."""
        return {
            "x-queue-type": "quorum",
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-dead-letter-exchange": self.dead_exchange,
            "x-dead-letter-routing-key": queue,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        }

    @staticmethod
    def dead_queue_arguments() -> FieldTable:
        """Parked messages stay until a person decides."""
        return {"x-queue-type": "quorum"}

    def subscriptions(self) -> Iterator[tuple[str, type[Message]]]:
        """Every (queue, message) of the installation."""
        for message, services in SUBSCRIPTIONS.items():
            if self.only is not None and message not in self.only:
                continue
            for service in sorted(services):
                yield self.queue(service, message), message

    def has_listeners(self, routing_key: str) -> bool:
        """Whether some queue of ours must take what is published under this key."""
        return any(message.message_type == routing_key for _, message in self.subscriptions())

    def queues_of(self, service: str) -> list[str]:
        """The queues that a service consumes."""
        return [name for name, message in self.subscriptions() if name == self.queue(service, message)]

    def faststream_exchange(self) -> RabbitExchange:
        """The exchange as FastStream declares it."""
        return RabbitExchange(self.exchange, type=FastStreamExchangeType.TOPIC, durable=True, auto_delete=False)

    def faststream_queue(self, service: str, message: type[Message]) -> RabbitQueue:
        """The queue as FastStream declares it."""
        name = self.queue(service, message)
        return RabbitQueue(
            name,
            queue_type=QueueType.QUORUM,
            durable=True,
            exclusive=False,
            auto_delete=False,
            arguments=cast(QuorumQueueArgs, self.queue_arguments(name)),
            routing_key=message.message_type,
            timeout=BROKER_TIMEOUT_SECONDS,
        )

    @staticmethod
    def consumer_channel(prefetch: int) -> Channel:
        """A channel of its own for each consumer, so that an error closes no neighbour's."""
        return Channel(prefetch_count=prefetch, global_qos=False, publisher_confirms=True, on_return_raises=False)


async def declare(channel: AbstractChannel, topology: Topology) -> None:
    """Declare every exchange, queue and binding; repeating it changes nothing."""
    exchange = await channel.declare_exchange(
        topology.exchange, ExchangeType.TOPIC, durable=True, auto_delete=False, timeout=BROKER_TIMEOUT_SECONDS
    )
    dead = await channel.declare_exchange(
        topology.dead_exchange, ExchangeType.DIRECT, durable=True, auto_delete=False, timeout=BROKER_TIMEOUT_SECONDS
    )
    for name, message in topology.subscriptions():
        parked = await channel.declare_queue(
            topology.dead_queue(name),
            durable=True,
            exclusive=False,
            auto_delete=False,
            arguments=topology.dead_queue_arguments(),
            timeout=BROKER_TIMEOUT_SECONDS,
        )
        await parked.bind(dead, routing_key=name, timeout=BROKER_TIMEOUT_SECONDS)
        queue = await channel.declare_queue(
            name,
            durable=True,
            exclusive=False,
            auto_delete=False,
            arguments=topology.queue_arguments(name),
            timeout=BROKER_TIMEOUT_SECONDS,
        )
        await queue.bind(exchange, routing_key=message.message_type, timeout=BROKER_TIMEOUT_SECONDS)
