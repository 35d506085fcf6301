"""Bodies of requests and answers."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from common.http.identity import Role
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Email = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=254)]
Code = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Z0-9][A-Z0-9-]{1,19}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class SignInRequest(_Request):
    """Who signs in."""

    email: Email
    password: SecretStr = Field(max_length=1000)


class SessionUser(_Answer):
    """Who is signed in."""

    id: UUID
    email: str
    name: str
    kind: str = Field(description="operator or seller.")
    seller_id: UUID | None
    roles: list[str]


class SessionAnswer(BaseModel):
    """The session."""

    user: SessionUser
    expires_at: datetime = Field(description="When it ends at the latest.")


class SignInAnswer(SessionAnswer):
    """A new session. The token also comes as an HttpOnly cookie."""

    token: str = Field(description="Send it as `Authorization: Bearer <token>`. It is told only once.")


class OwnPasswordRequest(_Request):
    """A new password for oneself."""

    current: SecretStr
    new: SecretStr


class PasswordRequest(_Request):
    """A new password for a user."""

    password: SecretStr


class SellerRequest(_Request):
    """A new seller."""

    code: Code = Field(description="Short and unique, upper case; it never changes.")
    name: Name
    currency: Currency = Field(description="ISO 4217; its account is kept in it. It never changes.")


class SellerEdit(_Request):
    """What of a seller may change; absent fields stay."""

    name: Name | None = None
    active: bool | None = Field(None, description="A closed seller's users cannot sign in.")


class SellerAnswer(_Answer):
    """A seller."""

    id: UUID
    code: str
    name: str
    currency: str
    active: bool
    version: int
    created_at: datetime


class UserRequest(_Request):
    """A new user."""

    email: Email
    name: Name
    password: SecretStr = Field(description="10 to 200 characters.")
    roles: list[Role] = Field(min_length=1, max_length=6)
    seller_id: UUID | None = Field(None, description="Whose user it is; none for operators. An owner's is its own.")


class UserEdit(_Request):
    """What of a user may change; absent fields stay."""

    name: Name | None = None
    roles: list[Role] | None = Field(None, min_length=1, max_length=6)
    active: bool | None = None


class UserAnswer(_Answer):
    """A user."""

    id: UUID
    email: str
    name: str
    seller_id: UUID | None
    roles: list[str]
    active: bool
    version: int
    created_at: datetime


class SignInRecord(_Answer):
    """An attempt to sign in."""

    position: int
    email: str
    user_id: UUID | None
    outcome: str = Field(description="signed_in, signed_out, wrong_password, unknown_email, inactive or limited.")
    address: str
    user_agent: str
    at: datetime
