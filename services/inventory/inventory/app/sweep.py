"""The sweeper: looks at what waits for a person, and says it when it begins and when it ends."""

from datetime import timedelta

import structlog
from prometheus_client import Gauge

from inventory.app.ports import InventoryUow

log = structlog.get_logger(__name__)

OPEN_ANOMALIES = Gauge("orderdock_stock_open_anomalies", "Events that stock could not follow and nobody resolved.")
OLD_HOLDS = Gauge("orderdock_stock_old_reservations", "Reservation rows that are held longer than they should be.")


class Sweeper:
    """Remembers what it said last. No reservation expires by itself: a person decides."""

    def __init__(self, *, older_than: timedelta) -> None:
        self._older_than = older_than
        self._alerting = False

    async def __call__(self, uow: InventoryUow) -> None:
        """Look once."""
        alerts = await uow.stock_queries.alerts(older_than=self._older_than)
        OPEN_ANOMALIES.set(alerts.open_anomalies)
        OLD_HOLDS.set(alerts.old_holds)
        wrong = bool(alerts.open_anomalies or alerts.old_holds)
        if wrong and not self._alerting:
            log.error(
                "stock_needs_attention",
                open_anomalies=alerts.open_anomalies,
                old_reservations=alerts.old_holds,
                oldest=alerts.oldest_hold.isoformat() if alerts.oldest_hold else None,
            )
        elif self._alerting and not wrong:
            log.info("stock_needs_attention_no_more")
        self._alerting = wrong
