"""The consuming side of a process: FastStream subscribers on a connection of their own, watched, and rebuilt from
nothing when the connection is lost or has gone silent.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from contracts.base import Message
from faststream import AckPolicy
from faststream.rabbit import RabbitBroker, RabbitMessage
from prometheus_client import Gauge

from common.db.unit_of_work import Transactions
from common.messaging.consumers import Consumers
from common.messaging.publisher import BROKER_AWAY, Publisher, broker_url
from common.messaging.runner import QueueRunner
from common.messaging.topology import BROKER_TIMEOUT_SECONDS, GRACEFUL_TIMEOUT_SECONDS, Topology

log = structlog.get_logger(__name__)

PROBE_SECONDS = 2.0
START_TIMEOUT_SECONDS = 20
RECONNECT_SECONDS = 1.0

CONNECTED = Gauge("orderdock_consumers_connected", "1 while the consumers of this process are connected.")

_BROKEN = (*BROKER_AWAY, StopAsyncIteration)
"""What a broker that goes away looks like; aiormq lets StopAsyncIteration out when it hangs up during the handshake."""


def build_broker(
    url: str,
    consumers: Consumers,
    *,
    topology: Topology,
    prefetch: int,
    take: Callable[[str], Callable[[bytes], Awaitable[None]]],
) -> RabbitBroker:
    """The subscribers of a service; `take` gives the function that handles the frames of a message type."""
    broker = RabbitBroker(
        broker_url(url),
        timeout=BROKER_TIMEOUT_SECONDS,
        reconnect_interval=RECONNECT_SECONDS,
        graceful_timeout=GRACEFUL_TIMEOUT_SECONDS,
        app_id="orderdock",
        apply_types=False,
        logger=None,
    )
    exchange = topology.faststream_exchange()
    for message_type, consumer in consumers.by_type.items():
        subscriber = broker.subscriber(
            topology.faststream_queue(consumers.service, consumer.message),
            exchange,
            channel=topology.consumer_channel(prefetch),
            ack_policy=AckPolicy.NACK_ON_ERROR,
            no_reply=True,
            decoder=_undecoded,
            title=message_type,
            description=(consumer.handler.__doc__ or consumer.message.__doc__ or "").strip(),
        )
        subscriber(_entry(take(message_type), consumer.message))
    return broker


async def _undecoded(message: RabbitMessage) -> bytes:
    return bytes(message.body)


def _entry(take: Callable[[bytes], Awaitable[None]], message: type[Message]) -> Callable[..., Awaitable[None]]:
    async def on_frame(body: Any) -> None:
        await take(body)

    on_frame.__annotations__["body"] = list[message]  # type: ignore[valid-type]  # Read by the AsyncAPI generator.
    on_frame.__name__ = f"on_{message.message_type.replace('.', '_')}"
    return on_frame


class Worker:
    """Keeps the consumers of a service running."""

    def __init__(
        self,
        url: str,
        consumers: Consumers,
        *,
        transactions: Transactions[Any],
        publisher: Publisher,
        prefetch: int,
        batch_events: int,
    ) -> None:
        self._url = url
        self._consumers = consumers
        self._publisher = publisher
        self._prefetch = prefetch
        self._runners = {
            message_type: QueueRunner(
                publisher.topology.queue(consumers.service, consumer.message),
                consumer,
                transactions=transactions,
                park=publisher.park,
                batch_events=batch_events,
            )
            for message_type, consumer in consumers.by_type.items()
        }
        self.connected = False

    async def run(self) -> None:
        """Consume until cancelled; then let what is under way finish."""
        broken = False
        while True:
            lost = asyncio.Event()
            broker = build_broker(
                self._url,
                self._consumers,
                topology=self._publisher.topology,
                prefetch=self._prefetch,
                take=lambda message_type: self._runners[message_type].take,
            )
            try:
                async with asyncio.timeout(START_TIMEOUT_SECONDS):
                    await self._publisher.connect()
                    connection = await broker.connect()
                    connection.close_callbacks.add(_setter(lost))
                    await broker.start()
                self._mark(True)
                if broken:
                    log.info("consumers_healed", service=self._consumers.service)
                    broken = False
                await self._watch(connection, lost)
            except _BROKEN as error:
                if not broken:
                    log.warning(
                        "consumers_broken", service=self._consumers.service, error=str(error) or type(error).__name__
                    )
                broken = True
            finally:
                self._mark(False)
                await _stop(broker)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def close(self) -> None:
        """Drop the frames under way; they come again."""
        for runner in self._runners.values():
            await runner.close()

    def _mark(self, connected: bool) -> None:
        self.connected = connected
        CONNECTED.set(1 if connected else 0)

    async def _watch(self, connection: Any, lost: asyncio.Event) -> None:
        """Return when the connection is gone; raise when the broker does not answer, or has lost a queue of ours."""
        probe = await asyncio.wait_for(connection.channel(), BROKER_TIMEOUT_SECONDS)
        queues = [runner.queue for runner in self._runners.values()]
        turn = 0
        while not lost.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PROBE_SECONDS):
                    await lost.wait()
                return
            name = queues[turn % len(queues)] if queues else ""
            turn += 1
            if name:
                queue = await asyncio.wait_for(
                    probe.declare_queue(name, passive=True, robust=False), BROKER_TIMEOUT_SECONDS
                )
                if queue.declaration_result.consumer_count == 0:
                    raise RuntimeError(f"{name} has lost its consumer")


def _setter(event: asyncio.Event) -> Callable[..., None]:
    return lambda *_: event.set()


async def _stop(broker: RabbitBroker) -> None:
    """Stop, and where the broker does not answer, cut."""
    connection = broker._connection  # FastStream has no public access to it.
    try:
        async with asyncio.timeout(BROKER_TIMEOUT_SECONDS):
            await broker.stop()
    except _BROKEN as error:
        log.debug("broker_cut", error=str(error) or type(error).__name__)
    if connection is not None and not connection.is_closed:
        with contextlib.suppress(*_BROKEN):
            async with asyncio.timeout(2):
                await connection.close()
