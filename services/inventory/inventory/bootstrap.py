"""Wires inventory together; the only module that knows every layer."""

from common.db.engine import make_engine
from common.db.unit_of_work import Transactions
from common.service import Runtime
from sqlalchemy.ext.asyncio import AsyncConnection

from inventory.adapters.audit_repository import SqlAuditRepository
from inventory.adapters.checks import CHECKS
from inventory.adapters.product_queries import SqlProductQueries
from inventory.adapters.product_repository import SqlProductRepository
from inventory.adapters.reservation_repository import SqlReservationRepository
from inventory.adapters.stock_queries import SqlStockQueries
from inventory.adapters.stock_repository import SqlStockRepository
from inventory.adapters.warehouse_queries import SqlWarehouseQueries
from inventory.adapters.warehouse_repository import SqlWarehouseRepository
from inventory.app.ports import Inventory, InventoryUow
from inventory.entrypoints.api import ROUTERS
from inventory.entrypoints.consumers import consumers
from inventory.entrypoints.jobs import make_jobs
from inventory.settings import InventorySettings


def make_uow(connection: AsyncConnection) -> InventoryUow:
    """The unit of work of one transaction."""
    uow = InventoryUow(connection, source="inventory")
    uow.stock = SqlStockRepository(connection)
    uow.reservations = SqlReservationRepository(connection)
    uow.products = SqlProductRepository(connection)
    uow.warehouses = SqlWarehouseRepository(connection)
    uow.audit = SqlAuditRepository(connection)
    uow.stock_queries = SqlStockQueries(connection)
    uow.product_queries = SqlProductQueries(connection)
    uow.warehouse_queries = SqlWarehouseQueries(connection)
    return uow


def bootstrap(settings: InventorySettings) -> Runtime:
    """The service, ready to run."""
    transactions = Transactions(make_engine(settings), make_uow)
    return Runtime(
        transactions=transactions,
        root=Inventory(transactions),
        consumers=consumers,
        jobs=make_jobs(held_alert_after=settings.held_alert_after),
        routers=ROUTERS,
        checks=CHECKS,
        description="Warehouses and who is bound to them, products and their audit, stock, reservations, movements.",
    )
