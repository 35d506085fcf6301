"""The settings of orders."""

from datetime import timedelta
from typing import Annotated

from common.settings import ServiceSettings
from pydantic import Field


class OrdersSettings(ServiceSettings):
    """What orders needs beside what every service needs."""

    personal_data_days: Annotated[
        int,
        Field(ge=1, le=3650, description="Days after its end until an order's buyer, phone and address are erased."),
    ] = 180

    @property
    def personal_data_kept(self) -> timedelta:
        """How long personal data of finished orders is kept."""
        return timedelta(days=self.personal_data_days)
