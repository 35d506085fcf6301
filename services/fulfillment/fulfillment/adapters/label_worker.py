"""What runs inside the label process. The service imports this module to name its functions, so what they need, which
is large, is imported when they are called; and the process imports nothing else of the service.
"""

import multiprocessing
import os
import resource
import signal
import sys
import threading
from collections.abc import Sequence

from fulfillment.adapters.label_content import LabelContent

CALL_SECONDS = 20
"""How long one call may take; a file that keeps PDFium busy for longer ends the process."""

MOST_MEMORY_BYTES = 1 << 30
"""Address space, of which the code itself takes a quarter: a page of absurd size is refused, not drawn."""


def begin() -> None:
    """Prepare the process: it lives no longer than the service, and dies of a bad file instead of the service."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the service, which then ends this process in order.
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
    threading.Thread(target=_end_with_service, name="end-with-service", daemon=True).start()


def _end_with_service() -> None:
    service = multiprocessing.parent_process()
    if service is not None:
        service.join()  # Returns when the pipe to it breaks, so also after kill -9.
        os._exit(1)


def draw_pdfs(contents: Sequence[LabelContent]) -> list[bytes]:
    """The labels as PDFs, in their order."""
    from fulfillment.adapters.label_rendering import label_pdf

    signal.alarm(CALL_SECONDS)
    try:
        return [label_pdf(content) for content in contents]
    finally:
        signal.alarm(0)


def convert_to_zpl(pdf: bytes) -> bytes:
    """A PDF as ZPL; raises ValueError where it is none that can be drawn."""
    from fulfillment.adapters.label_conversion import pdf_to_zpl

    signal.alarm(CALL_SECONDS)
    try:
        return pdf_to_zpl(pdf)
    finally:
        signal.alarm(0)
