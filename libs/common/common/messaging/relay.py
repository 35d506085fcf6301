"""The relay: carries rows from the outbox to the broker, in frames, and deletes what the broker has confirmed."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from prometheus_client import Counter
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from common.messaging.envelope import pack
from common.messaging.publisher import Publisher, PublishFailed

log = structlog.get_logger(__name__)

BATCH_ROWS = 500
FRAME_EVENTS = 100
FRAME_BYTES = 256 * 1024
IDLE_POLL_SECONDS = 0.5
BROKEN_POLL_SECONDS = 1.0

PUBLISHED = Counter("orderdock_relay_events_total", "Events confirmed by the broker.")
FRAMES = Counter("orderdock_relay_frames_total", "Frames confirmed by the broker.")

_CLAIM = text("SELECT position, routing_key, body FROM outbox ORDER BY position LIMIT :limit FOR UPDATE SKIP LOCKED")
_DELETE = text("DELETE FROM outbox WHERE position = ANY(CAST(:positions AS bigint[]))")


@dataclass(slots=True)
class Frame:
    """Events of one routing key that travel in one AMQP message."""

    routing_key: str
    positions: list[int] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    size: int = 0


def frames(rows: Sequence[tuple[int, str, str]]) -> list[Frame]:
    """Pack rows into frames: each routing key keeps its order; a frame is over its limits only where one event is."""
    complete: list[Frame] = []
    open_frames: dict[str, Frame] = {}
    for position, routing_key, body in rows:
        size = len(body.encode()) + 1
        frame = open_frames.get(routing_key)
        if frame is None or len(frame.bodies) >= FRAME_EVENTS or frame.size + size > FRAME_BYTES:
            frame = open_frames[routing_key] = Frame(routing_key)
            complete.append(frame)
        frame.positions.append(position)
        frame.bodies.append(body)
        frame.size += size
    return complete


class Relay:
    """One loop; any number of them, in any number of processes, share an outbox."""

    def __init__(self, engine: AsyncEngine, publisher: Publisher, *, linger_seconds: float) -> None:
        self._engine = engine
        self._publisher = publisher
        self._linger_seconds = linger_seconds
        self._woken = asyncio.Event()
        self._broken = False

    def wake(self) -> None:
        """There is something to carry."""
        self._woken.set()

    async def run(self) -> None:
        """Carry until cancelled."""
        while True:
            self._woken.clear()
            try:
                carried = await self.carry()
            except (PublishFailed, SQLAlchemyError, OSError) as error:
                if not self._broken:
                    log.warning("relay_broken", error=str(error))
                self._broken = True
                await asyncio.sleep(BROKEN_POLL_SECONDS)
                continue
            if self._broken:
                log.info("relay_healed")
                self._broken = False
            if carried >= BATCH_ROWS:
                continue
            if carried:
                await asyncio.sleep(self._linger_seconds)
                continue
            try:
                # Not wait_for: before Python 3.12 it loses a cancellation that comes together with the wake.
                async with asyncio.timeout(IDLE_POLL_SECONDS):
                    await self._woken.wait()
                await asyncio.sleep(self._linger_seconds / 4)
            except TimeoutError:
                continue

    async def carry(self) -> int:
        """Carry one batch; returns how many rows it had. Rows whose frame was not confirmed stay."""
        async with self._engine.begin() as connection:
            rows = (await connection.execute(_CLAIM, {"limit": BATCH_ROWS})).fetchall()
            if not rows:
                return 0
            packed = frames([(row.position, row.routing_key, row.body) for row in rows])
            outcomes = await asyncio.gather(
                *(self._publisher.publish(frame.routing_key, pack(frame.bodies)) for frame in packed),
                return_exceptions=True,
            )
            confirmed = [frame for frame, outcome in zip(packed, outcomes, strict=True) if outcome is None]
            positions = [position for frame in confirmed for position in frame.positions]
            if positions:
                await connection.execute(_DELETE, {"positions": positions})
        PUBLISHED.inc(len(positions))
        FRAMES.inc(len(confirmed))
        failures: defaultdict[type[BaseException], list[BaseException]] = defaultdict(list)
        for outcome in outcomes:
            if outcome is not None:
                failures[type(outcome)].append(outcome)
        for errors in failures.values():
            raise errors[0]
        return len(rows)
