"""Gathers callbacks of warehouse systems that come at the same time into one transaction."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from common.db.failures import is_contention, is_lost
from common.db.unit_of_work import Transactions
from common.messaging.batcher import Batcher

from fulfillment.app.answering import Callback, apply_callbacks
from fulfillment.app.ports import Uow

log = structlog.get_logger(__name__)

CALLBACK_BATCH = 100
WINDOW_SECONDS = 0.02
"""Callbacks that come within the same window are taken in together: a transaction of several costs little more than one
of a single callback, and no warehouse minds a few milliseconds.
"""
CONTENTION_TRIES = 5


@dataclass(slots=True)
class _Waiting:
    callback: Callback
    known: bool = False
    error: Exception | None = None


class CallbackInbox:
    """Takes callbacks in; when `take` returns, the effect of one is committed."""

    def __init__(self, transactions: Transactions[Uow]) -> None:
        self._transactions = transactions
        self._batcher: Batcher[_Waiting] = Batcher(self._work, limit=CALLBACK_BATCH, weight=lambda _: 1)

    async def take(self, callback: Callback) -> bool:
        """Take one in; returns whether its reference is one of its warehouse's. Raises what its handling raised."""
        waiting = _Waiting(callback)
        await asyncio.sleep(WINDOW_SECONDS - asyncio.get_running_loop().time() % WINDOW_SECONDS)
        await self._batcher.submit(waiting)
        if waiting.error is not None:
            raise waiting.error
        return waiting.known

    async def close(self) -> None:
        """Stop; callers that wait are cancelled, and their warehouse delivers again."""
        await self._batcher.close()

    async def _work(self, batch: Sequence[_Waiting]) -> None:
        try:
            await self._apply(batch)
        except Exception as error:  # Whatever it is: it must not take the neighbours with it.
            if len(batch) == 1 or is_lost(error):
                raise
            log.warning("callbacks_split", count=len(batch), error=str(error))
            for waiting in batch:
                try:
                    await self._apply([waiting])
                except Exception as alone:  # Handed to the one who asked.
                    waiting.error = alone

    async def _apply(self, batch: Sequence[_Waiting]) -> None:
        tries = 0
        while True:
            try:
                async with self._transactions.begin() as uow:
                    known = await apply_callbacks([waiting.callback for waiting in batch], uow=uow)
                break
            except Exception as error:
                tries += 1
                if not is_contention(error) or tries >= CONTENTION_TRIES:
                    raise
                await asyncio.sleep(random.uniform(0.005, 0.02) * tries)
        for waiting, is_known in zip(batch, known, strict=True):
            waiting.known = is_known
