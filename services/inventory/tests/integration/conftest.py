from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from common.testing.postgres import TemplateDatabase

from .harness import Harness, running


@pytest.fixture
async def harness(template: TemplateDatabase, tmp_path: Path) -> AsyncIterator[Harness]:
    async with template.clone() as url, running(url, str(tmp_path)) as harness:
        yield harness
