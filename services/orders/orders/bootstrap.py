"""Joins the layers of orders: the one module that knows them all."""

from common.db.engine import make_engine
from common.db.unit_of_work import Transactions
from common.service import Runtime

from orders.adapters.address_book import LibraryAddressBook
from orders.adapters.invariants import CHECKS
from orders.adapters.order_queries import SqlOrderQueries
from orders.adapters.uow import OrdersUow
from orders.app.root import Root
from orders.entrypoints.consumers import make_consumers
from orders.entrypoints.jobs import make_jobs
from orders.entrypoints.routers import ROUTERS
from orders.settings import OrdersSettings


def bootstrap(settings: OrdersSettings) -> Runtime:
    """Wire the service."""
    engine = make_engine(settings)
    transactions: Transactions[OrdersUow] = Transactions(engine, OrdersUow)
    book = LibraryAddressBook()
    return Runtime(
        transactions=transactions,
        root=Root(begin=transactions.begin, queries=SqlOrderQueries(engine), book=book),
        consumers=make_consumers(book),
        jobs=make_jobs(personal_data_kept=settings.personal_data_kept),
        routers=ROUTERS,
        checks=CHECKS,
        description="Platform orders: import, mapping, routing, review, and their life until they are shipped.",
    )
