"""The tables of billing. Amounts are numeric without a scale: they are rounded to their currency before they are
written, and keep the decimals that they were written with.
"""

from common.db.base import id_column, json_column, new_metadata, time_column, uuid_column
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Identity,
    Index,
    Integer,
    Numeric,
    PrimaryKeyConstraint,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = new_metadata()

topup_numbers = Sequence("topup_numbers", metadata=metadata)

sellers = Table(
    "sellers",
    metadata,
    id_column(),
    Column("version", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("active", Boolean, nullable=False),
)

warehouses = Table(
    "warehouses",
    metadata,
    id_column(),
    Column("version", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("active", Boolean, nullable=False),
)

# Balance and held are kept for sellers only. The house's own accounts take part in every charge of every seller: a
# balance kept on their rows would make all of them wait for each other, so it is summed when somebody asks.
accounts = Table(
    "accounts",
    metadata,
    id_column(),
    Column("kind", Text, nullable=False),
    uuid_column("seller_id", nullable=True),
    Column("currency", Text, nullable=False),
    Column("balance", Numeric, nullable=False, server_default="0"),
    Column("credit_limit", Numeric, nullable=False, server_default="0"),
    Column("held", Numeric, nullable=False, server_default="0"),
    Column("version", Integer, nullable=False, server_default="1"),
    time_column("created_at", now=True),
    UniqueConstraint("seller_id", "currency"),
    CheckConstraint("kind IN ('seller', 'clearing', 'revenue')", name="kind"),
    CheckConstraint("(kind = 'seller') = (seller_id IS NOT NULL)", name="seller"),
    CheckConstraint("held >= 0", name="held"),
    CheckConstraint("credit_limit >= 0", name="credit_limit"),
)

entries = Table(
    "entries",
    metadata,
    id_column(),
    Column("kind", Text, nullable=False),
    uuid_column("seller_id"),
    Column("currency", Text, nullable=False),
    uuid_column("reference_id"),
    Column("description", Text, nullable=False),
    Column("actor", Text, nullable=False),
    json_column("details", nullable=True),
    time_column("created_at", now=True),
    UniqueConstraint("reference_id"),
)

postings = Table(
    "postings",
    metadata,
    uuid_column("account_id"),
    uuid_column("entry_id"),
    Column("amount", Numeric, nullable=False),
    Column("balance_after", Numeric),
    PrimaryKeyConstraint("account_id", "entry_id"),
)

holds = Table(
    "holds",
    metadata,
    id_column(),
    uuid_column("fulfillment_id"),
    Column("submission", Integer, nullable=False),
    uuid_column("seller_id"),
    uuid_column("account_id", nullable=True),
    uuid_column("order_id", nullable=True),
    Column("number", Text, nullable=False),
    uuid_column("warehouse_id", nullable=True),
    uuid_column("channel_id", nullable=True),
    uuid_column("schedule_id", nullable=True),
    Column("units", Integer),
    Column("weight_grams", Integer),
    Column("currency", Text, nullable=False),
    Column("amount", Numeric),
    Column("available_after", Numeric),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    uuid_column("entry_id", nullable=True),
    time_column("created_at", now=True),
    time_column("resolved_at", nullable=True),
    UniqueConstraint("fulfillment_id", "submission"),
    CheckConstraint("state IN ('placed', 'captured', 'released', 'owed')", name="state"),
    CheckConstraint("available_after >= 0", name="available_after"),
    CheckConstraint("amount >= 0", name="amount"),
    CheckConstraint("state <> 'placed' OR (amount IS NOT NULL AND account_id IS NOT NULL)", name="placed"),
    CheckConstraint("state <> 'captured' OR entry_id IS NOT NULL", name="captured"),
    Index("ix_holds_seller_id_id", "seller_id", "id"),
    Index("ix_holds_placed", "seller_id", "id", postgresql_where=text("state = 'placed'")),
)

anomalies = Table(
    "anomalies",
    metadata,
    id_column(),
    Column("kind", Text, nullable=False),
    uuid_column("fulfillment_id"),
    Column("submission", Integer, nullable=False),
    uuid_column("seller_id"),
    Column("number", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("charged", Numeric),
    Column("currency", Text, nullable=False, server_default=""),
    Column("open", Boolean, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    time_column("created_at"),
    time_column("closed_at", nullable=True),
    UniqueConstraint("fulfillment_id", "submission"),
    Index("ix_anomalies_open", "id", postgresql_where=text("open")),
)

topups = Table(
    "topups",
    metadata,
    id_column(),
    Column("number", Text, nullable=False),
    uuid_column("seller_id"),
    uuid_column("account_id"),
    Column("paid_amount", Numeric, nullable=False),
    Column("paid_currency", Text, nullable=False),
    Column("rate", Numeric),
    Column("credit_amount", Numeric, nullable=False),
    Column("credit_currency", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("proof_key", Text, nullable=False),
    Column("proof_name", Text, nullable=False),
    Column("proof_type", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    time_column("requested_at"),
    Column("decided_by", Text, nullable=False, server_default=""),
    time_column("decided_at", nullable=True),
    Column("reason", Text, nullable=False, server_default=""),
    Column("version", Integer, nullable=False, server_default="1"),
    UniqueConstraint("number"),
    CheckConstraint("state IN ('requested', 'approved', 'rejected')", name="state"),
    CheckConstraint("paid_amount > 0", name="paid_amount"),
    CheckConstraint("credit_amount > 0", name="credit_amount"),
    Index("ix_topups_seller_id_id", "seller_id", "id"),
    Index("ix_topups_requested", "id", postgresql_where=text("state = 'requested'")),
)

fee_schedules = Table(
    "fee_schedules",
    metadata,
    id_column(),
    uuid_column("warehouse_id"),
    uuid_column("channel_id", nullable=True),
    uuid_column("seller_id", nullable=True),
    Column("name", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    time_column("starts_at"),
    Column("per_order", Numeric, nullable=False),
    Column("per_further_unit", Numeric, nullable=False),
    json_column("bands"),
    Column("version", Integer, nullable=False, server_default="1"),
    time_column("updated_at"),
    CheckConstraint("per_order >= 0 AND per_further_unit >= 0", name="amounts"),
    Index(
        "uq_fee_schedules_scope",
        "warehouse_id",
        "channel_id",
        "seller_id",
        "valid_from",
        unique=True,
        postgresql_nulls_not_distinct=True,
    ),
)

changes = Table(
    "changes",
    metadata,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("subject_kind", Text, nullable=False),
    uuid_column("subject_id"),
    uuid_column("seller_id", nullable=True),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("from_state", Text, nullable=False, server_default=""),
    Column("to_state", Text, nullable=False, server_default=""),
    Column("reason", Text, nullable=False, server_default=""),
    json_column("details", nullable=True),
    time_column("at"),
    Index("ix_changes_subject_id", "subject_id"),
)
