"""PDF labels as ZPL, for label printers that know nothing else. Imported by the label process only."""

from zebrafy.zebrafy_pdf import ZebrafyPDF

_DPI = 203


def pdf_to_zpl(content: bytes) -> bytes:
    """The pages as ZPL graphics at 203 dpi, which takes tens of milliseconds; raises ValueError."""
    try:
        converted: str = ZebrafyPDF(content, format="Z64", dpi=_DPI, split_pages=True).to_zpl()
    except (RuntimeError, MemoryError) as error:  # PDFium's own error is a RuntimeError.
        raise ValueError(str(error) or "it needs too much memory") from error
    return converted.encode()
