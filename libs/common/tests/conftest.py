from collections.abc import AsyncIterator

import pytest
from common.db.unit_of_work import Transactions, UnitOfWork
from common.messaging.publisher import Publisher
from common.messaging.topology import Topology
from common.testing.messaging import Start, bare_database, bare_transactions, own_topology, starter
from common.testing.plugin import broker_url
from contracts.billing.v1 import HoldFundsV1


@pytest.fixture
async def transactions() -> AsyncIterator[Transactions[UnitOfWork]]:
    async with bare_database() as url, bare_transactions(url) as transactions:
        yield transactions


@pytest.fixture
async def topology() -> AsyncIterator[Topology]:
    async with own_topology(broker_url(), HoldFundsV1) as topology:
        yield topology


@pytest.fixture
async def publisher(topology: Topology) -> AsyncIterator[Publisher]:
    publisher = Publisher(broker_url(), topology)
    yield publisher
    await publisher.close()


@pytest.fixture
async def start(transactions: Transactions[UnitOfWork], publisher: Publisher) -> AsyncIterator[Start]:
    async with starter(transactions, publisher, url=broker_url()) as start:
        yield start
