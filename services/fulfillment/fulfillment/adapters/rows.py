"""Rows of fulfilment orders, to the aggregate and back. JSON columns are read as text and parsed by orjson, and only
the columns that can change are written again.
"""

from typing import Any

import orjson
from sqlalchemy import Row

from fulfillment.adapters.tables import fulfillments
from fulfillment.domain.fulfillment import Fulfillment
from fulfillment.domain.parts import Address, Line, Parcel
from fulfillment.domain.states import Adapter, ChannelKind, SubmissionState, stage_of

_JSON = frozenset({"ship_to", "lines", "parcels"})
_NAMES = tuple(column.name for column in fulfillments.columns)
COLUMNS = ", ".join(
    f"CAST({column.name} AS text) AS {column.name}" if column.name in _JSON else column.name
    for column in fulfillments.columns
)
"""What `order_from` reads, as SQL."""


def address_from(text: str) -> Address:
    """The address in a JSON column."""
    return Address(**orjson.loads(text))


def lines_from(text: str) -> tuple[Line, ...]:
    """The lines in a JSON column."""
    return tuple([Line(**fields) for fields in orjson.loads(text)])


def parcels_from(text: str) -> tuple[Parcel, ...]:
    """The parcels in a JSON column."""
    return tuple([Parcel(**fields) for fields in orjson.loads(text)])


def order_from(row: Row[Any]) -> Fulfillment:
    """The aggregate of a row read with COLUMNS, whose names are those of its fields."""
    # A dict, because a row looks its columns up by name one at a time, which took most of the time of reading.
    values = dict(zip(_NAMES, row, strict=True))
    return Fulfillment(
        stage=stage_of(values.pop("status"), values.pop("draft_status")),
        channel_kind=ChannelKind(values.pop("channel_kind")),
        submission_state=SubmissionState(values.pop("submission_state")),
        adapter=Adapter(values.pop("adapter")),
        ship_to=address_from(values.pop("ship_to")),
        lines=lines_from(values.pop("lines")),
        parcels=parcels_from(values.pop("parcels")),
        **values,
    )


def state_row(order: Fulfillment) -> dict[str, Any]:
    """The columns that every save writes."""
    return {
        "id": order.id,
        "status": order.stage.status,
        "draft_status": order.stage.draft_status,
        "version": order.version,
        "submission": order.submission,
        "submission_state": order.submission_state.value,
        "adapter": order.adapter.value,
        "weight_grams": order.weight_grams,
        "warehouse_reference": order.warehouse_reference,
        "reason_code": order.reason_code,
        "reason": order.reason,
        "cancel_reason": order.cancel_reason,
        "alert": order.alert,
        "label_attempt": order.label_attempt,
        "submit_at": order.submit_at,
        "check_at": order.check_at,
        "decided_at": order.decided_at,
        "accepted_at": order.accepted_at,
        "shipped_at": order.shipped_at,
        "closed_at": order.closed_at,
        "erased_at": order.erased_at,
        "updated_at": order.updated_at,
    }


def content_row(order: Fulfillment) -> dict[str, Any]:
    """The columns that an edit writes besides."""
    return {"ship_to": order.ship_to, "parcels": order.parcels}


def whole_row(order: Fulfillment) -> dict[str, Any]:
    """All columns, for a new row."""
    return {
        **state_row(order),
        **content_row(order),
        "number": order.number,
        "seller_id": order.seller_id,
        "order_id": order.order_id,
        "attempt": order.attempt,
        "store_id": order.store_id,
        "platform": order.platform,
        "platform_order_id": order.platform_order_id,
        "platform_order_number": order.platform_order_number,
        "warehouse_id": order.warehouse_id,
        "channel_id": order.channel_id,
        "channel_kind": order.channel_kind.value,
        "label_required": order.label_required,
        "upload_tracking": order.upload_tracking,
        "ship_by": order.ship_by,
        "lines": order.lines,
        "created_at": order.created_at,
    }


def submission_row(order: Fulfillment) -> dict[str, Any]:
    """The current submission."""
    return {
        "fulfillment_id": order.id,
        "submission": order.submission,
        "state": order.submission_state.value,
        "adapter": order.adapter.value,
        "weight_grams": order.weight_grams,
        "warehouse_reference": order.warehouse_reference,
        "reason": order.reason,
        "hold_id": order.hold_id,
        "hold_amount": order.hold_amount,
        "hold_currency": order.hold_currency,
        "submitted_at": order.updated_at,
        "updated_at": order.updated_at,
    }


def change_rows(order: Fulfillment) -> list[dict[str, Any]]:
    """The audit rows of what was decided."""
    return [
        {
            "fulfillment_id": order.id,
            "at": change.at,
            "actor": change.actor,
            "from_stage": change.from_stage.value if change.from_stage else "",
            "to_stage": change.to_stage.value,
            "reason": change.reason,
        }
        for change in order.changes
    ]
