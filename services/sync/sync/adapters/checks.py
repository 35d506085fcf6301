"""What always holds of sync's tables."""

from collections.abc import Sequence

from common.checks import Check

_OPEN_JOB = "SELECT FROM jobs WHERE jobs.state = 'open' AND jobs.kind = {kind} AND jobs.key = {key}"


def checks(*, known_keys: Sequence[str]) -> list[Check]:
    """The invariants; `known_keys` are the ids of the keys in the settings."""
    keys = ", ".join(f"'{key}'" for key in known_keys)
    run_job = _OPEN_JOB.format(kind="'pull'", key="sync_runs.id::text")
    task_job = _OPEN_JOB.format(
        kind="order_tasks.kind", key="order_tasks.order_id::text || ':' || order_tasks.attempt::text"
    )
    return [
        Check(
            "active_stores_have_credentials",
            "every active store can be called",
            "SELECT id, platform, account FROM stores WHERE state = 'active' "
            "AND NOT EXISTS (SELECT FROM credentials WHERE credentials.store_id = stores.id)",
        ),
        Check(
            "disabled_stores_have_none",
            "the credentials of disabled stores are erased",
            "SELECT id, platform, account FROM stores JOIN credentials ON store_id = id WHERE state = 'disabled'",
        ),
        Check(
            "credentials_can_be_opened",
            "the key of every credential is in the settings",
            f"SELECT store_id, key_id FROM credentials WHERE key_id NOT IN ({keys})",
        ),
        Check(
            "stores_are_where_their_history_ends",
            "every store is in the one state that its history says",
            "SELECT id, state, last.to_state FROM stores LEFT JOIN LATERAL (SELECT to_state FROM store_moves "
            "WHERE store_id = stores.id ORDER BY store_moves.id DESC LIMIT 1) AS last ON true "
            "WHERE state IS DISTINCT FROM last.to_state",
        ),
        Check(
            "running_runs_have_jobs",
            "no running run is without its open job",
            f"SELECT id, store_id FROM sync_runs WHERE state = 'running' AND NOT EXISTS ({run_job})",
        ),
        Check(
            "running_runs_are_of_active_stores",
            "nothing is pulled from a store that is not active",
            "SELECT sync_runs.id, store_id FROM sync_runs JOIN stores ON stores.id = store_id "
            "WHERE sync_runs.state = 'running' AND stores.state <> 'active'",
        ),
        Check(
            "active_stores_are_scheduled",
            "every active store has its next pull before it",
            "SELECT id FROM stores WHERE state = 'active' AND next_pull_at IS NULL",
        ),
        Check(
            "open_tasks_have_jobs",
            "every label and tracking upload that is open is still tried",
            f"SELECT kind, order_id, attempt FROM order_tasks WHERE state = 'open' AND NOT EXISTS ({task_job})",
        ),
    ]
