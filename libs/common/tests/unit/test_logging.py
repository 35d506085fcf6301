"""What a log shows of a failure, and what it must not."""

import logging
from collections.abc import Iterator

import pytest
import structlog
from common.logging import configure


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.mark.parametrize("log_format", ["console", "json"])
@pytest.mark.parametrize("ours", [True, False])
def test_a_trace_shows_no_variables(capsys: pytest.CaptureFixture[str], log_format: str, ours: bool) -> None:
    configure("test", log_format=log_format, level="info")
    known_to_the_caller = "hush-" + "hush"
    try:
        raise RuntimeError("it broke")
    except RuntimeError:
        if ours:
            structlog.get_logger("ours").exception("failed")
        else:
            logging.getLogger("uvicorn.error").exception("failed")
    said = capsys.readouterr().err
    assert "it broke" in said
    assert "Traceback" in said
    assert known_to_the_caller not in said
