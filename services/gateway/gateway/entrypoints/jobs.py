"""The gateway's timers."""

from datetime import timedelta

from common.messaging.jobs import Jobs

from gateway.app.ports import Uow


def make_jobs() -> Jobs:
    """Sessions that have run out are removed."""
    jobs = Jobs("gateway")

    @jobs.timer("remove_expired_sessions", every=timedelta(hours=1))
    async def remove_expired_sessions(uow: Uow) -> None:
        await uow.sessions.remove_expired()

    return jobs
