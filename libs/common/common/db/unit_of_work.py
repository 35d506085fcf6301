"""One transaction: the connection, what it will say (outbox), what it will have done (jobs); committed at the edge."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.kernel.clock import utcnow
from common.messaging.job_queue import JobQueue
from common.messaging.outbox import Outbox


class UnitOfWork:
    """A service's own class adds its repositories; nothing in it commits."""

    def __init__(self, connection: AsyncConnection, *, source: str) -> None:
        self.connection = connection
        self.outbox = Outbox(source)
        self.jobs = JobQueue()
        self.now: datetime = utcnow()


U_co = TypeVar("U_co", bound=UnitOfWork, covariant=True)
Waker = Callable[[], None]


class Transactions(Generic[U_co]):
    """Opens transactions. `begin` commits when its block ends and rolls back when it raises."""

    def __init__(self, engine: AsyncEngine, make: Callable[[AsyncConnection], U_co]) -> None:
        self.engine = engine
        self._make = make
        self._on_messages: list[Waker] = []
        self._on_jobs: list[Waker] = []

    def wake(self, *, messages: Waker | None = None, jobs: Waker | None = None) -> None:
        """Have `messages` or `jobs` called after each commit that wrote some."""
        if messages:
            self._on_messages.append(messages)
        if jobs:
            self._on_jobs.append(jobs)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[U_co]:
        """A unit of work in a transaction of its own."""
        async with self.engine.begin() as connection:
            uow = self._make(connection)
            yield uow
            await uow.outbox.flush(connection)
            await uow.jobs.flush(connection)
        if uow.outbox.written:
            for waker in self._on_messages:
                waker()
        if uow.jobs.written:
            for waker in self._on_jobs:
                waker()
