"""Fee schedules and previews of fees."""

from typing import Annotated, Any
from uuid import UUID

from common.http.paging import CursorParameter, Limit, Page, page_of
from common.http.preconditions import IdempotencyKey, IfMatch, once, version_of
from common.http.problem import RESPONSES
from common.kernel.clock import utcnow
from fastapi import APIRouter, Query, Request, Response

from billing.app.fee_schedules import (
    PriceQuestion,
    ScheduleTerms,
    add_schedule,
    edit_schedule,
    preview,
    remove_schedule,
    schedule_not_found,
)
from billing.domain.fees import WeightBand
from billing.entrypoints.dependencies import BillingRoot, Finance, OperatorReader, Reader, after_id
from billing.entrypoints.schemas import FeeAnswer, PreviewRequest, ScheduleAnswer, ScheduleRequest

router = APIRouter(prefix="/api/v1/fee-schedules", responses=RESPONSES)


def _terms(body: ScheduleRequest) -> ScheduleTerms:
    return ScheduleTerms(
        warehouse_id=body.warehouse_id,
        channel_id=body.channel_id,
        seller_id=body.seller_id,
        name=body.name,
        valid_from=body.valid_from,
        per_order=body.per_order,
        per_further_unit=body.per_further_unit,
        bands=tuple(WeightBand(band.up_to_grams, band.amount) for band in body.bands),
    )


@router.get("", summary="Fee schedules")
async def list_schedules(
    *,
    billing: BillingRoot,
    identity: OperatorReader,
    warehouse_id: UUID | None = None,
    seller_id: Annotated[UUID | None, Query(description="Those made for one seller.")] = None,
    limit: Limit = 50,
    cursor: CursorParameter = None,
) -> Page[ScheduleAnswer]:
    """Newest first."""
    async with billing.transactions.begin() as uow:
        rows = await uow.queries.schedules(
            warehouse_id=warehouse_id, seller_id=seller_id, after=after_id(cursor), limit=limit + 1
        )
    page = page_of(rows, limit=limit, key=lambda row: (row.id,), item=ScheduleAnswer.model_validate)
    return Page[ScheduleAnswer](**page)


@router.post("", summary="Make a fee schedule", status_code=201, response_model=ScheduleAnswer)
async def post_schedule(
    *, billing: BillingRoot, identity: Finance, request: Request, body: ScheduleRequest, key: IdempotencyKey
) -> Any:
    """Of those that apply to an order, the most specific counts: seller and channel, seller, channel, neither; among
    equals the one that began last.
    """
    async with billing.transactions.begin() as uow:

        async def work() -> ScheduleAnswer:
            schedule_id = await add_schedule(_terms(body), actor=identity.actor, uow=uow)
            return ScheduleAnswer.model_validate(await uow.schedules.get(schedule_id))

        return await once(uow, request=request, identity=identity, key=key, body=body, work=work, status=201)


@router.post("/preview", summary="What an order would cost")
async def post_preview(billing: BillingRoot, identity: Reader, body: PreviewRequest) -> FeeAnswer:
    """The estimated charge of an order, with its parts."""
    question = PriceQuestion(
        seller_id=identity.acting_seller(body.seller_id),
        warehouse_id=body.warehouse_id,
        channel_id=body.channel_id,
        units=body.units,
        weight_grams=body.weight_grams,
        at=body.at or utcnow(),
    )
    async with billing.transactions.begin() as uow:
        return FeeAnswer.model_validate(await preview(question, uow=uow))


@router.get("/{schedule_id}", summary="A fee schedule")
async def get_schedule(
    *, billing: BillingRoot, identity: OperatorReader, schedule_id: UUID, response: Response
) -> ScheduleAnswer:
    """One schedule."""
    async with billing.transactions.begin() as uow:
        schedule = await uow.schedules.get(schedule_id)
    if schedule is None:
        raise schedule_not_found(schedule_id)
    response.headers["ETag"] = f'"{schedule.version}"'
    return ScheduleAnswer.model_validate(schedule)


@router.put("/{schedule_id}", summary="Edit a fee schedule")
async def put_schedule(
    *, billing: BillingRoot, identity: Finance, schedule_id: UUID, body: ScheduleRequest, if_match: IfMatch = None
) -> ScheduleAnswer:
    """Counts for holds placed from now on; holds keep the price that they were placed with."""
    version = version_of(if_match)
    async with billing.transactions.begin() as uow:
        await edit_schedule(schedule_id, _terms(body), version=version, actor=identity.actor, uow=uow)
        return ScheduleAnswer.model_validate(await uow.schedules.get(schedule_id))


@router.delete("/{schedule_id}", summary="Remove a fee schedule", status_code=204)
async def delete_schedule(billing: BillingRoot, identity: Finance, schedule_id: UUID, if_match: IfMatch = None) -> None:
    """Orders that it applied to are priced by the next one that does, or refused."""
    version = version_of(if_match)
    async with billing.transactions.begin() as uow:
        await remove_schedule(schedule_id, version=version, actor=identity.actor, uow=uow)
