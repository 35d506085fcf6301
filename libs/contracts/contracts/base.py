"""What every message between the services is: a frozen payload with a name, and the CloudEvents attributes around it.

A message class is declared once, by the service that owns its name::

    class StockReservedV1(Event, owner="inventory", name="stock_reserved", version=1, subject="reference_id"):
        seller_id: UUID
        reference_id: UUID

Its type, and the routing key that it travels under, is ``inventory.stock_reserved.v1``. Contracts grow by
optional fields only; anything else is a new version beside the old one.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True, slots=True)
class Envelope:
    """The CloudEvents 1.0 attributes of one delivered message."""

    id: UUID
    type: str
    source: str
    subject: str
    time: datetime
    correlation_id: UUID
    causation_id: UUID | None
    seller_id: UUID | None
    traceparent: str | None


class Part(BaseModel):
    """A value inside a message."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Message(BaseModel):
    """The payload of one event or command; `envelope` is set on messages that were delivered."""

    # A slot and not a private attribute of pydantic's: handlers ask for the envelope several times for each message.
    __slots__ = ("_delivery",)

    model_config = ConfigDict(frozen=True, extra="ignore")

    message_type: ClassVar[str] = ""
    owner: ClassVar[str] = ""
    subject_field: ClassVar[str] = ""

    def __init_subclass__(cls, *, owner: str = "", name: str = "", version: int = 0, subject: str = "") -> None:
        super().__init_subclass__()
        if owner:
            cls.owner = owner
            cls.message_type = f"{owner}.{name}.v{version}"
            cls.subject_field = subject

    @property
    def envelope(self) -> Envelope:
        """The attributes it was delivered with; only a consumer may ask."""
        try:
            envelope: Envelope = object.__getattribute__(self, "_delivery")
        except AttributeError:
            raise LookupError(f"{self.message_type} was never delivered, so it has no envelope") from None
        return envelope

    @property
    def was_delivered(self) -> bool:
        """Whether it has an envelope."""
        try:
            object.__getattribute__(self, "_delivery")
        except AttributeError:
            return False
        return True

    @property
    def subject(self) -> str:
        """The id of the aggregate that the message is about."""
        return str(getattr(self, self.subject_field))

    def delivered(self, envelope: Envelope) -> None:
        """Attach the attributes of its delivery."""
        object.__setattr__(self, "_delivery", envelope)


class Event(Message):
    """Something that happened, said by the service that owns it."""


class Command(Message):
    """A request to the service that owns it; its reply is stored, and sent again when the command comes again."""
