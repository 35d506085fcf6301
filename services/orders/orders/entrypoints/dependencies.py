"""What routes depend on."""

from typing import Annotated

from common.errors import Forbidden
from common.http.identity import CurrentIdentity, Identity, Kind, Role
from fastapi import Depends, Request

from orders.app.actions import Asker
from orders.app.root import Root

_WRITERS = frozenset(
    {Role.OPERATOR_ADMIN.value, Role.OPERATOR_WAREHOUSE.value, Role.SELLER_OWNER.value, Role.SELLER_STAFF.value}
)
_WRITE_SCOPE = "orders:write"


def root(request: Request) -> Root:
    """The composition root."""
    found: Root = request.app.state.service
    return found


def writer(identity: CurrentIdentity) -> Identity:
    """Somebody who may change orders: sellers, operators but support and finance, machines with the scope."""
    if identity.roles & _WRITERS or (identity.kind is Kind.MACHINE and _WRITE_SCOPE in identity.scopes):
        return identity
    raise Forbidden(
        "changing orders needs the role seller owner, seller staff, operator admin or operator warehouse, or the scope "
        f"{_WRITE_SCOPE}",
        remedy="Ask an administrator for the role, or someone who has it.",
    )


TheRoot = Annotated[Root, Depends(root)]
Writer = Annotated[Identity, Depends(writer)]


def asker(identity: Identity) -> Asker:
    """Who asks, for use cases."""
    return Asker(identity.actor, identity.scope())
