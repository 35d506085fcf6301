"""The transaction of orders with its repositories."""

from sqlalchemy.ext.asyncio import AsyncConnection

from orders.adapters.mapping_repository import SqlMappings, SqlRules
from orders.adapters.process_repository import SqlOrderRepository
from orders.adapters.reference_repository import SqlReference
from orders.app.ports import Mappings, OrderRepository, Reference, Rules, Uow


class OrdersUow(Uow):
    """What a use case works with."""

    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, source="orders")
        self.orders: OrderRepository = SqlOrderRepository(connection)
        self.reference: Reference = SqlReference(connection)
        self.mappings: Mappings = SqlMappings(connection)
        self.rules: Rules = SqlRules(connection)
