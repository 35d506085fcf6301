"""The tables of the gateway."""

from common.db.base import id_column, json_column, new_metadata, time_column, uuid_column
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
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
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("version", Integer, nullable=False, server_default="1"),
    time_column("created_at", now=True),
    UniqueConstraint("code"),
)

users = Table(
    "users",
    metadata,
    id_column(),
    Column("email", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("seller_id", Uuid, ForeignKey("sellers.id"), nullable=True),
    json_column("roles"),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("version", Integer, nullable=False, server_default="1"),
    time_column("created_at", now=True),
    UniqueConstraint("email"),
    Index("ix_users_seller_id_id", "seller_id", "id"),
)

# The token itself is nowhere: who reads this table cannot sign in with it.
sessions = Table(
    "sessions",
    metadata,
    id_column(),
    Column("token_hash", Text, nullable=False),
    Column("user_id", Uuid, ForeignKey("users.id"), nullable=False),
    Column("address", Text, nullable=False),
    Column("user_agent", Text, nullable=False),
    time_column("created_at", now=True),
    time_column("seen_at", now=True),
    time_column("expires_at"),
    UniqueConstraint("token_hash"),
    Index("ix_sessions_user_id", "user_id"),
    Index("ix_sessions_expires_at", "expires_at"),
)

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("email", Text, nullable=False),
    uuid_column("user_id", nullable=True),
    uuid_column("session_id", nullable=True),
    Column("outcome", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("user_agent", Text, nullable=False),
    time_column("at", now=True),
    Index("ix_sign_ins_email_position", "email", "position"),
)

changes = Table(
    "changes",
    metadata,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("subject_kind", Text, nullable=False),
    uuid_column("subject_id"),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    json_column("details", nullable=True),
    time_column("at", now=True),
    Index("ix_changes_subject_id", "subject_id"),
)
