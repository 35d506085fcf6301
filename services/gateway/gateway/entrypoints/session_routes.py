"""Signing in and out."""

from typing import Annotated, Any

from common.errors import InvalidInput
from common.http import problem
from common.http.identity import Identity
from common.http.paging import CursorParameter, Limit, Page, decode_cursor, page_of
from common.http.problem import RESPONSES
from common.kernel.clock import utcnow
from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse

from gateway.app.sign_in import Limited, expiry_seconds, identity_of
from gateway.domain.users import Session, normal_email
from gateway.entrypoints.callers import COOKIE, CallerOf, Root, SignedIn, Token
from gateway.entrypoints.schemas import (
    OwnPasswordRequest,
    SessionAnswer,
    SessionUser,
    SignInAnswer,
    SignInRecord,
    SignInRequest,
)

router = APIRouter(prefix="/api/v1", tags=["session"], responses=RESPONSES)


def _user(session: Session) -> SessionUser:
    identity: Identity = identity_of(session)
    return SessionUser(
        id=session.user_id,
        email=session.email,
        name=session.name,
        kind=identity.kind,
        seller_id=session.seller_id,
        roles=sorted(session.roles),
    )


@router.post("/session", summary="Sign in", response_model=SignInAnswer)
async def post_session(root: Root, caller: CallerOf, body: SignInRequest) -> Any:
    """A session, as a bearer token and as a cookie. Too many attempts are answered 429 with Retry-After."""
    made = await root.sign_in(body.email, body.password.get_secret_value(), caller)
    if isinstance(made, Limited):
        refused = problem.problem(
            429,
            "too_many_sign_ins",
            "there were too many attempts to sign in",
            remedy=f"Wait {made.retry_after_seconds} seconds, then try again.",
        )
        refused.headers["Retry-After"] = str(made.retry_after_seconds)
        return refused
    answer = SignInAnswer(user=_user(made.session), expires_at=made.session.expires_at, token=made.token)
    response = JSONResponse(answer.model_dump(mode="json"), headers={"Cache-Control": "no-store"})
    response.set_cookie(
        COOKIE,
        made.token,
        max_age=expiry_seconds(made.session, utcnow()),
        httponly=True,
        samesite="lax",
        secure=root.secure_cookies,
    )
    return response


@router.get("/session", summary="Who is signed in")
async def get_session(root: Root, token: Token, _: SignedIn) -> SessionAnswer:
    """The session of the token."""
    session = await root.sessions.find(token)
    return SessionAnswer(user=_user(session), expires_at=session.expires_at)


@router.delete("/session", summary="Sign out", status_code=204)
async def delete_session(root: Root, token: Token, caller: CallerOf, _: SignedIn) -> Response:
    """Ends the session. Other processes of the gateway may believe in it for another 3 seconds."""
    await root.sessions.end(token, caller)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=root.secure_cookies)
    return response


@router.put("/session/password", summary="Change one's password", status_code=204)
async def put_own_password(root: Root, token: Token, body: OwnPasswordRequest, identity: SignedIn) -> None:
    """Ends all of one's sessions, this one too."""
    session = await root.sessions.find(token)
    await root.sign_in.change_password(session, body.current.get_secret_value(), body.new.get_secret_value())
    root.sessions.forget(identity.user_id)


@router.get("/sign-ins", summary="Attempts to sign in")
async def list_sign_ins(
    root: Root,
    _: SignedIn,
    email: Annotated[str | None, Query(description="Of this e-mail address.")] = None,
    limit: Limit = 50,
    cursor: CursorParameter = None,
) -> Page[SignInRecord]:
    """Newest first."""
    key = decode_cursor(cursor, 1)
    if key and not key[0].isdigit():
        raise InvalidInput.of("cursor", cursor, "is not a cursor of this list", "Start again without a cursor.")
    async with root.transactions.begin() as uow:
        rows = await uow.sessions.attempts(
            email=normal_email(email) if email else None, before=int(key[0]) if key else None, limit=limit + 1
        )
    page = page_of(rows, limit=limit, key=lambda row: (row.position,), item=SignInRecord.model_validate)
    return Page[SignInRecord](**page)
