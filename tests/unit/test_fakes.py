"""Fakes stand in one place, once each, and their page names them."""

from __future__ import annotations

import re
from pathlib import Path

from tests.wording import names

FAKES = Path("tests/fakes")
MADE = re.compile(r"^class (Fake\w+)", re.MULTILINE)


def made(path: Path) -> list[str]:
    return MADE.findall(path.read_text())


def test_every_fake_is_among_the_fakes():
    elsewhere = [path for path in Path("tests").rglob("*.py") if path.parent != FAKES and made(path)]
    assert elsewhere == []


def test_no_name_is_used_for_two_fakes():
    every = [name for path in FAKES.glob("*.py") for name in made(path)]
    assert sorted(every) == sorted(set(every))


def test_the_page_names_every_fake():
    page = (FAKES / "README.md").read_text()
    every = {f"{path.stem}.{name}" for path in FAKES.glob("*.py") for name in made(path)}
    assert every
    assert [name for name in sorted(every) if not names(page, name)] == []


def test_the_adapters_and_contract_suites_that_the_page_names_exist():
    rows = re.findall(
        r"^\| \w+\.Fake\w+ \| [^|]+ \| (\S+) \| (\S+) \|$", (FAKES / "README.md").read_text(), re.MULTILINE
    )
    assert rows
    named = [path for adapter, suite in rows for path in (f"chalicelib/{adapter}.py", f"tests/adapters/{suite}.py")]
    assert [path for path in named if not Path(path).is_file()] == []
