"""docs/doctor.md: its table is the registry's, and the pages that people come from lead to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from access_broker.doctor.page import table

DOCS = Path("docs")


def test_the_table_of_the_page_is_the_registrys() -> None:
    assert (DOCS / "doctor.md").read_text().endswith(table() + "\n")


@pytest.mark.parametrize("page", ["operations.md", "cli.md"])
def test_a_page_leads_to_it(page: str) -> None:
    assert "(doctor.md)" in (DOCS / page).read_text()
