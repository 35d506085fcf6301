"""The first tables of inventory."""

from alembic import op
from common.db.base import CREATE_MESSAGING_TABLES

revision = "0001"
down_revision = None

SELLERS_AND_WAREHOUSES = (
    """
    CREATE TABLE sellers (
        id uuid CONSTRAINT pk_sellers PRIMARY KEY,
        version bigint NOT NULL,
        code text NOT NULL,
        name text NOT NULL,
        active boolean NOT NULL
    )
    """,
    """
    CREATE TABLE warehouses (
        id uuid CONSTRAINT pk_warehouses PRIMARY KEY,
        version integer NOT NULL,
        code text NOT NULL,
        name text NOT NULL,
        country text NOT NULL,
        time_zone text NOT NULL,
        currency text NOT NULL,
        adapter_kind text NOT NULL,
        base_url text NOT NULL,
        active boolean NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT uq_warehouses_code UNIQUE (code),
        CONSTRAINT ck_warehouses_adapter_kind CHECK (adapter_kind IN ('desk', 'http'))
    )
    """,
    """
    CREATE TABLE warehouse_bindings (
        seller_id uuid NOT NULL,
        warehouse_id uuid NOT NULL,
        bound boolean NOT NULL,
        version integer NOT NULL,
        changed_at timestamptz NOT NULL,
        CONSTRAINT pk_warehouse_bindings PRIMARY KEY (seller_id, warehouse_id),
        CONSTRAINT fk_warehouse_bindings_warehouse_id_warehouses FOREIGN KEY (warehouse_id) REFERENCES warehouses (id)
    )
    """,
    "CREATE INDEX ix_warehouse_bindings_warehouse_id ON warehouse_bindings (warehouse_id, seller_id)",
)

PRODUCTS = (
    """
    CREATE TABLE products (
        id uuid CONSTRAINT pk_products PRIMARY KEY,
        seller_id uuid NOT NULL,
        sku text NOT NULL,
        title text NOT NULL,
        status text NOT NULL,
        hazard_class text NOT NULL,
        barcode text NOT NULL,
        weight_grams integer,
        length_mm integer,
        width_mm integer,
        height_mm integer,
        measured_weight_grams integer,
        measured_length_mm integer,
        measured_width_mm integer,
        measured_height_mm integer,
        measured_at timestamptz,
        reject_reason text NOT NULL,
        deleted boolean NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT uq_products_seller_id_sku UNIQUE (seller_id, sku),
        CONSTRAINT ck_products_status CHECK (status IN ('draft', 'in_audit', 'approved', 'rejected')),
        CONSTRAINT ck_products_deleted CHECK (NOT deleted OR status IN ('draft', 'rejected'))
    )
    """,
    "CREATE INDEX ix_products_seller_id_id ON products (seller_id, id)",
    "CREATE INDEX ix_products_in_audit ON products (id) WHERE status = 'in_audit'",
    """
    CREATE TABLE audit (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_audit PRIMARY KEY,
        kind text NOT NULL,
        subject_id uuid NOT NULL,
        at timestamptz NOT NULL,
        actor text NOT NULL,
        source text NOT NULL,
        target text NOT NULL,
        reason text NOT NULL
    )
    """,
    "CREATE INDEX ix_audit_subject_id ON audit (subject_id, id)",
)

STOCK = (
    # Half of each page stays free: rows are updated in place many times a second, and vacuum need not wait for much.
    """
    CREATE TABLE stock (
        id uuid CONSTRAINT pk_stock PRIMARY KEY,
        seller_id uuid NOT NULL,
        warehouse_id uuid NOT NULL,
        sku text NOT NULL,
        stock_type text NOT NULL,
        condition text NOT NULL,
        on_hand integer NOT NULL,
        reserved integer NOT NULL,
        version bigint NOT NULL,
        CONSTRAINT uq_stock_key UNIQUE (seller_id, warehouse_id, sku, stock_type, condition),
        CONSTRAINT fk_stock_warehouse_id_warehouses FOREIGN KEY (warehouse_id) REFERENCES warehouses (id),
        CONSTRAINT ck_stock_reserved CHECK (reserved >= 0 AND reserved <= on_hand),
        CONSTRAINT ck_stock_reservable CHECK (reserved = 0 OR (stock_type = 'product' AND condition = 'good')),
        CONSTRAINT ck_stock_stock_type CHECK (stock_type IN ('product', 'carton', 'return')),
        CONSTRAINT ck_stock_condition CHECK (condition IN ('good', 'defective'))
    ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000)
    """,
    "CREATE INDEX ix_stock_seller_id_id ON stock (seller_id, id)",
    """
    CREATE TABLE reservations (
        reference_id uuid NOT NULL,
        seller_id uuid NOT NULL,
        stock_id uuid,
        created_at timestamptz NOT NULL,
        ended_at timestamptz,
        attempt integer NOT NULL,
        quantity integer NOT NULL,
        number smallint NOT NULL,
        state text NOT NULL,
        line_id text NOT NULL,
        shortages jsonb,
        reason text,
        CONSTRAINT pk_reservations PRIMARY KEY (reference_id, attempt, number),
        CONSTRAINT ck_reservations_state CHECK (state IN ('held', 'consumed', 'released', 'refused')),
        CONSTRAINT ck_reservations_stock CHECK (
            CASE WHEN stock_id IS NULL THEN quantity = 0 AND number = 0 AND state IN ('released', 'refused')
            ELSE quantity > 0 AND state <> 'refused' END
        ),
        CONSTRAINT ck_reservations_ended CHECK ((state IN ('consumed', 'released')) = (ended_at IS NOT NULL))
    )
    """,
    "CREATE INDEX ix_reservations_held ON reservations (stock_id, created_at) WHERE state = 'held'",
    """
    CREATE TABLE movements (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_movements PRIMARY KEY,
        stock_id uuid NOT NULL,
        seller_id uuid NOT NULL,
        at timestamptz NOT NULL,
        quantity integer NOT NULL,
        kind text NOT NULL,
        reference_id uuid,
        attempt integer,
        number smallint,
        actor text,
        reason text,
        CONSTRAINT ck_movements_quantity CHECK (quantity <> 0),
        CONSTRAINT ck_movements_shipped CHECK (kind <> 'shipped' OR (reference_id IS NOT NULL AND quantity < 0))
    )
    """,
    "CREATE INDEX ix_movements_stock_id_id ON movements (stock_id, id)",
    "CREATE INDEX ix_movements_seller_id_id ON movements (seller_id, id)",
    """
    CREATE UNIQUE INDEX uq_movements_shipment ON movements (reference_id, attempt, number)
    WHERE reference_id IS NOT NULL
    """,
    """
    CREATE TABLE anomalies (
        id uuid CONSTRAINT pk_anomalies PRIMARY KEY,
        seller_id uuid NOT NULL,
        kind text NOT NULL,
        reference_id uuid NOT NULL,
        attempt integer NOT NULL,
        detail text NOT NULL,
        created_at timestamptz NOT NULL,
        resolved_at timestamptz,
        resolved_by text,
        note text,
        CONSTRAINT uq_anomalies_key UNIQUE (kind, reference_id, attempt)
    )
    """,
    "CREATE INDEX ix_anomalies_seller_id_id ON anomalies (seller_id, id)",
    "CREATE INDEX ix_anomalies_open ON anomalies (id) WHERE resolved_at IS NULL",
)


def upgrade() -> None:
    for statement in (*CREATE_MESSAGING_TABLES, *SELLERS_AND_WAREHOUSES, *PRODUCTS, *STOCK):
        op.execute(statement)


def downgrade() -> None:
    for table in ("anomalies", "movements", "reservations", "stock", "audit", "products", "warehouse_bindings"):
        op.execute(f"DROP TABLE {table}")
    for table in ("warehouses", "sellers", "idempotency_keys", "jobs", "inbox_replies", "inbox", "outbox"):
        op.execute(f"DROP TABLE {table}")
