"""The settings of fulfillment."""

from datetime import timedelta
from typing import Annotated

from common.crypto import Keyring
from common.settings import ServiceSettings
from pydantic import Field, SecretStr, field_validator


class FulfillmentSettings(ServiceSettings):
    """Every setting is an environment variable with the prefix ORDERDOCK_."""

    port: Annotated[int, Field(ge=0, le=65535, description="The port that the API listens on.")] = 8404
    credential_keys: SecretStr = Field(
        description="Keys that seal the warehouses' secrets, the current one first: k2:<base64 of 32 bytes>,k1:<...>."
    )
    warehouse_timeout: timedelta = Field(
        timedelta(seconds=15), description="How long one call to a warehouse system may take, for example PT15S."
    )
    warehouse_calls: Annotated[
        int, Field(ge=1, le=500, description="Calls to warehouse systems that one process makes at once.")
    ] = 64
    warehouse_submit_tries: Annotated[
        int, Field(ge=1, le=50, description="Tries to submit to a warehouse before it has never answered.")
    ] = 8
    warehouse_retry_base: timedelta = Field(
        timedelta(seconds=1), description="The wait after the first failed call; it doubles with each further one."
    )
    personal_data_days: Annotated[
        int,
        Field(ge=1, le=3650, description="Days after its end at which a fulfilment order loses the buyer's data."),
    ] = 180

    @field_validator("credential_keys")
    @classmethod
    def _is_keyring(cls, value: SecretStr) -> SecretStr:
        Keyring.parse(value.get_secret_value())
        return value

    @property
    def personal_data_after(self) -> timedelta:
        """How long after its end a fulfilment order keeps the buyer's data."""
        return timedelta(days=self.personal_data_days)
