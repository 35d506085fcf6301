"""Text that label printers can print: Latin letters. What has no Latin form is refused, not printed as
question marks.
"""

import unicodedata

_CYRILLIC = "a,b,v,g,d,e,zh,z,i,i,k,l,m,n,o,p,r,s,t,u,f,kh,ts,ch,sh,shch,ie,y,,e,iu,ia"
_GREEK = "a,v,g,d,e,z,i,th,i,k,l,m,n,x,o,p,r,s,s,t,y,f,ch,ps,o"
_OTHERS = {
    # Cyrillic outside the alphabet's run: io, ukrainian ie, i, yi, ghe with upturn.
    0x0451: "e", 0x0454: "ie", 0x0456: "i", 0x0457: "i", 0x0491: "g",
    # Latin letters without a decomposition, for which Windows-1252 has no place: l and d with stroke, h with stroke,
    # dotless i, t with stroke, eng, kra, schwa, capital sharp s.
    0x0142: "l", 0x0111: "d", 0x0127: "h", 0x0131: "i", 0x0167: "t", 0x014B: "n", 0x0138: "k", 0x0259: "e",
    0x1E9E: "SS",
    # Modifier apostrophes and the hyphen that does not break.
    0x02BB: "'", 0x02BC: "'", 0x2011: "-",
}  # fmt: skip
_LETTERS: dict[int, str] = {
    # Letter by letter as passports have it (ICAO 9303, ISO 843); the soft sign falls away.
    **{0x0430 + place: letters for place, letters in enumerate(_CYRILLIC.split(","))},
    **{0x03B1 + place: letters for place, letters in enumerate(_GREEK.split(","))},
    **_OTHERS,
}


class NotPrintable(ValueError):
    """A character without a Latin form."""

    def __init__(self, character: str) -> None:
        super().__init__(f"{character!r} cannot be printed")
        self.character = character


def latin(text: str) -> str:
    """`text` in the characters of Windows-1252; raises NotPrintable."""
    if text.isascii():
        return " ".join(text.split())
    composed = unicodedata.normalize("NFC", text)
    printable = [character if _fits(character) else _folded(character) for character in composed]
    return " ".join("".join(printable).split())


def _folded(character: str) -> str:
    known = character.translate(_LETTERS)
    if known != character:
        return known
    lower = character.lower().translate(_LETTERS)
    if lower != character.lower():
        return lower.capitalize()
    bare = "".join(part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part))
    if bare and bare != character and all(_fits(part) for part in bare):
        return bare
    accents_off = bare.translate(_LETTERS) if bare else ""
    if accents_off and all(_fits(part) for part in accents_off):
        return accents_off
    if unicodedata.category(character) in {"Cc", "Cf", "Mn", "Zs"}:
        return " " if unicodedata.category(character) in {"Cc", "Zs"} else ""
    raise NotPrintable(character)


def _fits(character: str) -> bool:
    if character.isspace() or unicodedata.category(character) == "Cc":
        return False
    try:
        character.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True
