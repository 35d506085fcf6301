"""The invariants of a service, each one a query that finds the rows which break it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine


@dataclass(frozen=True, slots=True)
class Check:
    """`query` selects what is wrong; no row means that the invariant holds."""

    name: str
    meaning: str
    query: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How many rows break an invariant, with the first few."""

    check: Check
    broken: int
    examples: tuple[str, ...]


MESSAGING_CHECKS = (
    Check("outbox_empty", "every message has been carried to the broker", "SELECT position, routing_key FROM outbox"),
    Check(
        "jobs_not_failed",
        "no call to the outside has been given up",
        "SELECT kind, key, last_error FROM jobs WHERE state = 'failed'",
    ),
)
"""What holds of every service once it is quiet; `jobs_not_failed` names what waits for a person."""


async def run_checks(engine: AsyncEngine, checks: Sequence[Check]) -> list[CheckResult]:
    """Try all invariants on one snapshot of the database."""
    results = []
    async with engine.connect() as connection:
        await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        for check in checks:
            count = (await connection.execute(text(f"SELECT count(*) FROM ({check.query}) AS broken"))).scalar_one()
            examples: tuple[str, ...] = ()
            if count:
                rows = await connection.execute(text(f"SELECT * FROM ({check.query}) AS broken LIMIT 5"))
                examples = tuple(", ".join(f"{k}={v}" for k, v in row._mapping.items()) for row in rows)
            results.append(CheckResult(check, count, examples))
    return results
