"""From a transaction to its effect elsewhere, on a real broker."""

import asyncio
from uuid import uuid4

import pytest
from common.db.unit_of_work import Transactions, UnitOfWork
from common.messaging.dead_letters import DeadLetters
from common.messaging.envelope import pack
from common.messaging.publisher import Publisher
from common.testing.messaging import Start, effects, hold_funds, recording
from common.testing.waiting import eventually
from sqlalchemy import text

EVENT = (
    '{"specversion":"1.0","id":"%s","type":"billing.hold_funds.v1","source":"t",'
    '"time":"2026-01-01T00:00:00+00:00","data":%s}'
)


async def test_every_message_takes_effect_once(transactions: Transactions[UnitOfWork], start: Start) -> None:
    start(recording())
    commands = [hold_funds(number + 100) for number in range(250)]
    async with transactions.begin() as uow:
        for command in commands:
            uow.outbox.add(command)

    async def all_there() -> bool:
        return len(await effects(transactions)) == 250

    await eventually(all_there)
    assert set((await effects(transactions)).values()) == {1}


async def test_a_rolled_back_transaction_says_nothing(transactions: Transactions[UnitOfWork]) -> None:
    async def change_of_mind() -> None:
        async with transactions.begin() as uow:
            uow.outbox.add(hold_funds())
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        await change_of_mind()
    async with transactions.engine.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM outbox"))).scalar_one() == 0


async def test_a_command_sent_again_is_answered_again_and_has_no_second_effect(
    transactions: Transactions[UnitOfWork], start: Start
) -> None:
    running = start(recording())
    command, command_id = hold_funds(1), uuid4()
    for _ in range(2):
        async with transactions.begin() as uow:
            uow.outbox.add(command, message_id=command_id)
        await eventually(lambda: _handled(transactions, command_id))
    running.tasks[1].cancel()  # The relay stops, so that the second answer stays where it can be seen.
    async with transactions.begin() as uow:
        uow.outbox.add(command, message_id=command_id)
    await running.relay.carry()

    async def answered_again() -> bool:
        async with transactions.engine.connect() as connection:
            bodies = (await connection.execute(text("SELECT body FROM outbox"))).scalars().all()
        return any("funds_refused" in body for body in bodies)

    await eventually(answered_again)
    assert (await effects(transactions))[command.fulfillment_id] == 1


async def _handled(transactions: Transactions[UnitOfWork], message_id: object) -> bool:
    async with transactions.engine.connect() as connection:
        found = await connection.execute(text("SELECT 1 FROM inbox WHERE message_id = :id"), {"id": message_id})
        return found.first() is not None


async def test_a_poisonous_event_is_parked_alone_and_can_be_replayed(
    transactions: Transactions[UnitOfWork], start: Start, publisher: Publisher
) -> None:
    start(recording())
    commands = [hold_funds(number) for number in range(10, 20)]
    async with transactions.begin() as uow:
        for command in commands:
            uow.outbox.add(command)

    async def neighbours_done() -> bool:
        return len(await effects(transactions)) == 9

    await eventually(neighbours_done)
    letters = DeadLetters("billing", publisher)

    async def parked() -> bool:
        return bool(await letters.counts())

    await eventually(parked)
    found = await letters.parked()
    assert [letter.error for letter in found] == ["thirteen is poison"]
    assert "FO-13" in found[0].body
    assert await letters.replay() == 1
    await eventually(parked)  # It is still poison, so it comes back.


async def test_malformed_events_are_parked_and_their_neighbours_go_on(
    transactions: Transactions[UnitOfWork], start: Start, publisher: Publisher
) -> None:
    start(recording())
    await publisher.connect()
    good = hold_funds(1)
    bodies = [
        EVENT % (uuid4(), good.model_dump_json()),
        EVENT % (uuid4(), '{"seller_id": "nonsense"}'),
        EVENT.replace("hold_funds", "unknown_message") % (uuid4(), "{}"),
        "[1]",
        '{"id": 5}',
    ]
    await publisher.publish("billing.hold_funds.v1", pack(bodies))
    await publisher.publish("billing.hold_funds.v1", b"not json at all")
    letters = DeadLetters("billing", publisher)

    async def five_parked() -> bool:
        return sum((await letters.counts()).values()) == 5

    await eventually(five_parked)

    async def good_done() -> bool:
        return await effects(transactions) == {good.fulfillment_id: 1}

    await eventually(good_done)
    errors = " | ".join(letter.error for letter in await letters.parked())
    assert "seller_id" in errors
    assert "unknown_message" in errors
    assert "not JSON" in errors


async def test_two_workers_and_a_repeated_frame_have_one_effect(
    transactions: Transactions[UnitOfWork], start: Start, publisher: Publisher
) -> None:
    workers = [start(recording()) for _ in range(2)]
    command = hold_funds(1)
    body = EVENT % (uuid4(), command.model_dump_json())
    await asyncio.gather(*(publisher.publish("billing.hold_funds.v1", pack([body])) for _ in range(20)))
    last = hold_funds(2)
    async with transactions.begin() as uow:
        uow.outbox.add(last)

    async def both_done() -> bool:
        return {command.fulfillment_id, last.fulfillment_id} <= set(await effects(transactions))

    await eventually(both_done)  # A worker may overtake the other, so the last command can be done before the first.
    for worker in workers:
        await worker.stop()
    assert await effects(transactions) == {command.fulfillment_id: 1, last.fulfillment_id: 1}
