"""Secrets at rest."""

import base64

import pytest
from common.crypto import CannotOpen, Keyring, Sealed, UnknownKey, binding
from hypothesis import given
from hypothesis import strategies as st

OLD, NEW = "k1:" + base64.b64encode(b"1" * 32).decode(), "k2:" + base64.b64encode(b"2" * 32).decode()


@given(secret=st.binary(max_size=300), row=st.binary(max_size=50))
def test_what_was_sealed_can_be_opened(secret: bytes, row: bytes) -> None:
    keyring = Keyring.parse(NEW)
    assert keyring.open(keyring.seal(secret, bound_to=row), bound_to=row) == secret


def test_another_row_cannot_open_it() -> None:
    keyring = Keyring.parse(NEW)
    sealed = keyring.seal(b"secret", bound_to=binding("store", "seller"))
    with pytest.raises(CannotOpen):
        keyring.open(sealed, bound_to=binding("store", "other"))
    assert binding("a", "bc") != binding("ab", "c")


@given(position=st.integers(0, 33), bit=st.integers(0, 7))
def test_any_altered_bit_is_noticed(position: int, bit: int) -> None:
    keyring = Keyring.parse(NEW)
    data = bytearray(keyring.seal(b"secret", bound_to=b"row").data)
    data[position] ^= 1 << bit
    with pytest.raises(CannotOpen):
        keyring.open(Sealed("k2", bytes(data)), bound_to=b"row")


def test_the_first_key_seals_and_all_open() -> None:
    sealed = Keyring.parse(OLD).seal(b"secret", bound_to=b"row")
    both = Keyring.parse(f"{NEW},{OLD}")
    assert both.open(sealed, bound_to=b"row") == b"secret"
    assert both.seal(b"secret", bound_to=b"row").key_id == "k2"
    with pytest.raises(UnknownKey, match="k1"):
        Keyring.parse(NEW).open(sealed, bound_to=b"row")


def test_a_secret_is_in_no_repr() -> None:
    assert "secret" not in repr(Sealed("k1", b"secret"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "part 1 must be"),
        ("k1", "part 1 must be"),
        ("k1:!!", "'k1' is not base64"),
        ("k1:" + base64.b64encode(b"short").decode(), "'k1' has 5 bytes"),
        (f"{OLD},{OLD}", "'k1' stands there twice"),
        ("a b:" + base64.b64encode(b"1" * 32).decode(), "key id 'a b'"),
    ],
)
def test_a_wrong_setting_is_named_without_its_key(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Keyring.parse(text)
