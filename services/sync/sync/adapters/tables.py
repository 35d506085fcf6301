"""The tables of sync."""

from common.db.base import id_column, json_column, new_metadata, time_column, uuid_column
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

metadata = new_metadata()


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default="0")


stores = Table(
    "stores",
    metadata,
    id_column(),
    uuid_column("seller_id"),
    Column("platform", Text, nullable=False),
    Column("account", Text),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("state_reason", Text, nullable=False, server_default=""),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("last_error", Text, nullable=False, server_default=""),
    time_column("last_complete_until", nullable=True),
    time_column("next_pull_at", nullable=True),
    time_column("created_at", now=True),
    time_column("updated_at", now=True),
    CheckConstraint("state IN ('authorizing', 'active', 'auth_expired', 'disabled')", name="state"),
    CheckConstraint("account IS NOT NULL OR state IN ('authorizing', 'disabled')", name="account"),
    UniqueConstraint("platform", "account"),
    Index("ix_stores_seller_id_id", "seller_id", "id"),
    Index("ix_stores_due", "next_pull_at", postgresql_where=text("state = 'active'")),
)

store_moves = Table(
    "store_moves",
    metadata,
    id_column(),
    Column("store_id", Uuid, ForeignKey("stores.id"), nullable=False),
    time_column("at", now=True),
    Column("actor", Text, nullable=False),
    Column("from_state", Text),
    Column("to_state", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Index("ix_store_moves_store_id_id", "store_id", "id"),
)

credentials = Table(
    "credentials",
    metadata,
    Column("store_id", Uuid, ForeignKey("stores.id"), primary_key=True),
    Column("key_id", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("version", BigInteger, nullable=False),
    uuid_column("refresh_lease", nullable=True),
    time_column("refresh_until", nullable=True),
    time_column("updated_at", now=True),
    Index("ix_credentials_key_id", "key_id"),
)

authorizations = Table(
    "authorizations",
    metadata,
    Column("state_hash", Text, primary_key=True),
    Column("store_id", Uuid, ForeignKey("stores.id"), nullable=False),
    Column("platform", Text, nullable=False),
    Column("account", Text),
    Column("actor", Text, nullable=False),
    time_column("expires_at"),
    time_column("used_at", nullable=True),
    Index("ix_authorizations_expires_at", "expires_at"),
)

sync_runs = Table(
    "sync_runs",
    metadata,
    id_column(),
    Column("store_id", Uuid, ForeignKey("stores.id"), nullable=False),
    Column("trigger", Text, nullable=False),
    Column("requested_by", Text, nullable=False, server_default=""),
    Column("state", Text, nullable=False),
    time_column("since"),
    time_column("until"),
    Column("cursor", Text),
    _count("pages"),
    _count("calls"),
    Column("platform_total", Integer),
    _count("orders_read"),
    _count("orders_sent"),
    _count("orders_unchanged"),
    _count("orders_unpaid"),
    _count("orders_left_out"),
    _count("orders_parked"),
    Column("throttled_seconds", Float, nullable=False, server_default="0"),
    _count("errors"),
    Column("last_error", Text, nullable=False, server_default=""),
    _count("resumed"),
    time_column("started_at", now=True),
    time_column("updated_at", now=True),
    time_column("ended_at", nullable=True),
    CheckConstraint("state IN ('running', 'interrupted', 'complete', 'failed')", name="state"),
    CheckConstraint("since < until", name="window"),
    Index("uq_sync_runs_open", "store_id", unique=True, postgresql_where=text("state IN ('running', 'interrupted')")),
    Index("ix_sync_runs_store_id_id", "store_id", "id"),
    Index("ix_sync_runs_ended_at", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
)

seen_orders = Table(
    "seen_orders",
    metadata,
    Column("store_id", Uuid, nullable=False),
    Column("platform_order_id", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    time_column("seen_at", now=True),
    PrimaryKeyConstraint("store_id", "platform_order_id"),
    Index("ix_seen_orders_seen_at", "seen_at", postgresql_using="brin"),
)

touched_orders = Table(
    "touched_orders",
    metadata,
    Column("store_id", Uuid, nullable=False),
    Column("platform_order_id", Text, nullable=False),
    time_column("touched_at", now=True),
    PrimaryKeyConstraint("store_id", "platform_order_id"),
)

parked_orders = Table(
    "parked_orders",
    metadata,
    id_column(),
    Column("store_id", Uuid, ForeignKey("stores.id"), nullable=False),
    Column("platform_order_id", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="parked"),
    Column("reason", Text, nullable=False),
    Column("raw", Text),
    Column("tries", Integer, nullable=False, server_default="1"),
    time_column("parked_at", now=True),
    time_column("updated_at", now=True),
    CheckConstraint("state IN ('parked', 'retrying', 'resolved')", name="state"),
    UniqueConstraint("store_id", "platform_order_id"),
    Index("ix_parked_orders_store_id_id", "store_id", "id"),
    Index("ix_parked_orders_raw", "updated_at", postgresql_where=text("raw IS NOT NULL")),
)

order_tasks = Table(
    "order_tasks",
    metadata,
    Column("kind", Text, nullable=False),
    Column("order_id", Uuid, nullable=False),
    Column("attempt", Integer, nullable=False),
    uuid_column("seller_id"),
    uuid_column("store_id"),
    Column("state", Text, nullable=False, server_default="open"),
    _count("tries"),
    Column("code", Text, nullable=False, server_default=""),
    Column("reason", Text, nullable=False, server_default=""),
    json_column("parcels", nullable=True),
    time_column("created_at", now=True),
    time_column("ended_at", nullable=True),
    PrimaryKeyConstraint("kind", "order_id", "attempt"),
    CheckConstraint("kind IN ('fetch_label', 'upload_tracking')", name="kind"),
    CheckConstraint("state IN ('open', 'done', 'failed')", name="state"),
    Index("ix_order_tasks_open", "created_at", postgresql_where=text("state = 'open'")),
    Index("ix_order_tasks_ended_at", "ended_at", postgresql_using="brin"),
)
