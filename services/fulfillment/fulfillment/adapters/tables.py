"""The tables of fulfillment; migrations/versions make them. Rows of the hot path have no foreign keys: their parents
are never deleted, and checking each child against them would cost more than writing it.
"""

from common.db.base import id_column, json_column, new_metadata, time_column, uuid_column
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    PrimaryKeyConstraint,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

metadata = new_metadata()

fulfillment_numbers = Sequence("fulfillment_numbers", metadata=metadata)
house_serials = Sequence("house_serials", metadata=metadata)

warehouses = Table(
    "warehouses",
    metadata,
    id_column(),
    Column("version", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("adapter", Text, nullable=False),
    Column("base_url", Text, nullable=False),
)
"""A copy of inventory's facts."""

products = Table(
    "products",
    metadata,
    Column("seller_id", Uuid, nullable=False),
    Column("sku", Text, nullable=False),
    uuid_column("product_id"),
    Column("version", Integer, nullable=False),
    Column("weight_grams", Integer, nullable=True),
    PrimaryKeyConstraint("seller_id", "sku"),
)
"""A copy of inventory's facts: the weight in force of each SKU."""

sellers = Table(
    "sellers",
    metadata,
    id_column(),
    Column("version", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("active", Boolean, nullable=False),
)
"""A copy of the gateway's facts."""

warehouse_connections = Table(
    "warehouse_connections",
    metadata,
    Column("warehouse_id", Uuid, primary_key=True),
    Column("key_id", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("base_url", Text, nullable=False),
    Column("version", Integer, nullable=False),
    time_column("updated_at"),
)
"""The shared secret of each warehouse system, sealed; base_url, where not empty, is used instead of the copy's."""

channels = Table(
    "channels",
    metadata,
    id_column(),
    uuid_column("warehouse_id"),
    Column("code", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    json_column("countries"),
    Column("active", Boolean, nullable=False),
    Column("label_required", Boolean, nullable=False),
    Column("upload_tracking", Boolean, nullable=False),
    json_column("carrier"),
    Column("version", Integer, nullable=False),
    time_column("created_at"),
    time_column("updated_at"),
    UniqueConstraint("warehouse_id", "code"),
    CheckConstraint("kind IN ('platform_label', 'carrier', 'own_label')", name="kind"),
)

submission_settings = Table(
    "submission_settings",
    metadata,
    Column("seller_id", Uuid, primary_key=True),
    Column("auto_submit", Boolean, nullable=False),
    Column("delay_seconds", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    time_column("updated_at"),
    CheckConstraint("delay_seconds BETWEEN 0 AND 300", name="delay"),
)

order_attempts = Table(
    "order_attempts",
    metadata,
    uuid_column("order_id"),
    Column("attempt", Integer, nullable=False),
    uuid_column("fulfillment_id", nullable=True),
    Column("cancel_reason", Text, nullable=False, server_default=""),
    PrimaryKeyConstraint("order_id", "attempt"),
)
"""Which fulfilment order an attempt of an order has; none is the tombstone of a cancellation that came first. Both
sides insert here first, so that of a creation and a cancellation at the same instant one sees the other.
"""

fulfillments = Table(
    "fulfillments",
    metadata,
    id_column(),
    Column("number", Text, nullable=False),
    uuid_column("seller_id"),
    uuid_column("order_id"),
    Column("attempt", Integer, nullable=False),
    uuid_column("store_id"),
    Column("platform", Text, nullable=False),
    Column("platform_order_id", Text, nullable=False),
    Column("platform_order_number", Text, nullable=False),
    uuid_column("warehouse_id"),
    uuid_column("channel_id"),
    Column("channel_kind", Text, nullable=False),
    Column("label_required", Boolean, nullable=False),
    Column("upload_tracking", Boolean, nullable=False),
    time_column("ship_by", nullable=True),
    json_column("ship_to"),
    json_column("lines"),
    json_column("parcels"),
    Column("status", Text, nullable=False),
    Column("draft_status", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("submission", Integer, nullable=False),
    Column("submission_state", Text, nullable=False),
    Column("adapter", Text, nullable=False),
    Column("weight_grams", BigInteger, nullable=False),
    Column("warehouse_reference", Text, nullable=False),
    Column("reason_code", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("cancel_reason", Text, nullable=False),
    Column("alert", Text, nullable=False),
    Column("label_attempt", Integer, nullable=False),
    time_column("submit_at", nullable=True),
    time_column("check_at", nullable=True),
    time_column("decided_at", nullable=True),
    time_column("accepted_at", nullable=True),
    time_column("shipped_at", nullable=True),
    time_column("closed_at", nullable=True),
    time_column("erased_at", nullable=True),
    time_column("created_at"),
    time_column("updated_at"),
    UniqueConstraint("number"),
    UniqueConstraint("order_id", "attempt"),
    CheckConstraint(
        "status IN ('draft', 'submitting', 'warehouse_processing', 'canceling', 'exception', 'shipped', 'canceled')",
        name="status",
    ),
    CheckConstraint(
        "(status = 'draft') = (draft_status IN ('fetching_label', 'label_error', 'pending_submit'))",
        name="draft_status",
    ),
    Index("ix_fulfillments_seller", "seller_id", "id"),
    Index(
        "ix_fulfillments_platform_number",
        "platform_order_number",
        postgresql_ops={"platform_order_number": "text_pattern_ops"},
    ),
    Index(
        "ix_fulfillments_open",
        "status",
        "warehouse_id",
        "id",
        postgresql_where=text("status NOT IN ('shipped', 'canceled')"),
    ),
    Index("ix_fulfillments_submit_at", "submit_at", postgresql_where=text("submit_at IS NOT NULL")),
    Index("ix_fulfillments_check_at", "check_at", postgresql_where=text("check_at IS NOT NULL")),
    Index("ix_fulfillments_erase", "closed_at", postgresql_where=text("erased_at IS NULL AND closed_at IS NOT NULL")),
)

submissions = Table(
    "submissions",
    metadata,
    uuid_column("fulfillment_id"),
    Column("submission", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("adapter", Text, nullable=False),
    Column("weight_grams", BigInteger, nullable=False),
    Column("warehouse_reference", Text, nullable=False),
    Column("reason", Text, nullable=False),
    uuid_column("hold_id", nullable=True),
    Column("hold_amount", Numeric(20, 4), nullable=True),
    Column("hold_currency", Text, nullable=True),
    time_column("submitted_at"),
    time_column("updated_at"),
    time_column("captured_at", nullable=True),
    Column("captured_amount", Numeric(20, 4), nullable=True),
    time_column("released_at", nullable=True),
    PrimaryKeyConstraint("fulfillment_id", "submission"),
)
"""Every submission with its hold and what became of it."""

fulfillment_changes = Table(
    "fulfillment_changes",
    metadata,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    uuid_column("fulfillment_id"),
    time_column("at"),
    Column("actor", Text, nullable=False),
    Column("from_stage", Text, nullable=False),
    Column("to_stage", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_fulfillment_changes_fulfillment_id", "fulfillment_id", "position"),
)
"""The audit: who moved what, when, from where, to where, and why."""

house_labels = Table(
    "house_labels",
    metadata,
    Column("reference", Text, primary_key=True),
    uuid_column("seller_id"),
    Column("tracking_number", Text, nullable=True),
    Column("state", Text, nullable=False),
    time_column("created_at"),
    time_column("voided_at", nullable=True),
    UniqueConstraint("tracking_number"),
    CheckConstraint("state IN ('active', 'void')", name="state"),
)
"""The house carrier's own book: one number per reference; a void without a number was cancelled before it was made."""
