"""The invariants of inventory, each as a query for the rows that break it."""

from common.checks import Check

CHECKS = (
    Check(
        "on_hand_is_sum_of_movements",
        "what is on hand of each stock row is the sum of its movements",
        "SELECT s.id, s.sku, s.on_hand, COALESCE(m.total, 0) AS moved FROM stock s "
        "LEFT JOIN (SELECT stock_id, sum(quantity) AS total FROM movements GROUP BY stock_id) m ON m.stock_id = s.id "
        "WHERE s.on_hand <> COALESCE(m.total, 0)",
    ),
    Check(
        "reserved_is_sum_of_held",
        "what is reserved of each stock row is the sum of its held reservations",
        "SELECT s.id, s.sku, s.reserved, COALESCE(r.total, 0) AS held FROM stock s "
        "LEFT JOIN (SELECT stock_id, sum(quantity) AS total FROM reservations WHERE state = 'held' GROUP BY stock_id) "
        "r ON r.stock_id = s.id WHERE s.reserved <> COALESCE(r.total, 0)",
    ),
    Check(
        "reserved_within_on_hand",
        "0 <= reserved <= on_hand",
        "SELECT id, sku, on_hand, reserved FROM stock WHERE reserved < 0 OR reserved > on_hand",
    ),
    Check(
        "movements_have_stock",
        "every movement and every reservation with stock belongs to a stock row of the same seller",
        "SELECT m.id::text AS row FROM movements m LEFT JOIN stock s ON s.id = m.stock_id "
        "WHERE s.seller_id IS DISTINCT FROM m.seller_id "
        "UNION ALL SELECT r.reference_id::text FROM reservations r LEFT JOIN stock s ON s.id = r.stock_id "
        "WHERE r.stock_id IS NOT NULL AND s.seller_id IS DISTINCT FROM r.seller_id",
    ),
    Check(
        "consumed_has_movement",
        "every consumed reservation row was shipped by exactly one movement of its quantity, and nothing else was",
        "SELECT COALESCE(r.reference_id, m.reference_id) AS reference_id, r.state, r.quantity, m.quantity AS moved "
        "FROM (SELECT * FROM reservations WHERE state = 'consumed') r "
        "FULL JOIN (SELECT * FROM movements WHERE kind = 'shipped') m "
        "ON m.reference_id = r.reference_id AND m.attempt = r.attempt AND m.number = r.number "
        "AND m.stock_id = r.stock_id "
        "WHERE m.quantity IS DISTINCT FROM -r.quantity",
    ),
    Check(
        "attempts_whole",
        "all rows of an attempt are in the same state, and row 0 is among them",
        "SELECT reference_id, attempt, array_agg(DISTINCT state) AS states FROM reservations "
        "GROUP BY reference_id, attempt HAVING count(DISTINCT state) > 1 OR min(number) <> 0 "
        "OR max(number) <> count(*) - 1",
    ),
    Check(
        "stock_of_approved_products",
        "every stock row is of an approved product, whose SKU can no longer change",
        "SELECT s.id, s.seller_id, s.sku, p.status FROM stock s "
        "LEFT JOIN products p ON p.seller_id = s.seller_id AND p.sku = s.sku "
        "WHERE p.status IS DISTINCT FROM 'approved'",
    ),
    Check(
        "no_open_anomalies",
        "nothing has happened outside that stock could not follow (POST /api/v1/stock/anomalies/{id}/resolve ends one)",
        "SELECT id, kind, reference_id, attempt, detail FROM anomalies WHERE resolved_at IS NULL",
    ),
)
