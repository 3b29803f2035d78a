"""The figures of docs/architecture.md for a credential are those that tests/tools/flows.py counts."""

from __future__ import annotations

import re
from pathlib import Path

from tests.tools.flow_account import account_of
from tests.tools.flows import a_credential

NOW = re.compile(r"^\| a credential, (called|loaded) \|.*\| (\d+) \|$", re.MULTILINE)
"""The last column of the table."""


def test_the_page_says_how_many_files_a_credential_visits() -> None:
    with account_of(Path.cwd()) as account:
        visited = a_credential(account)
    page = Path("docs/architecture.md").read_text()
    assert dict(NOW.findall(page)) == {"called": str(len(visited.called)), "loaded": str(len(visited.loaded))}
