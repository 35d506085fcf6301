"""Connecting a shop, and authorising it again."""

from dataclasses import dataclass, field
from uuid import UUID

from common.errors import InvalidInput

from sync.app.authorize import Authorizer, Consent, own_store_of
from sync.app.ports import SyncUow
from sync.app.stores import add_store, new_store
from sync.connectors.kit.connector import Credentials
from sync.domain.store import Store

TOKEN_PLATFORMS = frozenset({"shopify"})
"""Platforms whose shops can be opened with a token that the seller makes there."""


@dataclass(frozen=True, slots=True)
class ConnectShop:
    """A shop to connect; with a token it is active at once."""

    seller_id: UUID
    platform: str
    name: str
    shop: str | None
    access_token: str | None = field(repr=False)
    actor: str


def token_credentials(platform: str, *, account: str | None, access_token: str) -> Credentials:
    """Credentials of a token given by hand; raises InvalidInput."""
    if platform not in TOKEN_PLATFORMS:
        raise InvalidInput.of(
            "access_token",
            None,
            f"is not a way to connect a store of {platform}",
            "Leave it out, and follow authorize_url.",
        )
    if not account:
        raise InvalidInput.of("shop", account, "is required with a token", "Give the shop's domain.")
    return Credentials(account=account.lower(), access_token=access_token)


async def connect_shop(command: ConnectShop, *, authorizer: Authorizer, uow: SyncUow) -> tuple[Store, Consent | None]:
    """Add a store: `authorizing` with the way to the consent page, or active with a token that was checked before."""
    if command.shop:
        account = command.shop.lower()
        own_store_of(
            await uow.stores.of_accounts(command.platform, [account]), account=account, seller_id=command.seller_id
        )
    store = new_store(seller_id=command.seller_id, platform=command.platform, name=command.name)
    await add_store(store, actor=command.actor, uow=uow)
    if command.access_token is None:
        return store, await authorizer.begin(store, account=command.shop, actor=command.actor, uow=uow)
    credentials = token_credentials(command.platform, account=command.shop, access_token=command.access_token)
    await authorizer.connect_token(store, credentials, actor=command.actor, uow=uow)
    return store, None


async def reauthorize(
    store: Store, *, credentials: Credentials | None, actor: str, authorizer: Authorizer, uow: SyncUow
) -> Consent | None:
    """Authorise a locked store again; its state changes when the seller has come back from the consent page."""
    if credentials is None:
        return await authorizer.begin(store, account=None, actor=actor, uow=uow)
    await authorizer.connect_token(store, credentials, actor=actor, uow=uow)
    return None
