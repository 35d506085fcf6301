"""Batch answers: the valid rows are done, each row says what became of it."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from pydantic import BaseModel, Field

from common.errors import AppError

T = TypeVar("T")


class RowResult(BaseModel):
    """What became of one row: `ref` is what the caller named it by."""

    ref: str
    ok: bool
    code: str = ""
    message: str = ""
    remedy: str = ""


class BatchAnswer(BaseModel):
    """What became of all rows."""

    ok: int = Field(description="How many rows were done.")
    failed: int = Field(description="How many were not.")
    results: list[RowResult]


def done(ref: object, message: str = "") -> RowResult:
    """A row that was done."""
    return RowResult(ref=str(ref), ok=True, message=message)


def refused(ref: object, error: AppError) -> RowResult:
    """A row that was not."""
    return RowResult(ref=str(ref), ok=False, code=error.error_code, message=error.message, remedy=error.remedy)


def answer(results: Iterable[RowResult]) -> BatchAnswer:
    """The answer of all rows."""
    rows = list(results)
    ok = sum(row.ok for row in rows)
    return BatchAnswer(ok=ok, failed=len(rows) - ok, results=rows)


async def row_by_row(
    items: Iterable[T], *, ref: Callable[[T], object], work: Callable[[T], Awaitable[object]]
) -> BatchAnswer:
    """Do each row by itself; an AppError refuses that row alone."""
    results = []
    for item in items:
        try:
            await work(item)
        except AppError as error:
            results.append(refused(ref(item), error))
        else:
            results.append(done(ref(item)))
    return answer(results)
