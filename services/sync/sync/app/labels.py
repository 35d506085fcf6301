"""Getting a platform's label: the connector walks the platform's steps, the document goes into the store of files."""

import random
from datetime import timedelta

from common.documents import Documents, document_key
from common.messaging.jobs import Done, Job, Outcome
from contracts.common_parts import ParcelV1
from contracts.sync.v1 import FetchLabelV1

from sync.app.access import StoreAccess
from sync.app.errors import AccessError
from sync.app.order_tasks import Ended, TaskRules, command_of
from sync.connectors.kit.connector import LabelledParcel, LabelPending, LabelReady, LabelRequest
from sync.connectors.kit.errors import ConnectorError
from sync.domain.order_task import Patience, TaskState

BASE = timedelta(seconds=2)
MOST = timedelta(minutes=5)


class LabelFetcher:
    """Runs fetch_label jobs. A job that was interrupted needs nothing special: the connector reads what the platform
    has before it asks for anything, so a step is never done twice.
    """

    def __init__(self, access: StoreAccess, documents: Documents, *, timeout: timedelta) -> None:
        self._access = access
        self._documents = documents
        patience = Patience(tries=None, timeout=timeout, base=BASE, most=MOST)
        self._rules = TaskRules(patience, exhausted_code="label_timeout")

    async def run(self, job: Job) -> Outcome:
        """One try; progress is what the connector left."""
        command = command_of(FetchLabelV1, job)
        progress = (job.progress or {}).get("step")
        request = LabelRequest(command.platform_order_id, command.package_numbers, command.weight_grams)
        try:
            answer = await self._access.call(
                command.store_id,
                lambda connector, credentials: connector.fetch_label(credentials, request=request, progress=progress),
                seller_id=command.seller_id,
            )
        except (ConnectorError, AccessError) as error:
            kept = getattr(error, "progress", None) or progress
            return self._rules.after(error, job, progress=kept, spread=random.random())
        if isinstance(answer, LabelPending):
            return self._rules.try_again(
                job,
                code=answer.code,
                reason=answer.reason,
                least=answer.retry_after,
                progress=answer.progress,
                spread=random.random(),
            )
        return Done(Ended(TaskState.DONE, parcels=await self._keep(command, answer)))

    async def _keep(self, command: FetchLabelV1, answer: LabelReady) -> tuple[ParcelV1, ...]:
        return tuple(
            [await self._keep_one(command, parcel, number) for number, parcel in enumerate(answer.parcels, start=1)]
        )

    async def _keep_one(self, command: FetchLabelV1, parcel: LabelledParcel, number: int) -> ParcelV1:
        name = f"{command.order_id}-{command.attempt}-{number}.{parcel.label_format}"
        key = document_key(command.seller_id, "labels", name)
        await self._documents.put(key, parcel.label)
        return ParcelV1(
            package_number=parcel.package_number,
            tracking_number=parcel.tracking_number,
            tracking_url=parcel.tracking_url,
            carrier=parcel.carrier,
            label_key=key,
            label_format=parcel.label_format,
        )
