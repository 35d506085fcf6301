"""The warehouse desk: ship and refuse, one or many."""

from typing import Any
from uuid import UUID

from common.errors import AppError, Conflict, InvalidInput, NotFound
from common.http.batch import BatchAnswer, RowResult, answer
from common.http.preconditions import IdempotencyKey, once
from common.http.problem import RESPONSES
from fastapi import APIRouter, Request

from fulfillment.app import closing
from fulfillment.entrypoints.root import CurrentRoot, DeskStaff
from fulfillment.entrypoints.schemas import Refuse, Ship, ShipBatch

router = APIRouter(prefix="/api/v1/fulfillments", tags=["warehouse desk"], responses=RESPONSES)


@router.post("/ship", summary="Ship several", response_model=BatchAnswer)
async def ship_fulfillments(
    body: ShipBatch, *, request: Request, root: CurrentRoot, identity: DeskStaff, key: IdempotencyKey
) -> Any:
    """What the desk has packed has left; each row says what became of it, by its id or human number."""
    rows = [closing.ShipRow(item.ref, tuple(parcel.parcel() for parcel in item.parcels)) for item in body.items]
    async with root.transactions.begin() as uow:

        async def work() -> BatchAnswer:
            return answer(await closing.ship_at_desk(rows, actor=identity.actor, uow=uow))

        return await once(uow, request=request, identity=identity, key=key, body=body, work=work)


@router.post("/{fulfillment_id}/ship", summary="Ship one", response_model=RowResult)
async def ship_fulfillment(
    fulfillment_id: UUID, *, body: Ship, request: Request, root: CurrentRoot, identity: DeskStaff, key: IdempotencyKey
) -> Any:
    """It has left the desk."""
    row = closing.ShipRow(str(fulfillment_id), tuple(parcel.parcel() for parcel in body.parcels))
    async with root.transactions.begin() as uow:

        async def work() -> RowResult:
            return _only(await closing.ship_at_desk([row], actor=identity.actor, uow=uow))

        return await once(uow, request=request, identity=identity, key=key, body=body, work=work)


@router.post("/{fulfillment_id}/refuse", summary="Give one back", response_model=RowResult)
async def refuse_fulfillment(
    fulfillment_id: UUID, *, body: Refuse, request: Request, root: CurrentRoot, identity: DeskStaff, key: IdempotencyKey
) -> Any:
    """The desk cannot ship it: it goes to exception with the reason, and its seller decides."""
    row = closing.RefuseRow(str(fulfillment_id), body.reason)
    async with root.transactions.begin() as uow:

        async def work() -> RowResult:
            return _only(await closing.refuse_at_desk([row], actor=identity.actor, uow=uow))

        return await once(uow, request=request, identity=identity, key=key, body=body, work=work)


def _only(rows: list[RowResult]) -> RowResult:
    """The single row; one that was refused is the error of the request."""
    row = rows[0]
    if row.ok:
        return row
    kinds: dict[str, type[AppError]] = {"not_found": NotFound}
    if row.code in {"parcels_missing", "tracking_missing"}:
        raise InvalidInput.of("parcels", [], row.message, row.remedy, code=row.code)
    raise kinds.get(row.code, Conflict)(row.message, remedy=row.remedy, code=row.code)
