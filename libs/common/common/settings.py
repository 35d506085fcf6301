"""Settings: environment variables with the prefix `ORDERDOCK_`, checked at start; a wrong one ends the process."""

import sys
from typing import Annotated, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """What every service needs; each service's own class adds to it."""

    model_config = SettingsConfigDict(env_prefix="ORDERDOCK_", extra="ignore", frozen=True)

    database_url: SecretStr = Field(
        description="This service's own PostgreSQL database, postgresql://user:password@host/name."
    )
    broker_url: SecretStr = Field(description="RabbitMQ with its vhost, amqp://user:password@host:port/vhost.")
    broker_prefix: str = Field("", description="Put before every exchange and queue name, where no vhost can be made.")
    documents_url: str = Field(description="Where files live: file:///folder, or s3://bucket/prefix.")
    identity_public_key: str = Field(
        description="Base64 of the gateway's raw Ed25519 public key; identities are checked with it."
    )
    host: str = Field("127.0.0.1", description="The address that the API listens on.")
    port: Annotated[int, Field(ge=0, le=65535, description="The port that the API listens on.")] = 8400
    log_format: Annotated[str, Field(pattern="^(console|json)$", description="console or json.")] = "console"
    log_level: Annotated[
        str, Field(pattern="^(debug|info|warning|error)$", description="debug, info, warning or error.")
    ] = "info"
    pool_size: Annotated[int, Field(ge=2, le=100, description="Database connections of one process.")] = 8
    relay_linger_ms: Annotated[
        int,
        Field(
            ge=0,
            le=1000,
            description="How long the relay lets messages gather into a frame under load, in milliseconds.",
        ),
    ] = 150
    prefetch_frames: Annotated[
        int, Field(ge=1, le=500, description="Unacknowledged frames a consumer may hold, per queue.")
    ] = 40
    batch_events: Annotated[
        int, Field(ge=1, le=1000, description="Events that a consumer handles in one transaction, at most.")
    ] = 200

    @field_validator("database_url")
    @classmethod
    def _is_postgres(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("must begin with postgresql://")
        return value

    @field_validator("broker_url")
    @classmethod
    def _is_amqp(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("amqp://", "amqps://")):
            raise ValueError("must begin with amqp:// or amqps://")
        return value

    @field_validator("documents_url")
    @classmethod
    def _is_store(cls, value: str) -> str:
        if not value.startswith(("file:///", "s3://")):
            raise ValueError("must begin with file:/// or s3://")
        return value


S = TypeVar("S", bound=BaseSettings)


def load(settings: type[S]) -> S:
    """Read the settings, or end the process with exit status 78 and a line for each one that is missing or wrong."""
    try:
        return settings()
    except ValidationError as error:
        prefix = str(settings.model_config.get("env_prefix", ""))
        print("Orderdock cannot start: settings are missing or wrong.", file=sys.stderr)
        for detail in error.errors(include_input=False, include_url=False):
            name = str(detail["loc"][0]) if detail["loc"] else "?"
            field = settings.model_fields.get(name)
            meaning = f" ({field.description})" if field and field.description else ""
            print(f"  {prefix}{name.upper()}: {detail['msg']}{meaning}", file=sys.stderr)
        sys.exit(78)
