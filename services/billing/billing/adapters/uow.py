"""The unit of work of billing."""

from sqlalchemy.ext.asyncio import AsyncConnection

from billing.adapters.account_repository import SqlAccountRepository
from billing.adapters.billing_queries import SqlQueries
from billing.adapters.change_repository import SqlChangeRepository
from billing.adapters.directory_repository import SqlDirectoryRepository
from billing.adapters.hold_repository import SqlHoldRepository
from billing.adapters.ledger_repository import SqlLedgerRepository
from billing.adapters.schedule_repository import SqlScheduleRepository
from billing.adapters.topup_repository import SqlTopupRepository
from billing.app.ports import (
    AccountRepository,
    ChangeRepository,
    DirectoryRepository,
    HoldRepository,
    LedgerRepository,
    Queries,
    ScheduleRepository,
    TopupRepository,
    Uow,
)


class BillingUow(Uow):
    """One transaction with billing's repositories."""

    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, source="billing")
        self.directory: DirectoryRepository = SqlDirectoryRepository(connection)
        self.accounts: AccountRepository = SqlAccountRepository(connection)
        self.holds: HoldRepository = SqlHoldRepository(connection, self.now)
        self.ledger: LedgerRepository = SqlLedgerRepository(connection)
        self.topups: TopupRepository = SqlTopupRepository(connection, self.now)
        self.schedules: ScheduleRepository = SqlScheduleRepository(connection)
        self.changes: ChangeRepository = SqlChangeRepository(connection, self.now)
        self.queries: Queries = SqlQueries(connection)
