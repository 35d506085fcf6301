from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from common.testing.plugin import template_fixture
from common.testing.postgres import TemplateDatabase

from .fakes import World, make_world

template = template_fixture("sync")


@pytest.fixture
async def world(template: TemplateDatabase, tmp_path: Path) -> AsyncIterator[World]:
    """The service on a fresh database, with a market under the test's control."""
    async with template.clone() as url, make_world(url, str(tmp_path)) as made:
        yield made
