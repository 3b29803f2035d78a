"""A budget that is passed is said, with the bytes that are too many."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bench.budgets import BUDGETS, page_too_large

if TYPE_CHECKING:
    from pathlib import Path


def test_the_page_of_this_checkout_keeps_its_budget() -> None:
    assert list(page_too_large(json.loads(BUDGETS.read_text()))) == []


def test_a_page_that_grew_is_said(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "app.js").write_bytes(b"x" * 12)
    (said,) = page_too_large({"portal_page_bytes": {"at_most": 10}}, tmp_path)
    assert "2 more" in said
