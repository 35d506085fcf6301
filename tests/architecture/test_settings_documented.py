"""docs/settings.md has every setting of the services, the launcher, the demo and compose.yaml, as the code has it."""

import ast
import importlib
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from annotated_types import Ge, Le
from common.settings import ServiceSettings
from localhost.environment import SERVICES
from pydantic import SecretStr, TypeAdapter
from pydantic.fields import FieldInfo

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "settings.md").read_text()
OURS = re.compile(r"ORDERDOCK_[A-Z_]+[A-Z]")
LAUNCHER = PROJECT / "deploy" / "localhost" / "localhost"
MERELY_PASSED_ON = {"PATH", "HOME"}


def settings_class(service: str) -> type[ServiceSettings]:
    """The settings of a service."""
    found: type[ServiceSettings] = getattr(importlib.import_module(f"{service}.settings"), f"{service.title()}Settings")
    return found


def default_of(field: FieldInfo) -> str:
    """The default as one would write it into the environment."""
    if field.is_required():
        return "required"
    value: Any = field.default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, timedelta):
        value = TypeAdapter(timedelta).dump_python(value, mode="json")
    if isinstance(value, bool):
        value = str(value).lower()
    return f"`{value}`" if value != "" else "empty"


def bounds_of(field: FieldInfo) -> str:
    """From where to where a number may go."""
    low = [rule.ge for rule in field.metadata if isinstance(rule, Ge)]
    high = [rule.le for rule in field.metadata if isinstance(rule, Le)]
    if not low:
        return ""
    return f" {low[0]} to {high[0]}." if high else f" At least {low[0]}."


def rows(settings: type[ServiceSettings]) -> Iterator[str]:
    """The rows of the page for what a class itself declares."""
    for name in settings.__annotations__:
        if name in settings.model_fields:
            field = settings.model_fields[name]
            yield f"| `ORDERDOCK_{name.upper()}` | {default_of(field)} | {field.description}{bounds_of(field)} |"


def section(title: str) -> str:
    """The text below a heading of the page."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/settings.md has no heading {title!r}"
    return found[1]


def environment_reads(folder: Path) -> set[str]:
    """The names that the code of a folder asks the environment for."""
    found = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name("env") | ast.Attribute(attr="environ"), attr="get"),
                    args=[ast.Constant(str() as name), *_],
                ):
                    found.add(name)
                case ast.Subscript(value=ast.Attribute(attr="environ"), slice=ast.Constant(str() as name)):
                    found.add(name)
    return found - MERELY_PASSED_ON


def test_common_settings_are_documented() -> None:
    missing = [row for row in rows(ServiceSettings) if row not in section("Every service")]
    assert missing == [], "put these rows into docs/settings.md"


@pytest.mark.parametrize("service", SERVICES)
def test_settings_of_a_service_are_documented(service: str) -> None:
    missing = [row for row in rows(settings_class(service)) if row not in section(service)]
    assert missing == [], f"put these rows into docs/settings.md, below {service}"


@pytest.mark.parametrize("service", SERVICES)
def test_no_setting_is_documented_that_is_none(service: str) -> None:
    known = {f"ORDERDOCK_{name.upper()}" for name in settings_class(service).model_fields}
    rows_of_page = re.findall(r"^\| `(\w+)` \|", section(service), re.MULTILINE)
    assert set(rows_of_page) <= known


def test_settings_of_the_launcher_and_the_demo_are_documented() -> None:
    servers = {"ORDERDOCK_SERVERS", "ORDERDOCK_POSTGRES_URL", "ORDERDOCK_RABBITMQ_URL", "ORDERDOCK_REDIS_URL"}
    wanted = servers | environment_reads(LAUNCHER)
    assert {"COUNT", "SEED", "ORDERS", "CHAOS", "TARGET", "EXIT"} <= wanted
    text = section("The launcher and the tests") + section("The demo")
    assert {name for name in wanted if f"`{name}`" not in text} == set()


def test_variables_of_compose_are_documented() -> None:
    variables = set(re.findall(r"\$\{(ORDERDOCK_[A-Z_]+)", (PROJECT / "compose.yaml").read_text()))
    assert variables
    assert {name for name in variables if f"`{name}`" not in section("compose.yaml")} == set()


def test_every_setting_that_a_page_names_exists() -> None:
    known = {f"ORDERDOCK_{name.upper()}" for service in SERVICES for name in settings_class(service).model_fields}
    known |= set(OURS.findall((PROJECT / "compose.yaml").read_text()))
    for path in LAUNCHER.rglob("*.py"):
        known |= set(OURS.findall(path.read_text()))
    pages = [PROJECT / "README.md", *(PROJECT / "docs").rglob("*.md")]
    unknown = {(page.name, name) for page in pages for name in OURS.findall(page.read_text()) if name not in known}
    assert unknown == set()
