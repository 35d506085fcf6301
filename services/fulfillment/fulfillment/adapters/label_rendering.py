"""The house carrier's label, 100 by 150 mm, as PDF. Imported by the label process only: fpdf2 takes 20 MB.

The PDF uses the fonts that every reader has, so no font is embedded and a label costs two milliseconds and 2 kB. The
bars are drawn as rectangles from the encoder's own widths: nothing is scaled, so nothing is blurred.
"""

import zint
from fpdf import FPDF
from fpdf.enums import RenderStyle

from fulfillment.adapters.label_content import LabelContent

WIDTH_MM, HEIGHT_MM, MARGIN_MM = 100, 150, 5
BAR_TOP_MM, BAR_HEIGHT_MM = 92.0, 34.0
QUIET_MODULES = 10


def code_128_bars(text: str) -> tuple[list[tuple[int, int]], int]:
    """The bars of a Code 128 symbol as (start, width) in modules, and the width of the symbol in modules."""
    symbol = zint.Symbol()
    symbol.symbology = zint.Symbology.CODE128
    symbol.encode(text)
    row = symbol.encoded_data.tobytes()  # One bit a module; a linear symbol has one row.
    bars: list[tuple[int, int]] = []
    for index in range(symbol.width):
        if row[index >> 3] >> (index & 7) & 1:
            if bars and bars[-1][0] + bars[-1][1] == index:
                bars[-1] = (bars[-1][0], bars[-1][1] + 1)
            else:
                bars.append((index, 1))
    return bars, symbol.width


def label_pdf(content: LabelContent) -> bytes:
    """The label as a PDF of one page."""
    pdf = FPDF(unit="mm", format=(WIDTH_MM, HEIGHT_MM))
    pdf.set_auto_page_break(False)
    pdf.set_margin(0)
    pdf.core_fonts_encoding = "cp1252"
    pdf.add_page()
    inner = WIDTH_MM - 2 * MARGIN_MM
    _text(pdf, content.service, x=MARGIN_MM, y=13, size=18, bold=True, width=inner - 22)
    _text(pdf, content.country, x=WIDTH_MM - MARGIN_MM - 18, y=15, size=26, bold=True, width=18)
    pdf.line(MARGIN_MM, 19, WIDTH_MM - MARGIN_MM, 19)
    _text(pdf, f"From: {content.ship_from}", x=MARGIN_MM, y=25, size=8, bold=False, width=inner)
    pdf.line(MARGIN_MM, 29, WIDTH_MM - MARGIN_MM, 29)
    _text(pdf, "Ship to", x=MARGIN_MM, y=35, size=8, bold=False, width=inner)
    _text(pdf, content.name, x=MARGIN_MM, y=43, size=16, bold=True, width=inner)
    for place, line in enumerate(content.lines):
        _text(pdf, line, x=MARGIN_MM, y=51 + 7 * place, size=13, bold=False, width=inner)
    pdf.line(MARGIN_MM, 87, WIDTH_MM - MARGIN_MM, 87)
    bars, modules = code_128_bars(content.tracking_number)
    module_mm = inner / (modules + 2 * QUIET_MODULES)
    left = MARGIN_MM + QUIET_MODULES * module_mm
    for start, width in bars:
        pdf.rect(left + start * module_mm, BAR_TOP_MM, width * module_mm, BAR_HEIGHT_MM, style=RenderStyle.F)
    _text(pdf, content.tracking_number, x=left, y=134, size=14, bold=True, width=inner)
    reference = f"{content.number}   {content.order_number}"
    _text(pdf, reference, x=MARGIN_MM, y=144, size=9, bold=False, width=inner)
    return bytes(pdf.output())


def _text(pdf: FPDF, text: str, *, x: float, y: float, size: float, bold: bool, width: float) -> None:
    """Print a line, in smaller letters where it would not fit."""
    pdf.set_font("Helvetica", "B" if bold else "", size)
    needed = pdf.get_string_width(text)
    if needed > width:
        pdf.set_font_size(max(5.0, size * width / needed))
    pdf.text(x, y, text)
