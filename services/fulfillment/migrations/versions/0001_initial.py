"""Everything of the first release."""

from alembic import op
from common.db.base import CREATE_MESSAGING_TABLES

revision = "0001"
down_revision = None

COPIES = (
    """
    CREATE TABLE warehouses (
        id uuid CONSTRAINT pk_warehouses PRIMARY KEY,
        version integer NOT NULL,
        code text NOT NULL,
        name text NOT NULL,
        country text NOT NULL,
        active boolean NOT NULL,
        adapter text NOT NULL,
        base_url text NOT NULL
    )
    """,
    """
    CREATE TABLE products (
        seller_id uuid NOT NULL,
        sku text NOT NULL,
        product_id uuid NOT NULL,
        version integer NOT NULL,
        weight_grams integer,
        CONSTRAINT pk_products PRIMARY KEY (seller_id, sku)
    )
    """,
    """
    CREATE TABLE sellers (
        id uuid CONSTRAINT pk_sellers PRIMARY KEY,
        version integer NOT NULL,
        code text NOT NULL,
        name text NOT NULL,
        active boolean NOT NULL
    )
    """,
)

CONFIGURATION = (
    """
    CREATE TABLE warehouse_connections (
        warehouse_id uuid CONSTRAINT pk_warehouse_connections PRIMARY KEY,
        key_id text NOT NULL,
        secret bytea NOT NULL,
        base_url text NOT NULL,
        version integer NOT NULL,
        updated_at timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE channels (
        id uuid CONSTRAINT pk_channels PRIMARY KEY,
        warehouse_id uuid NOT NULL,
        code text NOT NULL,
        kind text NOT NULL,
        name text NOT NULL,
        countries jsonb NOT NULL,
        active boolean NOT NULL,
        label_required boolean NOT NULL,
        upload_tracking boolean NOT NULL,
        carrier jsonb NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT uq_channels_warehouse_id_code UNIQUE (warehouse_id, code),
        CONSTRAINT ck_channels_kind CHECK (kind IN ('platform_label', 'carrier', 'own_label'))
    )
    """,
    """
    CREATE TABLE submission_settings (
        seller_id uuid CONSTRAINT pk_submission_settings PRIMARY KEY,
        auto_submit boolean NOT NULL,
        delay_seconds integer NOT NULL,
        version integer NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT ck_submission_settings_delay CHECK (delay_seconds BETWEEN 0 AND 300)
    )
    """,
    """
    CREATE TABLE house_labels (
        reference text CONSTRAINT pk_house_labels PRIMARY KEY,
        seller_id uuid NOT NULL,
        tracking_number text,
        state text NOT NULL,
        created_at timestamptz NOT NULL,
        voided_at timestamptz,
        CONSTRAINT uq_house_labels_tracking_number UNIQUE (tracking_number),
        CONSTRAINT ck_house_labels_state CHECK (state IN ('active', 'void'))
    )
    """,
)

FULFILLMENTS = (
    """
    CREATE TABLE order_attempts (
        order_id uuid NOT NULL,
        attempt integer NOT NULL,
        fulfillment_id uuid,
        cancel_reason text NOT NULL DEFAULT '',
        CONSTRAINT pk_order_attempts PRIMARY KEY (order_id, attempt)
    )
    """,
    # Rows are updated a few times early in their life, and then never again: room for that on their page.
    """
    CREATE TABLE fulfillments (
        id uuid CONSTRAINT pk_fulfillments PRIMARY KEY,
        number text NOT NULL,
        seller_id uuid NOT NULL,
        order_id uuid NOT NULL,
        attempt integer NOT NULL,
        store_id uuid NOT NULL,
        platform text NOT NULL,
        platform_order_id text NOT NULL,
        platform_order_number text NOT NULL,
        warehouse_id uuid NOT NULL,
        channel_id uuid NOT NULL,
        channel_kind text NOT NULL,
        label_required boolean NOT NULL,
        upload_tracking boolean NOT NULL,
        ship_by timestamptz,
        ship_to jsonb NOT NULL,
        lines jsonb NOT NULL,
        parcels jsonb NOT NULL,
        status text NOT NULL,
        draft_status text NOT NULL,
        version integer NOT NULL,
        submission integer NOT NULL,
        submission_state text NOT NULL,
        adapter text NOT NULL,
        weight_grams bigint NOT NULL,
        warehouse_reference text NOT NULL,
        reason_code text NOT NULL,
        reason text NOT NULL,
        cancel_reason text NOT NULL,
        alert text NOT NULL,
        label_attempt integer NOT NULL,
        submit_at timestamptz,
        check_at timestamptz,
        decided_at timestamptz,
        accepted_at timestamptz,
        shipped_at timestamptz,
        closed_at timestamptz,
        erased_at timestamptz,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT uq_fulfillments_number UNIQUE (number),
        CONSTRAINT uq_fulfillments_order_id_attempt UNIQUE (order_id, attempt),
        CONSTRAINT ck_fulfillments_status CHECK (status IN
            ('draft', 'submitting', 'warehouse_processing', 'canceling', 'exception', 'shipped', 'canceled')),
        CONSTRAINT ck_fulfillments_draft_status CHECK
            ((status = 'draft') = (draft_status IN ('fetching_label', 'label_error', 'pending_submit')))
    ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000)
    """,
    "CREATE INDEX ix_fulfillments_seller ON fulfillments (seller_id, id)",
    "CREATE INDEX ix_fulfillments_platform_number ON fulfillments (platform_order_number text_pattern_ops)",
    """
    CREATE INDEX ix_fulfillments_open ON fulfillments (status, warehouse_id, id)
    WHERE status NOT IN ('shipped', 'canceled')
    """,
    "CREATE INDEX ix_fulfillments_submit_at ON fulfillments (submit_at) WHERE submit_at IS NOT NULL",
    "CREATE INDEX ix_fulfillments_check_at ON fulfillments (check_at) WHERE check_at IS NOT NULL",
    "CREATE INDEX ix_fulfillments_erase ON fulfillments (closed_at) WHERE erased_at IS NULL AND closed_at IS NOT NULL",
    """
    CREATE TABLE submissions (
        fulfillment_id uuid NOT NULL,
        submission integer NOT NULL,
        state text NOT NULL,
        adapter text NOT NULL,
        weight_grams bigint NOT NULL,
        warehouse_reference text NOT NULL,
        reason text NOT NULL,
        hold_id uuid,
        hold_amount numeric(20, 4),
        hold_currency text,
        submitted_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        captured_at timestamptz,
        captured_amount numeric(20, 4),
        released_at timestamptz,
        CONSTRAINT pk_submissions PRIMARY KEY (fulfillment_id, submission)
    ) WITH (fillfactor = 70)
    """,
    """
    CREATE TABLE fulfillment_changes (
        position bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_fulfillment_changes PRIMARY KEY,
        fulfillment_id uuid NOT NULL,
        at timestamptz NOT NULL,
        actor text NOT NULL,
        from_stage text NOT NULL,
        to_stage text NOT NULL,
        reason text NOT NULL
    )
    """,
    "CREATE INDEX ix_fulfillment_changes_fulfillment_id ON fulfillment_changes (fulfillment_id, position)",
    "CREATE SEQUENCE fulfillment_numbers",
    "CREATE SEQUENCE house_serials",
)


def upgrade() -> None:
    for statement in (*CREATE_MESSAGING_TABLES, *COPIES, *CONFIGURATION, *FULFILLMENTS):
        op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("the first release has nothing before it; drop the database instead")
