from .harness import Harness


async def test_stock_updates_stay_within_their_page(harness: Harness) -> None:
    indexed = await harness.rows(
        "SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey) "
        "WHERE i.indrelid = 'stock'::regclass"
    )
    assert {row.attname for row in indexed}.isdisjoint({"on_hand", "reserved", "version"})
