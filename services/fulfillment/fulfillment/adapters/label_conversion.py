"""PDF labels as ZPL, for label printers that know nothing else."""

import asyncio

from common.errors import InvalidInput
from zebrafy.zebrafy_pdf import ZebrafyPDF

_DPI = 203


async def pdf_to_zpl(content: bytes) -> bytes:
    """The pages as ZPL graphics at 203 dpi. Rasterising costs tens of milliseconds of CPU, so a thread does it."""
    return await asyncio.to_thread(_convert, content)


def _convert(content: bytes) -> bytes:
    try:
        converted: str = ZebrafyPDF(content, format="Z64", dpi=_DPI, split_pages=True).to_zpl()
    except (RuntimeError, ValueError) as error:  # PDFium's own error is a RuntimeError.
        raise InvalidInput.of(
            "format", "zpl", f"the PDF cannot be converted: {error}", "Print the PDF as it is, with format=pdf."
        ) from error
    return converted.encode()
