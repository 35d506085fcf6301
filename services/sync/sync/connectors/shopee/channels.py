"""Which logistics channels of a shop are the seller's own: asked once, kept for a while."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sync.connectors.kit.connector import Credentials
from sync.connectors.kit.http import Meter
from sync.connectors.shopee.client import ShopeeClient

MAX_SHOPS = 10_000


@dataclass(frozen=True, slots=True)
class _Kept:
    until: datetime
    own: Mapping[int, bool]


class ChannelBook:
    """Channel id -> own logistics, for each shop."""

    def __init__(self, client: ShopeeClient, *, keep_seconds: float, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._keep = timedelta(seconds=keep_seconds)
        self._clock = clock
        self._kept: dict[str, _Kept] = {}

    async def covering(
        self, credentials: Credentials, raw_orders: Iterable[object], *, meter: Meter
    ) -> Mapping[int, bool]:
        """What is known for the channels that these orders' packages name; asks the shop when one of them is new."""
        return await self.of(credentials, _named(raw_orders), meter=meter)

    async def of(self, credentials: Credentials, channel_ids: set[int], *, meter: Meter) -> Mapping[int, bool]:
        """What is known for these channels. A channel that the shop does not list counts as Shopee's."""
        if not channel_ids:
            return {}
        now = self._clock()
        kept = self._kept.get(credentials.account)
        if kept is None or kept.until <= now or not channel_ids <= kept.own.keys():
            own = await self._client.channels(credentials, meter=meter)
            kept = _Kept(now + self._keep, {**dict.fromkeys(channel_ids, False), **own})
            if len(self._kept) >= MAX_SHOPS:
                self._kept.pop(next(iter(self._kept)))
            self._kept[credentials.account] = kept
        return kept.own


def _named(raw_orders: Iterable[object]) -> set[int]:
    """The channel ids of the packages; orders that cannot be read are parked later, so they are passed over here."""
    found: set[int] = set()
    for raw in raw_orders:
        packages = raw.get("package_list") if isinstance(raw, dict) else None
        for package in packages if isinstance(packages, list) else ():
            channel = package.get("logistics_channel_id") if isinstance(package, dict) else None
            if type(channel) is int and channel > 0:
                found.add(channel)
    return found
