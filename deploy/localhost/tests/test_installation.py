import base64
from collections.abc import Callable, Sequence

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from localhost.environment import SERVICES, inherited
from localhost.errors import LocalhostError
from localhost.installation import Installation, Options, installation

Program = Callable[[str, str], Sequence[str]]


async def settings_of(it: Installation, service: str) -> dict[str, str]:
    async with httpx2.AsyncClient() as client:
        answer = await client.get(f"{it.url(service)}/health/ready")
    settings: dict[str, str] = answer.json()["settings"]
    return settings


class TestInstallation:
    async def test_every_service_runs_with_its_own_settings_and_nobody_elses_secrets(self, program: Program) -> None:
        async with installation(Options(purpose="test", program=program, env={"ORDERDOCK_LOG_LEVEL": "warning"})) as it:
            assert list(it.processes) == ["sandbox", *SERVICES]
            settings = {service: await settings_of(it, service) for service in SERVICES}
            ended = await it.run_cli("orders", "check", "--all")
        assert len({found["ORDERDOCK_DATABASE_URL"] for found in settings.values()}) == len(SERVICES)
        assert len({found["ORDERDOCK_PORT"] for found in settings.values()}) == len(SERVICES)
        assert all(found["ORDERDOCK_LOG_LEVEL"] == "warning" for found in settings.values())
        assert settings["gateway"]["ORDERDOCK_ORDERS_URL"] == it.url("orders")
        assert settings["sync"]["ORDERDOCK_SHOPIFY_BASE_URL"] == f"{it.sandbox_url}/shopify/{{shop}}"
        private = base64.b64decode(settings["gateway"].pop("ORDERDOCK_IDENTITY_PRIVATE_KEY"))
        public = base64.b64decode(settings["orders"]["ORDERDOCK_IDENTITY_PUBLIC_KEY"])
        assert Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw() == public
        assert not [name for found in settings.values() for name in found if "PRIVATE" in name]
        assert [s for s in SERVICES if "ORDERDOCK_CREDENTIAL_KEYS" in settings[s]] == ["sync", "fulfillment"]
        assert (ended.status, ended.said) == (0, "orders is right about ['--all']\n")
        assert not it.run.servers.exists()

    def test_processes_keep_their_compiled_modules(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        assert "PYTHONDONTWRITEBYTECODE" not in inherited()

    async def test_roles_run_apart_when_asked(self, program: Program) -> None:
        async with installation(
            Options(purpose="test", program=program, services=("gateway",), split_roles=True, with_sandbox=False)
        ) as it:
            assert list(it.processes) == ["gateway-api", "gateway-worker", "gateway-relay"]

    async def test_a_migration_that_fails_is_shown(self, program: Program) -> None:
        failing = Options(
            purpose="test", program=program, services=("gateway", "orders"), env={"FAKE_MIGRATION_FAILS": "orders"}
        )
        with pytest.raises(LocalhostError, match=r"orders could not migrate its database:\ncolumn does not exist"):
            async with installation(failing):
                pass
