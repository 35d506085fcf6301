import pytest
from common.errors import InvalidInput
from inventory.domain.product import Measures
from inventory.entrypoints.product_csv import MOST_BYTES, parse_products


class TestParseProducts:
    def test_reads_lines_with_their_numbers(self) -> None:
        text = 'sku,title,weight_grams,hazard_class\r\n00A,"Mug, blue",350,\r\na-1,"two\nlines",,9\r\n'
        parsed = parse_products(("\ufeff" + text).encode())
        (first,) = parsed.rows
        assert (first.ref, first.data.sku, first.data.title) == ("line 2", "00A", "Mug, blue")
        assert first.data.declared == Measures(weight_grams=350)
        assert [row.ref for row in parsed.refused] == ["line 4"]  # A title has no line breaks.

    def test_refuses_bad_lines_one_by_one(self) -> None:
        lines = [
            "sku,title,weight_grams",
            "A,Mug,heavy",
            "B,Cup,0",
            ",Cup,1",
            "C,Cup,1,extra",
            "D,Cup",
            "E,Cup,7",
            " F,x,1",
        ]
        parsed = parse_products("\n".join(lines).encode())
        assert [row.data.sku for row in parsed.rows] == ["E"]
        refused = {row.ref: row.message for row in parsed.refused}
        assert set(refused) == {"line 2", "line 3", "line 4", "line 5", "line 6", "line 8"}
        assert "weight_grams" in refused["line 2"]
        assert "'heavy'" in refused["line 2"]
        assert refused["line 4"] == "sku: is missing"
        assert "more or fewer fields" in refused["line 5"]
        assert all(row.remedy for row in parsed.refused)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "lacks sku, title"),
            (b"title\nMug\n", "lacks sku"),
            (b"sku,title,colour\n", "unknown columns colour"),
            (b"sku,title,sku\n", "repeats sku"),
            (b"\xff\xfes\x00k\x00", "not UTF-8"),
            (b'sku,title\nA,"Mug\n', "is not CSV"),
            (b" " * (MOST_BYTES + 1), "larger than"),
        ],
    )
    def test_refuses_what_is_no_such_file(self, content: bytes, message: str) -> None:
        with pytest.raises(InvalidInput, match=message) as caught:
            parse_products(content)
        assert caught.value.fields[0].remedy

    def test_a_file_without_lines_has_none(self) -> None:
        parsed = parse_products(b"sku,title\n")
        assert (parsed.rows, parsed.refused) == ([], [])
