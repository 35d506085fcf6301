"""Lets the warehouses act when their time has come, and tells Orderdock until it listens."""

import asyncio
import heapq
import logging
import random
from datetime import UTC, datetime

import orjson

from sandbox.wms import effects
from sandbox.wms.model import Callback, Submission
from sandbox.wms.poster import Poster, PostFailed
from sandbox.wms.signing import signed_headers
from sandbox.world import World

log = logging.getLogger("sandbox.callbacks")
SENDERS = 8
TIMEOUT_SECONDS = 10.0
FIRST_WAIT_SECONDS = 0.25
LONGEST_WAIT_SECONDS = 10.0


class Callbacks:
    """Runs as tasks beside the server; `start` takes up what a replayed journal has left to do."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._due: list[tuple[float, int, Submission]] = []
        self._count = 0
        self._wake = asyncio.Event()
        self._queue: asyncio.Queue[tuple[Submission, Callback, int]] = asyncio.Queue()
        self._queued: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._retries: set[asyncio.TimerHandle] = set()
        self._poster = Poster(timeout_seconds=TIMEOUT_SECONDS)
        self.failures = 0

    async def start(self) -> None:
        """Begin to act."""
        self._world.on_submission = self.look_at
        for place in self._world.warehouses.values():
            for submission in place.submissions.values():
                self.look_at(submission)
        self._tasks = [asyncio.create_task(self._clock()), *(asyncio.create_task(self._send()) for _ in range(SENDERS))]

    async def stop(self) -> None:
        """End all tasks; what was not told yet is told after the next start, if there is a journal."""
        self.forget()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._poster.close()

    def forget(self) -> None:
        """Drop everything planned; the world was reset."""
        for handle in self._retries:
            handle.cancel()
        self._retries.clear()
        self._due.clear()
        self._queued.clear()
        while not self._queue.empty():
            self._queue.get_nowait()
        self.failures = 0

    def look_at(self, submission: Submission) -> None:
        """Plan what a submission has next to do and to tell."""
        if submission.action:
            self._count += 1
            heapq.heappush(self._due, (submission.due, self._count, submission))
            if self._due[0][2] is submission:
                self._wake.set()
        for callback in submission.callbacks:
            if not callback.delivered and callback.id not in self._queued:
                self._queued.add(callback.id)
                self._queue.put_nowait((submission, callback, 0))

    async def _clock(self) -> None:
        while True:
            now = self._world.now()
            while self._due and self._due[0][0] <= now:
                due, _, submission = heapq.heappop(self._due)
                # A plan that was overtaken (cancelled, done by hand) is no longer what the submission says.
                if submission.action and submission.due == due:
                    effects.act(
                        self._world,
                        warehouse=submission.warehouse.spec.code,
                        reference=submission.reference,
                        action=submission.action,
                    )
            self._wake.clear()
            wait = self._due[0][0] - self._world.now() if self._due else None
            try:
                await asyncio.wait_for(self._wake.wait(), None if wait is None else max(0.005, wait))
            except TimeoutError:
                continue

    async def _send(self) -> None:
        while True:
            submission, callback, attempt = await self._queue.get()
            if await self._deliver(submission, callback):
                self._queued.discard(callback.id)
                if self._is_current(submission):
                    effects.delivered(
                        self._world,
                        warehouse=submission.warehouse.spec.code,
                        reference=submission.reference,
                        callback=callback.id,
                    )
                continue
            self.failures += 1
            if self._is_current(submission):
                self._retry_later(submission, callback, attempt + 1)

    def _is_current(self, submission: Submission) -> bool:
        place = self._world.warehouses.get(submission.warehouse.spec.code)
        return place is not None and place.submissions.get(submission.reference) is submission

    def _retry_later(self, submission: Submission, callback: Callback, attempt: int) -> None:
        wait = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** min(attempt, 10)) * random.uniform(0.5, 1.0)
        loop = asyncio.get_running_loop()

        def again() -> None:
            self._retries.discard(handle)
            self._queue.put_nowait((submission, callback, attempt))

        handle = loop.call_later(wait, again)
        self._retries.add(handle)

    async def _deliver(self, submission: Submission, callback: Callback) -> bool:
        """Tell once; return whether it was taken."""
        spec = submission.warehouse.spec
        if not spec.callback_url:
            return False
        body = orjson.dumps(
            {
                "type": callback.type,
                "reference": submission.reference,
                "warehouse_reference": submission.warehouse_reference,
                "occurred_at": _instant(callback.occurred_at),
                "reason": callback.reason,
                "parcels": [parcel.fields() for parcel in submission.parcels] if callback.type == "shipped" else [],
            }
        )
        headers = signed_headers(submission.warehouse.key, callback.id, int(self._world.now()), body) | {
            "content-type": "application/json"
        }
        try:
            status = await self._poster.post(spec.callback_url, body, headers)
        except PostFailed as err:
            log.warning(
                "callback %s of %s to %s failed: %r", callback.type, submission.reference, spec.callback_url, err
            )
            return False
        self._world.calls[f"wms.callback.{callback.type}"] += 1
        taken = 200 <= status < 300
        if not taken:
            self._world.errors[f"wms.callback.{status}"] += 1
        return taken


def _instant(seconds: float) -> str:
    """Return an RFC 3339 time with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
