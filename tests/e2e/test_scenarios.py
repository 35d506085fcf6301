"""The acceptance scenarios, played through the public API of one installation and against the sandbox."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import pytest
import pytest_asyncio
from localhost.demo.scene import Scene, open_scene
from localhost.installation import Installation, Options, installation

from . import labels, money, pulls, reviews, warehouse
from .world import SETTINGS, World, set_up

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(900),  # A whole installation starts, which takes minutes on a busy machine.
]

Play = Callable[[World], Awaitable[None]]

SCENARIOS: tuple[Play, ...] = (
    reviews.s01_two_orders_race_for_the_last_unit,
    reviews.s02_a_mapping_of_three_with_two_in_stock,
    reviews.s03_a_bundle_is_locked_whole_or_not_at_all,
    money.s04_funds_of_exactly_nothing,
    money.s04_the_fee_is_shown_on_the_submission,
    money.s05_a_topup_in_another_currency,
    pulls.s06_the_same_orders_come_three_ways,
    pulls.s07_how_far_back_a_sync_reaches,
    pulls.s08_the_token_dies_and_is_refreshed,
    pulls.s08_the_token_dies_for_good,
    labels.s11_the_platform_refuses_the_label,
    warehouse.s12_the_warehouse_rejects,
    labels.s13_the_tracking_upload_is_refused,
    labels.s13_a_platform_label_needs_no_upload,
    reviews.s14_a_product_is_not_measured,
)

UNHURRIED: tuple[Play, ...] = (
    warehouse.s09_the_platform_cancels_before_the_submission,
    warehouse.s10_the_seller_cancels_and_the_warehouse_does_not_answer,
    labels.s11_the_platform_label_comes_late,
    labels.s13_the_tracking_upload_fails_twice,
)
"""Scenarios that wait for most of their time: they are played side by side."""


def name_of(play: object) -> str:
    return str(getattr(play, "__name__", play))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def it() -> AsyncIterator[Installation]:
    async with installation(Options(purpose="scenarios", env=SETTINGS, ready_seconds=600)) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(it: Installation) -> AsyncIterator[Scene]:
    opened = await open_scene(it)
    try:
        await set_up(opened)
        yield opened
    finally:
        await opened.aclose()


async def played(play: Play, scene: Scene, it: Installation) -> None:
    world = World(scene, it.run.logs)
    try:
        await play(world)
    finally:
        await world.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def side_by_side(scene: Scene, it: Installation) -> AsyncIterator[Mapping[Play, asyncio.Task[None]]]:
    tasks = {play: asyncio.create_task(played(play, scene, it)) for play in UNHURRIED}
    yield tasks
    for task in tasks.values():
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)


@pytest.mark.parametrize("play", SCENARIOS, ids=name_of)
async def test_scenario(play: Play, scene: Scene, it: Installation) -> None:
    await played(play, scene, it)


@pytest.mark.parametrize("play", UNHURRIED, ids=name_of)
async def test_unhurried_scenario(play: Play, side_by_side: Mapping[Play, asyncio.Task[None]]) -> None:
    await side_by_side[play]
