"""Fixtures for every service's tests. A service's conftest.py makes its own from `template_fixture`."""

import base64
import os
from collections.abc import AsyncIterator, Callable
from uuid import UUID

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from common.http.identity import Identity, IdentitySigner, Kind, Role
from common.kernel.ids import uuid7
from common.testing.postgres import TemplateDatabase

_KEY = Ed25519PrivateKey.generate()
PRIVATE_KEY = base64.b64encode(_KEY.private_bytes_raw()).decode()
PUBLIC_KEY = base64.b64encode(_KEY.public_key().public_bytes_raw()).decode()


def broker_url() -> str:
    """The RabbitMQ server that tests use."""
    return os.environ.get("ORDERDOCK_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672/")


def redis_url() -> str:
    """The Redis server that tests use."""
    return os.environ.get("ORDERDOCK_REDIS_URL", "redis://127.0.0.1:6379/0")


def settings_environment(database_url: str, folder: str) -> dict[str, str]:
    """The environment of a service under test."""
    return {
        "ORDERDOCK_DATABASE_URL": database_url,
        "ORDERDOCK_BROKER_URL": broker_url(),
        "ORDERDOCK_BROKER_PREFIX": f"test-{uuid7().hex[-8:]}-",
        "ORDERDOCK_DOCUMENTS_URL": f"file://{folder}",
        "ORDERDOCK_IDENTITY_PUBLIC_KEY": PUBLIC_KEY,
        "ORDERDOCK_REDIS_URL": redis_url(),
    }


def identity_header(*roles: Role, seller_id: UUID | None = None, user_id: UUID | None = None) -> dict[str, str]:
    """The header that the gateway would send for a user with these roles."""
    identity = Identity(
        user_id=user_id or uuid7(),
        kind=Kind.SELLER if seller_id else Kind.OPERATOR,
        seller_id=seller_id,
        roles=frozenset(role.value for role in roles),
    )
    return {"Orderdock-Identity": IdentitySigner(PRIVATE_KEY).sign(identity)}


def template_fixture(package: str) -> Callable[..., AsyncIterator[TemplateDatabase]]:
    """A session fixture with the migrated template of a service: `template = template_fixture("orders")`."""

    @pytest_asyncio.fixture(scope="session", loop_scope="session", name="template")
    async def template() -> AsyncIterator[TemplateDatabase]:
        database = TemplateDatabase(package)
        await database.create()
        try:
            yield database
        finally:
            await database.drop()

    return template


@pytest.fixture
def seller_id() -> UUID:
    """A seller."""
    return uuid7()
