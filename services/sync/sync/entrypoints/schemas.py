"""What the API takes and gives."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
ShopName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]


class Body(BaseModel):
    """A request; a field that is not known is refused rather than ignored."""

    model_config = ConfigDict(extra="forbid")


class ConnectStore(Body):
    """A shop to connect."""

    platform: str = Field(description="The marketplace: shopify, shopee.", min_length=1, max_length=40)
    name: Name = Field(description="What you call the store.")
    shop: ShopName | None = Field(
        None, description="The shop as the platform names it: mugs.myshopify.com. Shopee asks for it on its own page."
    )
    access_token: SecretStr | None = Field(
        None, description="The Admin API token of a Shopify custom app; the store is then active at once."
    )
    seller_id: UUID | None = Field(None, description="Operators name the seller that it is for.")


class RenameStore(Body):
    """What can be edited of a store."""

    name: Name


class Reauthorize(Body):
    """How to authorise a store again: on the platform's page, or with another token."""

    access_token: SecretStr | None = Field(None, description="A new Admin API token of a Shopify custom app.")


class DisableStore(Body):
    """Why a store is disabled."""

    reason: str = Field("", max_length=500)


class RequestSync(Body):
    """What to pull."""

    since: datetime | None = Field(
        None, description="Pull what has changed since; normally two days, or since the last complete run."
    )


class Shown(BaseModel):
    """An answer made of a read model."""

    model_config = ConfigDict(from_attributes=True)


class StoreOut(Shown):
    """A store."""

    id: UUID
    seller_id: UUID
    platform: str
    account: str | None = Field(description="The platform's name of the shop, once it was authorised.")
    name: str
    state: str = Field(description="authorizing, active, auth_expired or disabled.")
    state_reason: str = Field(description="Why it is in this state.")
    version: int = Field(description="For If-Match.")
    last_error: str = Field(description="Why the last run failed; empty after one that did not.")
    last_complete_until: datetime | None = Field(description="Up to when everything has been pulled.")
    next_pull_at: datetime | None
    created_at: datetime
    updated_at: datetime


class StoreConnectOut(StoreOut):
    """A store, with the way to the platform's consent page where one is needed."""

    authorize_url: str | None = Field(None, description="Send the seller's browser here.")
    authorize_state: str | None = Field(None, description="Comes back from the platform, once.")
    authorize_expires_at: datetime | None = Field(None, description="The authorisation must be finished by then.")


class ConnectedOut(BaseModel):
    """The stores that an authorisation has made active."""

    stores: list[StoreOut]


class CountsOut(BaseModel):
    """Stores by state."""

    counts: dict[str, int]


class RunOut(Shown):
    """A sync run."""

    id: UUID
    store_id: UUID
    trigger: str = Field(description="first, schedule or manual.")
    requested_by: str
    state: str = Field(description="running, interrupted (goes on from its cursor), complete or failed.")
    since: datetime
    until: datetime
    pages: int
    calls: int
    platform_total: int | None = Field(description="The platform's own count of the window, where it gives one.")
    orders_read: int
    orders_sent: int = Field(description="New, or newer than what was sent on before.")
    orders_unchanged: int
    orders_unpaid: int = Field(description="Not sent on until they are paid.")
    orders_left_out: int = Field(description="Fulfilled by somebody else.")
    orders_parked: int
    throttled_seconds: float
    errors: int
    last_error: str
    resumed: int = Field(description="How often it went on after an interruption.")
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None


class ParkedOut(Shown):
    """An order that cannot be read."""

    id: UUID
    store_id: UUID
    platform_order_id: str
    state: str = Field(description="parked, retrying or resolved.")
    reason: str
    raw: str | None = Field(description="The platform's JSON; erased once resolved, or after some weeks.")
    tries: int
    parked_at: datetime
    updated_at: datetime


class MoveOut(Shown):
    """A step of a store's history."""

    id: UUID
    at: datetime
    actor: str
    from_state: str | None
    to_state: str
    reason: str


class RunRef(BaseModel):
    """The run that was started, or hurried."""

    run_id: UUID


def connect_fields(model: ConnectStore) -> dict[str, Any]:
    """The request as Idempotency-Key compares it; only a digest of all of it is stored."""
    token = model.access_token.get_secret_value() if model.access_token else None
    return {**model.model_dump(mode="json", exclude={"access_token"}), "access_token": token}
