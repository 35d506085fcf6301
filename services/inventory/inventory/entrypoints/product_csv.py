"""Products from a CSV file, line by line: a bad line is refused with its reason, and the others go on."""

import csv
import io
from dataclasses import dataclass

from common.errors import InvalidInput
from common.http.batch import RowResult
from pydantic import ValidationError

from inventory.app.products import ProductRow
from inventory.entrypoints.schemas.products import ProductFields

MOST_BYTES = 10 * 1024 * 1024
MOST_LINES = 20_000
COLUMNS = tuple(ProductFields.model_fields)
REQUIRED = ("sku", "title")


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """The lines of a file that can be used, and the answers of those that cannot."""

    rows: list[ProductRow]
    refused: list[RowResult]


def parse_products(content: bytes) -> ParsedFile:
    """Read a file; raises InvalidInput where it is no such file at all."""
    reader = csv.DictReader(io.StringIO(_text(content), newline=""), strict=True)
    try:
        _check_header(reader.fieldnames)
        rows: list[ProductRow] = []
        refused: list[RowResult] = []
        for values in reader:
            ref = f"line {reader.line_num}"
            if len(rows) + len(refused) >= MOST_LINES:
                raise InvalidInput.of("file", ref, f"has more than {MOST_LINES} lines", "Split it.")
            found = _line(ref, values)
            if isinstance(found, ProductRow):
                rows.append(found)
            else:
                refused.append(found)
    except csv.Error as error:
        raise InvalidInput.of(
            "file", f"line {reader.line_num}", f"is not CSV: {error}", "Close quotes, and separate with commas."
        ) from error
    return ParsedFile(rows, refused)


def _text(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise InvalidInput.of("file", len(content), f"is larger than {MOST_BYTES} bytes", "Split it.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput.of("file", str(error), "is not UTF-8", "Save it as CSV in UTF-8.") from error


def _check_header(names: object) -> None:
    header = list(names) if isinstance(names, (list, tuple)) else []
    missing = [name for name in REQUIRED if name not in header]
    unknown = [name for name in header if name not in COLUMNS]
    twice = sorted({name for name in header if header.count(name) > 1})
    for what, wrong in (("lacks", missing), ("has unknown columns", unknown), ("repeats", twice)):
        if wrong:
            raise InvalidInput.of(
                "header", ",".join(map(str, header))[:500], f"{what} {', '.join(map(str, wrong))}",
                f"Use these columns, of which {' and '.join(REQUIRED)} are required: {', '.join(COLUMNS)}.",
            )  # fmt: skip


def _line(ref: str, values: dict[str | None, object]) -> ProductRow | RowResult:
    """The product of one line. csv puts surplus fields under None, and None where fields are missing."""
    if None in values or None in values.values():
        return RowResult(
            ref=ref, ok=False, code="invalid_input", message="the line has more or fewer fields than the header",
            remedy="Quote fields that contain commas, and fill up missing ones.",
        )  # fmt: skip
    given = {name: value for name, value in values.items() if value != ""}
    try:
        return ProductRow(ref, ProductFields.model_validate(given).data())
    except ValidationError as error:
        message = "; ".join(
            f"{'.'.join(map(str, detail['loc']))}: {detail['msg']} (got {detail['input']!r})"
            if detail["type"] != "missing"
            else f"{'.'.join(map(str, detail['loc']))}: is missing"
            for detail in error.errors()
        )
        return RowResult(
            ref=ref, ok=False, code="invalid_input", message=message, remedy="Correct the line and import it again."
        )
