"""The timers of inventory; it calls nothing outside."""

from datetime import timedelta

from common.messaging.jobs import Jobs

from inventory.app.sweep import Sweeper


def make_jobs(*, held_alert_after: timedelta) -> Jobs:
    """The timers, with how long a reservation may be held before somebody should look."""
    jobs = Jobs("inventory")
    jobs.timer("look_for_alerts", every=timedelta(minutes=1))(Sweeper(older_than=held_alert_after))
    return jobs
