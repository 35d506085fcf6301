"""Postal codes: text, written the way their country writes them, and ranges of them.

A range is two bounds, both included, written like codes or like their beginnings.

- Codes of digits only are compared digit by digit with as many digits as the bound has: `100` to `149` holds every
  US ZIP code from 10000 to 14999, `01000` to `01999` holds 01234-5678. Bounds of full length compare as numbers do.
- Other codes are cut into words and numbers, and numbers compare as numbers: `SW1` to `SW19` holds SW2 1AA and
  SW19 5AE and not SW20 0AA, although as text "SW2" is behind "SW19". Only as many pieces count as the bound has.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest

_DIGITS: Mapping[str, int] = {
    "AT": 4, "AU": 4, "BE": 4, "BG": 4, "BR": 8, "CH": 4, "CN": 6, "CY": 4, "CZ": 5, "DE": 5, "DK": 4, "EE": 5,
    "ES": 5, "FI": 5, "FR": 5, "GR": 5, "HR": 5, "HU": 4, "ID": 5, "IL": 7, "IN": 6, "IT": 5, "JP": 7, "KR": 5,
    "LU": 4, "MA": 5, "MX": 5, "MY": 5, "NO": 4, "NZ": 4, "PH": 4, "PK": 5, "PL": 5, "PT": 7, "RO": 6, "RS": 5,
    "RU": 6, "SE": 5, "SG": 6, "SI": 4, "SK": 5, "TH": 5, "TR": 5, "UA": 5, "US": 5, "PR": 5, "ZA": 4,
}  # fmt: skip
"""How many digits the codes of a country have, where they are all of one length."""

_CUTS: Mapping[str, tuple[int, str]] = {
    "BR": (5, "-"), "CZ": (3, " "), "GR": (3, " "), "JP": (3, "-"), "PL": (2, "-"), "PT": (4, "-"), "SE": (3, " "),
    "SK": (3, " "),
}  # fmt: skip
"""Where a country writes a separator, and which."""

_OTHER: Mapping[str, re.Pattern[str]] = {
    "GB": re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}"),
    "CA": re.compile(r"[A-Z][0-9][A-Z] [0-9][A-Z][0-9]"),
    "NL": re.compile(r"[0-9]{4} [A-Z]{2}"),
}
_TAIL = {"GB": 3, "CA": 3, "NL": 2}
_ZIP4 = frozenset({"US", "PR"})
_PIECES = re.compile(r"[0-9]+|[A-Z]+")
_SEPARATORS = re.compile(r"[\s\-.]+")


def normalised(code: str, country: str) -> str:
    """The code as its country writes it: upper case, separators in place, lost leading zeros restored. What does not
    look like a code of the country is kept as it came, trimmed.
    """
    kept = code.strip().upper()
    bare = _SEPARATORS.sub("", kept)
    if not bare:
        return ""
    length = _DIGITS.get(country)
    if length and bare.isdecimal() and bare.isascii():
        if country in _ZIP4 and len(bare) > length:
            whole = bare.zfill(9)
            return f"{whole[:5]}-{whole[5:]}" if len(whole) == 9 else kept
        if len(bare) > length:
            return kept
        whole = bare.zfill(length)
        place, separator = _CUTS.get(country, (0, ""))
        return f"{whole[:place]}{separator}{whole[place:]}" if place else whole
    tail = _TAIL.get(country)
    if tail and len(bare) > tail:
        return f"{bare[:-tail]} {bare[-tail:]}"
    return kept


def needs_postal_code(country: str) -> bool:
    """Whether addresses of the country have postal codes, as far as we know."""
    return country in _DIGITS or country in _OTHER


def is_wellformed(code: str, country: str) -> bool:
    """Whether a normalised code can be one of the country; codes of countries that we do not know are believed."""
    pattern = _OTHER.get(country)
    if pattern:
        return pattern.fullmatch(code) is not None
    length = _DIGITS.get(country)
    if not length:
        return True
    bare = _SEPARATORS.sub("", code)
    return bare.isdecimal() and (len(bare) == length or (country in _ZIP4 and len(bare) == 9))


@dataclass(frozen=True, slots=True)
class PostalRange:
    """Codes from `first` to `last`, both included."""

    first: str
    last: str

    def holds(self, code: str) -> bool:
        """Whether a normalised code is in the range; an empty code is in none."""
        if not code:
            return False
        return _compare(code, self.first) >= 0 and _compare(code, self.last) <= 0

    @property
    def is_ordered(self) -> bool:
        """Whether anything can be in it."""
        return _compare(self.last, self.first) >= 0 or _compare(self.first, self.last) <= 0


def _compare(code: str, bound: str) -> int:
    """Below, in or above a bound: -1, 0 or 1, looking no further than the bound reaches."""
    bare, limit = (_SEPARATORS.sub("", text.upper()) for text in (code, bound))
    if bare.isdecimal() and limit.isdecimal():
        start = bare[: len(limit)]
        return (start > limit) - (start < limit)
    pieces, limits = _PIECES.findall(code.upper()), _PIECES.findall(bound.upper())
    for piece, edge in zip_longest(pieces[: len(limits)], limits, fillvalue=""):
        if piece == edge:
            continue
        if piece.isdecimal() and edge.isdecimal():
            if int(piece) != int(edge):
                return 1 if int(piece) > int(edge) else -1
        else:
            return 1 if piece > edge else -1
    return 0
