"""Setting stock at Shopee: one call an item with up to 50 of its models."""

from collections.abc import Mapping, Sequence

from sync.connectors.kit.connector import Credentials, StockLevel, StockResult
from sync.connectors.kit.errors import MalformedAnswer, Refused
from sync.connectors.kit.http import Meter
from sync.connectors.kit.reading import FieldFault, Fields
from sync.connectors.shopee.client import ShopeeClient
from sync.connectors.shopee.manifest import PLATFORM

MODELS_A_CALL = 50
_UPDATE = "product/update_stock"


def product_key(level: StockLevel) -> tuple[int, int] | None:
    """(item id, model id) of `item:model`; None when it is not of that form."""
    item, _, model = level.platform_product_id.partition(":")
    if item.isascii() and item.isdigit() and (model or "0").isascii() and (model or "0").isdigit():
        return int(item), int(model or 0)
    return None


def stock_form(item_id: int, models: Mapping[int, StockLevel]) -> dict[str, object]:
    """The body of update_stock; a location only where the shop has several."""
    return {
        "item_id": item_id,
        "stock_list": [
            {
                "model_id": model_id,
                "seller_stock": [
                    {"location_id": level.location, "stock": level.quantity}
                    if level.location
                    else {"stock": level.quantity}
                ],
            }
            for model_id, level in models.items()
        ],
    }


async def push(
    client: ShopeeClient, credentials: Credentials, levels: Sequence[StockLevel], *, meter: Meter
) -> tuple[StockResult, ...]:
    """One result a level, in their sequence."""
    results: dict[int, StockResult] = {}
    calls: list[tuple[int, dict[int, int]]] = []
    open_calls: dict[int, dict[int, int]] = {}
    for index, level in enumerate(levels):
        key = product_key(level)
        if key is None or level.quantity < 0:
            reason = (
                f"product {level.platform_product_id!r} with quantity {level.quantity}: give item:model and 0 or more"
            )
            results[index] = StockResult(level, False, "level_invalid", reason)
            continue
        models = open_calls.get(key[0])
        if models is None or key[1] in models or len(models) == MODELS_A_CALL:
            models = open_calls[key[0]] = {}
            calls.append((key[0], models))
        models[key[1]] = index
    for item_id, models in calls:
        form = stock_form(item_id, {model_id: levels[index] for model_id, index in models.items()})
        try:
            response = await client.post(credentials, _UPDATE, form, meter=meter, writes=True)
            failed = _failures(response)
        except Refused as error:
            failed = dict.fromkeys(models, (error.code, error.reason))
        for model_id, index in models.items():
            code, reason = failed.get(model_id, ("", ""))
            results[index] = StockResult(levels[index], not reason, code, reason)
    return tuple(results[index] for index in range(len(levels)))


def _failures(response: Fields) -> dict[int, tuple[str, str]]:
    try:
        return {
            item.whole("model_id"): ("update_failed", item.optional_text("failed_reason") or "refused without a reason")
            for item in response.optional_children("failure_list")
        }
    except FieldFault as fault:
        raise MalformedAnswer(f"the answer cannot be read: {fault}", platform=PLATFORM, call=_UPDATE) from fault
