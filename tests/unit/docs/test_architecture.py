"""docs/architecture.md names files that exist, every deployed function, and who may write which rows."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.docs.pages import ROOT, name, pages, prose

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (ROOT / "docs" / "architecture.md").read_text()
FILE = re.compile(r"`([\w.-]+(?:/[\w.*-]+)+\.(?:py|json|cedar|yaml|toml|query|txt|md)|[\w-]+\.py)`")
ROWS = re.compile(r"^\| `([A-Z#]+(?:#?[a-z]+/?)?)` \|.*\| ([a-z, ]+) \|$", re.MULTILINE)
WRITES = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}
MADE = {
    "policies/access.json",
    "core/handlers/routes.json",
    ".local/aws/slack.json",
    ".local/mfa.json",
    ".local/accounts.json",
    ".build/spoke/template.json",
}
"""By packaging, by `make up` and by `make spoke`."""
UNDER = ("", "chalicelib", "docs")


def missing(text: str) -> list[str]:
    """Names of files in the page that are not in the tree."""
    named = set(FILE.findall(prose(text))) - MADE
    return sorted(file for file in named if not any(any((ROOT / under).glob(file)) for under in UNDER))


@pytest.mark.parametrize(
    "page", [page for page in pages() if "decisions" not in page.parts and page.name != "CHANGELOG.md"], ids=name
)
def test_every_file_that_a_page_names_is_in_the_tree(page: Path) -> None:
    assert missing(page.read_text()) == []


def test_a_file_that_is_gone_is_found() -> None:
    assert missing("`sessions/services/issue.py`, `sessions/services/issuing.py` and `app.py`") == [
        "sessions/services/issuing.py"
    ]


def test_the_page_names_enough_files_to_be_worth_the_test() -> None:
    assert len(set(FILE.findall(PAGE))) > 60


def policies() -> Iterator[tuple[str, Any]]:
    """Each function's name on the page, and the statements of its policy."""
    for path in sorted((ROOT / "policies" / "lambda").glob("*.json")):
        yield path.stem.removesuffix("_handler"), json.loads(path.read_text())["Statement"]


def test_every_deployed_function_has_a_row_with_its_policy() -> None:
    deployed = json.loads((ROOT / ".chalice" / "config.json").read_text())["lambda_functions"]
    for function, settings in deployed.items():
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| {function.removesuffix('_handler')} |"))
        assert Path(settings["iam_policy_file"]).name in row
    assert {f"{function.removesuffix('_handler')}" for function in deployed} == {function for function, _ in policies()}


def written_keys(statements: list[dict[str, Any]]) -> set[str]:
    """The leading keys of the main table that these statements let a function write."""
    found: set[str] = set()
    for one in statements:
        actions = {one["Action"]} if isinstance(one["Action"], str) else set(one["Action"])
        if actions & WRITES and "Ledger" not in json.dumps(one["Resource"]):
            [keys] = [test["dynamodb:LeadingKeys"] for test in one["Condition"].values()]
            found |= {keys} if isinstance(keys, str) else set(keys)
    return found


def test_the_table_of_rows_says_who_may_write_them() -> None:
    may = {function: written_keys(statements) for function, statements in policies()}
    said = {rows: set(who.split(", ")) for rows, who in ROWS.findall(PAGE)}
    assert said == {
        rows: {function for function, keys in may.items() if any(fnmatchcase(rows, key) for key in keys)}
        for rows in said
    }


def test_the_table_of_rows_leaves_none_out() -> None:
    said = {rows for rows, _ in ROWS.findall(PAGE)}
    written = {key.removesuffix("*") for _, statements in policies() for key in written_keys(statements)}
    assert written == said
