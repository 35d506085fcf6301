"""What sync is told to do."""

from collections.abc import Sequence

from common.messaging.consumers import Consumers, consumes
from contracts.sync.v1 import FetchLabelV1, UploadTrackingV1

from sync.app.order_tasks import accept_tasks
from sync.app.ports import SyncUow

consumers = Consumers("sync")


@consumes(consumers, FetchLabelV1)
async def on_fetch_label(messages: Sequence[FetchLabelV1], uow: SyncUow) -> None:
    """Each becomes a job of its store."""
    await accept_tasks(messages, uow=uow)


@consumes(consumers, UploadTrackingV1)
async def on_upload_tracking(messages: Sequence[UploadTrackingV1], uow: SyncUow) -> None:
    """Each becomes a job of its store."""
    await accept_tasks(messages, uow=uow)
