"""How long a store's job waits after what went wrong; the same for pulls, labels and tracking uploads."""

import random
from dataclasses import dataclass
from datetime import timedelta

from sync.app.errors import AccessError, RefreshUnderway, StoreNotActive
from sync.connectors.kit.errors import ConnectorError, ReauthorizationNeeded, Throttled
from sync.domain.store import StoreState

AUTHORIZATION_POLL = timedelta(minutes=10)
"""Waiting jobs are woken when the store is authorised again; this is for the wake-up that was missed."""

SETTINGS_POLL = timedelta(minutes=5)
REFRESH_POLL = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait that is nobody's failure, and is not counted as a try."""

    after: timedelta
    code: str
    reason: str
    throttled_seconds: float = 0.0


def uncounted_wait(error: ConnectorError | AccessError) -> Wait | None:
    """The wait that `error` asks for; None where it is a failed try, or where waiting does not help."""
    match error:
        case Throttled():
            seconds = error.retry_after or 1.0
            # Spread, so that the jobs of one store do not all come back for the same token.
            return Wait(timedelta(seconds=seconds * random.uniform(1.0, 1.5)), error.code, error.reason, seconds)
        case RefreshUnderway():
            return Wait(REFRESH_POLL * random.uniform(0.5, 1.5), error.code, str(error))
        case StoreNotActive() if error.state is StoreState.AUTH_EXPIRED:
            return Wait(AUTHORIZATION_POLL * random.uniform(0.8, 1.2), error.code, str(error))
        case ReauthorizationNeeded():
            return Wait(AUTHORIZATION_POLL * random.uniform(0.8, 1.2), StoreNotActive.code, error.reason)
        case AccessError() if error.code in {"platform_not_configured", "credentials_unreadable"}:
            return Wait(SETTINGS_POLL * random.uniform(0.8, 1.2), error.code, str(error))
        case _:
            return None
