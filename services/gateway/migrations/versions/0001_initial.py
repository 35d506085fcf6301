"""The first tables."""

from alembic import op
from common.db.base import CREATE_MESSAGING_TABLES

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    """
    CREATE TABLE sellers (
        id uuid CONSTRAINT pk_sellers PRIMARY KEY,
        code text NOT NULL,
        name text NOT NULL,
        currency text NOT NULL,
        active boolean NOT NULL DEFAULT true,
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT uq_sellers_code UNIQUE (code)
    )
    """,
    """
    CREATE TABLE users (
        id uuid CONSTRAINT pk_users PRIMARY KEY,
        email text NOT NULL,
        name text NOT NULL,
        password_hash text NOT NULL,
        seller_id uuid CONSTRAINT fk_users_seller_id_sellers REFERENCES sellers (id),
        roles jsonb NOT NULL,
        active boolean NOT NULL DEFAULT true,
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT uq_users_email UNIQUE (email)
    )
    """,
    "CREATE INDEX ix_users_seller_id_id ON users (seller_id, id)",
    """
    CREATE TABLE sessions (
        id uuid CONSTRAINT pk_sessions PRIMARY KEY,
        token_hash text NOT NULL,
        user_id uuid NOT NULL CONSTRAINT fk_sessions_user_id_users REFERENCES users (id),
        address text NOT NULL,
        user_agent text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        seen_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        CONSTRAINT uq_sessions_token_hash UNIQUE (token_hash)
    )
    """,
    "CREATE INDEX ix_sessions_user_id ON sessions (user_id)",
    "CREATE INDEX ix_sessions_expires_at ON sessions (expires_at)",
    """
    CREATE TABLE sign_ins (
        position bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_sign_ins PRIMARY KEY,
        email text NOT NULL,
        user_id uuid,
        session_id uuid,
        outcome text NOT NULL,
        address text NOT NULL,
        user_agent text NOT NULL,
        at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX ix_sign_ins_email_position ON sign_ins (email, position)",
    """
    CREATE TABLE changes (
        position bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_changes PRIMARY KEY,
        subject_kind text NOT NULL,
        subject_id uuid NOT NULL,
        actor text NOT NULL,
        action text NOT NULL,
        details jsonb,
        at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX ix_changes_subject_id ON changes (subject_id)",
)


def upgrade() -> None:
    for statement in (*CREATE_MESSAGING_TABLES, *TABLES):
        op.execute(statement)


def downgrade() -> None:
    for table in (
        "changes", "sign_ins", "sessions", "users", "sellers", "idempotency_keys", "jobs", "inbox_replies", "inbox",
        "outbox",
    ):  # fmt: skip
        op.execute(f"DROP TABLE {table}")
