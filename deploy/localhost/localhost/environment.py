"""The settings of every service of an installation on this machine, as environment variables."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from localhost.keys import Secrets

SERVICES = ("gateway", "sync", "orders", "inventory", "fulfillment", "billing")
ROLES = ("api", "worker", "relay")
PORTS: Mapping[str, int] = {
    "gateway": 8400,
    "sync": 8401,
    "orders": 8402,
    "inventory": 8403,
    "fulfillment": 8404,
    "billing": 8405,
    "sandbox": 8410,
}
"""The ports on localhost; another free one where somebody listens already."""

NEEDS_REDIS = frozenset({"gateway", "sync"})
KEEPS_CREDENTIALS = frozenset({"sync", "fulfillment"})


def inherited() -> dict[str, str]:
    """What every process gets of our own environment.

    Not the wish to keep no compiled modules: compiling them anew takes each start of a process seconds.
    """
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    return env


@dataclass(frozen=True)
class Surroundings:
    """What the services of one installation find around them."""

    databases: Mapping[str, str]
    rabbitmq_url: str
    broker_prefix: str
    redis_url: str
    documents: Path
    addresses: Mapping[str, str]
    """The base URL of every service and of the sandbox."""
    secrets: Secrets

    def of(self, service: str) -> dict[str, str]:
        """The settings of one service; of the others' secrets it sees nothing."""
        env = {
            "ORDERDOCK_DATABASE_URL": self.databases[service],
            "ORDERDOCK_BROKER_URL": self.rabbitmq_url,
            "ORDERDOCK_BROKER_PREFIX": self.broker_prefix,
            "ORDERDOCK_DOCUMENTS_URL": f"file://{self.documents}",
            "ORDERDOCK_IDENTITY_PUBLIC_KEY": self.secrets.identity.public,
            "ORDERDOCK_HOST": "127.0.0.1",
            "ORDERDOCK_PORT": self.addresses[service].rsplit(":", 1)[1],
        }
        if service in NEEDS_REDIS:
            env["ORDERDOCK_REDIS_URL"] = self.redis_url
        if service in KEEPS_CREDENTIALS:
            env["ORDERDOCK_CREDENTIAL_KEYS"] = self.secrets.credential_keys
        if service == "sync":
            env |= self._marketplaces()
        if service == "gateway":
            env |= self._gateway(SERVICES)
        return env

    def _marketplaces(self) -> dict[str, str]:
        sandbox, apps = self.addresses["sandbox"], self.secrets.apps
        return {
            "ORDERDOCK_PUBLIC_URL": self.addresses["gateway"],
            "ORDERDOCK_SHOPIFY_CLIENT_ID": apps.shopify_client_id,
            "ORDERDOCK_SHOPIFY_CLIENT_SECRET": apps.shopify_client_secret,
            "ORDERDOCK_SHOPIFY_BASE_URL": f"{sandbox}/shopify/{{shop}}",
            "ORDERDOCK_SHOPEE_PARTNER_ID": str(apps.shopee_partner_id),
            "ORDERDOCK_SHOPEE_PARTNER_KEY": apps.shopee_partner_key,
            "ORDERDOCK_SHOPEE_HOST": sandbox,
            "ORDERDOCK_SHOPEE_AUTH_URL": f"{sandbox}/auth",
        }

    def _gateway(self, services: Sequence[str]) -> dict[str, str]:
        urls = {f"ORDERDOCK_{name.upper()}_URL": self.addresses[name] for name in services if name != "gateway"}
        return urls | {
            "ORDERDOCK_IDENTITY_PRIVATE_KEY": self.secrets.identity.private,
            "ORDERDOCK_ADMIN_EMAIL": self.secrets.admin.email,
            "ORDERDOCK_ADMIN_PASSWORD": self.secrets.admin.password,
        }
