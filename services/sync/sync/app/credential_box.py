"""Credentials at rest: sealed under the installation's keys, bound to their store and seller."""

from uuid import UUID

import orjson
from common.crypto import Keyring, Sealed, SecretError, binding

from sync.app.errors import CredentialsLost
from sync.connectors.kit.connector import Credentials


class CredentialBox:
    """Seals and opens credentials."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    @property
    def current_key(self) -> str:
        """The id of the key that seals."""
        return self._keyring.current_id

    @property
    def known_keys(self) -> tuple[str, ...]:
        """The ids of all keys that open."""
        return self._keyring.key_ids

    def seal(self, credentials: Credentials, *, store_id: UUID, seller_id: UUID) -> Sealed:
        """The form at rest."""
        return self._keyring.seal(orjson.dumps(credentials.to_json()), bound_to=binding(store_id, seller_id))

    def open(self, sealed: Sealed, *, store_id: UUID, seller_id: UUID) -> Credentials:
        """Read it back; raises CredentialsLost."""
        try:
            return Credentials.from_json(
                orjson.loads(self._keyring.open(sealed, bound_to=binding(store_id, seller_id)))
            )
        except (SecretError, ValueError) as error:
            raise CredentialsLost(f"the credentials of store {store_id}: {error}") from error

    def reseal(self, sealed: Sealed, *, store_id: UUID, seller_id: UUID) -> Sealed:
        """The same secret under the current key; raises CredentialsLost."""
        return self.seal(
            self.open(sealed, store_id=store_id, seller_id=seller_id), store_id=store_id, seller_id=seller_id
        )
