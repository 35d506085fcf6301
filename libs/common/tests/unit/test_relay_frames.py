from common.messaging.relay import FRAME_BYTES, FRAME_EVENTS, frames
from hypothesis import given
from hypothesis import strategies as st

ROWS = st.lists(st.tuples(st.sampled_from(["a.b.v1", "c.d.v1"]), st.integers(1, 100_000)), max_size=400)


@given(ROWS)
def test_frames_carry_every_row_once_in_order_and_keep_their_limits(content: list[tuple[str, int]]) -> None:
    rows = [(position, key, "x" * size) for position, (key, size) in enumerate(content)]
    packed = frames(rows)
    assert sorted(position for frame in packed for position in frame.positions) == [row[0] for row in rows]
    for key in {row[1] for row in rows}:
        positions = [position for frame in packed if frame.routing_key == key for position in frame.positions]
        assert positions == sorted(positions)
    for frame in packed:
        assert len(frame.bodies) <= FRAME_EVENTS
        assert frame.size <= FRAME_BYTES or len(frame.bodies) == 1
