"""Faults to order: what goes wrong, where, and how often."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.journal import effect

if TYPE_CHECKING:
    from sandbox.world import World

KINDS = frozenset(
    {
        "throttle",
        "error",
        "slow",
        "cut",
        "cut_before",
        "expire_token",
        "revoke_token",
        "tracking_not_ready",
        "label_not_ready",
        "label_refused",
        "fulfillment_refused",
        "malformed",
        "wms_refuse",
        "wms_refuse_later",
        "wms_silent",
        "wms_twice",
        "wms_late",
        "cancel_refused",
        "cancel_pending",
    }
)
TRANSPORT_KINDS = ("throttle", "error", "cut_before", "slow", "cut")


@dataclass(frozen=True, slots=True)
class Scope:
    """The call that is being answered: `orders` are all names under which a fault may mean it."""

    platform: str
    operation: str
    shop: str = ""
    warehouse: str = ""
    orders: Sequence[str] = ()


@dataclass(slots=True)
class Fault:
    """One fault: strikes calls that match all given names, `left` times (None: always), until `until` (Unix time)."""

    id: int
    kind: str
    platform: str = ""
    shop: str = ""
    warehouse: str = ""
    operation: str = ""
    order: str = ""
    left: int | None = 1
    until: float | None = None
    details: dict[str, Any] = field(default_factory=dict)
    struck: int = 0

    def matches(self, scope: Scope) -> bool:
        """Tell whether every name the fault was given is that of the call."""
        return (
            (not self.platform or self.platform == scope.platform)
            and (not self.shop or self.shop == scope.shop)
            and (not self.warehouse or self.warehouse == scope.warehouse)
            and (not self.operation or self.operation == scope.operation)
            and (not self.order or self.order in scope.orders)
        )

    def is_over(self, now: float) -> bool:
        """Tell whether it strikes no more."""
        return self.left == 0 or (self.until is not None and now >= self.until)


class Faults:
    """All faults there are; those that are spent stay listed until they are deleted, but cost nothing."""

    def __init__(self) -> None:
        self._all: dict[int, Fault] = {}
        self._live: dict[str, list[Fault]] = {}
        self.struck: dict[str, int] = {}

    def add(self, fault: Fault) -> None:
        """Let it strike from now on; the oldest matching one strikes first."""
        self._all[fault.id] = fault
        self._live.setdefault(fault.kind, []).append(fault)

    def remove(self, fault_id: int | None = None) -> int:
        """End one fault, or all; return how many there were."""
        gone = (
            [self._all[fault_id]] if fault_id in self._all else [] if fault_id is not None else list(self._all.values())
        )
        for fault in gone:
            del self._all[fault.id]
        self._live = {}
        for fault in self._all.values():
            if fault.left != 0:
                self._live.setdefault(fault.kind, []).append(fault)
        return len(gone)

    def listing(self) -> Iterable[Fault]:
        """Return every fault not deleted, the spent ones too."""
        return self._all.values()

    def any_live(self) -> bool:
        """Tell whether it is worth naming the orders of a call."""
        return bool(self._live)

    def find(self, kind: str, scope: Scope, now: float) -> Fault | None:
        """Return the fault of this kind that strikes this call; None for an undisturbed call."""
        if kind not in self._live:
            return None
        self._drop_spent(kind, now)
        return next((fault for fault in self._live.get(kind, ()) if fault.matches(scope)), None)

    def spend(self, fault_id: int, now: float) -> None:
        """Count that a fault has struck."""
        fault = self._all[fault_id]
        fault.struck += 1
        self.struck[fault.kind] = self.struck.get(fault.kind, 0) + 1
        if fault.left is not None:
            fault.left -= 1
        self._drop_spent(fault.kind, now)

    def _drop_spent(self, kind: str, now: float) -> None:
        live = [fault for fault in self._live.get(kind, ()) if not fault.is_over(now)]
        if live:
            self._live[kind] = live
        else:
            self._live.pop(kind, None)


@effect
def strike(world: "World", *, fault_id: int) -> None:
    """Let a fault strike once: a world that is born again does not strike with what is spent."""
    world.faults.spend(fault_id, world.now())
