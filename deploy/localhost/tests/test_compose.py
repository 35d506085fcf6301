from pathlib import Path
from typing import Any

import pytest
from localhost.compose import ComposeInstallation, _variables
from localhost.environment import PORTS, SERVICES, Surroundings
from localhost.installation import Installation, Target
from localhost.keys import new_secrets
from localhost.run import project_folder

yaml = pytest.importorskip("yaml")
OF_THE_IMAGE = {"ORDERDOCK_HOST", "ORDERDOCK_DOCUMENTS_URL", "ORDERDOCK_BROKER_PREFIX"}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((project_folder() / "compose.yaml").read_text())["services"]
    return found


@pytest.fixture(scope="module")
def surroundings() -> Surroundings:
    return Surroundings(
        databases=dict.fromkeys(SERVICES, "postgresql://h/d"),
        rabbitmq_url="amqp://h/",
        broker_prefix="",
        redis_url="redis://h/0",
        documents=Path("/d"),
        addresses={name: f"http://127.0.0.1:{port}" for name, port in PORTS.items()},
        secrets=new_secrets(),
    )


def targets(here: Installation, there: ComposeInstallation) -> list[Target]:
    """Whoever plays against one installation can play against the other: the type checker proves it here."""
    return [here, there]


class TestComposeFile:
    @pytest.mark.parametrize("service", SERVICES)
    def test_sets_what_a_service_needs_and_no_more(
        self, services: dict[str, Any], surroundings: Surroundings, service: str
    ) -> None:
        settings = services[service]["environment"]
        assert set(settings) - {"ORDERDOCK_LOG_LEVEL"} == set(surroundings.of(service)) - OF_THE_IMAGE
        assert settings["ORDERDOCK_PORT"] == str(PORTS[service])
        assert settings["ORDERDOCK_DATABASE_URL"].endswith(f"/{service}")

    @pytest.mark.parametrize("service", SERVICES)
    def test_migrates_once_before_a_service_starts(self, services: dict[str, Any], service: str) -> None:
        migration = services[f"migrate-{service}"]
        assert migration["command"] == ["migrate"]
        assert "restart" not in migration
        assert migration["environment"] == services[service]["environment"]
        assert services[service]["depends_on"][f"migrate-{service}"] == {"condition": "service_completed_successfully"}

    def test_everything_that_stays_up_says_whether_it_is_healthy(self, services: dict[str, Any]) -> None:
        staying = {name: found for name, found in services.items() if not name.startswith("migrate-")}
        assert [name for name, found in staying.items() if "healthcheck" not in found] == []

    def test_makes_a_database_for_every_service(self) -> None:
        script = (project_folder() / "deploy/compose/databases.sql").read_text()
        assert [s for s in SERVICES if f"CREATE DATABASE {s} OWNER {s};" not in script] == []

    def test_takes_every_variable_that_the_launcher_gives(self) -> None:
        text = (project_folder() / "compose.yaml").read_text()
        given = _variables(new_secrets(), {"gateway": 1, "sandbox": 2})
        assert [name for name in given if f"${{{name}:-" not in text] == []

    def test_publishes_on_this_machine_only(self, services: dict[str, Any]) -> None:
        ports = [port for found in services.values() for port in found.get("ports", [])]
        assert ports
        assert all(port.startswith("127.0.0.1:") for port in ports)
