"""What is known of the orders of stores, in PostgreSQL. Rows are written in the order of their ids, so that a run and
a pull by id of the same store never wait for each other in a circle.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from common.db.bulk import insert_rows
from common.kernel.ids import uuid7
from contracts.sync.v1 import CanonicalOrderV1
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from sync.adapters.tables import parked_orders, touched_orders
from sync.connectors.kit.connector import ParkedOrder

_NEWER = text(
    """
    INSERT INTO seen_orders (store_id, platform_order_id, version)
    SELECT :store_id, id, version FROM unnest(CAST(:ids AS text[]), CAST(:versions AS bigint[])) AS source(id, version)
    ORDER BY id
    ON CONFLICT (store_id, platform_order_id) DO UPDATE SET version = EXCLUDED.version, seen_at = now()
    WHERE seen_orders.version < EXCLUDED.version
    RETURNING platform_order_id
    """
)
_NEWER_KNOWN = text(
    """
    WITH known AS (
        SELECT platform_order_id, source.version FROM seen_orders
        JOIN unnest(CAST(:ids AS text[]), CAST(:versions AS bigint[])) AS source(id, version)
            ON source.id = seen_orders.platform_order_id
        WHERE store_id = :store_id AND seen_orders.version < source.version
        ORDER BY platform_order_id FOR UPDATE OF seen_orders
    )
    UPDATE seen_orders SET version = known.version, seen_at = now() FROM known
    WHERE seen_orders.store_id = :store_id AND seen_orders.platform_order_id = known.platform_order_id
    RETURNING seen_orders.platform_order_id
    """
)
_RESOLVE = text(
    "UPDATE parked_orders SET state = 'resolved', raw = NULL, updated_at = now() "
    "WHERE store_id = :store_id AND platform_order_id = ANY(CAST(:ids AS text[])) AND state <> 'resolved'"
)
_RETRY = text(
    "UPDATE parked_orders SET state = 'retrying', updated_at = now() "
    "WHERE store_id = :store_id AND id = :id AND state <> 'resolved' RETURNING platform_order_id"
)
_TOUCH = text(
    "INSERT INTO touched_orders (store_id, platform_order_id, touched_at) "
    "SELECT :store_id, id, clock_timestamp() FROM unnest(CAST(:ids AS text[])) AS id ORDER BY id "
    "ON CONFLICT (store_id, platform_order_id) DO UPDATE SET touched_at = EXCLUDED.touched_at"
)
_UNTOUCH = text(
    "DELETE FROM touched_orders USING unnest(CAST(:ids AS text[]), CAST(:times AS timestamptz[])) AS source(id, at) "
    "WHERE store_id = :store_id AND platform_order_id = source.id AND touched_at <= source.at"
)
_STORES_TOUCHED = text(
    "SELECT id FROM stores WHERE state = 'active' "
    "AND EXISTS (SELECT FROM touched_orders WHERE touched_orders.store_id = stores.id)"
)


class FeedRepository:
    """See app.ports.Feed."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def newer(self, store_id: UUID, orders: Sequence[CanonicalOrderV1], *, only_known: bool = False) -> set[str]:
        """See Feed."""
        if not orders:
            return set()
        result = await self._connection.execute(
            _NEWER_KNOWN if only_known else _NEWER,
            {
                "store_id": store_id,
                "ids": [order.platform_order_id for order in orders],
                "versions": [order.version for order in orders],
            },
        )
        return set(result.scalars())

    async def park(self, store_id: UUID, parked: Sequence[ParkedOrder]) -> None:
        """See Feed."""
        await insert_rows(
            self._connection,
            parked_orders,
            [
                {
                    "id": uuid7(),
                    "store_id": store_id,
                    "platform_order_id": order.platform_order_id,
                    "reason": order.reason,
                    # PostgreSQL's text has no NUL; it may come escaped or not.
                    "raw": order.raw.decode("utf-8", "replace").replace("\x00", ""),
                }
                for order in sorted(parked, key=lambda order: order.platform_order_id)
            ],
            on_conflict=(
                "(store_id, platform_order_id) DO UPDATE SET state = 'parked', reason = EXCLUDED.reason, "
                "raw = EXCLUDED.raw, tries = parked_orders.tries + 1, updated_at = now()"
            ),
        )

    async def unpark(self, store_id: UUID, order_ids: Sequence[str]) -> None:
        """See Feed."""
        if order_ids:
            await self._connection.execute(_RESOLVE, {"store_id": store_id, "ids": list(order_ids)})

    async def retry(self, store_id: UUID, parked_id: UUID) -> str | None:
        """See Feed."""
        result = await self._connection.execute(_RETRY, {"store_id": store_id, "id": parked_id})
        return result.scalar_one_or_none()

    async def touch(self, store_id: UUID, order_ids: Iterable[str]) -> None:
        """See Feed."""
        await self._connection.execute(_TOUCH, {"store_id": store_id, "ids": sorted(set(order_ids))})

    async def touched(self, store_id: UUID, *, limit: int) -> list[tuple[str, datetime]]:
        """See Feed."""
        query = (
            select(touched_orders.c.platform_order_id, touched_orders.c.touched_at)
            .where(touched_orders.c.store_id == store_id)
            .order_by(touched_orders.c.touched_at)
            .limit(limit)
        )
        return [(row.platform_order_id, row.touched_at) for row in await self._connection.execute(query)]

    async def untouch(self, store_id: UUID, orders: Sequence[tuple[str, datetime]]) -> None:
        """See Feed."""
        await self._connection.execute(
            _UNTOUCH,
            {"store_id": store_id, "ids": [name for name, _ in orders], "times": [at for _, at in orders]},
        )

    async def stores_touched(self) -> list[UUID]:
        """See Feed."""
        return list((await self._connection.execute(_STORES_TOUCHED)).scalars())
