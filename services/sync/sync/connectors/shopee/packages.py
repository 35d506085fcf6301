"""One order's packages as far as shipping them has come: the state of the label chain, JSON-able between its calls."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sync.connectors.kit.errors import NotReady, Refused
from sync.connectors.kit.reading import FieldFault, Fields
from sync.connectors.shopee.manifest import PLATFORM
from sync.connectors.shopee.wire import Package

_ARRANGED = frozenset(
    {"REQUEST_CREATED", "PICKUP_DONE", "PICKUP_RETRY", "PICKUP_FAILED", "DELIVERY_DONE", "DELIVERY_FAILED"}
)
_DEAD = frozenset({"REQUEST_CANCELED", "COD_REJECTED", "INVALID", "LOST"})
_NOT_YET = frozenset({"NOT_START", "PENDING_ARRANGE"})
_SHIPPABLE = frozenset({"READY_TO_SHIP", "RETRY_SHIP", "PROCESSED"})
_AFTER_ARRANGEMENT = frozenset({"PROCESSED", "SHIPPED", "TO_CONFIRM_RECEIVE", "COMPLETED"})


class Step(StrEnum):
    """What is next for a package."""

    ARRANGE = "arrange"
    TRACK = "track"
    DOCUMENT = "document"
    RESULT = "result"
    DOWNLOAD = "download"


@dataclass(slots=True)
class PackageState:
    """One package under way. `maybe_created`: its document may exist, so it is looked for before it is made."""

    number: str
    carrier: str
    step: Step
    tracking_number: str = ""
    document_type: str = ""
    maybe_created: bool = False


@dataclass(slots=True)
class Progress:
    """All packages of one label. `split`: calls name the package, which an unsplit order must not do."""

    split: bool
    packages: list[PackageState]
    waits: int = 0
    steps_before: tuple[Step, ...] = field(default=(), repr=False)

    def at(self, step: Step) -> list[PackageState]:
        """The packages whose next step this is."""
        return [package for package in self.packages if package.step is step]

    def wait_seconds(self, *, first: float, longest: float) -> float:
        """How long to wait now: doubling, and from the beginning again after any package has moved on."""
        steps = tuple(package.step for package in self.packages)
        self.waits = 0 if steps != self.steps_before else self.waits + 1
        return float(min(longest, first * 2 ** min(self.waits, 20)))

    def to_json(self) -> dict[str, object]:
        """What `from_json` reads back."""
        return {
            "split": self.split,
            "waits": self.waits,
            "packages": [
                {
                    "number": package.number,
                    "carrier": package.carrier,
                    "step": package.step.value,
                    "tracking_number": package.tracking_number,
                    "document_type": package.document_type,
                }
                for package in self.packages
            ],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, object]) -> "Progress | None":
        """The stored progress; None when it cannot be read, since reading the platform again replaces it.

        A run may have died after making a document and before saving so: what is resumed looks for it first.
        """
        try:
            fields = Fields(dict(stored))
            packages = [
                PackageState(
                    number=item.optional_text("number"),
                    carrier=item.optional_text("carrier"),
                    step=Step(item.text("step")),
                    tracking_number=item.optional_text("tracking_number"),
                    document_type=item.optional_text("document_type"),
                    maybe_created=True,
                )
                for item in fields.children("packages")
            ]
            waits = fields.whole("waits")
            split = fields.flag("split")
        except (FieldFault, ValueError):
            return None
        steps = tuple(package.step for package in packages)
        return cls(split=split, packages=packages, waits=waits, steps_before=steps) if packages else None


@dataclass(frozen=True, slots=True)
class ShippingView:
    """What an order says of its shipping; `units` is the quantity of all its lines."""

    status: str
    pending_terms: tuple[str, ...]
    advance: bool
    packages: tuple[Package, ...]
    units: int

    def arranged(self, package: Package) -> bool:
        """Whether ship_order has been taken for the package; its own status decides, the order's where it has none."""
        if package.status:
            return package.status in _ARRANGED or package.arranged_flag
        return self.status in _AFTER_ARRANGEMENT

    def wanted(self, numbers: tuple[str, ...]) -> tuple[Package, ...]:
        """The packages with these numbers, all without any; one without a number where none is shown."""
        if not numbers:
            return self.packages or (Package("", "", None, "", False, ()),)
        by_number = {package.number: package for package in self.packages}
        missing = [number for number in numbers if number not in by_number]
        if missing:
            raise refused(
                "package_not_found",
                f"package {missing[0]!r} is not among {sorted(by_number)}: the order was split anew; review it again",
            )
        return tuple(by_number[number] for number in numbers)

    def check_arrangeable(self, package: Package) -> None:
        """Raise what keeps the package from being arranged: a refusal, or a wait."""
        if package.status in _DEAD:
            raise refused("package_dead", f"package {package.number} is {package.status}; it cannot be shipped")
        if self.status not in _SHIPPABLE:
            final = self.status in ("CANCELLED", *_AFTER_ARRANGEMENT)
            raise refused("order_not_shippable", f"the order is {self.status}; it cannot be shipped", final=final)
        if self.advance:
            raise refused("advance_package", "Shopee arranges this order itself (matched booking); do not ship it")
        if self.pending_terms:
            raise refused("order_pending", f"the order waits for {', '.join(self.pending_terms)}", final=False)
        if package.status in _NOT_YET:
            reason = f"package {package.number} is {package.status}; Shopee has not released it for shipping yet"
            raise NotReady(reason, code="not_released", platform=PLATFORM)


def begin(view: ShippingView, numbers: tuple[str, ...]) -> Progress:
    """The state of packages that nobody has worked on as far as we remember."""
    states = [
        PackageState(
            number=package.number,
            carrier=package.carrier,
            step=Step.TRACK if view.arranged(package) else Step.ARRANGE,
            maybe_created=view.arranged(package),
        )
        for package in view.wanted(numbers)
    ]
    return Progress(split=len(view.packages) > 1, packages=states)


def refused(code: str, reason: str, *, final: bool = True) -> Refused:
    """A refusal of our own, from what the order says."""
    return Refused(reason, code=code, final=final, platform=PLATFORM, call="logistics")
