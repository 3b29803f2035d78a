"""Sealed text: only its key opens it, for one use, and nothing of it shows."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.domain.sealed_text import KEY_BYTES, sealed, unsealed

KEY, OTHER = bytes(range(KEY_BYTES)), bytes(KEY_BYTES)


@given(st.text(), st.text(max_size=50), st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES))
def test_its_own_key_opens_it_for_its_own_use(text: str, use: str, key: bytes) -> None:
    assert unsealed(sealed(text, key, use), key, use) == text


@given(st.text(min_size=1), st.text(max_size=50))
def test_another_key_or_use_does_not(text: str, use: str) -> None:
    assert unsealed(sealed(text, KEY, use), OTHER, use) is None
    assert unsealed(sealed(text, KEY, use), KEY, f"{use} ") is None


@given(st.text(), st.data())
def test_no_changed_bit_is_taken(text: str, data: st.DataObject) -> None:
    raw = bytearray(urlsafe_b64decode(sealed(text, KEY, "list")))
    place = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[place // 8] ^= 1 << place % 8
    assert unsealed(urlsafe_b64encode(bytes(raw)).decode(), KEY, "list") is None


@given(st.text(max_size=100))
def test_what_was_never_sealed_is_not_opened(text: str) -> None:
    assert unsealed(text, KEY, "list") is None


def test_a_use_and_its_text_cannot_be_shifted_into_each_other() -> None:
    assert unsealed(sealed("bc", KEY, "a"), KEY, "ab") is None


def test_equal_beginnings_do_not_show() -> None:
    one, other = (urlsafe_b64decode(sealed("01kxyz" * 4 + end, KEY, "list")) for end in "ab")
    assert sum(left == right for left, right in zip(one, other, strict=True)) <= 4
