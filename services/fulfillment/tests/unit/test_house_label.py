import math
from dataclasses import replace

import pypdfium2
import pytest
from common.kernel.ids import uuid7
from fulfillment.adapters.house_carrier import check_address, label_content
from fulfillment.adapters.label_conversion import pdf_to_zpl
from fulfillment.adapters.label_rendering import code_128_bars, label_pdf
from fulfillment.adapters.label_text import NotPrintable, latin
from fulfillment.adapters.label_zpl import label_zpl
from fulfillment.app.ports import LabelRefused, LabelRequest
from fulfillment.domain.channel import CarrierSettings
from fulfillment.domain.house_number import house_number, is_house_number
from fulfillment.domain.parts import Address
from hypothesis import given
from hypothesis import strategies as st

NUMBER = house_number("HC", 123456)


def request(**address: str) -> LabelRequest:
    to = {"name": "Zoë Müller", "line1": "1 Main St", "city": "Reno", "postal_code": "01501", "country": "US"}
    return LabelRequest(
        reference="r", seller_id=uuid7(), number="FO-000000001", order_number="#1001", carrier=CarrierSettings(),
        ship_from="Warehouse W-E, US", ship_to=Address(**(to | address)),
    )  # fmt: skip


def decode_code_128(widths: list[int]) -> str:
    """Read a Code 128 symbol from the widths of its bars and spaces, in modules, as a scanner does: start character,
    code sets B and C, check character, stop. The patterns are taken from symbols that the encoder makes of each value.
    """
    patterns = _patterns()
    values = [patterns[tuple(widths[place : place + 6])] for place in range(0, len(widths) - 7, 6)]
    assert widths[-7:] == [2, 3, 3, 1, 1, 1, 2], "the stop character"
    *data, check = values
    assert check == (data[0] + sum(place * value for place, value in enumerate(data[1:], 1))) % 103
    code_set = {103: "A", 104: "B", 105: "C"}[data[0]]
    text = ""
    for value in data[1:]:
        if value == 99 and code_set != "C":
            code_set = "C"
        elif value == 100 and code_set != "B":
            code_set = "B"
        else:
            text += f"{value:02d}" if code_set == "C" else chr(value + 32)
    return text


def _patterns() -> dict[tuple[int, ...], int]:
    """The widths of each value after ISO/IEC 15417, from known symbols: code set C spells every value as two digits."""
    patterns: dict[tuple[int, ...], int] = {}
    for value in range(100):
        widths = _widths(f"{value:02d}{value:02d}")
        patterns[tuple(widths[6:12])] = value
        patterns[tuple(widths[0:6])] = 105
    letters = _widths("HCAB")
    patterns[tuple(letters[0:6])] = 104
    mixed = _widths("AB1234CD")
    patterns.setdefault(tuple(mixed[18:24]), 99)
    patterns.setdefault(tuple(mixed[36:42]), 100)
    for low in range(32, 127):
        widths = _widths("ab" + chr(low) + "cd")
        check = tuple(widths[-13:-7])
        values = [104, 65, 66, low - 32, 67, 68]
        total = (values[0] + sum(p * v for p, v in enumerate(values[1:], 1))) % 103
        if not chr(low).isdigit():
            patterns.setdefault(check, total)
    return patterns


def _widths(text: str) -> list[int]:
    return _runs(*code_128_bars(text))


def _runs(bars: list[tuple[int, int]], total: int) -> list[int]:
    runs: list[int] = []
    end = 0
    for start, width in bars:
        if runs:
            runs.append(start - end)
        runs.append(width)
        end = start + width
    assert end == total
    return runs


class TestPdf:
    def test_the_printed_barcode_reads_as_the_tracking_number(self) -> None:
        pdf = label_pdf(label_content(request(), NUMBER))
        page = pypdfium2.PdfDocument(pdf)[0]
        assert [round(points / 72 * 25.4) for points in page.get_size()] == [100, 150]
        image = page.render(scale=8).to_pil().convert("L")
        row = [image.getpixel((x, round(image.height * 110 / 150))) < 128 for x in range(image.width)]
        first, last = row.index(True), len(row) - row[::-1].index(True)
        runs: list[int] = []
        for place in range(first, last):
            if place == first or row[place] != row[place - 1]:
                runs.append(0)
            runs[-1] += 1
        module = (last - first) / code_128_bars(NUMBER)[1]
        assert first > 10 * module, "the quiet zone"
        widths = [round(run / module) for run in runs]
        assert all(math.isclose(run / module, width, abs_tol=0.35) for run, width in zip(runs, widths, strict=True))
        assert decode_code_128(widths) == NUMBER

    def test_it_says_where_to_and_costs_little(self) -> None:
        pdf = label_pdf(label_content(request(line2="x" * 200), NUMBER))
        text = pypdfium2.PdfDocument(pdf)[0].get_textpage().get_text_range()
        assert "Zoë Müller" in text
        assert "01501 Reno" in text
        assert NUMBER in text
        assert len(pdf) < 4000

    def test_it_converts_for_label_printers(self) -> None:
        zpl = pdf_to_zpl(label_pdf(label_content(request(), NUMBER)))
        assert zpl.startswith(b"^XA")
        assert b"^GF" in zpl


class TestZpl:
    def test_the_printer_draws_the_code(self) -> None:
        zpl = label_zpl(label_content(request(name="A^B~C_D"), NUMBER)).decode()
        assert f"^BCN,260,Y,N,N,A^FD{NUMBER}^FS" in zpl
        assert "A_5EB_7EC_5FD" in zpl
        assert (zpl[:3], zpl[-3:], zpl.count("^XA")) == ("^XA", "^XZ", 1)


class TestNumber:
    @given(st.integers(0, 9_999_999_999))
    def test_a_number_is_of_its_range(self, serial: int) -> None:
        assert is_house_number(house_number("HC", serial), "HC")

    @given(st.integers(0, 9_999_999_999), st.integers(0, 10), st.integers(1, 9))
    def test_a_wrong_digit_is_noticed(self, serial: int, place: int, by: int) -> None:
        digits = house_number("HC", serial)[2:]
        wrong = digits[:place] + str((int(digits[place]) + by) % 10) + digits[place + 1 :]
        assert not is_house_number(f"HC{wrong}", "HC")

    def test_the_range_ends(self) -> None:
        with pytest.raises(ValueError, match="end of the number range"):
            house_number("HC", 10**10)


class TestText:
    @pytest.mark.parametrize(
        ("text", "printed"),
        [
            ("Łódź", "Lódz"),
            ("Москва", "Moskva"),
            ("Щукин Юрий", "Shchukin Iurii"),
            ("Αθήνα", "Athina"),
            ("Đặng Văn", "Dang Van"),
            ("a\tb\u200b", "a b"),
            ("\uff21\uff22\uff23", "ABC"),
        ],
    )
    def test_what_has_a_latin_form_gets_it(self, text: str, printed: str) -> None:
        assert latin(text) == printed

    @pytest.mark.parametrize("text", ["王小明", "สมชาย", "やまだ", "😀"])
    def test_what_has_none_is_refused(self, text: str) -> None:
        with pytest.raises(NotPrintable):
            latin(text)

    def test_the_refusal_names_the_field(self) -> None:
        with pytest.raises(LabelRefused, match=r"ship_to\.city has '王'") as caught:
            check_address(request(city="王").ship_to)
        assert caught.value.code == "address_not_latin"

    def test_other_texts_are_refused_by_name_too(self) -> None:
        with pytest.raises(LabelRefused, match="the warehouse's name has '仓'"):
            label_content(replace(request(), ship_from="仓库"), NUMBER)

    def test_an_order_number_that_cannot_be_printed_is_left_out(self) -> None:
        assert label_content(replace(request(), order_number="订单1"), NUMBER).order_number == ""
