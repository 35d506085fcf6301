"""The calls to carriers and to the document store: what one run of a job does. No transaction is open here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from common.messaging.jobs import Done, Job, JobResult, Outcome

from fulfillment.app.closing import LABELS
from fulfillment.app.drafting import LabelMade, LabelNotMade, settle_labels
from fulfillment.app.ports import CarrierPort, LabelRefused, LabelRequest, Uow
from fulfillment.app.saving import label_reference
from fulfillment.domain.channel import CarrierSettings
from fulfillment.domain.parts import Address, Parcel


class DocumentStore(Protocol):
    """Whole files under keys."""

    async def put(self, key: str, content: bytes) -> None:
        """Write."""

    async def get(self, key: str) -> bytes:
        """Read; raises NotFound."""

    async def delete(self, key: str) -> None:
        """Remove, if it is there."""


def label_key(seller_id: UUID, name: str) -> str:
    """Where a label of this service is kept; the key begins with its seller."""
    return f"{seller_id}/{LABELS}/{name}"


@dataclass(slots=True)
class LabelCalls:
    """The handlers of the jobs carrier_label, void_label and erase_documents."""

    carrier: CarrierPort
    documents: DocumentStore

    async def fetch(self, job: Job) -> Outcome:
        """Have the label made and stored; the carrier knows a repeat by its reference."""
        payload: Any = job.payload
        fulfillment_id = UUID(payload["fulfillment_id"])
        label_attempt = int(payload["label_attempt"])
        request = LabelRequest(
            reference=label_reference(fulfillment_id, label_attempt),
            seller_id=UUID(payload["seller_id"]),
            number=payload["number"],
            order_number=payload["order_number"],
            carrier=CarrierSettings(**payload["carrier"]),
            ship_from=payload["ship_from"],
            ship_to=Address(**payload["ship_to"]),
        )
        try:
            label = await self.carrier.buy(request)
        except LabelRefused as refusal:
            return Done(LabelNotMade(fulfillment_id, label_attempt, refusal.code, refusal.reason))
        key = label_key(request.seller_id, f"{fulfillment_id}-{label_attempt}.{label.label_format}")
        await self.documents.put(key, label.content)
        parcel = Parcel(
            tracking_number=label.tracking_number,
            carrier=label.carrier,
            label_key=key,
            label_format=label.label_format,
        )
        return Done(LabelMade(fulfillment_id, label_attempt, parcel))

    async def void(self, job: Job) -> Outcome:
        """Tell the carrier that a label is not used."""
        await self.carrier.void(job.payload["reference"], seller_id=UUID(job.payload["seller_id"]))
        return Done()

    async def erase(self, job: Job) -> Outcome:
        """Remove label files."""
        for key in job.payload["keys"]:
            await self.documents.delete(key)
        return Done()


async def settle_label_calls(results: Sequence[JobResult], *, uow: Uow) -> None:
    """Take in what the carriers answered."""
    done = [result.outcome.result for result in results if isinstance(result.outcome, Done)]
    await settle_labels([made for made in done if isinstance(made, LabelMade | LabelNotMade)], uow=uow)
