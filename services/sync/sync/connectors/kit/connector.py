"""The port: what the sync service asks of a marketplace, in words that all marketplaces share.

A connector holds no state of a store: credentials come with each call, so one instance serves every store of its
platform in the process. Every method may raise the errors of kit/errors.py and no others.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from contracts.common_parts import ParcelV1
from contracts.sync.v1 import CanonicalOrderV1, ShippedLineV1

from sync.connectors.kit.errors import Unsupported
from sync.connectors.kit.manifest import Capability, Manifest

MAX_PAGE_ORDERS = 50


@dataclass(frozen=True, slots=True)
class Credentials:
    """What opens one store: `account` is the platform's name of it (shop domain, shop id). Tokens are in no repr.

    Without `expires_at` the access token does not expire; without a refresh token it cannot be renewed.
    """

    account: str
    access_token: str = field(repr=False)
    expires_at: datetime | None = None
    refresh_token: str | None = field(default=None, repr=False)
    refresh_expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()

    def expires_within(self, margin: timedelta, *, now: datetime) -> bool:
        """Whether the access token should be renewed before the next call."""
        return self.expires_at is not None and self.expires_at <= now + margin

    def to_json(self) -> dict[str, object]:
        """A form for encryption at rest; `from_json` reads it back."""
        form: dict[str, object] = asdict(self)
        form["scopes"] = list(self.scopes)
        for name in ("expires_at", "refresh_expires_at"):
            moment = form[name]
            form[name] = moment.isoformat() if isinstance(moment, datetime) else None
        return form

    @classmethod
    def from_json(cls, form: Mapping[str, object]) -> "Credentials":
        """Read what `to_json` wrote; a ValueError names the field that is wrong, never its value."""
        account, access, refresh = form.get("account"), form.get("access_token"), form.get("refresh_token")
        if not isinstance(account, str) or not isinstance(access, str) or not isinstance(refresh, str | None):
            raise _unreadable("account or token")
        scopes = form.get("scopes") or ()
        if not isinstance(scopes, list | tuple):
            raise _unreadable("scopes")
        return cls(
            account=account,
            access_token=access,
            expires_at=_moment(form, "expires_at"),
            refresh_token=refresh,
            refresh_expires_at=_moment(form, "refresh_expires_at"),
            scopes=tuple(str(scope) for scope in scopes),
        )


def _unreadable(name: str) -> ValueError:
    return ValueError(f"the stored credentials hold an unreadable {name}: authorise the store again")


def _moment(form: Mapping[str, object], name: str) -> datetime | None:
    text = form.get(name)
    if text is None:
        return None
    if not isinstance(text, str):
        raise _unreadable(name)
    return datetime.fromisoformat(text)


@dataclass(frozen=True, slots=True)
class Grant:
    """One store that a seller has just authorised."""

    account: str
    name: str
    credentials: Credentials


@dataclass(frozen=True, slots=True)
class Window:
    """Orders changed from `since` (inclusive) to `until` (exclusive), both aware UTC."""

    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        if self.since.tzinfo is None or self.until.tzinfo is None:
            raise ValueError(f"window {self.since} to {self.until}: both ends must carry a time zone")
        if self.since >= self.until:
            raise ValueError(f"window {self.since} to {self.until}: it must end after it begins")


@dataclass(frozen=True, slots=True)
class ParkedOrder:
    """An order that cannot be read: why, and the platform's JSON (personal data inside, so it is in no repr)."""

    platform_order_id: str
    reason: str
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class OrderPage:
    """At most 50 orders. `next_cursor` is absent after the last page; `left_out` are ids that others fulfil.

    `total` is the platform's own count of the window where it gives one. `calls` were made for this page, of which
    `throttled_seconds` were spent waiting for a rate limit.
    """

    orders: tuple[CanonicalOrderV1, ...]
    parked: tuple[ParkedOrder, ...] = ()
    next_cursor: str | None = None
    total: int | None = None
    calls: int = 0
    throttled_seconds: float = 0.0
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelRequest:
    """The label of one order. No package numbers means every package that the platform has made of it."""

    platform_order_id: str
    package_numbers: tuple[str, ...] = ()
    weight_grams: int | None = None


@dataclass(frozen=True, slots=True)
class LabelledParcel:
    """One package with its label as the platform made it; `label_format` is `pdf` or `zpl`."""

    package_number: str
    tracking_number: str
    carrier: str
    label: bytes = field(repr=False)
    label_format: str
    tracking_url: str = ""


@dataclass(frozen=True, slots=True)
class LabelReady:
    """Every package has its label."""

    parcels: tuple[LabelledParcel, ...]
    calls: int = 0


@dataclass(frozen=True, slots=True)
class LabelPending:
    """Not all labels are there yet: store `progress` and call again with it, not before `retry_after` seconds."""

    progress: Mapping[str, object]
    code: str
    reason: str
    retry_after: float
    calls: int = 0


@dataclass(frozen=True, slots=True)
class UploadRequest:
    """What was shipped of one order. No lines means all that is left. `notify_buyer` asks for the platform's mail."""

    platform_order_id: str
    parcels: tuple[ParcelV1, ...]
    lines: tuple[ShippedLineV1, ...] = ()
    notify_buyer: bool = False


class UploadOutcome(StrEnum):
    """How an upload ended well."""

    UPLOADED = "uploaded"
    ALREADY_THERE = "already_there"
    NOT_REQUIRED = "not_required"


@dataclass(frozen=True, slots=True)
class UploadResult:
    """The platform knows every tracking number, or needs none."""

    outcome: UploadOutcome
    calls: int = 0


@dataclass(frozen=True, slots=True)
class StockLevel:
    """How many units of one platform SKU can be sold. `location` only where the store has several."""

    platform_sku: str
    platform_product_id: str
    quantity: int
    location: str = ""


@dataclass(frozen=True, slots=True)
class StockResult:
    """The answer to one level; `code` and `reason` are empty when it was taken."""

    level: StockLevel
    ok: bool
    code: str = ""
    reason: str = ""


class WebhookKind(StrEnum):
    """What a webhook tells us."""

    ORDERS_TOUCHED = "orders_touched"
    ACCESS_ENDED = "access_ended"
    ACCESS_ENDING = "access_ending"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """A webhook with a good signature: the orders to pull again, and an id to recognise a second delivery by."""

    kind: WebhookKind
    topic: str
    account: str
    delivery_id: str
    order_ids: tuple[str, ...] = ()


class Connector(ABC):
    """One marketplace. Every marketplace has the abstract methods; the others need a capability in the manifest."""

    manifest: ClassVar[Manifest]
    settings_type: ClassVar[type]

    @abstractmethod
    def authorize_url(self, *, state: str, redirect_url: str, account: str = "") -> str:
        """Where to send the seller's browser; `account` is the shop where the platform must know it beforehand.

        Raises Refused (final) for an account that is no shop of this platform.
        """

    @abstractmethod
    async def exchange_code(self, params: Mapping[str, str], *, redirect_url: str) -> tuple[Grant, ...]:
        """Turn the callback's query into grants; the caller has checked `state`. Raises BadSignature, Refused."""

    @abstractmethod
    async def pull_page(self, credentials: Credentials, *, window: Window, cursor: str | None = None) -> OrderPage:
        """One page of what changed in the window; the same window goes with each cursor of a run.

        A cursor is resumable at any later time and by any process. One unreadable order is parked, the page goes on.
        """

    @abstractmethod
    async def pull_orders(self, credentials: Credentials, *, order_ids: Sequence[str]) -> OrderPage:
        """Up to 50 orders as they are now; ids that the platform does not know are parked."""

    async def refresh(self, credentials: Credentials) -> Credentials:
        """The next pair of tokens. It may be usable once only, so store it before using it.

        One refresh at a time for a store. After OutcomeUnknown try the old refresh token once more before giving up.
        """
        raise self._unsupported(Capability.REFRESH)

    async def fetch_label(
        self, credentials: Credentials, *, request: LabelRequest, progress: Mapping[str, object] | None = None
    ) -> LabelReady | LabelPending:
        """Go on with the label from `progress`; safe to call again after any error or crash, it never buys twice.

        Errors carry their own `progress` (JSON-able) to be stored and handed back; lost progress costs reads only.
        """
        raise self._unsupported(Capability.FETCH_LABEL)

    async def upload_tracking(self, credentials: Credentials, *, request: UploadRequest) -> UploadResult:
        """Tell the platform what was shipped; safe to repeat, it reads what the platform has before it writes."""
        raise self._unsupported(Capability.UPLOAD_TRACKING)

    async def push_stock(
        self, credentials: Credentials, *, levels: Sequence[StockLevel], key: str
    ) -> tuple[StockResult, ...]:
        """Set how many units can be sold, one answer a level in their order; `key` is the same on every repeat."""
        raise self._unsupported(Capability.PUSH_STOCK)

    def read_webhook(self, *, headers: Mapping[str, str], body: bytes, url: str) -> WebhookEvent:
        """Check the signature of a webhook that came to `url` and say what it touches. Raises BadSignature."""
        raise self._unsupported(Capability.READ_WEBHOOK)

    def _unsupported(self, capability: Capability) -> Unsupported:
        platform = self.manifest.platform
        return Unsupported(f"{platform} has no {capability}: ask manifest.capabilities first", platform=platform)
