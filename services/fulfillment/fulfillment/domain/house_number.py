"""Tracking numbers of the house carrier: a prefix, ten digits, and a check digit that catches slips of the hand."""

_MODULUS = 10


def check_digit(digits: str) -> int:
    """The Luhn digit: it catches every wrong digit and nearly every swap of neighbours."""
    total = 0
    for place, character in enumerate(reversed(digits)):
        value = int(character) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return -total % _MODULUS


def house_number(prefix: str, serial: int) -> str:
    """The tracking number of a serial, which is at most ten digits long."""
    digits = f"{serial:010d}"
    if len(digits) > 10:
        raise ValueError(f"serial {serial} is past the end of the number range")
    return f"{prefix}{digits}{check_digit(digits)}"


def is_house_number(text: str, prefix: str) -> bool:
    """Whether `text` is a number of this range."""
    digits = text.removeprefix(prefix)
    return (
        text.startswith(prefix) and len(digits) == 11 and digits.isascii() and digits.isdigit()
        and int(digits[-1]) == check_digit(digits[:-1])
    )  # fmt: skip
