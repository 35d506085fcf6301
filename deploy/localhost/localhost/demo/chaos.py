"""Kills every process in turn and restarts the broker while the day goes on."""

import asyncio
import random
from collections.abc import Callable

from localhost.installation import Installation

FIRST_WAIT_SECONDS = 6.0
"""A broker that is killed right after a queue was declared may lose the queue."""


async def wreak(it: Installation, *, seed: int, say: Callable[[str], None]) -> None:
    """One round: kill -9 every process and restart the broker, in a shuffled order, a few seconds apart."""
    dice = random.Random(seed)
    await asyncio.sleep(FIRST_WAIT_SECONDS)
    victims = [*it.processes, "broker"]
    dice.shuffle(victims)
    for victim in victims:
        await asyncio.sleep(dice.uniform(2.0, 6.0))
        if victim == "broker":
            say("restarting the broker")
            await it.restart_broker()
        else:
            say(f"kill -9 {victim}")
            it.processes[victim].kill()
    say("every process was killed once, and the broker was restarted")
