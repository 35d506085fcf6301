"""A store: one seller's shop on one marketplace, and the states it goes through."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class StoreState(StrEnum):
    """Where a store is in its life."""

    AUTHORIZING = "authorizing"
    ACTIVE = "active"
    AUTH_EXPIRED = "auth_expired"
    DISABLED = "disabled"


TRANSITIONS: Mapping[StoreState, frozenset[StoreState]] = {
    StoreState.AUTHORIZING: frozenset({StoreState.ACTIVE, StoreState.DISABLED}),
    StoreState.ACTIVE: frozenset({StoreState.AUTH_EXPIRED, StoreState.DISABLED}),
    StoreState.AUTH_EXPIRED: frozenset({StoreState.ACTIVE, StoreState.DISABLED}),
    # A shop that is connected again keeps its row: a second one would import its open orders a second time.
    StoreState.DISABLED: frozenset({StoreState.ACTIVE}),
}
"""Every state with the states that may follow it."""


class IllegalMove(Exception):
    """A store cannot go from `current` to `target`."""

    def __init__(self, store_id: UUID, current: StoreState, target: StoreState) -> None:
        super().__init__(f"store {store_id} is {current} and cannot become {target}")
        self.store_id, self.current, self.target = store_id, current, target


@dataclass(slots=True)
class Store:
    """A store as it is now. `account` is the platform's name of the shop, absent until it was authorised once.

    `last_complete_until` is the time up to which everything has been pulled; `version` grows with each change that
    others are told of.
    """

    id: UUID
    seller_id: UUID
    platform: str
    account: str | None
    name: str
    state: StoreState
    state_reason: str
    version: int
    last_complete_until: datetime | None

    def move_to(self, target: StoreState, *, reason: str) -> bool:
        """Return whether the state changed; repeating the last move changes nothing."""
        if target is self.state:
            return False
        if target not in TRANSITIONS[self.state]:
            raise IllegalMove(self.id, self.state, target)
        self.state = target
        self.state_reason = reason
        self.version += 1
        return True

    def rename(self, name: str) -> bool:
        """Return whether the name changed."""
        if name == self.name:
            return False
        self.name = name
        self.version += 1
        return True
