"""A service of orders on a database of its own."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from common.db.unit_of_work import Transactions
from common.service import Runtime
from common.testing.delivery import Deliverer
from common.testing.plugin import settings_environment
from common.testing.postgres import TemplateDatabase
from orders.bootstrap import bootstrap
from orders.settings import OrdersSettings

from .world import World


@pytest_asyncio.fixture
async def runtime(
    template: TemplateDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Runtime]:
    async with template.clone() as url:
        for name, value in settings_environment(url, str(tmp_path)).items():
            monkeypatch.setenv(name, value)
        runtime = bootstrap(OrdersSettings())
        yield runtime
        await runtime.transactions.engine.dispose()


@pytest.fixture
def transactions(runtime: Runtime) -> Transactions[Any]:
    return runtime.transactions


@pytest.fixture
def deliver(runtime: Runtime) -> Deliverer:
    return Deliverer(runtime.consumers, runtime.transactions)


@pytest_asyncio.fixture
async def world(runtime: Runtime, deliver: Deliverer) -> World:
    world = World(runtime, deliver)
    await world.build()
    return world
