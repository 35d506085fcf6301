"""What a connector can do and what it costs, as data: the contract suite holds it against the code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from contracts.sync.v1 import PlatformStatusV1


class Capability(StrEnum):
    """An optional ability; its value is the name of the port's method that a connector overrides to have it."""

    REFRESH = "refresh"
    FETCH_LABEL = "fetch_label"
    UPLOAD_TRACKING = "upload_tracking"
    PUSH_STOCK = "push_stock"
    READ_WEBHOOK = "read_webhook"


class Meaning(StrEnum):
    """What one of the platform's error codes asks of the caller; each is one class of kit/errors.py."""

    TRANSIENT = "transient"
    THROTTLED = "throttled"
    ACCESS_EXPIRED = "access_expired"
    REAUTHORIZE = "reauthorize"
    PERMISSION = "permission"
    NOT_READY = "not_ready"
    REFUSED = "refused"
    REFUSED_FOR_NOW = "refused_for_now"


@dataclass(frozen=True, slots=True)
class Limits:
    """The platform's bounds. Rates are tokens a second and the bucket's size, where a call takes its cost in tokens."""

    page_orders: int
    detail_orders: int
    window: timedelta | None
    rate_per_second: float
    burst: float
    webhook_answer_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """One platform: its slug and version, abilities, costs per call (in tokens), limits, and error codes.

    `errors` maps the platform's code to its meaning; a code that is missing is a refusal with the platform's own words.
    `statuses` maps each documented word; a word that is missing is UNKNOWN, never a guess.
    """

    platform: str
    title: str
    api_version: str
    capabilities: frozenset[Capability]
    limits: Limits
    costs: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    errors: Mapping[str, Meaning] = field(default_factory=lambda: MappingProxyType({}))
    statuses: Mapping[str, PlatformStatusV1] = field(default_factory=lambda: MappingProxyType({}))
    access_token_life: timedelta | None = None
    refresh_token_life: timedelta | None = None
