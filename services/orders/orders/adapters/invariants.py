"""The invariants of orders, as queries that find what breaks them."""

from common.checks import Check

CHECKS = (
    Check(
        "one_status",
        "every order is in the state that its timeline says last",
        """
        SELECT orders.id, orders.status, last.to_status FROM orders
        LEFT JOIN LATERAL (
            SELECT to_status FROM order_timeline WHERE order_id = orders.id AND to_status <> ''
            ORDER BY version DESC LIMIT 1
        ) AS last ON true
        WHERE orders.status <> coalesce(last.to_status, 'pending')
        """,
    ),
    Check(
        "timeline_is_whole",
        "every change of an order has its row in the timeline",
        """
        SELECT orders.id, orders.version, count(order_timeline.version) AS rows
        FROM orders LEFT JOIN order_timeline ON order_timeline.order_id = orders.id
        GROUP BY orders.id HAVING count(order_timeline.version) <> orders.version
        """,
    ),
    Check(
        "accepted_order_has_fulfillment",
        "every order at the warehouse, or shipped, has its fulfilment order",
        "SELECT id, status FROM orders WHERE status IN ('warehouse_processing', 'shipped') AND fulfillment_id IS NULL",
    ),
    Check(
        "fulfillment_of_one_order",
        "no fulfilment order belongs to two orders",
        "SELECT fulfillment_id, count(*) FROM orders WHERE fulfillment_id IS NOT NULL "
        "GROUP BY fulfillment_id HAVING count(*) > 1",
    ),
    Check(
        "ships_once",
        "no order was shipped twice",
        "SELECT order_id, count(*) FROM order_timeline WHERE to_status = 'shipped' "
        "GROUP BY order_id HAVING count(*) > 1",
    ),
    Check(
        "under_way_waits_for_somebody",
        "every order whose next move is another service's waits for its reply",
        """
        SELECT id, status, step FROM orders
        WHERE (status = 'awaiting_label' AND step <> 'fetch_label')
            OR (status = 'canceling' AND step <> 'cancel_fulfillment')
            OR (tracking_upload IN ('waiting', 'uploading') AND step <> 'upload_tracking')
        """,
    ),
    Check(
        "no_reply_is_lost",
        "no command was sent more than twelve times without a reply",
        "SELECT id, status, step, resends FROM orders WHERE resends > 12 AND next_check IS NOT NULL",
    ),
    Check(
        "stock_was_given_back",
        "no stock that is to be given back has waited for more than twelve sendings",
        "SELECT order_id, attempt, resends FROM stock_releases WHERE resends > 12",
    ),
    Check(
        "counts_are_right",
        "the counters of each seller and status are the numbers of orders",
        """
        SELECT coalesce(said.seller_id, there.seller_id) AS seller_id, coalesce(said.status, there.status) AS status,
            said.orders AS counted, there.orders AS found
        FROM (
            SELECT seller_id, status, sum(orders) AS orders FROM (
                SELECT seller_id, status, orders FROM order_counts
                UNION ALL SELECT seller_id, status, change FROM order_count_changes
            ) AS parts GROUP BY seller_id, status
        ) AS said
        FULL JOIN (SELECT seller_id, status, count(*) AS orders FROM orders GROUP BY seller_id, status) AS there
            ON there.seller_id = said.seller_id AND there.status = said.status
        WHERE coalesce(said.orders, 0) <> coalesce(there.orders, 0)
        """,
    ),
    Check(
        "review_errors_are_found",
        "the index of review errors says what the orders say",
        """
        SELECT orders.id FROM orders
        LEFT JOIN (SELECT order_id, count(*) AS errors FROM order_review_errors GROUP BY order_id) AS found
            ON found.order_id = orders.id
        WHERE coalesce(jsonb_array_length(orders.review_errors), 0) <> coalesce(found.errors, 0)
        """,
    ),
    Check(
        "order_has_details",
        "every order knows what was ordered",
        "SELECT orders.id FROM orders LEFT JOIN order_details ON order_details.order_id = orders.id "
        "WHERE order_details.order_id IS NULL",
    ),
)
