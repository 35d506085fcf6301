"""The tables of inventory; migrations/versions make them."""

from common.db.base import id_column, json_column, new_metadata, time_column, uuid_column
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

metadata = new_metadata()

sellers = Table(
    "sellers",
    metadata,
    id_column(),
    Column("version", BigInteger, nullable=False),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("active", Boolean, nullable=False),
)
"""A copy of the gateway's facts, for showing names."""

warehouses = Table(
    "warehouses",
    metadata,
    id_column(),
    Column("version", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("adapter_kind", Text, nullable=False),
    Column("base_url", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    time_column("created_at"),
    time_column("updated_at"),
    UniqueConstraint("code"),
    CheckConstraint("adapter_kind IN ('desk', 'http')", name="adapter_kind"),
)

warehouse_bindings = Table(
    "warehouse_bindings",
    metadata,
    uuid_column("seller_id"),
    Column("warehouse_id", Uuid, ForeignKey("warehouses.id"), nullable=False),
    Column("bound", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    time_column("changed_at"),
    PrimaryKeyConstraint("seller_id", "warehouse_id"),
    Index("ix_warehouse_bindings_warehouse_id", "warehouse_id", "seller_id"),
)

products = Table(
    "products",
    metadata,
    id_column(),
    uuid_column("seller_id"),
    Column("sku", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("hazard_class", Text, nullable=False),
    Column("barcode", Text, nullable=False),
    *(Column(name, Integer) for name in ("weight_grams", "length_mm", "width_mm", "height_mm")),
    *(
        Column(name, Integer)
        for name in ("measured_weight_grams", "measured_length_mm", "measured_width_mm", "measured_height_mm")
    ),
    time_column("measured_at", nullable=True),
    Column("reject_reason", Text, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    time_column("created_at"),
    time_column("updated_at"),
    UniqueConstraint("seller_id", "sku"),
    CheckConstraint("status IN ('draft', 'in_audit', 'approved', 'rejected')", name="status"),
    CheckConstraint("NOT deleted OR status IN ('draft', 'rejected')", name="deleted"),
    Index("ix_products_seller_id_id", "seller_id", "id"),
    Index("ix_products_in_audit", "id", postgresql_where=text("status = 'in_audit'")),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    uuid_column("subject_id"),
    time_column("at"),
    Column("actor", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_audit_subject_id", "subject_id", "id"),
)
"""Who moved a product or a warehouse from what to what, when and why."""

stock = Table(
    "stock",
    metadata,
    id_column(),
    uuid_column("seller_id"),
    Column("warehouse_id", Uuid, ForeignKey("warehouses.id"), nullable=False),
    Column("sku", Text, nullable=False),
    Column("stock_type", Text, nullable=False),
    Column("condition", Text, nullable=False),
    Column("on_hand", Integer, nullable=False),
    Column("reserved", Integer, nullable=False),
    Column("version", BigInteger, nullable=False),
    UniqueConstraint("seller_id", "warehouse_id", "sku", "stock_type", "condition", name="uq_stock_key"),
    CheckConstraint("reserved >= 0 AND reserved <= on_hand", name="reserved"),
    CheckConstraint("reserved = 0 OR (stock_type = 'product' AND condition = 'good')", name="reservable"),
    CheckConstraint("stock_type IN ('product', 'carton', 'return')", name="stock_type"),
    CheckConstraint("condition IN ('good', 'defective')", name="condition"),
    Index("ix_stock_seller_id_id", "seller_id", "id"),
)
"""No index has on_hand, reserved or version, so that their many updates stay within the page (HOT)."""

reservations = Table(
    "reservations",
    metadata,
    uuid_column("reference_id"),
    uuid_column("seller_id"),
    Column("stock_id", Uuid, nullable=True),
    time_column("created_at"),
    time_column("ended_at", nullable=True),
    Column("attempt", Integer, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("number", SmallInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("line_id", Text, nullable=False),
    json_column("shortages", nullable=True),
    Column("reason", Text, nullable=True),
    PrimaryKeyConstraint("reference_id", "attempt", "number"),
    CheckConstraint("state IN ('held', 'consumed', 'released', 'refused')", name="state"),
    CheckConstraint(
        "CASE WHEN stock_id IS NULL THEN quantity = 0 AND number = 0 AND state IN ('released', 'refused') "
        "ELSE quantity > 0 AND state <> 'refused' END",
        name="stock",
    ),
    CheckConstraint("(state IN ('consumed', 'released')) = (ended_at IS NOT NULL)", name="ended"),
    Index("ix_reservations_held", "stock_id", "created_at", postgresql_where=text("state = 'held'")),
)
"""One row per order line and SKU. Row 0 of an attempt always exists, so that two decisions about it collide."""

movements = Table(
    "movements",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    uuid_column("stock_id"),
    uuid_column("seller_id"),
    time_column("at"),
    Column("quantity", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    uuid_column("reference_id", nullable=True),
    Column("attempt", Integer, nullable=True),
    Column("number", SmallInteger, nullable=True),
    Column("actor", Text, nullable=True),
    Column("reason", Text, nullable=True),
    CheckConstraint("quantity <> 0", name="quantity"),
    CheckConstraint("kind <> 'shipped' OR (reference_id IS NOT NULL AND quantity < 0)", name="shipped"),
    Index("ix_movements_stock_id_id", "stock_id", "id"),
    Index("ix_movements_seller_id_id", "seller_id", "id"),
    Index(
        "uq_movements_shipment",
        "reference_id",
        "attempt",
        "number",
        unique=True,
        postgresql_where=text("reference_id IS NOT NULL"),
    ),
)
"""Append-only: why on_hand is what it is. The unique index lets no reservation row be shipped twice."""

anomalies = Table(
    "anomalies",
    metadata,
    id_column(),
    uuid_column("seller_id"),
    Column("kind", Text, nullable=False),
    uuid_column("reference_id"),
    Column("attempt", Integer, nullable=False),
    Column("detail", Text, nullable=False),
    time_column("created_at"),
    time_column("resolved_at", nullable=True),
    Column("resolved_by", Text, nullable=True),
    Column("note", Text, nullable=True),
    UniqueConstraint("kind", "reference_id", "attempt", name="uq_anomalies_key"),
    Index("ix_anomalies_seller_id_id", "seller_id", "id"),
    Index("ix_anomalies_open", "id", postgresql_where=text("resolved_at IS NULL")),
)
"""What happened outside that stock cannot follow; a person has to look."""
