"""Which warehouse and channel an order takes: a seller's rules in their order, the first that matches."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from orders.domain.address import Address
from orders.domain.postal import PostalRange


@dataclass(frozen=True, slots=True)
class Rule:
    """Orders to these countries and postal codes, of this store and platform, go to this warehouse by this channel.

    An empty condition holds always. `auto_review` has the order reviewed as soon as it is imported.
    """

    id: UUID
    seller_id: UUID
    position: int
    name: str
    warehouse_id: UUID
    channel_id: UUID
    auto_review: bool = False
    active: bool = True
    store_id: UUID | None = None
    platform: str = ""
    countries: tuple[str, ...] = ()
    postal_ranges: tuple[PostalRange, ...] = ()
    version: int = 1

    def takes(self, *, store_id: UUID | None, platform: str, address: Address | None) -> bool:
        """Whether an order of this store, on this platform, to this address is one of the rule's."""
        if not self.active:
            return False
        if self.store_id is not None and self.store_id != store_id:
            return False
        if self.platform and self.platform != platform:
            return False
        if not (self.countries or self.postal_ranges):
            return True
        if address is None or (self.countries and address.country not in self.countries):
            return False
        if not self.postal_ranges:
            return True
        return any(postal.holds(address.postal_code) for postal in self.postal_ranges)


def first_match(rules: Iterable[Rule], *, store_id: UUID | None, platform: str, address: Address | None) -> Rule | None:
    """The rule that takes the order; `rules` are one seller's, in their order."""
    return next((rule for rule in rules if rule.takes(store_id=store_id, platform=platform, address=address)), None)
