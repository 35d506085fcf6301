"""What orders does by itself, now and then."""

from datetime import timedelta

from common.messaging.jobs import Jobs

from orders.app.keep import erase_personal_data, resend_commands
from orders.app.ports import Uow


def make_jobs(*, personal_data_kept: timedelta) -> Jobs:
    """The timers of orders; it makes no calls to the outside, so it has no other jobs."""
    jobs = Jobs("orders")

    @jobs.timer("resend_commands", every=timedelta(seconds=5))
    async def resend(uow: Uow) -> None:
        await resend_commands(uow=uow)

    @jobs.timer("fold_counts", every=timedelta(seconds=10))
    async def fold(uow: Uow) -> None:
        await uow.orders.fold_counts()

    @jobs.timer("erase_personal_data", every=timedelta(seconds=30))
    async def erase(uow: Uow) -> None:
        await erase_personal_data(uow=uow, after=personal_data_kept)

    return jobs
