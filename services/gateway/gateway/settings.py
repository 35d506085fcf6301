"""Settings of the gateway."""

from datetime import timedelta
from typing import Annotated

from common.settings import ServiceSettings
from pydantic import Field, SecretStr, field_validator

Address = Annotated[str, Field(pattern=r"^https?://[^/]+(/.*)?$")]


class GatewaySettings(ServiceSettings):
    """What the gateway needs beyond what every service needs."""

    redis_url: SecretStr = Field(description="Redis for the limits of sign-ins, redis://host:port/0.")
    identity_private_key: SecretStr = Field(
        description="Base64 of the raw Ed25519 private key that identities are signed with."
    )
    sync_url: Address = Field(description="Where the sync service's API answers.")
    orders_url: Address = Field(description="Where the orders service's API answers.")
    inventory_url: Address = Field(description="Where the inventory service's API answers.")
    fulfillment_url: Address = Field(description="Where the fulfillment service's API answers.")
    billing_url: Address = Field(description="Where the billing service's API answers.")
    admin_email: str = Field("", description="The first operator, made by `migrate` while there is none.")
    admin_password: SecretStr = Field(SecretStr(""), description="Its password; at least 10 characters.")
    secure_cookies: bool = Field(False, description="Set where the gateway is reached over HTTPS only.")
    session_lifetime: timedelta = Field(timedelta(hours=12), description="A session ends this long after sign-in.")
    session_idle: timedelta = Field(timedelta(hours=2), description="A session ends when unused for this long.")
    sign_ins_per_email: str = Field("10/5minute", description="Attempts for one e-mail address, as count/period.")
    sign_ins_per_address: str = Field("100/5minute", description="Attempts from one network address, as count/period.")
    upstream_timeout: timedelta = Field(timedelta(seconds=30), description="How long a service may take to answer.")

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("redis://", "rediss://")):
            raise ValueError("must begin with redis:// or rediss://")
        return value
