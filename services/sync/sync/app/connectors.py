"""The marketplaces of this installation: those whose app is configured."""

from collections.abc import Iterable

from common.errors import InvalidInput

from sync.connectors.kit.connector import Connector
from sync.connectors.kit.manifest import Capability


class Connectors:
    """Connectors by platform."""

    def __init__(self, connectors: Iterable[Connector]) -> None:
        self._by_platform = {connector.manifest.platform: connector for connector in connectors}

    @property
    def platforms(self) -> list[str]:
        """The configured platforms, sorted."""
        return sorted(self._by_platform)

    def find(self, platform: str) -> Connector | None:
        """The connector of a platform, or None where it is not configured."""
        return self._by_platform.get(platform)

    def get(self, platform: str, *, field: str = "platform") -> Connector:
        """The connector of a platform; raises InvalidInput."""
        connector = self.find(platform)
        if connector is None:
            known = ", ".join(self.platforms) or "none"
            raise InvalidInput.of(
                field,
                platform,
                f"is not a platform of this installation; it has: {known}",
                "Choose one of these, or have the operator set the platform's app in the settings of sync.",
                code="platform_unknown",
            )
        return connector

    def can(self, platform: str, capability: Capability) -> bool:
        """Whether the platform is configured and has the ability."""
        connector = self.find(platform)
        return connector is not None and capability in connector.manifest.capabilities
