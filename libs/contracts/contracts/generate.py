"""`python -m contracts.generate` writes the JSON schema of every message, and a sample of each that has none yet.

The files are read by eye before they are kept: a schema that lost a field, or a sample that no longer parses, means
that the message needs a new version.
"""

import json
import types
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel

from contracts.registry import MESSAGES

FOLDER = Path(__file__).parent
_TIME = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def schema(name: str) -> str:
    """The JSON schema of a message, as it is kept."""
    return json.dumps(MESSAGES[name].model_json_schema(), indent=2, sort_keys=True) + "\n"


def sample(model: type[BaseModel]) -> BaseModel:
    """An instance with every field set."""
    return model(**{name: _value(field.annotation, name) for name, field in model.model_fields.items()})


def _value(annotation: Any, name: str) -> Any:
    origin = get_origin(annotation)
    if origin in {Union, types.UnionType}:
        return _value(next(part for part in get_args(annotation) if part is not types.NoneType), name)
    if origin is tuple:
        return (_value(get_args(annotation)[0], name),)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return sample(annotation)
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return next(iter(annotation))
    plain: dict[Any, Any] = {
        UUID: UUID(int=sum(map(ord, name)) << 64 | 0x8000_0000_0000_0001),
        datetime: _TIME,
        Decimal: Decimal("12.30"),
        int: 3,
        bool: True,
        str: {"country": "US", "currency": "USD", "postal_code": "02134"}.get(name, name),
    }
    return plain[annotation]


def main() -> None:
    """Write the files."""
    for folder in ("schemas", "samples"):
        (FOLDER / folder).mkdir(exist_ok=True)
    for name, message in MESSAGES.items():
        (FOLDER / "schemas" / f"{name}.json").write_text(schema(name))
        path = FOLDER / "samples" / f"{name}.json"
        if not path.exists():
            path.write_text(sample(message).model_dump_json(indent=2) + "\n")


if __name__ == "__main__":
    main()
