"""Sellers and users."""

import hashlib
from typing import Annotated, Any
from uuid import UUID

from common.errors import InvalidInput
from common.http.paging import CursorParameter, Limit, Page, decode_cursor, page_of
from common.http.preconditions import IdempotencyKey, IfMatch, once, version_of
from common.http.problem import RESPONSES
from fastapi import APIRouter, Query, Request, Response

from gateway.app.administration import (
    NewUser,
    add_user,
    check_new_user,
    edit_seller,
    edit_user,
    managed_user,
    register_seller,
    reset_password,
    seller_for,
    seller_not_found,
    user_not_found,
)
from gateway.domain.users import normal_email, password_problem
from gateway.entrypoints.callers import Root, SignedIn
from gateway.entrypoints.schemas import (
    PasswordRequest,
    SellerAnswer,
    SellerEdit,
    SellerRequest,
    UserAnswer,
    UserEdit,
    UserRequest,
)

router = APIRouter(prefix="/api/v1", responses=RESPONSES)


def _after(cursor: str | None) -> UUID | None:
    key = decode_cursor(cursor, 1)
    if not key:
        return None
    try:
        return UUID(key[0])
    except ValueError:
        raise InvalidInput.of(
            "cursor", cursor, "is not a cursor of this list", "Start again without a cursor."
        ) from None


@router.get("/sellers", summary="Sellers", tags=["sellers"])
async def list_sellers(
    root: Root, identity: SignedIn, limit: Limit = 50, cursor: CursorParameter = None
) -> Page[SellerAnswer]:
    """All sellers for operators; a seller sees itself."""
    async with root.transactions.begin() as uow:
        rows = await uow.sellers.list(seller_id=identity.scope(), after=_after(cursor), limit=limit + 1)
    page = page_of(rows, limit=limit, key=lambda row: (row.id,), item=SellerAnswer.model_validate)
    return Page[SellerAnswer](**page)


@router.post("/sellers", summary="Register a seller", tags=["sellers"], status_code=201, response_model=SellerAnswer)
async def post_seller(
    *, root: Root, identity: SignedIn, request: Request, body: SellerRequest, key: IdempotencyKey
) -> Any:
    """The services hear of it within a second."""
    async with root.transactions.begin() as uow:

        async def work() -> SellerAnswer:
            seller = await register_seller(body.code, body.name, body.currency, actor=identity.actor, uow=uow)
            return SellerAnswer.model_validate(seller)

        return await once(uow, request=request, identity=identity, key=key, body=body, work=work, status=201)


@router.get("/sellers/{seller_id}", summary="A seller", tags=["sellers"])
async def get_seller(root: Root, identity: SignedIn, seller_id: UUID, response: Response) -> SellerAnswer:
    """One seller."""
    async with root.transactions.begin() as uow:
        seller = await uow.sellers.get(seller_id)
    if seller is None or identity.scope(seller.id) != seller.id:
        raise seller_not_found(seller_id)
    response.headers["ETag"] = f'"{seller.version}"'
    return SellerAnswer.model_validate(seller)


@router.patch("/sellers/{seller_id}", summary="Edit a seller", tags=["sellers"])
async def patch_seller(
    root: Root, identity: SignedIn, seller_id: UUID, body: SellerEdit, if_match: IfMatch = None
) -> SellerAnswer:
    """Closing a seller signs its users out."""
    version = version_of(if_match)
    async with root.transactions.begin() as uow:
        seller = await edit_seller(
            seller_id, name=body.name, active=body.active, version=version, actor=identity.actor, uow=uow
        )
    root.sessions.forget()
    return SellerAnswer.model_validate(seller)


@router.get("/users", summary="Users", tags=["users"])
async def list_users(
    *,
    root: Root,
    identity: SignedIn,
    seller_id: Annotated[UUID | None, Query(description="For operators: whose.")] = None,
    limit: Limit = 50,
    cursor: CursorParameter = None,
) -> Page[UserAnswer]:
    """All users for administrators; an owner sees those of its seller."""
    async with root.transactions.begin() as uow:
        rows = await uow.users.list(seller_id=identity.scope(seller_id), after=_after(cursor), limit=limit + 1)
    page = page_of(rows, limit=limit, key=lambda row: (row.id,), item=UserAnswer.model_validate)
    return Page[UserAnswer](**page)


@router.post("/users", summary="Make a user", tags=["users"], status_code=201, response_model=UserAnswer)
async def post_user(*, root: Root, identity: SignedIn, request: Request, body: UserRequest, key: IdempotencyKey) -> Any:
    """Administrators make anybody; an owner makes users of its own seller."""
    password = body.password.get_secret_value()
    seller_id = seller_for(identity, body.seller_id)
    new = NewUser(normal_email(body.email), body.name, password, tuple(role.value for role in body.roles), seller_id)
    check_new_user(new)
    hashed = await root.passwords.hash(password)
    asked = body.model_dump(mode="json") | {"password": hashlib.sha256(password.encode()).hexdigest()}
    async with root.transactions.begin() as uow:

        async def work() -> UserAnswer:
            return UserAnswer.model_validate(await add_user(new, hashed, actor=identity.actor, uow=uow))

        return await once(uow, request=request, identity=identity, key=key, body=asked, work=work, status=201)


@router.get("/users/{user_id}", summary="A user", tags=["users"])
async def get_user(root: Root, identity: SignedIn, user_id: UUID, response: Response) -> UserAnswer:
    """One user."""
    async with root.transactions.begin() as uow:
        user = await uow.users.get(user_id)
    if user is None or identity.scope(user.seller_id) != user.seller_id:
        raise user_not_found(user_id)
    response.headers["ETag"] = f'"{user.version}"'
    return UserAnswer.model_validate(user)


@router.patch("/users/{user_id}", summary="Edit a user", tags=["users"])
async def patch_user(
    root: Root, identity: SignedIn, user_id: UUID, body: UserEdit, if_match: IfMatch = None
) -> UserAnswer:
    """Other roles, or closing it, sign the user out. The last administrator stays one."""
    version = version_of(if_match)
    async with root.transactions.begin() as uow:
        user = await managed_user(user_id, identity, uow=uow)
        edited = await edit_user(
            user,
            name=body.name,
            roles=None if body.roles is None else tuple(role.value for role in body.roles),
            active=body.active,
            version=version,
            actor=identity.actor,
            uow=uow,
        )
    root.sessions.forget(user_id)
    return UserAnswer.model_validate(edited)


@router.put("/users/{user_id}/password", summary="Set a user's password", tags=["users"], status_code=204)
async def put_user_password(root: Root, identity: SignedIn, user_id: UUID, body: PasswordRequest) -> None:
    """Signs the user out everywhere."""
    password = body.password.get_secret_value()
    hashed = await root.passwords.hash(password)
    async with root.transactions.begin() as uow:
        user = await managed_user(user_id, identity, uow=uow)
        if problem := password_problem(password, user.email):
            raise InvalidInput.of("password", None, problem, "Choose another password.")
        await reset_password(user, hashed, actor=identity.actor, uow=uow)
    root.sessions.forget(user_id)
