"""Setting stock in a shop: finding the inventory items of SKUs, and what to set. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sync.connectors.kit.connector import StockLevel, StockResult
from sync.connectors.kit.reading import Fields

SKUS_A_QUERY = 20
_ITEMS_A_SKU = 5


@dataclass(frozen=True, slots=True)
class Target:
    """Where a level goes: an inventory item at a location."""

    level: StockLevel
    item_id: str
    location_id: str


def items_query(skus: Sequence[str]) -> dict[str, object]:
    """The variables of InventoryItems for up to SKUS_A_QUERY SKUs."""
    quoted = " OR ".join('sku:"' + sku.replace("\\", "\\\\").replace('"', '\\"') + '"' for sku in skus)
    return {"query": quoted, "first": min(250, len(skus) * _ITEMS_A_SKU)}


def items_by_sku(data: Fields) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    """(item id, location ids) of each SKU, exactly spelled: the search is free text and finds more than was asked."""
    found: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for item in data.child("inventoryItems").children("nodes"):
        levels = item.child("inventoryLevels").children("nodes")
        locations = tuple(level.child("location").text("id") for level in levels)
        found.setdefault(item.optional_text("sku"), []).append((item.text("id"), locations))
    return found


def target(level: StockLevel, found: Mapping[str, list[tuple[str, tuple[str, ...]]]]) -> Target | StockResult:
    """Where the level goes, or why it cannot go anywhere."""
    if level.quantity < 0:
        return StockResult(level, False, "quantity_negative", f"quantity {level.quantity}: it must be 0 or more")
    items = found.get(level.platform_sku, [])
    if not items or not level.platform_sku:
        return StockResult(level, False, "sku_not_found", f"SKU {level.platform_sku!r} is not in the shop")
    if len(items) > 1:
        reason = f"SKU {level.platform_sku!r} stands for {len(items)} variants in the shop; make it unique there"
        return StockResult(level, False, "sku_ambiguous", reason)
    item_id, locations = items[0]
    if level.location:
        return Target(level, item_id, level.location)
    if len(locations) == 1:
        return Target(level, item_id, locations[0])
    reason = f"SKU {level.platform_sku!r} is stocked at {len(locations)} locations; say which one"
    return StockResult(level, False, "location_needed", reason)


def set_variables(targets: Sequence[Target], *, key: str) -> dict[str, object]:
    """The variables of SetStock. The compare with the old quantity is skipped: ours is the truth."""
    return {
        "input": {
            "name": "available",
            "reason": "correction",
            "referenceDocumentUri": f"orderdock://stock-push/{key}",
            "quantities": [
                {
                    "inventoryItemId": each.item_id,
                    "locationId": each.location_id,
                    "quantity": each.level.quantity,
                    "changeFromQuantity": None,
                }
                for each in targets
            ],
        },
        "key": key,
    }


def refusals(payload: Fields, targets: Sequence[Target]) -> dict[int, tuple[str, str]]:
    """(code, message) by the index of the level that was refused; errors of the whole call are at every index."""
    found: dict[int, tuple[str, str]] = {}
    for error in payload.children("userErrors"):
        said = (error.optional_text("code") or "user_error", error.optional_text("message"))
        path = error.texts("field")
        numbers = [int(part) for part in path if part.isdigit() and int(part) < len(targets)]
        for index in numbers[:1] or range(len(targets)):
            found.setdefault(index, said)
    return found
