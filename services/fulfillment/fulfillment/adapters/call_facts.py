"""What calls to the outside read of the database and the document store, each read by itself."""

from uuid import UUID

from common.db.unit_of_work import Transactions
from common.documents import Documents
from sqlalchemy import text

from fulfillment.app.ports import Uow
from fulfillment.app.saving import SUBMIT
from fulfillment.domain.states import Stage, stage_of

_STAGE = text("SELECT status, draft_status, submission FROM fulfillments WHERE id = :id")
_OPEN = text("SELECT 1 FROM jobs WHERE kind = :kind AND key = :key AND state = 'open'")


class SqlCallFacts:
    """Reads for the jobs."""

    def __init__(self, transactions: Transactions[Uow], documents: Documents) -> None:
        self._transactions = transactions
        self._documents = documents

    async def stage(self, fulfillment_id: UUID) -> tuple[Stage, int] | None:
        """The stage and the current submission of a fulfilment order."""
        async with self._transactions.engine.connect() as connection:
            row = (await connection.execute(_STAGE, {"id": fulfillment_id})).one_or_none()
        return (stage_of(row.status, row.draft_status), row.submission) if row else None

    async def is_being_submitted(self, key: str) -> bool:
        """Whether a submit job of this key may still call."""
        async with self._transactions.engine.connect() as connection:
            return (await connection.execute(_OPEN, {"kind": SUBMIT, "key": key})).first() is not None

    async def label(self, key: str) -> bytes:
        """A label of the document store; raises NotFound."""
        return await self._documents.get(key)
