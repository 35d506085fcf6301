"""The process beside the service that draws labels. The libraries for it take 30 MB, a label takes milliseconds of
processor time, and PDFs that sellers upload are not to be trusted: none of it belongs into the service's own process.
"""

import asyncio
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TypeVar

import structlog
from common.errors import InvalidInput, Unavailable
from common.messaging.batcher import Batcher

from fulfillment.adapters.label_content import LabelContent
from fulfillment.adapters.label_worker import begin, convert_to_zpl, draw_pdfs

log = structlog.get_logger(__name__)

BATCH = 32
CALLS_OF_A_PROCESS = 2000
TRIES = 3

A = TypeVar("A")
R = TypeVar("R")


@dataclass(slots=True)
class _Drawing:
    content: LabelContent
    pdf: bytes = b""


class LabelProcess:
    """Started by the first call; replaced when it has died, and after many calls, so that it cannot grow."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._calls = 0
        self._drawings: Batcher[_Drawing] = Batcher(self._draw, limit=BATCH, weight=lambda _: 1)

    async def close(self) -> None:
        """End the process; what waits for it is cancelled."""
        await self._drawings.close()
        if self._pool is not None:
            await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)
            self._pool = None

    async def pdf(self, content: LabelContent) -> bytes:
        """The label as a PDF of one page; labels asked for at the same time go to the process in one call."""
        drawing = _Drawing(content)
        await self._drawings.submit(drawing)
        return drawing.pdf

    async def zpl(self, pdf: bytes) -> bytes:
        """The PDF as ZPL graphics; raises InvalidInput where that is not possible."""
        try:
            return await self._call(convert_to_zpl, pdf)
        except (ValueError, Unavailable) as error:
            raise InvalidInput.of(
                "format", "zpl", f"the PDF cannot be converted: {error}", "Print the PDF as it is, with format=pdf."
            ) from error

    async def _draw(self, drawings: Sequence[_Drawing]) -> None:
        pdfs = await self._call(draw_pdfs, [drawing.content for drawing in drawings])
        for drawing, pdf in zip(drawings, pdfs, strict=True):
            drawing.pdf = pdf

    async def _call(self, function: Callable[[A], R], argument: A) -> R:
        """Call in the process, again where it died meanwhile: no function here has an effect to repeat."""
        for tries in range(1, TRIES + 1):
            pool = self._started()
            try:
                return await asyncio.wrap_future(pool.submit(function, argument))
            except BrokenProcessPool:
                log.warning("label_process_died", function=function.__name__, tries=tries)
                self._retire(pool)
        raise Unavailable(
            f"the label process died {TRIES} times over one call",
            remedy="It is tried again later; look for the memory and time limits in label_worker.py.",
        )

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is not None and self._calls >= CALLS_OF_A_PROCESS:
            self._retire(self._pool)
        if self._pool is None:
            # Spawned and not forked, because the service has threads and open connections.
            self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), begin)
            self._calls = 0
        self._calls += 1
        return self._pool

    def _retire(self, pool: ProcessPoolExecutor) -> None:
        """Let the process end after what it was given; another caller may have replaced it already."""
        if pool is self._pool:
            self._pool = None
            pool.shutdown(wait=False)
