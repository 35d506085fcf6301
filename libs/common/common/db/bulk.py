"""Whole sets of rows in one statement: each column travels as one array, so a statement is planned once and costs one
round trip however many rows it carries.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Row, Table, TextClause, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves the constructor untyped.


def to_json(value: object) -> str:
    """`value` as JSON text for a jsonb column; Decimals become strings, models their fields."""
    return orjson.dumps(value, default=_jsonable).decode()


def _jsonable(value: object) -> object:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return str(value)


@lru_cache(maxsize=512)
def _types(table: Table, columns: tuple[str, ...]) -> tuple[str, ...]:
    for name in columns:
        if isinstance(table.c[name].type, ARRAY):
            raise TypeError(f"{table.name}.{name} is an array and cannot be unnested; make it jsonb")
    return tuple(table.c[name].type.compile(dialect=_DIALECT) for name in columns)


@lru_cache(maxsize=512)
def _source(table: Table, columns: tuple[str, ...]) -> str:
    arrays = ", ".join(f"CAST(:c{index} AS {kind}[])" for index, kind in enumerate(_types(table, columns)))
    return f"unnest({arrays}) AS source({', '.join(columns)})"


def _arrays(table: Table, columns: tuple[str, ...], rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    arrays: dict[str, list[Any]] = {}
    for index, name in enumerate(columns):
        if isinstance(table.c[name].type, JSONB):
            arrays[f"c{index}"] = [None if row[name] is None else to_json(row[name]) for row in rows]
        else:
            arrays[f"c{index}"] = [row[name] for row in rows]
    return arrays


@lru_cache(maxsize=512)
def _insert(table: Table, columns: tuple[str, ...], conflict: str, returning: tuple[str, ...]) -> TextClause:
    names = ", ".join(columns)
    statement = f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {_source(table, columns)}"
    if conflict:
        statement += f" ON CONFLICT {conflict}"
    if returning:
        statement += f" RETURNING {', '.join(f'{table.name}.{name}' for name in returning)}"
    return text(statement)


async def insert_rows(
    connection: AsyncConnection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    on_conflict: str = "",
    returning: Sequence[str] = (),
) -> Sequence[Row[Any]]:
    """Insert all rows, which have the same keys. `on_conflict` is the clause after ON CONFLICT, for example
    `DO NOTHING` or `(store_id, key) DO UPDATE SET ...`; `returning` names columns of the rows that were written.
    """
    if not rows:
        return []
    columns = tuple(rows[0])
    statement = _insert(table, columns, on_conflict, tuple(returning))
    result = await connection.execute(statement, _arrays(table, columns, rows))
    return result.fetchall() if returning else []


@lru_cache(maxsize=512)
def _update(
    table: Table, key: tuple[str, ...], columns: tuple[str, ...], where: str, returning: tuple[str, ...]
) -> TextClause:
    sets = ", ".join(f"{name} = source.{name}" for name in columns if name not in key)
    match = " AND ".join(f"{table.name}.{name} = source.{name}" for name in key)
    statement = f"UPDATE {table.name} SET {sets} FROM {_source(table, columns)} WHERE {match}"
    if where:
        statement += f" AND ({where})"
    if returning:
        statement += f" RETURNING {', '.join(f'{table.name}.{name}' for name in returning)}"
    return text(statement)


async def update_rows(
    connection: AsyncConnection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Sequence[str] = ("id",),
    where: str = "",
    returning: Sequence[str] = (),
) -> Sequence[Row[Any]]:
    """Update the row of each `key` with the other values given; all rows have the same keys. The rows must be locked
    already, or be nobody else's, because the order of an UPDATE's locks is not defined. `where` is an added condition
    on the table and on `source`, the values given.
    """
    if not rows:
        return []
    columns = tuple(rows[0])
    statement = _update(table, tuple(key), columns, where, tuple(returning))
    result = await connection.execute(statement, _arrays(table, columns, rows))
    return result.fetchall() if returning else []
