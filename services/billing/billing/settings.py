"""Settings of billing."""

from common.settings import ServiceSettings


class BillingSettings(ServiceSettings):
    """Billing needs nothing beyond what every service needs."""
