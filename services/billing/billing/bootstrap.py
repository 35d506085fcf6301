"""Wires the service; the only file that knows every layer."""

from common.db.engine import make_engine
from common.db.unit_of_work import Transactions
from common.documents import Documents
from common.messaging.jobs import Jobs
from common.service import Runtime

from billing.adapters.uow import BillingUow
from billing.app.ports import Billing, Uow
from billing.entrypoints import account_routes, schedule_routes, topup_routes
from billing.entrypoints.checks import CHECKS
from billing.entrypoints.consumers import consumers
from billing.settings import BillingSettings

DESCRIPTION = "Accounts, double-entry ledger, top-ups, fee schedules and holds."


def bootstrap(settings: BillingSettings) -> Runtime:
    """The service as its processes run it."""
    engine = make_engine(settings)
    transactions: Transactions[Uow] = Transactions(engine, BillingUow)
    return Runtime(
        transactions=transactions,
        root=Billing(transactions, Documents(settings.documents_url)),
        consumers=consumers,
        jobs=Jobs("billing"),
        routers=(account_routes.router, topup_routes.router, schedule_routes.router),
        checks=CHECKS,
        description=DESCRIPTION,
    )
