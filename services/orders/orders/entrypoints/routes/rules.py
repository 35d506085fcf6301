"""Routing rules: which warehouse and channel an order takes."""

from typing import Annotated
from uuid import UUID

from common.http.identity import CurrentIdentity
from common.http.preconditions import IdempotencyKey, IfMatch, once, version_of
from common.http.problem import RESPONSES
from common.kernel.ids import uuid7
from contracts.common_parts import AddressV1
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from orders.app import rule_edits
from orders.app.actions import unknown
from orders.domain.postal import PostalRange
from orders.domain.routing import Rule, first_match
from orders.entrypoints.dependencies import TheRoot, Writer
from orders.entrypoints.schemas import Input, View

router = APIRouter(prefix="/api/v1/routing-rules", tags=["routing rules"], responses=RESPONSES)
Code = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, min_length=1, max_length=20)]
Country = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^[A-Za-z]{2}$")]


class PostalRangeModel(Input):
    """Codes from first to last, both included, written like codes or like their beginnings: 100 to 149 is every US
    ZIP code from 10000 to 14999, SW1 to SW19 the postal districts SW1, SW2 ... SW19.
    """

    first: Code
    last: Code


class RuleInput(Input):
    """A rule as it is wanted; an empty condition holds always."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    store_id: UUID | None = None
    platform: Annotated[str, Field(max_length=50)] = ""
    countries: Annotated[list[Country], Field(max_length=250)] = Field(default_factory=list)
    postal_ranges: Annotated[list[PostalRangeModel], Field(max_length=200)] = Field(default_factory=list)
    warehouse_id: UUID
    channel_id: UUID
    auto_review: bool = Field(False, description="Review orders as soon as they are imported.")
    active: bool = True

    def rule(self, seller_id: UUID) -> Rule:
        """The rule as a value."""
        return Rule(
            id=uuid7(),
            seller_id=seller_id,
            position=0,
            name=self.name,
            warehouse_id=self.warehouse_id,
            channel_id=self.channel_id,
            auto_review=self.auto_review,
            active=self.active,
            store_id=self.store_id,
            platform=self.platform,
            countries=tuple(self.countries),
            postal_ranges=tuple(PostalRange(postal.first, postal.last) for postal in self.postal_ranges),
        )


class NewRule(RuleInput):
    """A rule to be made."""

    seller_id: UUID | None = Field(None, description="For operators.")


class PostalRangeView(View):
    """Codes from first to last, both included."""

    first: str
    last: str


class RuleView(View):
    """A routing rule."""

    id: UUID
    seller_id: UUID
    position: int
    name: str
    store_id: UUID | None
    platform: str
    countries: list[str]
    postal_ranges: list[PostalRangeView]
    warehouse_id: UUID
    channel_id: UUID
    auto_review: bool
    active: bool
    version: int = Field(description="Send it in If-Match.")

    @classmethod
    def of(cls, rule: Rule) -> "RuleView":
        """The rule, shown."""
        return cls.model_validate(rule)


class Rules(BaseModel):
    """A seller's rules in their order; the first that takes an order decides."""

    items: list[RuleView]


class RuleOrder(Input):
    """All of a seller's rules in the order wanted."""

    seller_id: UUID | None = Field(None, description="For operators.")
    rule_ids: Annotated[list[UUID], Field(max_length=1000)]


class PreviewRequest(Input):
    """An order that is here, or a destination."""

    seller_id: UUID | None = Field(None, description="For operators.")
    order_id: UUID | None = None
    store_id: UUID | None = None
    platform: str = ""
    country: str = ""
    postal_code: str = ""


class PreviewAnswer(BaseModel):
    """The rule that would take it, if any, and the destination as rules see it."""

    rule: RuleView | None
    country: str
    postal_code: str


SellerQuery = Annotated[UUID | None, Query(description="For operators.")]


@router.get("", summary="List routing rules")
async def list_rules(root: TheRoot, identity: CurrentIdentity, seller_id: SellerQuery = None) -> Rules:
    """A seller's rules in their order."""
    rules = await root.queries.rules(seller_id=identity.acting_seller(seller_id))
    return Rules(items=[RuleView.of(rule) for rule in rules])


@router.post("", summary="Make a routing rule", status_code=201, response_model=RuleView)
async def create_rule(
    request: Request, root: TheRoot, identity: Writer, body: NewRule, key: IdempotencyKey
) -> Response:
    """Add a rule behind the others."""
    wanted = body.rule(identity.acting_seller(body.seller_id))
    async with root.begin() as uow:

        async def work() -> BaseModel:
            return RuleView.of(await rule_edits.create_rule(wanted, uow=uow, countries=root.book.countries))

        return await once(uow, request=request, identity=identity, key=key, body=body, work=work, status=201)


@router.post("/reorder", summary="Put routing rules in order")
async def reorder_rules(root: TheRoot, identity: Writer, body: RuleOrder) -> Rules:
    """Name all rules of the seller in the order wanted."""
    async with root.begin() as uow:
        rules = await rule_edits.reorder_rules(body.rule_ids, uow=uow, seller_id=identity.acting_seller(body.seller_id))
    return Rules(items=[RuleView.of(rule) for rule in rules])


@router.post("/preview", summary="Which rule would take an order")
async def preview(root: TheRoot, identity: CurrentIdentity, body: PreviewRequest) -> PreviewAnswer:
    """Try the rules on an order or on a destination; nothing is changed."""
    if body.order_id:
        record = await root.queries.order(body.order_id, seller_id=identity.scope(body.seller_id))
        if record is None:
            raise unknown(body.order_id)
        order, address = record.order, record.details.content.ship_to
        rules = await root.queries.rules(seller_id=order.seller_id)
        rule = first_match(rules, store_id=order.store_id, platform=order.platform, address=address)
    else:
        address = root.book.normalise(AddressV1(country=body.country, postal_code=body.postal_code))
        rules = await root.queries.rules(seller_id=identity.acting_seller(body.seller_id))
        rule = first_match(rules, store_id=body.store_id, platform=body.platform, address=address)
    return PreviewAnswer(
        rule=RuleView.of(rule) if rule else None,
        country=address.country if address else "",
        postal_code=address.postal_code if address else "",
    )


@router.get("/{rule_id}", summary="Show a routing rule")
async def show_rule(root: TheRoot, identity: CurrentIdentity, rule_id: UUID) -> RuleView:
    """One rule."""
    async with root.begin() as uow:
        found = await uow.rules.get(rule_id, seller_id=identity.scope())
    if found is None:
        raise rule_edits.unknown_rule(rule_id)
    return RuleView.of(found)


@router.put("/{rule_id}", summary="Change a routing rule")
async def change_rule(
    root: TheRoot, identity: Writer, rule_id: UUID, body: RuleInput, if_match: IfMatch = None
) -> RuleView:
    """Set a rule's conditions and target; it keeps its place."""
    async with root.begin() as uow:
        changed = await rule_edits.change_rule(
            rule_id,
            body.rule(uuid7()),
            expected_version=version_of(if_match),
            uow=uow,
            seller_id=identity.scope(),
            countries=root.book.countries,
        )
    return RuleView.of(changed)


@router.delete("/{rule_id}", summary="Remove a routing rule", status_code=204)
async def delete_rule(root: TheRoot, identity: Writer, rule_id: UUID, if_match: IfMatch = None) -> None:
    """Orders that it has assigned stay assigned."""
    async with root.begin() as uow:
        await rule_edits.delete_rule(
            rule_id, expected_version=version_of(if_match), uow=uow, seller_id=identity.scope()
        )
