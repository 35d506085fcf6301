"""The invariants of money, each one a query that finds what breaks it."""

from common.checks import Check

CHECKS = (
    Check(
        "entries_sum_to_zero",
        "the postings of every journal entry sum to 0",
        "SELECT entry_id, sum(amount) AS total FROM postings GROUP BY entry_id HAVING sum(amount) <> 0",
    ),
    Check(
        "entries_have_two_sides",
        "every journal entry has two postings or more, all on accounts of its currency",
        "SELECT entries.id FROM entries LEFT JOIN postings ON postings.entry_id = entries.id "
        "LEFT JOIN accounts ON accounts.id = postings.account_id GROUP BY entries.id "
        "HAVING count(postings.entry_id) < 2 OR bool_or(accounts.currency IS DISTINCT FROM entries.currency)",
    ),
    Check(
        "balance_is_sum_of_postings",
        "the balance of every seller's account is the sum of its postings",
        "SELECT accounts.id, balance, coalesce(sum(amount), 0) AS postings FROM accounts "
        "LEFT JOIN postings ON postings.account_id = accounts.id WHERE kind = 'seller' "
        "GROUP BY accounts.id HAVING balance <> coalesce(sum(amount), 0)",
    ),
    Check(
        "held_is_sum_of_placed",
        "what is held on every account is the sum of its placed holds",
        "SELECT accounts.id, held, coalesce(placed.total, 0) AS placed FROM accounts LEFT JOIN "
        "(SELECT account_id, sum(amount) AS total FROM holds WHERE state = 'placed' GROUP BY account_id) AS placed "
        "ON placed.account_id = accounts.id WHERE held <> coalesce(placed.total, 0)",
    ),
    Check(
        "never_overdrawn_by_hold",
        "no hold took the available amount below 0",
        "SELECT id, number, available_after FROM holds WHERE available_after < 0",
    ),
    Check(
        "captured_once",
        "every captured hold was charged by one entry of its amount, and nothing else was",
        "SELECT holds.id, number FROM holds LEFT JOIN entries ON entries.reference_id = holds.id "
        "LEFT JOIN postings ON postings.entry_id = entries.id AND postings.account_id = holds.account_id "
        "WHERE (state = 'captured') AND postings.amount IS DISTINCT FROM -holds.amount "
        "OR (entries.id IS DISTINCT FROM holds.entry_id) OR (state = 'placed' AND entries.id IS NOT NULL)",
    ),
    Check(
        "topups_credited_once",
        "every approved top-up has one entry of its amount, and no other has any",
        "SELECT topups.id, number FROM topups LEFT JOIN entries ON entries.reference_id = topups.id "
        "LEFT JOIN postings ON postings.entry_id = entries.id AND postings.account_id = topups.account_id "
        "WHERE CASE state WHEN 'approved' THEN postings.amount IS DISTINCT FROM topups.credit_amount "
        "ELSE entries.id IS NOT NULL END",
    ),
    Check(
        "shipments_were_held",
        "no shipment waits for somebody to see why its money did not go the usual way",
        "SELECT id, kind, message FROM anomalies WHERE open",
    ),
)
