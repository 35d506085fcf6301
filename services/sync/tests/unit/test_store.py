"""The life of a store."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sync.domain.store import TRANSITIONS, IllegalMove, Store, StoreState


def store(state: StoreState = StoreState.AUTHORIZING) -> Store:
    return Store(
        id=UUID(int=1),
        seller_id=UUID(int=2),
        platform="shopify",
        account=None,
        name="Mugs",
        state=state,
        state_reason="",
        version=1,
        last_complete_until=None,
    )


def test_every_state_has_a_row() -> None:
    assert set(TRANSITIONS) == set(StoreState)


@given(start=st.sampled_from(StoreState), moves=st.lists(st.sampled_from(StoreState), max_size=12))
def test_a_walk_keeps_to_the_table_and_counts_its_changes(start: StoreState, moves: list[StoreState]) -> None:
    walker = store(start)
    changes = 0
    for target in moves:
        before, version = walker.state, walker.version
        if target is before:
            assert not walker.move_to(target, reason="again")
            assert (walker.state, walker.version) == (before, version)
        elif target in TRANSITIONS[before]:
            assert walker.move_to(target, reason="next")
            changes += 1
            assert (walker.state, walker.state_reason) == (target, "next")
        else:
            with pytest.raises(IllegalMove):
                walker.move_to(target, reason="no")
            assert (walker.state, walker.version) == (before, version)
    assert walker.version == 1 + changes


def test_nothing_leads_back_to_authorizing() -> None:
    assert all(StoreState.AUTHORIZING not in targets for targets in TRANSITIONS.values())


def test_every_state_can_be_disabled() -> None:
    assert all(StoreState.DISABLED in TRANSITIONS[state] for state in StoreState if state is not StoreState.DISABLED)


def test_a_new_name_is_a_new_version() -> None:
    mugs = store()
    assert mugs.rename("Cups")
    assert not mugs.rename("Cups")
    assert mugs.version == 2
