"""Every subscriber and every queue, with each option that keeps messages, on a real broker."""

from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import ChannelPreconditionFailed
from common.messaging import publisher as publishing
from common.messaging.consumers import Consumers
from common.messaging.publisher import Publisher
from common.messaging.topology import DELIVERY_LIMIT, HEARTBEAT_SECONDS, Topology
from common.messaging.worker import build_broker
from common.service import Runtime, Service
from common.settings import ServiceSettings
from common.testing.messaging import own_topology
from common.testing.plugin import broker_url, redis_url
from contracts.registry import SUBSCRIPTIONS
from faststream import AckPolicy
from faststream.rabbit.subscriber.usecase import RabbitSubscriber
from localhost.environment import SERVICES, Surroundings
from localhost.keys import new_secrets

PREFETCH = 7


@pytest.fixture
async def topology() -> AsyncIterator[Topology]:
    async with own_topology(broker_url()) as topology:
        yield topology


@pytest.fixture
async def channel(topology: Topology) -> AsyncIterator[AbstractChannel]:
    publisher = Publisher(broker_url(), topology)
    yield await publisher.connect()
    await publisher.close()


def consumers_of(name: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Consumers:
    """The consumers of a service, as its own bootstrap wires them."""
    service: Service[ServiceSettings] = import_module(f"{name}.__main__").SERVICE
    for key, value in service_environment(name, folder).items():
        monkeypatch.setenv(key, value)
    runtime: Runtime = service.bootstrap(service.settings())
    return runtime.consumers


def service_environment(name: str, folder: Path) -> dict[str, str]:
    """The settings of a service that will connect to nothing."""
    surroundings = Surroundings(
        databases=dict.fromkeys(SERVICES, "postgresql://nobody@127.0.0.1:1/none"),
        rabbitmq_url=broker_url(),
        broker_prefix="",
        redis_url=redis_url(),
        documents=folder,
        addresses=dict.fromkeys([*SERVICES, "sandbox"], "http://127.0.0.1:1"),
        secrets=new_secrets(),
    )
    return surroundings.of(name)


@pytest.mark.parametrize("service", SERVICES)
def test_every_subscription_has_its_handler_and_its_options(
    service: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    consumers = consumers_of(service, monkeypatch, tmp_path)
    expected = {message.message_type for message, services in SUBSCRIPTIONS.items() if service in services}
    assert set(consumers.by_type) == expected

    async def take(_: bytes) -> None:
        return None

    topology = Topology("walk-")
    broker = build_broker(broker_url(), consumers, topology=topology, prefetch=PREFETCH, take=lambda _: take)
    assert len(broker.subscribers) == len(expected)
    assert f"heartbeat={HEARTBEAT_SECONDS}" in str(broker._connection_kwargs["url"])
    for subscriber in broker.subscribers:
        assert isinstance(subscriber, RabbitSubscriber)
        queue = subscriber.queue
        assert queue.durable
        assert not queue.exclusive
        assert not queue.auto_delete
        assert queue.arguments == topology.queue_arguments(queue.name)
        assert queue.arguments["x-queue-type"] == "quorum"
        assert queue.arguments["x-delivery-limit"] == DELIVERY_LIMIT
        assert queue.arguments["x-dead-letter-exchange"] == topology.dead_exchange
        assert subscriber.channel is not None
        assert subscriber.channel.prefetch_count == PREFETCH
        assert not subscriber.channel.global_qos
        assert subscriber.ack_policy is AckPolicy.NACK_ON_ERROR
        assert subscriber._no_reply


async def test_the_broker_has_every_queue_as_it_is_written_out(channel: AbstractChannel, topology: Topology) -> None:
    for name, _ in topology.subscriptions():
        await channel.declare_queue(name, durable=True, arguments=topology.queue_arguments(name))
        await channel.declare_queue(topology.dead_queue(name), durable=True, arguments=topology.dead_queue_arguments())


async def test_the_broker_refuses_a_queue_of_other_options(topology: Topology) -> None:
    publisher = Publisher(broker_url(), topology)
    channel = await publisher.connect()
    name, _ = next(topology.subscriptions())
    with pytest.raises(ChannelPreconditionFailed, match="inequivalent arg"):
        await channel.declare_queue(name, durable=True)
    await publisher.close()


async def test_messages_are_persistent_and_mandatory(
    topology: Topology, channel: AbstractChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = Publisher(broker_url(), topology)
    await publisher.publish("billing.hold_funds.v1", b"[]")
    queue = await channel.get_queue(f"{topology.prefix}billing.billing.hold_funds.v1")
    message = await queue.get()
    assert message is not None
    assert message.delivery_mode is aio_pika.DeliveryMode.PERSISTENT
    await message.ack()
    await queue.delete(if_unused=False, if_empty=False)
    with pytest.raises(publishing.PublishFailed, match="was returned"):
        await publisher.publish("billing.hold_funds.v1", b"[]")
    await publisher.publish("billing.hold_funds.v1", b"[]")  # The topology was declared again.
    await publisher.publish("orders.order_imported.v1", b"[]")  # Nobody listens, and that is no loss.
    await publisher.close()
