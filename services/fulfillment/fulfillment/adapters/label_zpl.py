"""The house carrier's label, 100 by 150 mm, as ZPL for 203 dpi. The printer draws the barcode itself."""

from fulfillment.adapters.label_content import LabelContent

WIDTH_DOTS, HEIGHT_DOTS = 800, 1200
_MODULE_DOTS = 3
_CODE_128_MODULES_PER_SYMBOL = 11


def label_zpl(content: LabelContent) -> bytes:
    """The label. It is text, made in a twentieth of a millisecond."""
    commands = ["^XA", "^CI28", f"^PW{WIDTH_DOTS}", f"^LL{HEIGHT_DOTS}"]
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
    x = max(40, (WIDTH_DOTS - symbols * _CODE_128_MODULES_PER_SYMBOL * _MODULE_DOTS) // 2)
    commands += [
        "^FO40,700^GB720,2,2^FS",
        f"^FO{x},740^BY{_MODULE_DOTS}^BCN,260,Y,N,N,A^FD{content.tracking_number}^FS",
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
