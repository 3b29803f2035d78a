"""Reasons and comments: what counts as said."""

import pytest

from chalicelib.core.domain.visible_text import visible_text


@pytest.mark.parametrize("text", ["", "  \n", "\u200b", "\x00", "\u2060 \u00a0", "\u3164", "\x01\u2800", "\ufeff"])
def test_what_nobody_can_see_was_not_said(text: str) -> None:
    assert visible_text(text) == ""


@pytest.mark.parametrize("text", ["deploy", "+1", "👍", "障害対応", "a\u200bb", "?"])
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert visible_text(f" {text}\n") == text
