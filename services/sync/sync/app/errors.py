"""Why a store's platform is not called now.

AccessError
├── StoreGone          no such store, or not the seller's
├── StoreNotActive     authorizing, auth_expired or disabled: no call is made
├── CredentialsLost    the stored credentials cannot be opened with the keys of this installation
├── PlatformMissing    its platform is not configured here
└── RefreshUnderway    another worker is renewing its credentials; try again in a moment
"""

from uuid import UUID

from sync.domain.store import StoreState


class AccessError(Exception):
    """The root: no call was made. `code` is stable, the text says what to do."""

    code = "store_not_callable"


class StoreGone(AccessError):
    """There is no such store, or it is another seller's."""

    code = "store_not_found"

    def __init__(self, store_id: UUID) -> None:
        super().__init__(f"store {store_id} does not exist; connect the shop again")


class StoreNotActive(AccessError):
    """No calls while it is not active."""

    code = "store_not_active"

    def __init__(self, store_id: UUID, state: StoreState) -> None:
        super().__init__(f"store {store_id} is {state}; authorise it again, then this goes on by itself")
        self.state = state


class CredentialsLost(AccessError):
    """Key taken away too early, or a row put back from elsewhere."""

    code = "credentials_unreadable"


class PlatformMissing(AccessError):
    """Its platform's app is not in the settings."""

    code = "platform_not_configured"

    def __init__(self, platform: str) -> None:
        super().__init__(f"platform {platform} is not configured; set its app in the settings of sync")


class RefreshUnderway(AccessError):
    """Another process holds the right to renew the credentials."""

    code = "refresh_underway"

    def __init__(self, store_id: UUID) -> None:
        super().__init__(f"another worker is renewing the credentials of store {store_id}; it is tried again")
