"""The first tables of orders."""

from alembic import op
from common.db.base import CREATE_MESSAGING_TABLES

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE orders (
        id uuid CONSTRAINT pk_orders PRIMARY KEY,
        seller_id uuid NOT NULL,
        store_id uuid NOT NULL,
        platform text NOT NULL,
        platform_order_id text NOT NULL,
        number text NOT NULL,
        placed_at timestamptz NOT NULL,
        imported_at timestamptz NOT NULL,
        status text NOT NULL,
        version integer NOT NULL,
        step text NOT NULL DEFAULT '',
        attempt integer NOT NULL DEFAULT 0,
        next_check timestamptz,
        resends smallint NOT NULL DEFAULT 0,
        warehouse_id uuid,
        channel_id uuid,
        channel_kind text NOT NULL DEFAULT '',
        assigned_by text NOT NULL DEFAULT '',
        auto_review boolean NOT NULL DEFAULT false,
        platform_status text NOT NULL,
        platform_version bigint NOT NULL,
        platform_canceled boolean NOT NULL DEFAULT false,
        ship_by timestamptz,
        holds jsonb,
        review_errors jsonb,
        exception_reason text NOT NULL DEFAULT '',
        label_tries integer NOT NULL DEFAULT 0,
        label_reason text NOT NULL DEFAULT '',
        stock_asked boolean NOT NULL DEFAULT false,
        fulfillment_asked boolean NOT NULL DEFAULT false,
        fulfillment_id uuid,
        fulfillment_number text NOT NULL DEFAULT '',
        fulfillment_submission integer NOT NULL DEFAULT 0,
        fulfillment_exception text NOT NULL DEFAULT '',
        accepted_at timestamptz,
        shipped_at timestamptz,
        ended_at timestamptz,
        parcels jsonb,
        tracking_upload text NOT NULL DEFAULT 'not_required',
        tracking_attempt integer NOT NULL DEFAULT 0,
        tracking_tries integer NOT NULL DEFAULT 0,
        tracking_reason text NOT NULL DEFAULT '',
        cancel_tries integer NOT NULL DEFAULT 0,
        cancel_reason text NOT NULL DEFAULT '',
        cancel_refused text NOT NULL DEFAULT '',
        erased boolean NOT NULL DEFAULT false,
        CONSTRAINT ck_orders_status CHECK (status IN ('pending', 'awaiting_label', 'processing',
            'warehouse_processing', 'shipped', 'exception', 'canceling', 'canceled')),
        CONSTRAINT ck_orders_step_has_a_check CHECK ((step = '') = (next_check IS NULL)),
        CONSTRAINT uq_orders_store_id_platform_order_id UNIQUE (store_id, platform_order_id)
    ) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000)
    """,
    "CREATE INDEX ix_orders_seller ON orders (seller_id, id)",
    "CREATE INDEX ix_orders_unshipped ON orders (seller_id, status, id) WHERE status <> 'shipped'",
    "CREATE INDEX ix_orders_due ON orders (next_check) WHERE next_check IS NOT NULL",
    """
    CREATE INDEX ix_orders_tracking ON orders (seller_id, tracking_upload, id)
    WHERE tracking_upload IN ('waiting', 'uploading', 'failed')
    """,
    "CREATE INDEX ix_orders_erasable ON orders (ended_at) WHERE ended_at IS NOT NULL AND NOT erased",
    "CREATE INDEX ix_orders_number ON orders (lower(number) text_pattern_ops)",
    """
    CREATE TABLE order_details (
        order_id uuid CONSTRAINT pk_order_details PRIMARY KEY,
        raw_status text NOT NULL,
        currency text NOT NULL,
        total numeric,
        paid_at timestamptz,
        buyer_name text NOT NULL DEFAULT '',
        buyer_email text NOT NULL DEFAULT '',
        buyer_note text NOT NULL DEFAULT '',
        ship_to jsonb,
        platform_label boolean NOT NULL DEFAULT false,
        lines jsonb NOT NULL,
        packages jsonb,
        needs jsonb,
        skus jsonb NOT NULL
    ) WITH (fillfactor = 90)
    """,
    "CREATE INDEX ix_order_details_skus ON order_details USING gin (skus jsonb_path_ops)",
    """
    CREATE TABLE order_timeline (
        order_id uuid NOT NULL,
        version integer NOT NULL,
        at timestamptz NOT NULL,
        actor text NOT NULL,
        event text NOT NULL,
        from_status text NOT NULL DEFAULT '',
        to_status text NOT NULL DEFAULT '',
        reason text NOT NULL DEFAULT '',
        errors jsonb,
        CONSTRAINT pk_order_timeline PRIMARY KEY (order_id, version)
    )
    """,
    """
    CREATE TABLE order_review_errors (
        order_id uuid NOT NULL,
        position smallint NOT NULL,
        seller_id uuid NOT NULL,
        code text NOT NULL,
        sku text NOT NULL DEFAULT '',
        CONSTRAINT pk_order_review_errors PRIMARY KEY (order_id, position)
    )
    """,
    "CREATE INDEX ix_order_review_errors_code ON order_review_errors (seller_id, code, sku, order_id)",
    """
    CREATE TABLE stock_releases (
        order_id uuid NOT NULL,
        attempt integer NOT NULL,
        seller_id uuid NOT NULL,
        reason text NOT NULL DEFAULT '',
        next_check timestamptz NOT NULL,
        resends smallint NOT NULL DEFAULT 0,
        CONSTRAINT pk_stock_releases PRIMARY KEY (order_id, attempt)
    )
    """,
    "CREATE INDEX ix_stock_releases_next_check ON stock_releases (next_check)",
    """
    CREATE TABLE order_counts (
        seller_id uuid NOT NULL,
        status text NOT NULL,
        orders bigint NOT NULL,
        CONSTRAINT pk_order_counts PRIMARY KEY (seller_id, status)
    ) WITH (fillfactor = 50)
    """,
    """
    CREATE TABLE order_count_changes (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_order_count_changes PRIMARY KEY,
        seller_id uuid NOT NULL,
        status text NOT NULL,
        change integer NOT NULL
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)
    """,
    """
    CREATE TABLE mappings (
        id uuid CONSTRAINT pk_mappings PRIMARY KEY,
        seller_id uuid NOT NULL,
        store_id uuid NOT NULL,
        platform_sku text NOT NULL,
        items jsonb NOT NULL,
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT uq_mappings_store_id_platform_sku UNIQUE (store_id, platform_sku)
    )
    """,
    "CREATE INDEX ix_mappings_seller ON mappings (seller_id, id)",
    """
    CREATE TABLE routing_rules (
        id uuid CONSTRAINT pk_routing_rules PRIMARY KEY,
        seller_id uuid NOT NULL,
        position integer NOT NULL,
        name text NOT NULL,
        store_id uuid,
        platform text NOT NULL DEFAULT '',
        countries jsonb NOT NULL,
        postal_ranges jsonb NOT NULL,
        warehouse_id uuid NOT NULL,
        channel_id uuid NOT NULL,
        auto_review boolean NOT NULL DEFAULT false,
        active boolean NOT NULL DEFAULT true,
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT uq_routing_rules_seller_id_position UNIQUE (seller_id, position) DEFERRABLE INITIALLY DEFERRED
    )
    """,
    """
    CREATE TABLE stores (
        id uuid CONSTRAINT pk_stores PRIMARY KEY,
        seller_id uuid NOT NULL,
        version bigint NOT NULL,
        platform text NOT NULL,
        name text NOT NULL,
        state text NOT NULL
    )
    """,
    "CREATE INDEX ix_stores_seller ON stores (seller_id)",
    """
    CREATE TABLE products (
        id uuid CONSTRAINT pk_products PRIMARY KEY,
        seller_id uuid NOT NULL,
        version bigint NOT NULL,
        sku text NOT NULL,
        status text NOT NULL,
        measured boolean NOT NULL DEFAULT false,
        weight_grams integer
    )
    """,
    "CREATE INDEX ix_products_sku ON products (seller_id, sku)",
    """
    CREATE TABLE warehouses (
        id uuid CONSTRAINT pk_warehouses PRIMARY KEY,
        version bigint NOT NULL,
        code text NOT NULL,
        name text NOT NULL,
        country text NOT NULL,
        active boolean NOT NULL DEFAULT false
    )
    """,
    """
    CREATE TABLE warehouse_bindings (
        seller_id uuid NOT NULL,
        warehouse_id uuid NOT NULL,
        version bigint NOT NULL,
        bound boolean NOT NULL DEFAULT false,
        CONSTRAINT pk_warehouse_bindings PRIMARY KEY (seller_id, warehouse_id)
    )
    """,
    """
    CREATE TABLE channels (
        id uuid CONSTRAINT pk_channels PRIMARY KEY,
        version bigint NOT NULL,
        warehouse_id uuid NOT NULL,
        code text NOT NULL,
        name text NOT NULL,
        kind text NOT NULL,
        countries jsonb NOT NULL,
        active boolean NOT NULL DEFAULT false
    )
    """,
)


def upgrade() -> None:
    for statement in (*CREATE_MESSAGING_TABLES, *STATEMENTS):
        op.execute(statement)


def downgrade() -> None:
    for table in (
        "channels",
        "warehouse_bindings",
        "warehouses",
        "products",
        "stores",
        "routing_rules",
        "mappings",
        "order_count_changes",
        "order_counts",
        "stock_releases",
        "order_review_errors",
        "order_timeline",
        "order_details",
        "orders",
        "idempotency_keys",
        "jobs",
        "inbox_replies",
        "inbox",
        "outbox",
    ):
        op.execute(f"DROP TABLE {table}")
