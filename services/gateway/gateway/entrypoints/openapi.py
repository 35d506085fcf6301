"""One OpenAPI document of all services, and a page that lists it."""

import asyncio
import html
import time
from collections.abc import Mapping
from typing import Any

import httpx2
import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from gateway.app.gateway import Gateway
from gateway.entrypoints.callers import COOKIE, Root

log = structlog.get_logger(__name__)

router = APIRouter(include_in_schema=False)

CACHE_SECONDS = 60.0
INCOMPLETE_SECONDS = 2.0
_METHODS = ("get", "post", "put", "patch", "delete")


class MergedDocument:
    """The documents of all services as one, kept for a minute; for moments only while a service does not answer."""

    def __init__(self) -> None:
        self._document: dict[str, Any] = {}
        self._good_until = 0.0
        self._lock = asyncio.Lock()

    async def get(self, root: Gateway, own: Mapping[str, Any]) -> dict[str, Any]:
        """The merged document."""
        async with self._lock:
            if time.monotonic() > self._good_until:
                self._document = merge(own, await _fetch_all(root))
                keep = INCOMPLETE_SECONDS if self._document["x-unavailable"] else CACHE_SECONDS
                self._good_until = time.monotonic() + keep
        return self._document


async def _fetch_all(root: Gateway) -> dict[str, dict[str, Any] | None]:
    async def fetch(name: str, base: str) -> dict[str, Any] | None:
        try:
            response = await root.client.get(f"{base.rstrip('/')}/openapi.json")
            response.raise_for_status()
            found: dict[str, Any] = response.json()
        except (httpx2.HTTPError, ValueError) as error:
            log.warning("openapi_missing", service=name, error=repr(error))
            return None
        return found

    names = sorted(root.services)
    found = await asyncio.gather(*(fetch(name, root.services[name]) for name in names))
    return dict(zip(names, found, strict=True))


def merge(own: Mapping[str, Any], services: Mapping[str, Mapping[str, Any] | None]) -> dict[str, Any]:
    """One document: component names and operation ids begin with their service, so that none hides another's."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for name, document in {"gateway": own, **services}.items():
        if document is None:
            continue
        renamed = _renamed(document, name)
        for path, operations in renamed.get("paths", {}).items():
            for method, operation in operations.items():
                if method in _METHODS:
                    operation["operationId"] = f"{name}_{operation.get('operationId', method + path)}"
                    operation["tags"] = [f"{name}: {tag}" for tag in operation.get("tags", ["general"])]
            paths.setdefault(path, {}).update(operations)
        for schema, content in renamed.get("components", {}).get("schemas", {}).items():
            schemas[f"{name}_{schema}"] = content
    schemes = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "The token of POST /api/v1/session."},
        "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE},
    }
    return {
        "openapi": own.get("openapi", "3.1.0"),
        "info": {"title": "Orderdock", "version": "1", "description": "Every public route, of all services."},
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": dict(sorted(schemas.items())), "securitySchemes": schemes},
        "security": [{"bearer": []}, {"cookie": []}],
        "x-unavailable": sorted(name for name, document in services.items() if document is None),
    }


def _renamed(value: Any, service: str) -> Any:
    """A copy in which every reference to a schema carries the service's name."""
    head = "#/components/schemas/"
    if isinstance(value, dict):
        return {key: _renamed(item, service) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, service) for item in value]
    if isinstance(value, str) and value.startswith(head):
        return f"{head}{service}_{value.removeprefix(head)}"
    return value


_DOCUMENT = "merged_openapi"


def _kept(request: Request) -> MergedDocument:
    """The application keeps it, because each has its own services."""
    state = request.app.state
    if not hasattr(state, _DOCUMENT):
        setattr(state, _DOCUMENT, MergedDocument())
    kept: MergedDocument = getattr(state, _DOCUMENT)
    return kept


@router.get("/api/v1/openapi.json")
async def get_openapi(request: Request, root: Root) -> Response:
    """The merged document."""
    return JSONResponse(await _kept(request).get(root, request.app.openapi()))


@router.get("/docs")
async def get_docs(request: Request, root: Root) -> HTMLResponse:
    """A page that lists every route."""
    page = _page(await _kept(request).get(root, request.app.openapi()))
    return HTMLResponse(page, headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"})


def _page(document: Mapping[str, Any]) -> str:
    rows: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if operation := operations.get(method):
                texts = (method.upper(), path, operation.get("summary", ""), operation.get("description", ""))
                verb, where, summary, detail = (html.escape(text) for text in texts)
                line = f"<tr><td><code>{verb}</code></td><td><code>{where}</code></td><td>{summary}</td>"
                rows.setdefault(operation["tags"][0], []).append(f"{line}<td>{detail}</td></tr>")
    tables = "".join(
        f"<h2>{html.escape(tag)}</h2><table>{''.join(lines)}</table>" for tag, lines in sorted(rows.items())
    )
    missing = ", ".join(document["x-unavailable"])
    note = f"<p>Not answering now, and left out: {html.escape(missing)}.</p>" if missing else ""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Orderdock API</title><style>'
        "body{font:15px system-ui,sans-serif;margin:2rem;max-width:80rem}table{border-collapse:collapse;width:100%}"
        "td{border-top:1px solid #ddd;padding:.3rem .6rem;vertical-align:top}code{font-size:13px}</style>"
        "<h1>Orderdock API</h1><p>Every public route. The whole document, with the shapes of requests and answers, is "
        f'<a href="/api/v1/openapi.json">/api/v1/openapi.json</a>.</p>{note}{tables}</html>'
    )
