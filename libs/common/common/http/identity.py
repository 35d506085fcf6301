"""Who asks: a short-lived token that the gateway signs (EdDSA) and every service checks; nothing else is trusted."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from fastapi import Depends, Request

from common.errors import Forbidden, InvalidInput, Unauthenticated
from common.kernel.clock import utcnow

HEADER = "Orderdock-Identity"
LIFETIME = timedelta(seconds=60)
_ISSUER = "orderdock-gateway"


class Role(StrEnum):
    """What a user may do; the gateway's access table says it for every route."""

    OPERATOR_ADMIN = "operator_admin"
    OPERATOR_FINANCE = "operator_finance"
    OPERATOR_WAREHOUSE = "operator_warehouse"
    OPERATOR_SUPPORT = "operator_support"
    SELLER_OWNER = "seller_owner"
    SELLER_STAFF = "seller_staff"


class Kind(StrEnum):
    """Whose user it is."""

    OPERATOR = "operator"
    SELLER = "seller"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class Identity:
    """A signed-in user or machine; `seller_id` is set for sellers and their machines, and bounds all they see."""

    user_id: UUID
    kind: Kind
    seller_id: UUID | None
    roles: frozenset[str]
    scopes: frozenset[str] = frozenset()

    @property
    def is_operator(self) -> bool:
        """Whether it belongs to the warehouse company and may see every seller."""
        return self.seller_id is None and self.kind is not Kind.SELLER

    @property
    def actor(self) -> str:
        """How audit rows name it."""
        return f"{self.kind}:{self.user_id}"

    def scope(self, wanted: UUID | None = None) -> UUID | None:
        """The seller whose rows may be read: a seller's own, whatever was wanted; an operator's choice, or all."""
        return self.seller_id if not self.is_operator else wanted

    def acting_seller(self, named: UUID | None = None) -> UUID:
        """The seller for whom something is made: a seller's own, or the one that an operator names."""
        seller_id = self.scope(named)
        if seller_id is None:
            raise InvalidInput.of("seller_id", None, "is required from operators", "Name the seller that it is for.")
        return seller_id


class IdentitySigner:
    """Signs identities; only the gateway has the key."""

    def __init__(self, private_key: str) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(private_key))

    def sign(self, identity: Identity) -> str:
        """A token that is good for a minute."""
        now = utcnow()
        claims: dict[str, Any] = {
            "iss": _ISSUER,
            "iat": now,
            "exp": now + LIFETIME,
            "sub": str(identity.user_id),
            "kind": identity.kind.value,
            "roles": sorted(identity.roles),
            "scopes": sorted(identity.scopes),
        }
        if identity.seller_id:
            claims["seller_id"] = str(identity.seller_id)
        return jwt.encode(claims, self._key, algorithm="EdDSA")


class IdentityVerifier:
    """Checks identities with the gateway's public key."""

    def __init__(self, public_key: str) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key))

    def verify(self, token: str) -> Identity:
        """The identity in `token`; raises Unauthenticated."""
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=["EdDSA"],
                issuer=_ISSUER,
                options={"require": ["exp", "iat", "sub"]},
                leeway=5,
            )
            return Identity(
                user_id=UUID(claims["sub"]),
                kind=Kind(claims["kind"]),
                seller_id=UUID(claims["seller_id"]) if "seller_id" in claims else None,
                roles=frozenset(claims["roles"]),
                scopes=frozenset(claims.get("scopes", ())),
            )
        except (jwt.PyJWTError, KeyError, ValueError) as error:
            raise Unauthenticated(
                f"the identity is not valid: {error}", remedy="Call through the gateway, which signs who you are."
            ) from error


def current_identity(request: Request) -> Identity:
    """The identity of a request."""
    token = request.headers.get(HEADER)
    if not token:
        raise Unauthenticated(
            "no identity came with the request", remedy="Call through the gateway, and sign in there."
        )
    verifier: IdentityVerifier = request.app.state.identity_verifier
    return verifier.verify(token)


CurrentIdentity = Annotated[Identity, Depends(current_identity)]


def require(*roles: Role) -> Callable[[Identity], Identity]:
    """A dependency that lets only these roles in: `Annotated[Identity, Depends(require(Role.OPERATOR_ADMIN))]`."""

    def check(identity: CurrentIdentity) -> Identity:
        if not identity.roles & {role.value for role in roles}:
            raise Forbidden(
                f"this needs one of the roles {', '.join(roles)}",
                remedy="Ask an administrator for the role, or someone who has it.",
            )
        return identity

    return check
