"""The first tables."""

from alembic import op
from common.db.base import CREATE_MESSAGING_TABLES

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE stores (
        id uuid CONSTRAINT pk_stores PRIMARY KEY,
        seller_id uuid NOT NULL,
        platform text NOT NULL,
        account text,
        name text NOT NULL,
        state text NOT NULL,
        state_reason text NOT NULL DEFAULT '',
        version integer NOT NULL DEFAULT 1,
        last_error text NOT NULL DEFAULT '',
        last_complete_until timestamptz,
        next_pull_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT ck_stores_state CHECK (state IN ('authorizing', 'active', 'auth_expired', 'disabled')),
        CONSTRAINT ck_stores_account CHECK (account IS NOT NULL OR state IN ('authorizing', 'disabled')),
        CONSTRAINT uq_stores_platform_account UNIQUE (platform, account)
    )
    """,
    "CREATE INDEX ix_stores_seller_id_id ON stores (seller_id, id)",
    "CREATE INDEX ix_stores_due ON stores (next_pull_at) WHERE state = 'active'",
    """
    CREATE TABLE store_moves (
        id uuid CONSTRAINT pk_store_moves PRIMARY KEY,
        store_id uuid NOT NULL CONSTRAINT fk_store_moves_store_id_stores REFERENCES stores (id),
        at timestamptz NOT NULL DEFAULT now(),
        actor text NOT NULL,
        from_state text,
        to_state text NOT NULL,
        reason text NOT NULL DEFAULT ''
    )
    """,
    "CREATE INDEX ix_store_moves_store_id_id ON store_moves (store_id, id)",
    """
    CREATE TABLE credentials (
        store_id uuid CONSTRAINT pk_credentials PRIMARY KEY
            CONSTRAINT fk_credentials_store_id_stores REFERENCES stores (id),
        key_id text NOT NULL,
        sealed bytea NOT NULL,
        version bigint NOT NULL,
        refresh_lease uuid,
        refresh_until timestamptz,
        updated_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX ix_credentials_key_id ON credentials (key_id)",
    """
    CREATE TABLE authorizations (
        state_hash text CONSTRAINT pk_authorizations PRIMARY KEY,
        store_id uuid NOT NULL CONSTRAINT fk_authorizations_store_id_stores REFERENCES stores (id),
        platform text NOT NULL,
        account text,
        actor text NOT NULL,
        expires_at timestamptz NOT NULL,
        used_at timestamptz
    )
    """,
    "CREATE INDEX ix_authorizations_expires_at ON authorizations (expires_at)",
    """
    CREATE TABLE sync_runs (
        id uuid CONSTRAINT pk_sync_runs PRIMARY KEY,
        store_id uuid NOT NULL CONSTRAINT fk_sync_runs_store_id_stores REFERENCES stores (id),
        trigger text NOT NULL,
        requested_by text NOT NULL DEFAULT '',
        state text NOT NULL,
        since timestamptz NOT NULL,
        until timestamptz NOT NULL,
        cursor text,
        pages integer NOT NULL DEFAULT 0,
        calls integer NOT NULL DEFAULT 0,
        platform_total integer,
        orders_read integer NOT NULL DEFAULT 0,
        orders_sent integer NOT NULL DEFAULT 0,
        orders_unchanged integer NOT NULL DEFAULT 0,
        orders_unpaid integer NOT NULL DEFAULT 0,
        orders_left_out integer NOT NULL DEFAULT 0,
        orders_parked integer NOT NULL DEFAULT 0,
        throttled_seconds double precision NOT NULL DEFAULT 0,
        errors integer NOT NULL DEFAULT 0,
        last_error text NOT NULL DEFAULT '',
        resumed integer NOT NULL DEFAULT 0,
        started_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        ended_at timestamptz,
        CONSTRAINT ck_sync_runs_state CHECK (state IN ('running', 'interrupted', 'complete', 'failed')),
        CONSTRAINT ck_sync_runs_window CHECK (since < until)
    ) WITH (fillfactor = 70)
    """,
    "CREATE UNIQUE INDEX uq_sync_runs_open ON sync_runs (store_id) WHERE state IN ('running', 'interrupted')",
    "CREATE INDEX ix_sync_runs_store_id_id ON sync_runs (store_id, id)",
    "CREATE INDEX ix_sync_runs_ended_at ON sync_runs (ended_at) WHERE ended_at IS NOT NULL",
    """
    CREATE TABLE seen_orders (
        store_id uuid NOT NULL,
        platform_order_id text NOT NULL,
        version bigint NOT NULL,
        seen_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_seen_orders PRIMARY KEY (store_id, platform_order_id)
    ) WITH (fillfactor = 80)
    """,
    "CREATE INDEX ix_seen_orders_seen_at ON seen_orders USING brin (seen_at)",
    """
    CREATE TABLE touched_orders (
        store_id uuid NOT NULL,
        platform_order_id text NOT NULL,
        touched_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_touched_orders PRIMARY KEY (store_id, platform_order_id)
    )
    """,
    """
    CREATE TABLE parked_orders (
        id uuid CONSTRAINT pk_parked_orders PRIMARY KEY,
        store_id uuid NOT NULL CONSTRAINT fk_parked_orders_store_id_stores REFERENCES stores (id),
        platform_order_id text NOT NULL,
        state text NOT NULL DEFAULT 'parked',
        reason text NOT NULL,
        raw text,
        tries integer NOT NULL DEFAULT 1,
        parked_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT ck_parked_orders_state CHECK (state IN ('parked', 'retrying', 'resolved')),
        CONSTRAINT uq_parked_orders_store_id_platform_order_id UNIQUE (store_id, platform_order_id)
    )
    """,
    "CREATE INDEX ix_parked_orders_store_id_id ON parked_orders (store_id, id)",
    "CREATE INDEX ix_parked_orders_raw ON parked_orders (updated_at) WHERE raw IS NOT NULL",
    """
    CREATE TABLE order_tasks (
        kind text NOT NULL,
        order_id uuid NOT NULL,
        attempt integer NOT NULL,
        seller_id uuid NOT NULL,
        store_id uuid NOT NULL,
        state text NOT NULL DEFAULT 'open',
        tries integer NOT NULL DEFAULT 0,
        code text NOT NULL DEFAULT '',
        reason text NOT NULL DEFAULT '',
        parcels jsonb,
        created_at timestamptz NOT NULL DEFAULT now(),
        ended_at timestamptz,
        CONSTRAINT pk_order_tasks PRIMARY KEY (kind, order_id, attempt),
        CONSTRAINT ck_order_tasks_kind CHECK (kind IN ('fetch_label', 'upload_tracking')),
        CONSTRAINT ck_order_tasks_state CHECK (state IN ('open', 'done', 'failed'))
    ) WITH (fillfactor = 70)
    """,
    "CREATE INDEX ix_order_tasks_open ON order_tasks (created_at) WHERE state = 'open'",
    "CREATE INDEX ix_order_tasks_ended_at ON order_tasks USING brin (ended_at)",
)


def upgrade() -> None:
    for statement in (*CREATE_MESSAGING_TABLES, *STATEMENTS):
        op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("the first migration has nothing before it; restore a backup instead")
