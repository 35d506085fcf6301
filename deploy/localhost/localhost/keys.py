"""Secrets of one run, made when it begins and gone with it."""

import base64
import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

DEVELOPMENT_EMAIL = "admin@orderdock.example"


@dataclass(frozen=True)
class IdentityKeys:
    """The pair with which the gateway signs identities and everybody checks them; raw Ed25519, base64."""

    private: str
    public: str


@dataclass(frozen=True)
class Admin:
    """The first operator."""

    email: str
    password: str


@dataclass(frozen=True)
class MarketplaceApps:
    """What the marketplaces know our app by; the sandbox is told the same."""

    shopify_client_id: str
    shopify_client_secret: str
    shopee_partner_id: int
    shopee_partner_key: str


@dataclass(frozen=True)
class Secrets:
    """Everything secret that an installation is set up with."""

    identity: IdentityKeys
    credential_keys: str
    admin: Admin
    apps: MarketplaceApps


def new_secrets() -> Secrets:
    """Secrets of a new installation."""
    key = Ed25519PrivateKey.generate()
    return Secrets(
        identity=IdentityKeys(_text(key.private_bytes_raw()), _text(key.public_key().public_bytes_raw())),
        credential_keys=f"k1:{_text(secrets.token_bytes(32))}",
        admin=Admin(DEVELOPMENT_EMAIL, secrets.token_urlsafe(12)),
        apps=MarketplaceApps(
            shopify_client_id="orderdock-local",
            shopify_client_secret=secrets.token_hex(16),
            shopee_partner_id=2001887,
            shopee_partner_key=secrets.token_hex(32),
        ),
    )


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
