"""The house rules that a count can hold: small folders, names that say one thing, plain English."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPLOYED = sorted(Path("chalicelib").rglob("*.py"))
SOURCES = [path for folder in ("chalicelib", "access_broker", "policytool") for path in Path(folder).rglob("*.py")]
PAGES = [*Path().glob("*.md"), *Path("docs").rglob("*.md")]
FILES_IN_A_FOLDER = 15

RIDDLE = re.compile(r"(What|Who|Whose|Whoever|Whether|Those)\b")
"""A docstring says the thing; it does not open with a clause about the thing."""

VAGUE = re.compile(r"\b(somebody|anybody|nobody|whoever)\b", re.IGNORECASE)
"""Name the role: the caller, an approver, an administrator."""


def docstrings(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
            yield text


def test_no_folder_of_the_deployed_code_is_crowded() -> None:
    sizes = Counter(path.parent for path in DEPLOYED)
    assert len(sizes) > 20
    assert {str(folder): size for folder, size in sizes.items() if size > FILES_IN_A_FOLDER} == {}


def test_no_file_repeats_the_name_of_its_feature() -> None:
    assert [str(path) for path in DEPLOYED if path.name.startswith(f"{path.parts[1]}_")] == []


def test_no_module_stands_in_for_wiring_under_another_name() -> None:
    names = [
        name
        for path in DEPLOYED
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    ]
    assert [name.name for name in names if name.asname == "wiring"] == []


def test_no_docstring_opens_with_a_clause_in_the_place_of_a_thing() -> None:
    opened = [f"{path}: {text.splitlines()[0]}" for path in SOURCES for text in docstrings(path) if RIDDLE.match(text)]
    assert not opened, "\n".join(opened)


def test_no_text_speaks_of_people_it_does_not_name() -> None:
    lines = [f"{path}: {line}" for path in (*SOURCES, *PAGES) for line in path.read_text().splitlines()]
    vague = [line for line in lines if VAGUE.search(line)]
    assert not vague, "\n".join(vague)


def test_the_readmes_show_how_to_contribute_and_how_to_report() -> None:
    for page in ("README.md", "README.ja.md"):
        assert {"(CONTRIBUTING.md)", "(SECURITY.md)"} <= set(re.findall(r"\(\w+\.md\)", Path(page).read_text())), page


def test_no_test_file_loads_a_plugin_of_pytest() -> None:
    """A worker of `make test` loads it too late: it collects nothing of what the plugin makes, and says nothing."""
    loading = re.compile(r"^pytest_plugins\b", re.MULTILINE)
    assert [str(path) for path in Path("tests").rglob("*.py") if loading.search(path.read_text())] == []
