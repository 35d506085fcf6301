"""Messages of the gateway: the sellers."""

from uuid import UUID

from contracts.base import Event


class SellerRegisteredV1(Event, owner="gateway", name="seller_registered", version=1, subject="seller_id"):
    """A new seller; code is short, unique and upper case, currency the one its account is kept in."""

    seller_id: UUID
    version: int
    code: str
    name: str
    currency: str
    active: bool = True


class SellerChangedV1(Event, owner="gateway", name="seller_changed", version=1, subject="seller_id"):
    """A seller as it is now."""

    seller_id: UUID
    version: int
    code: str
    name: str
    currency: str
    active: bool
