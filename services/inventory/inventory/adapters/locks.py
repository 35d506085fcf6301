"""Every row lock of inventory, always taken in the order of the key.

Two transactions that want overlapping rows then wait for each other instead of deadlocking. Nothing here skips locked
rows: stock that somebody is about to take is not stock that can be promised to another.

Order between tables: reservations before stock. Reserving inserts reservations that nobody else has, after its
stock; where somebody has, at the very same time, the insertion collides and the work is done again.
"""

from sqlalchemy import text

# Stock is looked up by its key first and locked by its id then, in one statement. A stock row never changes its key,
# and the planner, which knows nothing yet of a table that has just been filled, has no plan to choose from but the two
# unique indexes: with a plain join it was seen to read all stock of a seller for each SKU.

LOCK_SHELVES = text(
    """
    SELECT id, seller_id, warehouse_id, sku, stock_type, condition, on_hand, reserved, version
    FROM stock WHERE id = ANY(ARRAY(
        SELECT found.id
        FROM unnest(CAST(:sellers AS uuid[]), CAST(:warehouses AS uuid[]), CAST(:skus AS text[]))
             AS wanted(seller_id, warehouse_id, sku)
        CROSS JOIN LATERAL (
            SELECT s.id FROM stock s
            WHERE s.seller_id = wanted.seller_id AND s.warehouse_id = wanted.warehouse_id AND s.sku = wanted.sku
                AND s.stock_type = 'product' AND s.condition = 'good'
            LIMIT 1
        ) AS found
    ))
    ORDER BY id FOR UPDATE
    """
)

LOCK_STOCK_IDS = text(
    """
    SELECT id, seller_id, warehouse_id, sku, stock_type, condition, on_hand, reserved, version
    FROM stock WHERE id = ANY(CAST(:ids AS uuid[]))
    ORDER BY id FOR UPDATE
    """
)

LOCK_STOCK_KEYS = text(
    """
    SELECT id, seller_id, warehouse_id, sku, stock_type, condition, on_hand, reserved, version
    FROM stock WHERE id = ANY(ARRAY(
        SELECT found.id
        FROM unnest(CAST(:sellers AS uuid[]), CAST(:warehouses AS uuid[]), CAST(:skus AS text[]),
                    CAST(:stock_types AS text[]), CAST(:conditions AS text[]))
             AS wanted(seller_id, warehouse_id, sku, stock_type, condition)
        CROSS JOIN LATERAL (
            SELECT s.id FROM stock s
            WHERE s.seller_id = wanted.seller_id AND s.warehouse_id = wanted.warehouse_id AND s.sku = wanted.sku
                AND s.stock_type = wanted.stock_type AND s.condition = wanted.condition
            LIMIT 1
        ) AS found
    ))
    ORDER BY id FOR UPDATE
    """
)

LOCK_ATTEMPTS = text(
    """
    SELECT r.reference_id, r.attempt, r.number, r.seller_id, r.stock_id, r.quantity, r.state
    FROM unnest(CAST(:references AS uuid[]), CAST(:attempts AS integer[])) AS wanted(reference_id, attempt)
    JOIN reservations r ON r.reference_id = wanted.reference_id AND r.attempt = wanted.attempt
    ORDER BY r.reference_id, r.attempt, r.number FOR UPDATE OF r
    """
)

LOCK_PRODUCT_IDS = text(
    """
    SELECT * FROM products
    WHERE id = ANY(CAST(:ids AS uuid[])) AND NOT deleted
        AND (CAST(:seller_id AS uuid) IS NULL OR seller_id = CAST(:seller_id AS uuid))
    ORDER BY id FOR UPDATE
    """
)

LOCK_PRODUCT_SKUS = text(
    """
    SELECT * FROM products
    WHERE seller_id = :seller_id AND sku = ANY(CAST(:skus AS text[]))
    ORDER BY id FOR UPDATE
    """
)

LOCK_WAREHOUSE = text("SELECT * FROM warehouses WHERE id = :id FOR UPDATE")
