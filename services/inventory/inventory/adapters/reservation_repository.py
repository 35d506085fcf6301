"""Reservations and anomalies. The statements of the hot path take one array a column, whatever the number of rows."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from common.db.bulk import insert_rows
from common.kernel.ids import uuid7
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from inventory.adapters import tables
from inventory.adapters.locks import LOCK_ATTEMPTS
from inventory.app.ports import Anomaly, Decision
from inventory.domain.reservation import Attempt, AttemptKey, ReservationState, ReservedRow, Shortage, Verdict

_VERDICTS = text(
    """
    SELECT r.reference_id, r.attempt, r.seller_id, r.state, r.shortages, r.reason
    FROM unnest(CAST(:references AS uuid[]), CAST(:attempts AS integer[])) AS wanted(reference_id, attempt)
    JOIN reservations r ON r.reference_id = wanted.reference_id AND r.attempt = wanted.attempt AND r.number = 0
    """
)

_HOLD = text(
    """
    INSERT INTO reservations (reference_id, seller_id, stock_id, attempt, quantity, number, line_id, state, created_at)
    SELECT *, 'held', CAST(:at AS timestamptz)
    FROM unnest(CAST(:references AS uuid[]), CAST(:sellers AS uuid[]), CAST(:stocks AS uuid[]),
                CAST(:attempts AS integer[]), CAST(:quantities AS integer[]), CAST(:numbers AS smallint[]),
                CAST(:lines AS text[]))
    """
)

_TOMBSTONES = text(
    """
    INSERT INTO reservations (reference_id, attempt, number, seller_id, quantity, state, line_id, reason,
                              created_at, ended_at)
    SELECT reference_id, attempt, 0, seller_id, 0, 'released', '', reason,
           CAST(:at AS timestamptz), CAST(:at AS timestamptz)
    FROM unnest(CAST(:references AS uuid[]), CAST(:attempts AS integer[]), CAST(:sellers AS uuid[]),
                CAST(:reasons AS text[])) AS source(reference_id, attempt, seller_id, reason)
    ORDER BY reference_id, attempt
    ON CONFLICT DO NOTHING
    RETURNING reference_id, attempt
    """
)

_RELEASE = text(
    """
    UPDATE reservations r SET state = 'released', ended_at = :at, reason = source.reason
    FROM unnest(CAST(:references AS uuid[]), CAST(:attempts AS integer[]), CAST(:reasons AS text[]))
         AS source(reference_id, attempt, reason)
    WHERE r.reference_id = source.reference_id AND r.attempt = source.attempt AND r.state IN ('held', 'refused')
    """
)

_CONSUME = text(
    """
    WITH ended AS (
        UPDATE reservations r SET state = 'consumed', ended_at = :at
        FROM unnest(CAST(:references AS uuid[]), CAST(:attempts AS integer[])) AS source(reference_id, attempt)
        WHERE r.reference_id = source.reference_id AND r.attempt = source.attempt AND r.state = 'held'
        RETURNING r.stock_id, r.seller_id, r.quantity, r.reference_id, r.attempt, r.number
    )
    INSERT INTO movements (stock_id, seller_id, at, quantity, kind, reference_id, attempt, number)
    SELECT stock_id, seller_id, CAST(:at AS timestamptz), -quantity, 'shipped', reference_id, attempt, number FROM ended
    """
)

_RESOLVE = text(
    """
    UPDATE anomalies SET resolved_at = COALESCE(resolved_at, :at), resolved_by = COALESCE(resolved_by, :actor),
        note = :note
    WHERE id = :id RETURNING id
    """
)


def _keys(keys: Collection[AttemptKey]) -> dict[str, list[Any]]:
    return {"references": [key.reference_id for key in keys], "attempts": [key.attempt for key in keys]}


def _refusal(decision: Decision, *, at: datetime) -> dict[str, Any]:
    key, verdict = decision.request.key, decision.verdict
    short = [{"sku": s.sku, "need": s.need, "have": s.have} for s in verdict.shortages]
    return {
        "reference_id": key.reference_id,
        "attempt": key.attempt,
        "number": 0,
        "seller_id": decision.request.seller_id,
        "quantity": 0,
        "state": verdict.state.value,
        "line_id": "",
        "shortages": short or None,
        "reason": verdict.code,
        "created_at": at,
    }


class SqlReservationRepository:
    """`ReservationRepository` on PostgreSQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def verdicts(self, keys: Collection[AttemptKey]) -> dict[AttemptKey, Verdict]:
        """What was decided about these attempts before; undecided ones are absent."""
        rows = await self._connection.execute(_VERDICTS, _keys(keys))
        return {
            AttemptKey(row.reference_id, row.attempt): Verdict(
                row.seller_id,
                ReservationState(row.state),
                row.reason or "",
                tuple(Shortage(**shortage) for shortage in row.shortages or ()),
            )
            for row in rows.fetchall()
        }

    async def add(self, decisions: Sequence[Decision], *, at: datetime) -> None:
        """Write held lines and refusals. An attempt that somebody else decides at the same time fails the whole."""
        names = ("references", "sellers", "stocks", "attempts", "quantities", "numbers", "lines")
        held = [
            (request.key.reference_id, request.seller_id, shelf[line.sku].id, request.key.attempt, line.quantity,
             number, line.line_id)
            for request, shelf in ((d.request, d.shelf) for d in decisions if d.verdict.reserved)
            for number, line in enumerate(request.lines)
        ]  # fmt: skip
        if held:
            columns = dict(zip(names, map(list, zip(*held, strict=True)), strict=True))
            await self._connection.execute(_HOLD, {"at": at, **columns})
        await insert_rows(
            self._connection,
            tables.reservations,
            [_refusal(decision, at=at) for decision in decisions if not decision.verdict.reserved],
        )

    async def lock_attempts(self, keys: Collection[AttemptKey]) -> dict[AttemptKey, Attempt]:
        """The attempts with their rows, locked; unknown ones are absent."""
        attempts: dict[AttemptKey, Attempt] = {}
        if not keys:
            return attempts
        rows = await self._connection.execute(LOCK_ATTEMPTS, _keys(keys))
        for reference_id, number_of_attempt, number, seller_id, stock_id, quantity, state in rows.fetchall():
            key = AttemptKey(reference_id, number_of_attempt)
            row = ReservedRow(key, number, seller_id, stock_id, quantity, ReservationState(state))
            attempt = attempts.get(key)
            if attempt is None:
                attempts[key] = Attempt(key, seller_id, row.state, [row])
            else:
                attempt.rows.append(row)
        return attempts

    async def add_tombstones(
        self, sellers: Mapping[AttemptKey, UUID], *, reasons: Sequence[str], at: datetime
    ) -> set[AttemptKey]:
        """Leave a released row for attempts that are not there; returns those for which that was so."""
        rows = await self._connection.execute(
            _TOMBSTONES, {**_keys(sellers), "sellers": list(sellers.values()), "reasons": list(reasons), "at": at}
        )
        return {AttemptKey(row.reference_id, row.attempt) for row in rows.fetchall()}

    async def release(self, keys: Sequence[AttemptKey], *, reasons: Sequence[str], at: datetime) -> None:
        """End attempts as released."""
        if keys:
            await self._connection.execute(_RELEASE, {**_keys(keys), "reasons": list(reasons), "at": at})

    async def consume(self, keys: Sequence[AttemptKey], *, at: datetime) -> None:
        """End attempts as consumed, and append a movement for each of their rows."""
        if keys:
            await self._connection.execute(_CONSUME, {**_keys(keys), "at": at})

    async def add_anomalies(self, anomalies: Sequence[Anomaly], *, at: datetime) -> None:
        """Record what could not be followed, once per kind and attempt."""
        await insert_rows(
            self._connection,
            tables.anomalies,
            [
                {
                    "id": uuid7(),
                    "seller_id": anomaly.seller_id,
                    "kind": anomaly.kind.value,
                    "reference_id": anomaly.key.reference_id,
                    "attempt": anomaly.key.attempt,
                    "detail": anomaly.detail,
                    "created_at": at,
                }
                for anomaly in anomalies
            ],
            on_conflict="DO NOTHING",
        )

    async def resolve_anomaly(self, anomaly_id: UUID, *, actor: str, note: str, at: datetime) -> bool:
        """Mark an anomaly as looked at; returns whether it is there."""
        rows = await self._connection.execute(_RESOLVE, {"id": anomaly_id, "actor": actor, "note": note, "at": at})
        return rows.first() is not None
