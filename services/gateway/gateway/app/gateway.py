"""What routes and the proxy work with."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx2
from common.db.unit_of_work import Transactions

from gateway.app.ports import Passwords, Uow
from gateway.app.sign_in import Sessions, SignIn
from gateway.domain.access import AccessTable


@dataclass(frozen=True, slots=True)
class Gateway:
    """The composition root; `services` are the base URLs by name, `timeout` seconds of one call by phase."""

    transactions: Transactions[Uow]
    sign_in: SignIn
    sessions: Sessions
    passwords: Passwords
    access: AccessTable
    client: httpx2.AsyncClient
    transport: httpx2.AsyncBaseTransport
    timeout: Mapping[str, float]
    services: Mapping[str, str]
    secure_cookies: bool
