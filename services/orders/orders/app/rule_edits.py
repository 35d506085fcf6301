"""Editing routing rules, and trying them."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from common.errors import FieldError, InvalidInput, NotFound, StaleVersion

from orders.app.ports import Uow
from orders.domain.routing import Rule


def unknown_rule(rule_id: UUID) -> NotFound:
    """There is no such rule, or it is somebody else's."""
    return NotFound(f"there is no routing rule {rule_id}", remedy="Take the id from the list of routing rules.")


async def _check(rule: Rule, *, uow: Uow, countries: frozenset[str]) -> None:
    """Raise InvalidInput, naming every field that cannot be."""
    wrong: list[FieldError] = []
    surroundings = await uow.reference.surroundings([rule.seller_id])
    warehouse = surroundings.warehouses.get(rule.warehouse_id)
    if warehouse is None or (rule.seller_id, rule.warehouse_id) not in surroundings.bindings:
        remedy = "Take it from the list of warehouses."
        wrong.append(FieldError("warehouse_id", rule.warehouse_id, "is no warehouse of yours", remedy))
    channel = surroundings.channels.get(rule.channel_id)
    if channel is None or channel.warehouse_id != rule.warehouse_id:
        remedy = "Take it from the warehouse's channels."
        wrong.append(FieldError("channel_id", rule.channel_id, "is no channel of the warehouse", remedy))
    for number, country in enumerate(rule.countries):
        if country not in countries:
            remedy = "Use a code such as US."
            wrong.append(FieldError(f"countries.{number}", country, "is no ISO 3166-1 alpha-2 code", remedy))
    for number, postal in enumerate(rule.postal_ranges):
        if not postal.is_ordered:
            value = f"{postal.first} - {postal.last}"
            wrong.append(FieldError(f"postal_ranges.{number}", value, "ends before it begins", "Exchange the bounds."))
    if rule.store_id is not None and await uow.reference.store_seller(rule.store_id) != rule.seller_id:
        wrong.append(FieldError("store_id", rule.store_id, "is no store of yours", "Take it from the list of stores."))
    if wrong:
        raise InvalidInput(wrong)


async def create_rule(rule: Rule, *, uow: Uow, countries: frozenset[str]) -> Rule:
    """Add a rule behind the seller's others."""
    await _check(rule, uow=uow, countries=countries)
    others = await uow.rules.lock_all(rule.seller_id)
    made = replace(rule, position=max((other.position for other in others), default=0) + 1)
    await uow.rules.insert(made)
    return made


async def change_rule(
    rule_id: UUID, wanted: Rule, *, expected_version: int, uow: Uow, seller_id: UUID | None, countries: frozenset[str]
) -> Rule:
    """Set a rule's conditions and target; it keeps its place. Raises NotFound, StaleVersion or InvalidInput."""
    found = await _locked(rule_id, expected_version=expected_version, uow=uow, seller_id=seller_id)
    changed = replace(
        wanted, id=found.id, seller_id=found.seller_id, position=found.position, version=found.version + 1
    )
    await _check(changed, uow=uow, countries=countries)
    await uow.rules.update([changed])
    return changed


async def delete_rule(rule_id: UUID, *, expected_version: int, uow: Uow, seller_id: UUID | None) -> None:
    """Remove a rule; raises NotFound or StaleVersion."""
    await _locked(rule_id, expected_version=expected_version, uow=uow, seller_id=seller_id)
    await uow.rules.delete(rule_id)


async def reorder_rules(rule_ids: Sequence[UUID], *, uow: Uow, seller_id: UUID) -> list[Rule]:
    """Put a seller's rules in this order; raises InvalidInput unless each of them is named once."""
    rules = {rule.id: rule for rule in await uow.rules.lock_all(seller_id)}
    if len(rule_ids) != len(rules) or set(rule_ids) != set(rules):
        raise InvalidInput.of(
            "rule_ids",
            [str(rule_id) for rule_id in rule_ids],
            f"must name each of the seller's {len(rules)} rules once",
            "Read the rules again, and send all of their ids in the order wanted.",
        )
    moved = []
    for position, rule_id in enumerate(rule_ids, 1):
        if rules[rule_id].position != position:
            rules[rule_id] = replace(rules[rule_id], position=position, version=rules[rule_id].version + 1)
            moved.append(rules[rule_id])
    await uow.rules.update(moved)
    return [rules[rule_id] for rule_id in rule_ids]


async def _locked(rule_id: UUID, *, expected_version: int, uow: Uow, seller_id: UUID | None) -> Rule:
    found = await uow.rules.get(rule_id, seller_id=seller_id)
    if found is None:
        raise unknown_rule(rule_id)
    rules = {rule.id: rule for rule in await uow.rules.lock_all(found.seller_id)}
    if rule_id not in rules:
        raise unknown_rule(rule_id)
    if rules[rule_id].version != expected_version:
        raise StaleVersion("routing rule", rule_id, expected=expected_version, current=rules[rule_id].version)
    return rules[rule_id]
