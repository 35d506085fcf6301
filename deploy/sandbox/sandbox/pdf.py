"""Labels: a page of PDF each, with tracking number, carrier and order as text."""

from collections.abc import Sequence

PAGE = "/MediaBox [0 0 283 425] /Resources << /Font << /F1 3 0 R >> >>"  # 100 x 150 mm in points
WIDTH = 40
FIRST_PAGE_OBJECT = 4


def label_pdf(labels: Sequence[tuple[str, str, str]]) -> bytes:
    """Return a PDF of one page a label with (tracking number, carrier, order), each cut to 40 ASCII characters."""
    pages = [FIRST_PAGE_OBJECT + 2 * index for index in range(len(labels))]
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{' '.join(f'{page} 0 R' for page in pages)}] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>",
    ]
    for page, label in zip(pages, labels, strict=True):
        lines = " ".join(f"({_plain(text)}) Tj 0 -34 Td" for text in label)
        content = f"BT /F1 11 Tf 14 368 Td {lines} ET"
        objects.append(f"<< /Type /Page /Parent 2 0 R {PAGE} /Contents {page + 1} 0 R >>")
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    return _file(objects)


def _file(objects: Sequence[str]) -> bytes:
    """Return the objects as a file, with the table of their offsets."""
    out = "%PDF-1.4\n"
    offsets = []
    for number, text in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{text}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    count = len(objects) + 1
    out += f"xref\n0 {count}\n0000000000 65535 f \n{table}"
    out += f"trailer << /Size {count} /Root 1 0 R >>\nstartxref\n{out.rindex('xref')}\n%%EOF\n"
    return out.encode("ascii")


def _plain(text: str) -> str:
    """Return what a PDF text may hold without escapes."""
    kept = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-#._/") else " " for letter in text)
    return kept[:WIDTH]
