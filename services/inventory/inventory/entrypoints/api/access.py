"""Who may call what, and how routes reach the service."""

from typing import Annotated, cast

from common.http.identity import Identity, Role, require
from fastapi import Depends, Request

from inventory.app.ports import Inventory


def inventory_of(request: Request) -> Inventory:
    """The service that the application was built around."""
    return cast(Inventory, request.app.state.service)


Service = Annotated[Inventory, Depends(inventory_of)]

Admin = Annotated[Identity, Depends(require(Role.OPERATOR_ADMIN))]
Operator = Annotated[
    Identity,
    Depends(require(Role.OPERATOR_ADMIN, Role.OPERATOR_WAREHOUSE, Role.OPERATOR_SUPPORT, Role.OPERATOR_FINANCE)),
]
WarehouseStaff = Annotated[Identity, Depends(require(Role.OPERATOR_ADMIN, Role.OPERATOR_WAREHOUSE))]
ProductEditor = Annotated[
    Identity,
    Depends(require(Role.OPERATOR_ADMIN, Role.OPERATOR_WAREHOUSE, Role.SELLER_OWNER, Role.SELLER_STAFF)),
]
