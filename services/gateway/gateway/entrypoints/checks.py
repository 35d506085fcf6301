"""The invariants of the gateway."""

from common.checks import Check

CHECKS = (
    Check(
        "users_have_a_side",
        "operators have operator roles, users of a seller have seller roles",
        "SELECT id, email FROM users, jsonb_array_elements_text(roles) AS role "
        "WHERE (seller_id IS NULL) <> (role LIKE 'operator_%')",
    ),
    Check(
        "closed_users_are_out",
        "nobody who was closed has a session",
        "SELECT users.id, email FROM sessions JOIN users ON users.id = user_id WHERE NOT users.active",
    ),
)
