"""Errors over HTTP: RFC 9457 problem+json with a stable `code`, what happened, and the remedy."""

from collections.abc import Sequence
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from common.db.failures import is_contention, is_lost
from common.errors import AppError, FieldError, InvalidInput

log = structlog.get_logger(__name__)

CONTENT_TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    """One wrong field."""

    field: str
    value: Any = None
    message: str
    remedy: str = ""


class Problem(BaseModel):
    """The body of every error answer."""

    type: str = "about:blank"
    title: str
    status: int
    code: str = Field(description="Stable name of the error, for programs.")
    detail: str
    remedy: str = Field("", description="What to do next.")
    errors: list[FieldProblem] = Field(default_factory=list, description="The wrong fields, for 422.")


RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": text}
    for status, text in {
        401: "Nobody is signed in.",
        403: "Not allowed for this role.",
        404: "No such thing, or not yours.",
        409: "Not possible in its present state.",
        422: "A value is wrong; `errors` names field, value and remedy.",
    }.items()
}
"""What `responses=` of a router says of errors."""

_TITLES = {401: "Unauthenticated", 403: "Forbidden", 404: "Not found", 405: "Method not allowed", 409: "Conflict",
           412: "Precondition failed", 413: "Too large", 422: "Invalid input", 428: "Precondition required",
           429: "Too many requests", 500: "Internal error", 503: "Unavailable"}  # fmt: skip

_REMEDIES = {
    "missing": "Add the field.",
    "extra_forbidden": "Remove the field, or check its spelling against the OpenAPI document.",
    "json_invalid": "Send valid JSON.",
}


def problem(
    status: int, code: str, detail: str, *, remedy: str = "", errors: Sequence[FieldError] = (), **extra: Any
) -> Response:
    """The answer for one error."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "code": code,
        "detail": detail,
        "remedy": remedy,
        **{key: value for key, value in extra.items() if key not in {"type", "title", "status", "detail"}},
    }
    if errors:
        body["errors"] = [
            {"field": error.field, "value": error.value, "message": error.message, "remedy": error.remedy}
            for error in errors
        ]
    headers = {"Retry-After": "2"} if status in {429, 503} else {}
    return Response(orjson.dumps(body, default=str), status, headers, media_type=CONTENT_TYPE)


def field_errors(error: RequestValidationError) -> list[FieldError]:
    """What pydantic found, in our words: the path of the field, the value given, the remedy."""
    found = []
    for detail in error.errors():
        kind = str(detail["type"])
        location = [str(part) for part in detail["loc"]]
        path = ".".join(
            location[1:] if len(location) > 1 and location[0] in {"body", "query", "path", "header"} else location
        )
        value = detail.get("input") if kind != "missing" else None
        found.append(
            FieldError(path, value, str(detail["msg"]), _REMEDIES.get(kind, "Correct the value and send it again."))
        )
    return found


def install(app: FastAPI) -> None:
    """Answer every error of `app` as a problem."""

    @app.exception_handler(AppError)
    async def on_app_error(_: Request, error: AppError) -> Response:
        fields = error.fields if isinstance(error, InvalidInput) else ()
        remedy = error.remedy or (fields[0].remedy if fields else "")
        return problem(error.http_status, error.error_code, error.message, remedy=remedy, errors=fields, **error.params)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(_: Request, error: RequestValidationError) -> Response:
        fields = field_errors(error)
        detail = "; ".join(f"{item.field}: {item.message}" for item in fields)
        return problem(422, "invalid_input", detail, remedy=fields[0].remedy if fields else "", errors=fields)

    @app.exception_handler(HTTPException)
    async def on_http(_: Request, error: HTTPException) -> Response:
        remedy = "Check the path and the method against /openapi.json." if error.status_code in {404, 405} else ""
        code = {404: "no_such_route", 405: "method_not_allowed"}.get(error.status_code, "http_error")
        return problem(error.status_code, code, str(error.detail), remedy=remedy)

    # Classes of their own for what a database does: what is handled as an Exception is raised once more afterwards.
    @app.exception_handler(SQLAlchemyError)
    @app.exception_handler(OSError)
    @app.exception_handler(Exception)
    async def on_defect(request: Request, error: Exception) -> Response:
        if is_lost(error) or is_contention(error):
            log.warning("request_unavailable", path=request.url.path, error=str(error))
            return problem(
                503, "unavailable", "The database does not answer now.", remedy="Nothing was changed; try again."
            )
        log.error("request_failed", path=request.url.path, exc_info=error)
        return problem(500, "internal_error", "Something went wrong here.", remedy="Try again; report it if it stays.")
