"""What routes are given."""

from typing import Annotated
from uuid import UUID

from common.errors import InvalidInput
from common.http.identity import Identity, Role, require
from common.http.paging import decode_cursor
from fastapi import Depends, Request

from billing.app.ports import Billing


def billing_of(request: Request) -> Billing:
    """The composition root."""
    service: Billing = request.app.state.service
    return service


BillingRoot = Annotated[Billing, Depends(billing_of)]

FINANCE = (Role.OPERATOR_ADMIN, Role.OPERATOR_FINANCE)
READERS = (*FINANCE, Role.OPERATOR_SUPPORT)
SELLERS = (Role.SELLER_OWNER, Role.SELLER_STAFF)

Finance = Annotated[Identity, Depends(require(*FINANCE))]
OperatorReader = Annotated[Identity, Depends(require(*READERS))]
Reader = Annotated[Identity, Depends(require(*READERS, *SELLERS))]
Payer = Annotated[Identity, Depends(require(*FINANCE, *SELLERS))]


def after_id(cursor: str | None) -> UUID | None:
    """The id of the last row of the page before; raises InvalidInput."""
    key = decode_cursor(cursor, 1)
    if not key:
        return None
    try:
        return UUID(key[0])
    except ValueError:
        raise InvalidInput.of(
            "cursor", cursor, "is not a cursor of this list", "Start again without a cursor."
        ) from None
