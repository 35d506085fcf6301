"""Labels: one page of PDF, made once a process; the texts of a label are put into it afterwards."""

from collections.abc import Sequence
from functools import cache

from fpdf import FPDF

WIDTH = 40


@cache
def _template(pages: int) -> tuple[bytes, ...]:
    """Return a valid PDF, split where the three texts of fixed width of each page stand."""
    document = FPDF(unit="mm", format=(100, 150))
    document.set_compression(False)
    document.set_font("Courier", size=11)
    for _ in range(pages):
        document.add_page()
        for row, letter in enumerate("TCO"):
            document.text(5, 20 + row * 12, letter * WIDTH)
    content = bytes(document.output())
    parts = []
    for mark in (b"T", b"C", b"O") * pages:
        before, found, content = content.partition(mark * WIDTH)
        if not found:
            raise RuntimeError(
                "the PDF library no longer writes texts as they are; the label template needs another way"
            )
        parts.append(before)
    return (*parts, content)


def label_pdf(labels: Sequence[tuple[str, str, str]]) -> bytes:
    """Return a PDF of one page a label with (tracking number, carrier, order), each cut to 40 ASCII characters.

    All texts have the width of those they replace, so the file's offsets stay true.
    """
    *parts, last = _template(len(labels))
    texts = [_fixed(text) for label in labels for text in label]
    return b"".join(piece for pair in zip(parts, texts, strict=True) for piece in pair) + last


def _fixed(text: str) -> bytes:
    plain = "".join(letter if letter.isalnum() or letter in " -#._/" else " " for letter in text)
    return plain.encode("ascii", "replace")[:WIDTH].ljust(WIDTH)
