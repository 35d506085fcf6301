from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from billing.bootstrap import bootstrap
from common.http.app import build_app
from common.http.identity import IdentityVerifier
from common.kernel.ids import uuid7
from common.testing.delivery import Deliverer
from common.testing.plugin import PUBLIC_KEY
from common.testing.postgres import TemplateDatabase

from .world import World, seller_registered, settings_of, warehouse_changed


@pytest.fixture
async def world(template: TemplateDatabase, tmp_path: Path) -> AsyncIterator[World]:
    async with template.clone() as url:
        runtime = bootstrap(settings_of(url, tmp_path))
        app = build_app(
            "billing",
            description=runtime.description,
            routers=runtime.routers,
            state=runtime.root,
            verifier=IdentityVerifier(PUBLIC_KEY),
            engine=runtime.transactions.engine,
        )
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://billing") as http:
            deliver = Deliverer(runtime.consumers, runtime.transactions)
            made = World(runtime, http, deliver, uuid7(), uuid7(), uuid7())
            await deliver(seller_registered(made.seller), seller_registered(made.other))
            await deliver(warehouse_changed(made.warehouse))
            scheduled = await made.schedule()
            assert scheduled.status_code == 201, scheduled.text
            yield made
        await runtime.transactions.engine.dispose()
