"""The settings of sync."""

from datetime import timedelta
from typing import Annotated, Self

from common.crypto import Keyring
from common.settings import ServiceSettings
from pydantic import Field, SecretStr, field_validator, model_validator

_Days = Annotated[int, Field(ge=1, le=3650)]


class SyncSettings(ServiceSettings):
    """What sync needs besides the common settings. A platform whose app is not given is not offered."""

    redis_url: SecretStr = Field(description="Redis, which keeps the rate limits: redis://host:port/db.")
    credential_keys: SecretStr = Field(
        description="Keys of the stores' credentials, the current one first: k2:<base64 of 32 bytes>,k1:<...>."
    )
    public_url: str = Field(description="The gateway's address as platforms and browsers reach it.")
    shopify_client_id: str = Field("", description="Client id of the Shopify app.")
    shopify_client_secret: SecretStr = Field(SecretStr(""), description="Client secret of the Shopify app.")
    shopify_base_url: str = Field("https://{shop}", description="Where shops are; {shop} is the shop's domain.")
    shopee_partner_id: int = Field(0, ge=0, description="Partner id of the Shopee app.")
    shopee_partner_key: SecretStr = Field(SecretStr(""), description="Partner key of the Shopee app.")
    shopee_host: str = Field("https://partner.shopeemobile.com", description="Shopee's API host.")
    shopee_auth_url: str = Field("https://open.shopee.com/auth", description="Shopee's consent page.")
    pull_interval_seconds: int = Field(900, ge=5, description="Time between the scheduled syncs of a store.")
    label_timeout_seconds: int = Field(86_400, ge=10, description="How long a platform's label is waited for.")
    upload_tries: int = Field(10, ge=1, le=100, description="Tries of a tracking upload before it has failed.")
    pull_concurrency: int = Field(16, ge=1, le=200, description="Stores that one process pulls from at once.")
    order_concurrency: int = Field(64, ge=1, le=500, description="Labels, and uploads, under way in one process.")
    store_concurrency: int = Field(24, ge=1, le=100, description="Of these, how many of one store.")
    max_connections: int = Field(150, ge=1, le=2000, description="HTTP connections to platforms of one process.")
    parked_raw_days: _Days = Field(30, description="How long the payload of a parked order is kept.")
    seen_order_days: _Days = Field(60, description="How long the version of an order that was sent on is remembered.")
    run_days: _Days = Field(90, description="How long ended sync runs are kept.")
    task_days: _Days = Field(90, description="How long ended labels and tracking uploads are kept.")

    @field_validator("credential_keys")
    @classmethod
    def _are_keys(cls, value: SecretStr) -> SecretStr:
        Keyring.parse(value.get_secret_value())
        return value

    @field_validator("public_url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/")

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value

    @field_validator("shopify_base_url")
    @classmethod
    def _has_shop(cls, value: str) -> str:
        if "{shop}" not in value:
            raise ValueError("must hold {shop} where the shop's domain goes")
        return value

    @model_validator(mode="after")
    def _apps_are_whole(self) -> Self:
        if bool(self.shopify_client_id) != bool(self.shopify_client_secret.get_secret_value()):
            raise ValueError("shopify_client_id and shopify_client_secret must be given together")
        if bool(self.shopee_partner_id) != bool(self.shopee_partner_key.get_secret_value()):
            raise ValueError("shopee_partner_id and shopee_partner_key must be given together")
        return self

    @property
    def pull_every(self) -> timedelta:
        """Time between the scheduled syncs of a store."""
        return timedelta(seconds=self.pull_interval_seconds)
