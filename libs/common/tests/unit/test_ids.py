import time

from common.kernel.ids import derived_id, uuid7


def test_ids_of_a_process_grow() -> None:
    ids = [uuid7() for _ in range(10_000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)


def test_an_id_is_version_7_and_carries_its_time() -> None:
    before = time.time_ns() // 1_000_000
    identifier = uuid7()
    assert identifier.version == 7
    assert abs((identifier.int >> 80) - before) < 5_000


def test_derived_ids_repeat() -> None:
    assert derived_id("orders", 1, "reserve", 2) == derived_id("orders", 1, "reserve", 2)
    assert derived_id("orders", 1, "reserve", 2) != derived_id("orders", 1, "reserve", 3)
