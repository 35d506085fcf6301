"""The SQL beside the orders themselves: counts, stock being given back, and what a bulk review takes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from common.db.bulk import insert_rows
from sqlalchemy import text

from orders.adapters.order_repository import SqlOrderStore
from orders.adapters.tables import order_count_changes, stock_releases
from orders.app.ports import PendingFilter, StockRelease
from orders.domain.state import resend_wait

_FOLD = text(
    """
    WITH gone AS (
        DELETE FROM order_count_changes WHERE id = ANY(ARRAY(
            SELECT id FROM order_count_changes ORDER BY id LIMIT 20000 FOR UPDATE SKIP LOCKED
        )) RETURNING seller_id, status, change
    ), sums AS (
        SELECT seller_id, status, sum(change) AS change FROM gone GROUP BY seller_id, status
    )
    INSERT INTO order_counts (seller_id, status, orders)
    SELECT seller_id, status, change FROM sums WHERE change <> 0 ORDER BY seller_id, status
    ON CONFLICT (seller_id, status) DO UPDATE SET orders = order_counts.orders + excluded.orders
    """
)
_END_RELEASES = text(
    "DELETE FROM stock_releases USING unnest(CAST(:ids AS uuid[]), CAST(:attempts AS integer[])) "
    "AS done(order_id, attempt) "
    "WHERE stock_releases.order_id = done.order_id AND stock_releases.attempt = done.attempt"
)
_DUE_RELEASES = text(
    "SELECT order_id, attempt, seller_id, reason, resends FROM stock_releases WHERE next_check <= :now "
    "ORDER BY next_check LIMIT :limit FOR UPDATE SKIP LOCKED"
)
_POSTPONE_RELEASES = text(
    "UPDATE stock_releases SET resends = resends + 1, next_check = due.next_check "
    "FROM unnest(CAST(:ids AS uuid[]), CAST(:attempts AS integer[]), CAST(:checks AS timestamptz[])) "
    "AS due(order_id, attempt, next_check) "
    "WHERE stock_releases.order_id = due.order_id AND stock_releases.attempt = due.attempt"
)


class SqlOrderRepository(SqlOrderStore):
    """The whole OrderRepository."""

    async def count(self, changes: Mapping[tuple[UUID, str], int]) -> None:
        """Add to the number of orders per seller and status. Rows are added, never updated, so nobody waits."""
        rows = [
            {"seller_id": seller_id, "status": status, "change": change}
            for (seller_id, status), change in changes.items()
            if change
        ]
        await insert_rows(self._connection, order_count_changes, rows)

    async def fold_counts(self) -> None:
        """Sum up what was added to the counts."""
        await self._connection.execute(_FOLD)

    async def add_releases(self, releases: Sequence[StockRelease], *, next_check: datetime) -> None:
        """Remember stock that is being given back."""
        rows = [
            {
                "order_id": release.order_id,
                "attempt": release.attempt,
                "seller_id": release.seller_id,
                "reason": release.reason,
                "next_check": next_check,
            }
            for release in releases
        ]
        await insert_rows(self._connection, stock_releases, rows, on_conflict="DO NOTHING")

    async def end_releases(self, released: Sequence[tuple[UUID, int]]) -> None:
        """Forget what has been given back."""
        await self._connection.execute(
            _END_RELEASES, {"ids": [each[0] for each in released], "attempts": [each[1] for each in released]}
        )

    async def due_releases(self, *, now: datetime, limit: int) -> list[StockRelease]:
        """Releases whose reply is late, postponed with growing waits."""
        result = await self._connection.execute(_DUE_RELEASES, {"now": now, "limit": limit})
        due = [StockRelease(*row) for row in result]
        if due:
            await self._connection.execute(
                _POSTPONE_RELEASES,
                {
                    "ids": [each.order_id for each in due],
                    "attempts": [each.attempt for each in due],
                    "checks": [now + resend_wait(each.resends + 1) for each in due],
                },
            )
        return due

    async def pending_ids(self, wanted: PendingFilter, *, limit: int) -> list[UUID]:
        """Pending orders that wait for nothing, oldest first."""
        conditions = ["orders.status = 'pending'", "orders.step = ''"]
        values: dict[str, object] = {"limit": limit}
        for name in ("seller_id", "store_id", "warehouse_id"):
            value = getattr(wanted, name)
            if value is not None:
                conditions.append(f"orders.{name} = :{name}")
                values[name] = value
        if wanted.error_code or wanted.sku:
            errors = ["errors.order_id = orders.id", "errors.seller_id = orders.seller_id"]
            if wanted.error_code:
                errors.append("errors.code = :code")
                values["code"] = wanted.error_code
            if wanted.sku:
                errors.append("errors.sku = :sku")
                values["sku"] = wanted.sku
            conditions.append(f"EXISTS (SELECT FROM order_review_errors AS errors WHERE {' AND '.join(errors)})")
        statement = f"SELECT id FROM orders WHERE {' AND '.join(conditions)} ORDER BY id LIMIT :limit"
        return list((await self._connection.execute(text(statement), values)).scalars())
