"""Table metadata: constraint names by one convention, column helpers, and the tables of the messaging core."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def new_metadata() -> MetaData:
    """Metadata with the naming convention and the messaging tables; each service has one."""
    metadata = MetaData(naming_convention=NAMING)
    messaging_tables(metadata)
    return metadata


def id_column(name: str = "id") -> Column[UUID]:
    """A UUID primary key; the application makes the value."""
    return Column(name, Uuid, primary_key=True)


def uuid_column(name: str, *, nullable: bool = False) -> Column[UUID]:
    """A UUID that refers to something."""
    return Column(name, Uuid, nullable=nullable)


def time_column(name: str, *, nullable: bool = False, now: bool = False) -> Column[datetime]:
    """An aware time; `now` lets the database fill it in."""
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=text("now()") if now else None)


def json_column(name: str, *, nullable: bool = False, default: str | None = None) -> Column[Any]:
    """A JSON value; None is stored as SQL NULL."""
    return Column(
        name, JSONB(none_as_null=True), nullable=nullable, server_default=text(f"'{default}'") if default else None
    )


def messaging_tables(metadata: MetaData) -> None:
    """Declare outbox, inbox, stored replies, jobs and idempotency keys in `metadata`."""
    Table(
        "outbox",
        metadata,
        Column("position", BigInteger, Identity(always=True), primary_key=True),
        Column("routing_key", Text, nullable=False),
        Column("body", Text, nullable=False),
    )
    Table(
        "inbox",
        metadata,
        Column("consumer", Text, nullable=False),
        Column("message_id", Uuid, nullable=False),
        time_column("received_at", now=True),
        PrimaryKeyConstraint("consumer", "message_id"),
        Index("ix_inbox_received_at", "received_at", postgresql_using="brin"),
    )
    Table(
        "inbox_replies",
        metadata,
        Column("message_id", Uuid, nullable=False),
        Column("number", SmallInteger, nullable=False),
        Column("routing_key", Text, nullable=False),
        Column("body", Text, nullable=False),
        time_column("stored_at", now=True),
        PrimaryKeyConstraint("message_id", "number"),
        Index("ix_inbox_replies_stored_at", "stored_at", postgresql_using="brin"),
    )
    Table(
        "jobs",
        metadata,
        id_column(),
        Column("kind", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("lane", Text, nullable=False, server_default=""),
        Column("state", Text, nullable=False, server_default="open"),
        json_column("payload"),
        json_column("progress", nullable=True),
        Column("attempts", Integer, nullable=False, server_default="0"),
        Column("leased", Boolean, nullable=False, server_default=text("false")),
        uuid_column("lease_id", nullable=True),
        time_column("next_at"),
        Column("last_error", Text, nullable=False, server_default=""),
        time_column("created_at", now=True),
        time_column("updated_at", now=True),
        Index("uq_jobs_open_kind_key", "kind", "key", unique=True, postgresql_where=text("state = 'open'")),
        Index("ix_jobs_due", "kind", "next_at", postgresql_where=text("state = 'open'")),
        Index("ix_jobs_failed", "kind", "updated_at", postgresql_where=text("state = 'failed'")),
    )
    Table(
        "idempotency_keys",
        metadata,
        Column("scope", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("fingerprint", Text, nullable=False),
        Column("status", Integer, nullable=False),
        json_column("answer", nullable=True),
        time_column("created_at", now=True),
        PrimaryKeyConstraint("scope", "key"),
        Index("ix_idempotency_keys_created_at", "created_at", postgresql_using="brin"),
    )


CREATE_MESSAGING_TABLES = (
    """
    CREATE TABLE outbox (
        position bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_outbox PRIMARY KEY,
        routing_key text NOT NULL,
        body text NOT NULL
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0)
    """,
    """
    CREATE TABLE inbox (
        consumer text NOT NULL,
        message_id uuid NOT NULL,
        received_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_inbox PRIMARY KEY (consumer, message_id)
    )
    """,
    "CREATE INDEX ix_inbox_received_at ON inbox USING brin (received_at)",
    """
    CREATE TABLE inbox_replies (
        message_id uuid NOT NULL,
        number smallint NOT NULL,
        routing_key text NOT NULL,
        body text NOT NULL,
        stored_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_inbox_replies PRIMARY KEY (message_id, number)
    )
    """,
    "CREATE INDEX ix_inbox_replies_stored_at ON inbox_replies USING brin (stored_at)",
    """
    CREATE TABLE jobs (
        id uuid CONSTRAINT pk_jobs PRIMARY KEY,
        kind text NOT NULL,
        key text NOT NULL,
        lane text NOT NULL DEFAULT '',
        state text NOT NULL DEFAULT 'open',
        payload jsonb NOT NULL,
        progress jsonb,
        attempts integer NOT NULL DEFAULT 0,
        leased boolean NOT NULL DEFAULT false,
        lease_id uuid,
        next_at timestamptz NOT NULL,
        last_error text NOT NULL DEFAULT '',
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT ck_jobs_state CHECK (state IN ('open', 'failed'))
    ) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000)
    """,
    "CREATE UNIQUE INDEX uq_jobs_open_kind_key ON jobs (kind, key) WHERE state = 'open'",
    "CREATE INDEX ix_jobs_due ON jobs (kind, next_at) WHERE state = 'open'",
    "CREATE INDEX ix_jobs_failed ON jobs (kind, updated_at) WHERE state = 'failed'",
    """
    CREATE TABLE idempotency_keys (
        scope text NOT NULL,
        key text NOT NULL,
        fingerprint text NOT NULL,
        status integer NOT NULL,
        answer jsonb,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_idempotency_keys PRIMARY KEY (scope, key)
    )
    """,
    "CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys USING brin (created_at)",
)
"""The statements of each service's first migration that make the messaging tables."""
