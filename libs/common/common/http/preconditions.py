"""`Idempotency-Key` and `If-Match`: a POST that moves goods or money happens once, no edit overwrites another's."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import orjson
from fastapi import Header, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import text

from common.db.bulk import to_json
from common.db.unit_of_work import UnitOfWork
from common.errors import Conflict, InvalidInput, PreconditionMissing
from common.http.identity import Identity

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="Unique per intended action; a repeat gets the first answer.",
    ),
]
IfMatch = Annotated[str | None, Header(alias="If-Match", description='The version that was read, for example "3".')]

_CLAIM = text(
    "INSERT INTO idempotency_keys (scope, key, fingerprint, status) VALUES (:scope, :key, :fingerprint, 0) "
    "ON CONFLICT DO NOTHING RETURNING key"
)
_READ = text("SELECT fingerprint, status, answer FROM idempotency_keys WHERE scope = :scope AND key = :key")
_STORE = text(
    "UPDATE idempotency_keys SET status = :status, answer = CAST(:answer AS jsonb) WHERE scope = :scope AND key = :key"
)


def fingerprint(request: Request, body: Any) -> str:
    """What makes two requests the same: method, path and content."""
    content = orjson.dumps(body, default=_plain, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(request.method.encode() + b" " + request.url.path.encode() + b"\n" + content).hexdigest()


def _plain(value: object) -> object:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else str(value)


async def once(
    uow: UnitOfWork,
    *,
    request: Request,
    identity: Identity,
    key: str,
    body: Any,
    work: Callable[[], Awaitable[BaseModel]],
    status: int = 200,
) -> Response:
    """Do `work` for the first request with this key, and answer a repeat as the first was answered. A concurrent
    repeat waits for the first. An error leaves no trace, so that the corrected request may use the key again.
    """
    scope = f"{identity.seller_id or 'operator'}"
    print_ = fingerprint(request, body)
    claimed = await uow.connection.execute(_CLAIM, {"scope": scope, "key": key, "fingerprint": print_})
    if claimed.first() is None:
        row = (await uow.connection.execute(_READ, {"scope": scope, "key": key})).one()
        if row.fingerprint != print_:
            raise Conflict(
                f"Idempotency-Key {key!r} was used for another request",
                remedy="Use a new key for a new action; repeat a request unchanged to get its answer.",
                code="idempotency_key_reused",
            )
        return JSONResponse(row.answer, row.status, {"Idempotency-Replayed": "true"})
    answer = await work()
    content = answer.model_dump(mode="json")
    await uow.connection.execute(_STORE, {"scope": scope, "key": key, "status": status, "answer": to_json(content)})
    return JSONResponse(content, status)


def version_of(if_match: str | None) -> int:
    """The version in an If-Match header; raises PreconditionMissing or InvalidInput."""
    if if_match is None:
        raise PreconditionMissing(
            "If-Match is required for an edit", remedy='Read the thing, and send its version: If-Match: "3".'
        )
    try:
        return int(if_match.strip().removeprefix("W/").strip('"'))
    except ValueError:
        raise InvalidInput.of(
            "If-Match", if_match, "is not a version number", 'Send the version as read: "3".'
        ) from None
