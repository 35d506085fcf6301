"""The AsyncAPI document of a service: what it listens to, and what it says."""

from contracts.base import Event
from contracts.registry import MESSAGES
from faststream.rabbit import RabbitQueue
from faststream.specification import AsyncAPI

from common.messaging.consumers import Consumers
from common.messaging.topology import Topology
from common.messaging.worker import build_broker


async def _nowhere(_: bytes) -> None:
    return None


def asyncapi_yaml(consumers: Consumers, *, description: str) -> str:
    """The document as YAML."""
    topology = Topology()
    broker = build_broker("amqp://localhost/", consumers, topology=topology, prefetch=1, take=lambda _: _nowhere)
    for name, message in MESSAGES.items():
        if message.owner == consumers.service and issubclass(message, Event):
            broker.publisher(
                RabbitQueue(name, declare=False),
                topology.faststream_exchange(),
                routing_key=name,
                mandatory=True,
                persist=True,
                title=f"{name}:publish",
                description=(message.__doc__ or "").strip(),
                schema=list[message],  # type: ignore[valid-type]  # A frame is an array of events.
            )
    document = AsyncAPI(broker, title=f"Orderdock {consumers.service}", version="1", description=description)
    return document.to_specification().to_yaml()
