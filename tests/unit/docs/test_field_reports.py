"""The table of reports from the field: every row, and tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path("docs/field-reports.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (\d+) \| .+ \| .+ \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")


def test_every_report_has_a_row() -> None:
    assert [int(number) for number, _ in ROW.findall(PAGE)] == list(range(1, 38))


def test_every_row_names_tests_that_exist() -> None:
    without = [number for number, tests in ROW.findall(PAGE) if not TEST.findall(tests)]
    named = [(file, test) for _, tests in ROW.findall(PAGE) for file, test in TEST.findall(tests)]
    gone = [test for file, test in named if f"def {test}(" not in Path("tests", file).read_text(encoding="utf-8")]
    assert (without, gone) == ([], [])
