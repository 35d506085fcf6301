"""How failures are answered."""

import httpx2
import pytest
from common.http import problem
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("SELECT 1", {}, ConnectionRefusedError()),
        PoolTimeout("every connection is in use"),
        ConnectionResetError(),
    ],
)
async def test_a_database_that_does_not_answer_is_said_once(error: Exception) -> None:
    app = FastAPI()
    problem.install(app)

    @app.get("/")
    async def broken() -> None:
        raise error

    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=True)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/")
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "unavailable", "2")
