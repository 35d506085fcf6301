"""What the bodies share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MOST_ROWS = 1000
MOST_UNITS = 10_000_000

_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"

Sku = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        pattern=r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$",
        description="The seller's stock-keeping unit: case-sensitive, without blanks at its ends.",
    ),
]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=_PRINTABLE)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_PRINTABLE)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=_PRINTABLE)]
Grams = Annotated[int, Field(gt=0, le=5_000_000, description="Grams.")]
Millimetres = Annotated[int, Field(gt=0, le=50_000, description="Millimetres.")]


class Body(BaseModel):
    """A request body: a field that we do not know is an error, not a typo that is silently ignored."""

    model_config = ConfigDict(extra="forbid")


class View(BaseModel):
    """An answer, read from one of our objects."""

    model_config = ConfigDict(from_attributes=True)
