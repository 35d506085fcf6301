"""Secrets at rest: AES-256-GCM under rotating keys, each secret bound to the row it belongs to.

::

    keyring = Keyring.parse("k2:<base64 of 32 bytes>,k1:<...>")      # the first key is the current one
    sealed = keyring.seal(secret, bound_to=binding(store_id, seller_id))
    secret = keyring.open(sealed, bound_to=binding(store_id, seller_id))

A row keeps `sealed.key_id` and `sealed.data`. What is bound to a row cannot be opened as another's: copying one
tenant's sealed credentials into another tenant's row gives CannotOpen. Rows whose key is not `keyring.current_id` are
sealed again by a timer of their service; then the old key may be taken out of the setting.

SecretError
├── UnknownKey     the key that sealed it is no longer in the setting
└── CannotOpen     altered, of another row, or sealed with another key of the same id
"""

import base64
import binascii
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12
_KEY_ID = re.compile(r"[A-Za-z0-9_.-]{1,32}")


class SecretError(Exception):
    """A sealed secret cannot be opened; the message never holds any of it."""


class UnknownKey(SecretError):
    """No key of this id is in the setting."""

    def __init__(self, key_id: str, known: tuple[str, ...]) -> None:
        super().__init__(
            f"sealed with key {key_id!r}, but the setting has only {', '.join(known)}: "
            "put that key back behind the current one"
        )
        self.key_id = key_id


class CannotOpen(SecretError):
    """It was altered, belongs to another row, or its key's id now stands for another key."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"cannot be opened with key {key_id!r}: it was altered, or is not of this row")
        self.key_id = key_id


@dataclass(frozen=True, slots=True)
class Sealed:
    """A secret at rest: the id of its key, and the nonce with the ciphertext and its tag."""

    key_id: str
    data: bytes = field(repr=False)


def binding(*parts: object) -> bytes:
    """The associated data of a row: its ids, for example store and seller, joined so that no two rows share it."""
    return b"\x1f".join(str(part).encode() for part in parts)


class Keyring:
    """The keys of one installation; the first one seals, all of them open."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        for key_id, key in keys.items():
            if not _KEY_ID.fullmatch(key_id):
                raise ValueError(f"key id {key_id!r} must be 1 to 32 letters, digits, '.', '_' or '-'")
            if len(key) != KEY_BYTES:
                raise ValueError(f"key {key_id!r} has {len(key)} bytes, but must have {KEY_BYTES}")
        if not keys:
            raise ValueError("there must be at least one key")
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self.current_id = next(iter(keys))

    @classmethod
    def parse(cls, text: str) -> "Keyring":
        """Read `id:base64,id:base64`, the current key first; a ValueError names the part, never the key."""
        keys: dict[str, bytes] = {}
        for number, part in enumerate(text.split(","), start=1):
            key_id, colon, encoded = part.strip().partition(":")
            if not colon:
                raise ValueError(f"part {number} must be <key id>:<base64 of {KEY_BYTES} bytes>")
            if key_id in keys:
                raise ValueError(f"key id {key_id!r} stands there twice")
            try:
                keys[key_id] = base64.b64decode(encoded, validate=True)
            except binascii.Error:
                raise ValueError(f"key {key_id!r} is not base64") from None
        return cls(keys)

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of all keys, the current one first."""
        return tuple(self._ciphers)

    def seal(self, secret: bytes, *, bound_to: bytes) -> Sealed:
        """Encrypt with the current key."""
        nonce = os.urandom(_NONCE_BYTES)
        return Sealed(self.current_id, nonce + self._ciphers[self.current_id].encrypt(nonce, secret, bound_to))

    def open(self, sealed: Sealed, *, bound_to: bytes) -> bytes:
        """Decrypt; raises UnknownKey or CannotOpen."""
        cipher = self._ciphers.get(sealed.key_id)
        if cipher is None:
            raise UnknownKey(sealed.key_id, self.key_ids)
        try:
            return cipher.decrypt(sealed.data[:_NONCE_BYTES], sealed.data[_NONCE_BYTES:], bound_to)
        except (InvalidTag, ValueError):
            raise CannotOpen(sealed.key_id) from None
