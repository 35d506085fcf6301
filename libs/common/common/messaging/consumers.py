"""Which handler takes which message: the table that a service's consumers.py fills with `@consumes`."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from contracts.base import Message
from contracts.registry import SUBSCRIPTIONS

Handler = Callable[[Sequence[Any], Any], Awaitable[None]]
H = TypeVar("H", bound=Callable[..., Awaitable[None]])


@dataclass(frozen=True, slots=True)
class Consumer:
    """A handler of one message type: it takes the new events of a frame, in one transaction."""

    message: type[Message]
    handler: Handler


class Consumers:
    """The consumers of one service."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.by_type: dict[str, Consumer] = {}

    def add(self, message: type[Message], handler: Handler) -> None:
        """Register a handler; the registry of contracts must say that the service listens, and to nobody twice."""
        if self.service not in SUBSCRIPTIONS[message]:
            raise LookupError(
                f"contracts.registry does not list {self.service} as a consumer of {message.message_type}"
            )
        if message.message_type in self.by_type:
            raise LookupError(f"{self.service} already has a consumer of {message.message_type}")
        self.by_type[message.message_type] = Consumer(message, handler)


def consumes(consumers: Consumers, message: type[Message]) -> Callable[[H], H]:
    """Register the decorated handler, which is called as `handler(messages, uow)`, for `message`."""

    def register(handler: H) -> H:
        consumers.add(message, handler)
        return handler

    return register
