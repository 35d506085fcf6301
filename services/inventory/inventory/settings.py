"""The settings of inventory."""

from datetime import timedelta
from typing import Annotated

from common.settings import ServiceSettings
from pydantic import Field


class InventorySettings(ServiceSettings):
    """What inventory needs beyond every service's settings."""

    port: Annotated[int, Field(ge=0, le=65535, description="The port that the API listens on.")] = 8403
    held_alert_after: timedelta = Field(
        timedelta(days=14),
        description="How long stock may stay reserved before an alert is raised; no reservation expires by itself.",
    )
