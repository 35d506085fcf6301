"""What is done now and then: late replies are asked for again, counts summed up, personal data erased."""

from datetime import timedelta

from orders.app.commands import release
from orders.app.ports import Uow
from orders.app.saving import save_orders
from orders.domain.state import SYSTEM, By

RESEND_BATCH = 1000
ERASE_BATCH = 5000


async def resend_commands(*, uow: Uow) -> int:
    """Send the commands whose reply is late once more, under the same ids; returns how many."""
    by = By(SYSTEM, uow.now)
    late = await uow.orders.lock_due(now=uow.now, limit=RESEND_BATCH)
    for order in late:
        order.sent_again(by)
    await save_orders(late, uow=uow)
    releases = await uow.orders.due_releases(now=uow.now, limit=RESEND_BATCH)
    for each in releases:
        message, message_id = release(each)
        uow.outbox.add(message, message_id=message_id, correlation_id=each.order_id)
    return len(late) + len(releases)


async def erase_personal_data(*, uow: Uow, after: timedelta) -> int:
    """Erase buyers' names, phones and addresses of orders that ended longer ago than `after`; returns how many."""
    return await uow.orders.erase(ended_before=uow.now - after, limit=ERASE_BATCH)
