"""The invariants of fulfillment."""

from common.checks import Check

CHECKS = (
    Check(
        "accepted_once",
        "what the warehouse works on or has shipped has exactly one accepted submission, its last",
        """
        SELECT f.number, f.status, count(s.submission) AS accepted FROM fulfillments f
        LEFT JOIN submissions s ON s.fulfillment_id = f.id AND s.state IN ('accepted', 'shipped')
        WHERE f.status IN ('warehouse_processing', 'shipped')
        GROUP BY f.id HAVING count(s.submission) <> 1 OR max(s.submission) <> f.submission
        """,
    ),
    Check(
        "shipped_with_parcels",
        "what has shipped has parcels and a time",
        "SELECT number FROM fulfillments WHERE status = 'shipped' "
        "AND (jsonb_array_length(parcels) = 0 OR shipped_at IS NULL OR closed_at IS NULL)",
    ),
    Check(
        "waiting_is_checked",
        "what waits for an answer is asked again by the timer",
        "SELECT number, status, draft_status FROM fulfillments WHERE check_at IS NULL "
        "AND (status IN ('submitting', 'canceling') OR draft_status = 'fetching_label')",
    ),
    Check(
        "one_live_per_order",
        "no order has two fulfilment orders that may ship or have shipped",
        "SELECT order_id, string_agg(number, ' ') AS numbers FROM fulfillments WHERE status <> 'canceled' "
        "GROUP BY order_id HAVING count(*) > 1",
    ),
    Check(
        "attempts_match",
        "every fulfilment order is the one of its order's attempt",
        """
        SELECT f.number FROM fulfillments f LEFT JOIN order_attempts a USING (order_id, attempt)
        WHERE a.fulfillment_id IS DISTINCT FROM f.id
        """,
    ),
    Check(
        "labels_present",
        "what was submitted through a carrier has its label",
        "SELECT number FROM fulfillments WHERE channel_kind = 'carrier' AND erased_at IS NULL "
        "AND status IN ('submitting', 'warehouse_processing', 'shipped') AND jsonb_array_length(parcels) = 0",
    ),
    Check(
        "audited",
        "every fulfilment order's last audit row says the state that it is in",
        """
        SELECT f.number FROM fulfillments f
        LEFT JOIN LATERAL (
            SELECT to_stage FROM fulfillment_changes c WHERE c.fulfillment_id = f.id ORDER BY position DESC LIMIT 1
        ) last ON true
        WHERE f.updated_at > now() - interval '7 days' AND last.to_stage IS DISTINCT FROM
            f.status || CASE WHEN f.draft_status = '' THEN '' ELSE '/' || f.draft_status END
        """,
    ),
    Check(
        "canceled_not_captured",
        "no canceled fulfilment order was charged",
        """
        SELECT f.number FROM fulfillments f JOIN submissions s ON s.fulfillment_id = f.id
        WHERE f.status = 'canceled' AND s.captured_at IS NOT NULL
        """,
    ),
    Check(
        "void_labels_unused",
        "no parcel that shipped carries a house label that was voided",
        """
        SELECT f.number, p->>'tracking_number' AS tracking_number FROM fulfillments f, jsonb_array_elements(f.parcels) p
        JOIN house_labels h ON h.tracking_number = p->>'tracking_number'
        WHERE f.status = 'shipped' AND f.channel_kind = 'carrier' AND h.state = 'void'
        """,
    ),
    Check(
        "no_contradiction",
        "no warehouse said what cannot be",
        "SELECT number, alert FROM fulfillments WHERE alert <> ''",
    ),
)
