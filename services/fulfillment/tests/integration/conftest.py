import base64
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import httpx2
import pytest
from common.http.app import build_app
from common.http.identity import IdentityVerifier
from common.testing.delivery import Deliverer
from common.testing.plugin import PUBLIC_KEY, settings_environment
from common.testing.postgres import TemplateDatabase
from fulfillment.adapters.wms_client import WmsClient
from fulfillment.bootstrap import bootstrap
from fulfillment.settings import FulfillmentSettings

from .fake_wms import FakeWms
from .world import World


@pytest.fixture
def wms(monkeypatch: pytest.MonkeyPatch) -> FakeWms:
    """The warehouse system that the service talks to."""
    fake = FakeWms()
    monkeypatch.setattr("fulfillment.bootstrap.WmsClient", partial(WmsClient, transport=httpx2.MockTransport(fake)))
    return fake


@pytest.fixture
async def world(
    template: TemplateDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wms: FakeWms
) -> AsyncIterator[World]:
    """The service on a database of its own, with two sellers, a desk warehouse and a WMS warehouse."""
    async with template.clone() as url:
        for name, value in settings_environment(url, str(tmp_path)).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("ORDERDOCK_CREDENTIAL_KEYS", "k1:" + base64.b64encode(bytes(32)).decode())
        monkeypatch.setenv("ORDERDOCK_WAREHOUSE_SUBMIT_TRIES", "3")
        monkeypatch.setenv("ORDERDOCK_WAREHOUSE_RETRY_BASE", "PT0.01S")
        monkeypatch.setenv("ORDERDOCK_WAREHOUSE_TIMEOUT", "PT0.5S")
        runtime = bootstrap(FulfillmentSettings())
        app = build_app(
            "fulfillment",
            description=runtime.description,
            routers=runtime.routers,
            state=runtime.root,
            verifier=IdentityVerifier(PUBLIC_KEY),
            engine=runtime.transactions.engine,
        )
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://fulfillment") as http:
            made = World(runtime, http, Deliverer(runtime.consumers, runtime.transactions))
            await made.begin()
            yield made
            assert runtime.close
            await runtime.close()
        await runtime.transactions.engine.dispose()
