from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from common.kernel.ids import uuid7
from common.testing.postgres import TemplateDatabase
from gateway.app.gateway import Gateway
from gateway.bootstrap import bootstrap, make_first_operator

from .world import ADMIN_PASSWORD, Services, World, app_of, client_of, settings_of


@pytest.fixture
async def world(template: TemplateDatabase, tmp_path: Path) -> AsyncIterator[World]:
    async with template.clone() as url:
        settings = settings_of(url, tmp_path)
        services = Services()
        runtime = bootstrap(settings, transport=httpx2.ASGITransport(services))
        root = runtime.root
        assert isinstance(root, Gateway)
        await make_first_operator(root, settings)
        app = app_of(runtime)
        async with client_of(runtime, uuid7().hex, app) as http:
            made = World(runtime, root, http, services, settings, {}, app)
            made.admin = await made.bearer(settings.admin_email, ADMIN_PASSWORD)
            yield made
        assert runtime.close
        await runtime.close()
        await runtime.transactions.engine.dispose()
