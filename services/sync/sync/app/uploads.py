"""Telling a platform what was shipped."""

import random
from datetime import timedelta

from common.messaging.jobs import Done, Job, Outcome
from contracts.sync.v1 import UploadTrackingV1

from sync.app.access import StoreAccess
from sync.app.errors import AccessError
from sync.app.order_tasks import Ended, TaskRules, command_of
from sync.connectors.kit.connector import UploadRequest
from sync.connectors.kit.errors import ConnectorError
from sync.domain.order_task import Patience, TaskState

BASE = timedelta(seconds=2)
MOST = timedelta(minutes=30)


class TrackingUploader:
    """Runs upload_tracking jobs. An interrupted one is simply run again: the connector reads what the platform has
    before it writes.
    """

    def __init__(self, access: StoreAccess, *, tries: int) -> None:
        self._access = access
        patience = Patience(tries=tries, timeout=None, base=BASE, most=MOST)
        self._rules = TaskRules(patience, exhausted_code="upload_exhausted")

    async def run(self, job: Job) -> Outcome:
        """One try."""
        given_up = self._rules.given_up(job)
        if given_up:
            return Done(given_up)
        command = command_of(UploadTrackingV1, job)
        request = UploadRequest(command.platform_order_id, command.parcels, command.lines)
        try:
            await self._access.call(
                command.store_id,
                lambda connector, credentials: connector.upload_tracking(credentials, request=request),
                seller_id=command.seller_id,
            )
        except (ConnectorError, AccessError) as error:
            return self._rules.after(error, job, progress=None, spread=random.random())
        return Done(Ended(TaskState.DONE))
