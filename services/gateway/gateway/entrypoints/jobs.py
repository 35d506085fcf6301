"""The gateway's timers."""

from datetime import timedelta

from common.messaging.jobs import Jobs

from gateway.app.ports import Uow


def make_jobs(*, idle: timedelta) -> Jobs:
    """Sessions that nobody has used for long are forgotten."""
    jobs = Jobs("gateway")

    @jobs.timer("erase_old_sessions", every=timedelta(hours=1))
    async def erase_old_sessions(uow: Uow) -> None:
        await uow.sessions.erase_seen_before(uow.now - idle)

    return jobs
