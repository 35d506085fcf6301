import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from localhost.run import Run

Program = Callable[[str, str], Sequence[str]]
FAKE_SERVICE = Path(__file__).with_name("fake_service.py")


@pytest.fixture
def program() -> Program:
    """Starts the fake service in place of a real one."""
    return lambda service, role: [sys.executable, str(FAKE_SERVICE), service, role]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run in a project of its own."""
    its_run = Run(f"t_{abs(hash(tmp_path)):x}"[:16], tmp_path)
    its_run.open()
    return its_run
