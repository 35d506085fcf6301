"""The first tables."""

from alembic import op
from common.db.base import CREATE_MESSAGING_TABLES

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "CREATE SEQUENCE topup_numbers",
    """
    CREATE TABLE sellers (
        id uuid CONSTRAINT pk_sellers PRIMARY KEY,
        version integer NOT NULL,
        code text NOT NULL,
        name text NOT NULL,
        currency text NOT NULL,
        active boolean NOT NULL
    )
    """,
    """
    CREATE TABLE warehouses (
        id uuid CONSTRAINT pk_warehouses PRIMARY KEY,
        version integer NOT NULL,
        code text NOT NULL,
        name text NOT NULL,
        currency text NOT NULL,
        time_zone text NOT NULL,
        active boolean NOT NULL
    )
    """,
    # Few rows, each updated with every frame: room on the page for the new versions keeps the updates heap-only.
    """
    CREATE TABLE accounts (
        id uuid CONSTRAINT pk_accounts PRIMARY KEY,
        kind text NOT NULL,
        seller_id uuid,
        currency text NOT NULL,
        balance numeric NOT NULL DEFAULT 0,
        credit_limit numeric NOT NULL DEFAULT 0,
        held numeric NOT NULL DEFAULT 0,
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT uq_accounts_seller_id_currency UNIQUE (seller_id, currency),
        CONSTRAINT ck_accounts_kind CHECK (kind IN ('seller', 'clearing', 'revenue')),
        CONSTRAINT ck_accounts_seller CHECK ((kind = 'seller') = (seller_id IS NOT NULL)),
        CONSTRAINT ck_accounts_held CHECK (held >= 0),
        CONSTRAINT ck_accounts_credit_limit CHECK (credit_limit >= 0)
    ) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)
    """,
    """
    CREATE TABLE entries (
        id uuid CONSTRAINT pk_entries PRIMARY KEY,
        kind text NOT NULL,
        seller_id uuid NOT NULL,
        currency text NOT NULL,
        reference_id uuid NOT NULL,
        description text NOT NULL,
        actor text NOT NULL,
        details jsonb,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT uq_entries_reference_id UNIQUE (reference_id)
    )
    """,
    """
    CREATE TABLE postings (
        account_id uuid NOT NULL,
        entry_id uuid NOT NULL,
        amount numeric NOT NULL,
        balance_after numeric,
        CONSTRAINT pk_postings PRIMARY KEY (account_id, entry_id)
    )
    """,
    """
    CREATE TABLE holds (
        id uuid CONSTRAINT pk_holds PRIMARY KEY,
        fulfillment_id uuid NOT NULL,
        submission integer NOT NULL,
        seller_id uuid NOT NULL,
        account_id uuid,
        order_id uuid,
        number text NOT NULL,
        warehouse_id uuid,
        channel_id uuid,
        schedule_id uuid,
        units integer,
        weight_grams integer,
        currency text NOT NULL,
        amount numeric,
        available_after numeric,
        state text NOT NULL,
        reason text NOT NULL DEFAULT '',
        entry_id uuid,
        created_at timestamptz NOT NULL DEFAULT now(),
        resolved_at timestamptz,
        CONSTRAINT uq_holds_fulfillment_id_submission UNIQUE (fulfillment_id, submission),
        CONSTRAINT ck_holds_state CHECK (state IN ('placed', 'captured', 'released', 'owed')),
        CONSTRAINT ck_holds_available_after CHECK (available_after >= 0),
        CONSTRAINT ck_holds_amount CHECK (amount >= 0),
        CONSTRAINT ck_holds_placed CHECK (state <> 'placed' OR (amount IS NOT NULL AND account_id IS NOT NULL)),
        CONSTRAINT ck_holds_captured CHECK (state <> 'captured' OR entry_id IS NOT NULL)
    ) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05)
    """,
    "CREATE INDEX ix_holds_seller_id_id ON holds (seller_id, id)",
    "CREATE INDEX ix_holds_placed ON holds (seller_id, id) WHERE state = 'placed'",
    """
    CREATE TABLE anomalies (
        id uuid CONSTRAINT pk_anomalies PRIMARY KEY,
        kind text NOT NULL,
        fulfillment_id uuid NOT NULL,
        submission integer NOT NULL,
        seller_id uuid NOT NULL,
        number text NOT NULL,
        message text NOT NULL,
        charged numeric,
        currency text NOT NULL DEFAULT '',
        open boolean NOT NULL,
        note text NOT NULL DEFAULT '',
        created_at timestamptz NOT NULL,
        closed_at timestamptz,
        CONSTRAINT uq_anomalies_fulfillment_id_submission UNIQUE (fulfillment_id, submission)
    )
    """,
    "CREATE INDEX ix_anomalies_open ON anomalies (id) WHERE open",
    """
    CREATE TABLE topups (
        id uuid CONSTRAINT pk_topups PRIMARY KEY,
        number text NOT NULL,
        seller_id uuid NOT NULL,
        account_id uuid NOT NULL,
        paid_amount numeric NOT NULL,
        paid_currency text NOT NULL,
        rate numeric,
        credit_amount numeric NOT NULL,
        credit_currency text NOT NULL,
        state text NOT NULL,
        note text NOT NULL DEFAULT '',
        proof_key text NOT NULL,
        proof_name text NOT NULL,
        proof_type text NOT NULL,
        requested_by text NOT NULL,
        requested_at timestamptz NOT NULL,
        decided_by text NOT NULL DEFAULT '',
        decided_at timestamptz,
        reason text NOT NULL DEFAULT '',
        version integer NOT NULL DEFAULT 1,
        CONSTRAINT uq_topups_number UNIQUE (number),
        CONSTRAINT ck_topups_state CHECK (state IN ('requested', 'approved', 'rejected')),
        CONSTRAINT ck_topups_paid_amount CHECK (paid_amount > 0),
        CONSTRAINT ck_topups_credit_amount CHECK (credit_amount > 0)
    )
    """,
    "CREATE INDEX ix_topups_seller_id_id ON topups (seller_id, id)",
    "CREATE INDEX ix_topups_requested ON topups (id) WHERE state = 'requested'",
    """
    CREATE TABLE fee_schedules (
        id uuid CONSTRAINT pk_fee_schedules PRIMARY KEY,
        warehouse_id uuid NOT NULL,
        channel_id uuid,
        seller_id uuid,
        name text NOT NULL,
        currency text NOT NULL,
        valid_from date NOT NULL,
        starts_at timestamptz NOT NULL,
        per_order numeric NOT NULL,
        per_further_unit numeric NOT NULL,
        bands jsonb NOT NULL,
        version integer NOT NULL DEFAULT 1,
        updated_at timestamptz NOT NULL,
        CONSTRAINT ck_fee_schedules_amounts CHECK (per_order >= 0 AND per_further_unit >= 0)
    )
    """,
    """
    CREATE UNIQUE INDEX uq_fee_schedules_scope ON fee_schedules (warehouse_id, channel_id, seller_id, valid_from)
    NULLS NOT DISTINCT
    """,
    """
    CREATE TABLE changes (
        position bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_changes PRIMARY KEY,
        subject_kind text NOT NULL,
        subject_id uuid NOT NULL,
        seller_id uuid,
        actor text NOT NULL,
        action text NOT NULL,
        from_state text NOT NULL DEFAULT '',
        to_state text NOT NULL DEFAULT '',
        reason text NOT NULL DEFAULT '',
        details jsonb,
        at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX ix_changes_subject_id ON changes (subject_id)",
)

# The database itself refuses money out of nowhere. Once a statement, over the rows that it wrote: a trigger for each
# row, or a deferred constraint, would cost more than the insert. It asks that an entry be written in one statement.
GUARDS = (
    """
    CREATE FUNCTION postings_balance() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        broken uuid;
    BEGIN
        SELECT entry_id INTO broken FROM written GROUP BY entry_id HAVING sum(amount) <> 0 LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'postings of entry % do not sum to 0', broken USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER postings_balance AFTER INSERT ON postings REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION postings_balance()
    """,
    """
    CREATE FUNCTION ledger_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is never changed; post a correcting entry', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    """
    CREATE TRIGGER postings_final BEFORE UPDATE OR DELETE ON postings
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_final()
    """,
    """
    CREATE TRIGGER entries_final BEFORE UPDATE OR DELETE ON entries
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_final()
    """,
)


def upgrade() -> None:
    for statement in (*CREATE_MESSAGING_TABLES, *TABLES, *GUARDS):
        op.execute(statement)


def downgrade() -> None:
    for trigger, table in (
        ("postings_balance", "postings"),
        ("postings_final", "postings"),
        ("entries_final", "entries"),
    ):
        op.execute(f"DROP TRIGGER {trigger} ON {table}")
    op.execute("DROP FUNCTION postings_balance()")
    op.execute("DROP FUNCTION ledger_is_final()")
    for table in (
        "changes", "fee_schedules", "topups", "anomalies", "holds", "postings", "entries", "accounts", "warehouses",
        "sellers", "idempotency_keys", "jobs", "inbox_replies", "inbox", "outbox",
    ):  # fmt: skip
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP SEQUENCE topup_numbers")
