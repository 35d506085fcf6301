"""The house carrier's label, 100 by 150 mm, as PDF and as ZPL, from one description.

The PDF uses the fonts that every reader has, so no font is embedded and a label costs about a millisecond and 2 kB. The
bars are drawn as rectangles from the encoder's own widths: nothing is scaled, so nothing is blurred.
"""

from dataclasses import dataclass

import zint
from fpdf import FPDF

from fulfillment.adapters.label_text import latin
from fulfillment.app.ports import LabelRequest
from fulfillment.domain.parts import Address

WIDTH_MM, HEIGHT_MM, MARGIN_MM = 100, 150, 5
BAR_TOP_MM, BAR_HEIGHT_MM = 92.0, 34.0
QUIET_MODULES = 10
_DOTS_PER_MM = 8
_ZPL_MODULE_DOTS = 3
_CODE_128_MODULES_PER_SYMBOL = 11


@dataclass(frozen=True, slots=True)
class LabelContent:
    """What is printed, in Latin letters."""

    service: str
    ship_from: str
    name: str
    lines: tuple[str, ...]
    country: str
    tracking_number: str
    number: str
    order_number: str


def label_content(request: LabelRequest, tracking_number: str) -> LabelContent:
    """The texts of a label; raises NotPrintable."""
    to = request.ship_to
    return LabelContent(
        service=latin(request.carrier.service),
        ship_from=latin(request.ship_from),
        name=latin(to.name or to.company),
        lines=tuple(line for line in (latin(line) for line in _address_lines(to)) if line),
        country=to.country,
        tracking_number=tracking_number,
        number=request.number,
        order_number=latin(request.order_number),
    )


def _address_lines(to: Address) -> tuple[str, ...]:
    company = to.company if to.name else ""
    return company, to.line1, to.line2, f"{to.postal_code} {to.city}", to.region


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
        pdf.rect(left + start * module_mm, BAR_TOP_MM, width * module_mm, BAR_HEIGHT_MM, style="F")
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


def label_zpl(content: LabelContent) -> bytes:
    """The label as ZPL for 203 dpi; the printer draws the barcode itself, at its own resolution."""
    commands = ["^XA", "^CI28", f"^PW{WIDTH_MM * _DOTS_PER_MM}", f"^LL{HEIGHT_MM * _DOTS_PER_MM}"]
    commands += [
        _field(content.service, x=40, y=50, height=60),
        _field(content.country, x=640, y=40, height=90),
        "^FO40,150^GB720,2,2^FS",
        _field(f"From: {content.ship_from}", x=40, y=175, height=26),
        "^FO40,230^GB720,2,2^FS",
        _field("Ship to", x=40, y=250, height=26),
        _field(content.name, x=40, y=290, height=52),
    ]
    commands += [_field(line, x=40, y=360 + 56 * place, height=40) for place, line in enumerate(content.lines)]
    symbols = len(content.tracking_number) + 3
    x = max(40, (WIDTH_MM * _DOTS_PER_MM - symbols * _CODE_128_MODULES_PER_SYMBOL * _ZPL_MODULE_DOTS) // 2)
    commands += [
        "^FO40,700^GB720,2,2^FS",
        f"^FO{x},740^BY{_ZPL_MODULE_DOTS}^BCN,260,Y,N,N,A^FD{content.tracking_number}^FS",
        _field(f"{content.number}   {content.order_number}", x=40, y=1130, height=28),
        "^XZ",
    ]
    return "\n".join(commands).encode()


def _field(text: str, *, x: int, y: int, height: int) -> str:
    width = min(height, max(12, int(700 / max(1, len(text)) * 1.6)))
    return f"^FO{x},{y}^A0N,{height},{width}^FH_^FD{_escaped(text)}^FS"


def _escaped(text: str) -> str:
    """ZPL's control characters and its escape sign as the hexadecimal codes that ^FH allows."""
    return "".join(f"_{ord(character):02X}" if character in "^~_\\" else character for character in text)
