"""The composition root, as routes see it."""

from dataclasses import dataclass

from common.db.unit_of_work import Transactions

from sync.app.authorize import Authorizer
from sync.app.connectors import Connectors
from sync.app.ports import SyncUow
from sync.app.webhooks import WebhookReceiver


@dataclass(frozen=True, slots=True)
class SyncService:
    """What routes need."""

    transactions: Transactions[SyncUow]
    connectors: Connectors
    authorizer: Authorizer
    webhooks: WebhookReceiver
