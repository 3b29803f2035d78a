"""Reasons and comments: what counts as said."""

import pytest

from chalicelib.core.domain.visible_text import one_line, visible_text


@pytest.mark.parametrize("text", ["", "  \n", "\u200b", "\x00", "\u2060 \u00a0", "\u3164", "\x01\u2800", "\ufeff"])
def test_what_nobody_can_see_was_not_said(text: str) -> None:
    assert visible_text(text) == ""


@pytest.mark.parametrize("text", ["deploy", "+1", "👍", "障害対応", "a\u200bb", "?"])
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert visible_text(f" {text}\n") == text


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a\u2028b\u2029c\nd", "a b c d"),
        ("\x1b[31mred\x9b0m", "[31mred 0m"),
        ("safe\u202etxt.exe", "safe txt.exe"),
        ("👩\u200d💻 ok", "👩\u200d💻 ok"),
        ("障害対応", "障害対応"),
    ],
)
def test_a_quote_is_one_line_that_drives_nothing(written: str, shown: str) -> None:
    assert one_line(written) == shown
