"""Making and editing sellers and users."""

from dataclasses import dataclass, replace
from uuid import UUID

from common.errors import Conflict, FieldError, Forbidden, InvalidInput, NotFound, StaleVersion
from common.http.identity import Identity
from common.kernel.ids import uuid7
from contracts.gateway.v1 import SellerChangedV1, SellerRegisteredV1

from gateway.app.ports import Change, Uow
from gateway.domain.users import Seller, User, normal_email, password_problem, role_problem

ADMIN = "operator_admin"


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user as it is asked for, with its password hashed already."""

    email: str
    name: str
    password: str
    roles: tuple[str, ...]
    seller_id: UUID | None


async def register_seller(code: str, name: str, currency: str, *, actor: str, uow: Uow) -> Seller:
    """Make a seller and tell the services; raises Conflict where the code is taken."""
    seller = Seller(uuid7(), code, name, currency, active=True, version=1, created_at=uow.now)
    await uow.sellers.add(seller)
    await uow.changes.add(Change("seller", seller.id, actor, "register", {"code": code, "currency": currency}))
    uow.outbox.add(
        SellerRegisteredV1(seller_id=seller.id, version=1, code=code, name=name, currency=currency, active=True)
    )
    return seller


async def edit_seller(
    seller_id: UUID, *, name: str | None, active: bool | None, version: int, actor: str, uow: Uow
) -> Seller:
    """Rename, close or open a seller. Closing signs its users out. Raises NotFound, StaleVersion."""
    current = await uow.sellers.lock(seller_id)
    if current is None:
        raise seller_not_found(seller_id)
    if current.version != version:
        raise StaleVersion("seller", current.code, expected=version, current=current.version)
    seller = replace(
        current,
        name=current.name if name is None else name,
        active=current.active if active is None else active,
        version=current.version + 1,
    )
    await uow.sellers.save(seller)
    if current.active and not seller.active:
        await uow.sessions.end_of_seller(seller_id)
    await uow.changes.add(Change("seller", seller_id, actor, "edit", {"name": seller.name, "active": seller.active}))
    uow.outbox.add(
        SellerChangedV1(
            seller_id=seller.id,
            version=seller.version,
            code=seller.code,
            name=seller.name,
            currency=seller.currency,
            active=seller.active,
        )
    )
    return seller


def check_new_user(new: NewUser) -> None:
    """Raise InvalidInput where a user cannot be made like this."""
    problems = []
    local, _, domain = new.email.partition("@")
    if not local or "." not in domain or any(character.isspace() for character in new.email):
        problems.append(FieldError("email", new.email, "is not an e-mail address", "Give one such as ann@example.com."))
    if problem := password_problem(new.password, new.email):
        problems.append(FieldError("password", None, problem, "Choose another password."))
    if problem := role_problem(new.roles, new.seller_id):
        problems.append(FieldError("roles", list(new.roles), problem, "Correct the roles, or name the seller."))
    if problems:
        raise InvalidInput(problems)


async def add_user(new: NewUser, password_hash: str, *, actor: str, uow: Uow) -> User:
    """Make a user; raises Conflict where the address is taken, NotFound where the seller is unknown."""
    if new.seller_id and await uow.sellers.get(new.seller_id) is None:
        raise seller_not_found(new.seller_id)
    user = User(
        uuid7(), normal_email(new.email), new.name, new.seller_id, new.roles, active=True, version=1, created_at=uow.now
    )
    await uow.users.add(user, password_hash)
    await uow.changes.add(Change("user", user.id, actor, "create", {"email": user.email, "roles": list(user.roles)}))
    return user


async def managed_user(user_id: UUID, identity: Identity, *, uow: Uow) -> User:
    """A user whom the asker may manage, locked; others are not found."""
    user = await uow.users.lock(user_id)
    if user is None or identity.scope(user.seller_id) != user.seller_id:
        raise user_not_found(user_id)
    return user


async def edit_user(
    user: User,
    *,
    name: str | None,
    roles: tuple[str, ...] | None,
    active: bool | None,
    version: int,
    actor: str,
    uow: Uow,
) -> User:
    """Edit a locked user. Other roles or none sign it out. Raises StaleVersion, InvalidInput, Conflict."""
    if user.version != version:
        raise StaleVersion("user", user.email, expected=version, current=user.version)
    edited = replace(
        user,
        name=user.name if name is None else name,
        roles=user.roles if roles is None else roles,
        active=user.active if active is None else active,
        version=user.version + 1,
    )
    if problem := role_problem(edited.roles, edited.seller_id):
        raise InvalidInput.of("roles", list(edited.roles), problem, "Correct the roles.")
    was_admin = user.active and ADMIN in user.roles
    if was_admin and not (edited.active and ADMIN in edited.roles) and not await uow.users.other_admins(user.id):
        raise Conflict(
            f"{user.email} is the last administrator",
            remedy="Make another user an administrator first.",
            code="last_admin",
        )
    await uow.users.save(edited)
    if edited.roles != user.roles or not edited.active:
        await uow.sessions.end_of_user(user.id)
    await uow.changes.add(
        Change("user", user.id, actor, "edit", {"roles": list(edited.roles), "active": edited.active})
    )
    return edited


async def reset_password(user: User, password_hash: str, *, actor: str, uow: Uow) -> None:
    """Set another's password, and end its sessions."""
    await uow.users.set_password(user.id, password_hash)
    await uow.sessions.end_of_user(user.id)
    await uow.changes.add(Change("user", user.id, actor, "password"))


def seller_for(identity: Identity, wanted: UUID | None) -> UUID | None:
    """For whom a user is made: an owner makes users of its own seller, and of nobody else's."""
    if identity.is_operator:
        return wanted
    if wanted is not None and wanted != identity.seller_id:
        raise Forbidden("users of other sellers are not yours to make", remedy="Leave seller_id out.")
    return identity.seller_id


def seller_not_found(seller_id: UUID) -> NotFound:
    """The error for a seller that is not there, or not the asker's."""
    return NotFound(
        f"there is no seller {seller_id}", remedy="Check the id in GET /api/v1/sellers.", code="seller_not_found"
    )


def user_not_found(user_id: UUID) -> NotFound:
    """The error for a user that is not there, or not the asker's."""
    return NotFound(f"there is no user {user_id}", remedy="Check the id in GET /api/v1/users.", code="user_not_found")
