"""The tables of orders. What every event touches (`orders`) is kept narrow and apart from what was ordered
(`order_details`), which is written once and read rarely.
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
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    false,
    func,
    text,
    true,
)

metadata = new_metadata()


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="")


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default="0")


def _flag(name: str, *, value: bool = False) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=true() if value else false())


orders = Table(
    "orders",
    metadata,
    id_column(),
    uuid_column("seller_id"),
    uuid_column("store_id"),
    Column("platform", Text, nullable=False),
    Column("platform_order_id", Text, nullable=False),
    Column("number", Text, nullable=False),
    time_column("placed_at"),
    time_column("imported_at"),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False),
    _text("step"),
    _count("attempt"),
    time_column("next_check", nullable=True),
    Column("resends", SmallInteger, nullable=False, server_default="0"),
    uuid_column("warehouse_id", nullable=True),
    uuid_column("channel_id", nullable=True),
    _text("channel_kind"),
    _text("assigned_by"),
    _flag("auto_review"),
    Column("platform_status", Text, nullable=False),
    Column("platform_version", BigInteger, nullable=False),
    _flag("platform_canceled"),
    time_column("ship_by", nullable=True),
    json_column("holds", nullable=True),
    json_column("review_errors", nullable=True),
    _text("exception_reason"),
    _count("label_tries"),
    _text("label_reason"),
    _flag("stock_asked"),
    _flag("fulfillment_asked"),
    uuid_column("fulfillment_id", nullable=True),
    _text("fulfillment_number"),
    _count("fulfillment_submission"),
    _text("fulfillment_exception"),
    time_column("accepted_at", nullable=True),
    time_column("shipped_at", nullable=True),
    time_column("ended_at", nullable=True),
    json_column("parcels", nullable=True),
    Column("tracking_upload", Text, nullable=False, server_default="not_required"),
    _count("tracking_attempt"),
    _count("tracking_tries"),
    _text("tracking_reason"),
    _count("cancel_tries"),
    _text("cancel_reason"),
    _text("cancel_refused"),
    _flag("erased"),
    CheckConstraint(
        "status IN ('pending', 'awaiting_label', 'processing', 'warehouse_processing', 'shipped', 'exception', "
        "'canceling', 'canceled')",
        name="status",
    ),
    CheckConstraint("(step = '') = (next_check IS NULL)", name="step_has_a_check"),
    UniqueConstraint("store_id", "platform_order_id", name="uq_orders_store_id_platform_order_id"),
    Index("ix_orders_seller", "seller_id", "id"),
    Index("ix_orders_unshipped", "seller_id", "status", "id", postgresql_where=text("status <> 'shipped'")),
    Index("ix_orders_due", "next_check", postgresql_where=text("next_check IS NOT NULL")),
    Index(
        "ix_orders_tracking",
        "seller_id",
        "tracking_upload",
        "id",
        postgresql_where=text("tracking_upload IN ('waiting', 'uploading', 'failed')"),
    ),
    Index("ix_orders_erasable", "ended_at", postgresql_where=text("ended_at IS NOT NULL AND NOT erased")),
)

Index("ix_orders_number", func.lower(orders.c.number).label("lowered"), postgresql_ops={"lowered": "text_pattern_ops"})

order_details = Table(
    "order_details",
    metadata,
    id_column("order_id"),
    Column("raw_status", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("total", Numeric, nullable=True),
    time_column("paid_at", nullable=True),
    _text("buyer_name"),
    _text("buyer_email"),
    _text("buyer_note"),
    json_column("ship_to", nullable=True),
    _flag("platform_label"),
    json_column("lines"),
    json_column("packages", nullable=True),
    json_column("needs", nullable=True),
    json_column("skus"),
    Index("ix_order_details_skus", "skus", postgresql_using="gin", postgresql_ops={"skus": "jsonb_path_ops"}),
)

order_timeline = Table(
    "order_timeline",
    metadata,
    uuid_column("order_id"),
    Column("version", Integer, nullable=False),
    time_column("at"),
    Column("actor", Text, nullable=False),
    Column("event", Text, nullable=False),
    _text("from_status"),
    _text("to_status"),
    _text("reason"),
    json_column("errors", nullable=True),
    PrimaryKeyConstraint("order_id", "version"),
)

order_review_errors = Table(
    "order_review_errors",
    metadata,
    uuid_column("order_id"),
    Column("position", SmallInteger, nullable=False),
    uuid_column("seller_id"),
    Column("code", Text, nullable=False),
    _text("sku"),
    PrimaryKeyConstraint("order_id", "position"),
    Index("ix_order_review_errors_code", "seller_id", "code", "sku", "order_id"),
)

stock_releases = Table(
    "stock_releases",
    metadata,
    uuid_column("order_id"),
    Column("attempt", Integer, nullable=False),
    uuid_column("seller_id"),
    _text("reason"),
    time_column("next_check"),
    Column("resends", SmallInteger, nullable=False, server_default="0"),
    PrimaryKeyConstraint("order_id", "attempt"),
    Index("ix_stock_releases_next_check", "next_check"),
)

order_counts = Table(
    "order_counts",
    metadata,
    uuid_column("seller_id"),
    Column("status", Text, nullable=False),
    Column("orders", BigInteger, nullable=False),
    PrimaryKeyConstraint("seller_id", "status"),
)

order_count_changes = Table(
    "order_count_changes",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    uuid_column("seller_id"),
    Column("status", Text, nullable=False),
    Column("change", Integer, nullable=False),
)

mappings = Table(
    "mappings",
    metadata,
    id_column(),
    uuid_column("seller_id"),
    uuid_column("store_id"),
    Column("platform_sku", Text, nullable=False),
    json_column("items"),
    Column("version", Integer, nullable=False, server_default="1"),
    time_column("created_at", now=True),
    time_column("updated_at", now=True),
    UniqueConstraint("store_id", "platform_sku", name="uq_mappings_store_id_platform_sku"),
    Index("ix_mappings_seller", "seller_id", "id"),
)

routing_rules = Table(
    "routing_rules",
    metadata,
    id_column(),
    uuid_column("seller_id"),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    uuid_column("store_id", nullable=True),
    _text("platform"),
    json_column("countries"),
    json_column("postal_ranges"),
    uuid_column("warehouse_id"),
    uuid_column("channel_id"),
    _flag("auto_review"),
    _flag("active", value=True),
    Column("version", Integer, nullable=False, server_default="1"),
    time_column("created_at", now=True),
    time_column("updated_at", now=True),
    UniqueConstraint(
        "seller_id",
        "position",
        name="uq_routing_rules_seller_id_position",
        deferrable=True,
        initially="DEFERRED",
    ),
)

stores = Table(
    "stores",
    metadata,
    id_column(),
    uuid_column("seller_id"),
    Column("version", BigInteger, nullable=False),
    Column("platform", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Index("ix_stores_seller", "seller_id"),
)

products = Table(
    "products",
    metadata,
    id_column(),
    uuid_column("seller_id"),
    Column("version", BigInteger, nullable=False),
    Column("sku", Text, nullable=False),
    Column("status", Text, nullable=False),
    _flag("measured"),
    Column("weight_grams", Integer, nullable=True),
    Index("ix_products_sku", "seller_id", "sku"),
)

warehouses = Table(
    "warehouses",
    metadata,
    id_column(),
    Column("version", BigInteger, nullable=False),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("country", Text, nullable=False),
    _flag("active"),
)

warehouse_bindings = Table(
    "warehouse_bindings",
    metadata,
    uuid_column("seller_id"),
    uuid_column("warehouse_id"),
    Column("version", BigInteger, nullable=False),
    _flag("bound"),
    PrimaryKeyConstraint("seller_id", "warehouse_id"),
)

channels = Table(
    "channels",
    metadata,
    id_column(),
    Column("version", BigInteger, nullable=False),
    uuid_column("warehouse_id"),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    json_column("countries"),
    _flag("active"),
)
