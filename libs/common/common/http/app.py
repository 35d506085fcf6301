"""The FastAPI application of a service: errors as problems, health, metrics, and its OpenAPI document."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from common.http import problem
from common.http.identity import IdentityVerifier

log = structlog.get_logger(__name__)


def build_app(
    service: str,
    *,
    description: str,
    routers: Sequence[APIRouter],
    state: object,
    verifier: IdentityVerifier,
    engine: AsyncEngine,
    on_stop: Callable[[], Awaitable[None]] | None = None,
) -> FastAPI:
    """The application; routes reach the service's composition root as `request.app.state.service`."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        if on_stop:
            await on_stop()

    app = FastAPI(
        title=f"Orderdock {service}",
        description=description,
        version="1",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        generate_unique_id_function=lambda route: route.name,
        redirect_slashes=False,
    )
    app.state.service = state
    app.state.identity_verifier = verifier
    problem.install(app)
    for router in routers:
        app.include_router(router)
    app.include_router(_internal(engine))
    return app


def _internal(engine: AsyncEngine) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/health/live")
    async def live() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/health/ready")
    async def ready() -> Any:
        try:
            async with engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except Exception as error:  # Whatever keeps the database away, the answer is the same.
            log.warning("not_ready", error=str(error))
            return problem.problem(503, "unavailable", "The database does not answer.", remedy="Wait until it does.")
        return {"status": "ok"}

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router
